"""What is due when: new settlements at a steady rate, and whatever has to be sent again."""

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
LATE = 0.1  # seconds behind its time from which a settlement counts as late


@dataclass(frozen=True, slots=True, order=True)
class _Due(Generic[T]):
    at: float
    tiebreak: int
    item: T = field(compare=False)


class Agenda(Generic[T]):
    """Hands out work to threads in the order in which it is due; times are time.monotonic().

    The stream is open: arrivals are due at `rate` a second whether or not the server keeps up. At
    rate 0 one is always due, as fast as the threads take them. After `seconds` no more arrive
    (None: until `end_stream`).
    """

    def __init__(self, *, rate: float, seconds: float | None) -> None:
        self._rate, self._seconds = rate, seconds
        self._started = time.monotonic()
        self._arrivals = 0
        self._late = 0
        self._busy = 0
        self._heap: list[_Due[T]] = []
        self._tiebreak = 0
        self._open = True  # Arrivals are still coming.
        self._over = False
        self._somebody_watches_the_clock = False
        self._changed = threading.Condition()

    @property
    def arrivals(self) -> int:
        return self._arrivals

    @property
    def late(self) -> int:
        return self._late

    @property
    def stream_ended(self) -> bool:
        return not self._open

    @property
    def waiting(self) -> int:
        return len(self._heap) + self._busy

    def add(self, item: T, *, after: float = 0.0) -> None:
        """Make `item` due in `after` seconds."""
        with self._changed:
            self._tiebreak += 1
            due = _Due(time.monotonic() + after, self._tiebreak, item)
            heapq.heappush(self._heap, due)
            self._changed.notify_all()

    def take(self) -> T | int | None:
        """Wait for what is due next: an item, the number of a new arrival, None when all is over.

        Call `done` after each. Only one thread at a time waits for the clock, the others for it.
        """
        with self._changed:
            while not self._over:
                at, is_arrival = self._next()
                if at is None and not self._busy:
                    self.finish()
                elif at is None or (at > time.monotonic() and self._somebody_watches_the_clock):
                    self._changed.wait()
                elif at > time.monotonic():
                    self._watch(at)
                else:
                    self._busy += 1
                    self._changed.notify()
                    return self._arrival(at) if is_arrival else heapq.heappop(self._heap).item
            return None

    def done(self) -> None:
        with self._changed:
            self._busy -= 1
            if not self._busy:
                self._changed.notify_all()

    def forget(self, unwanted: Callable[[T], bool]) -> None:
        """Drop what is due later and `unwanted`."""
        with self._changed:
            self._heap = [due for due in self._heap if not unwanted(due.item)]
            heapq.heapify(self._heap)
            self._changed.notify_all()

    def end_stream(self) -> None:
        """No new arrivals; what is due is still handed out."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def finish(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._open, self._over = False, True
            self._changed.notify_all()

    def _watch(self, at: float) -> None:
        self._somebody_watches_the_clock = True
        self._changed.wait(at - time.monotonic())
        self._somebody_watches_the_clock = False

    def _next(self) -> tuple[float | None, bool]:
        """When the next thing is due, and whether that is a new arrival."""
        arrival = self._next_arrival()
        if self._heap and (arrival is None or self._heap[0].at <= arrival):
            return self._heap[0].at, False
        return arrival, True

    def _next_arrival(self) -> float | None:
        if not self._open:
            return None
        after = self._arrivals / self._rate if self._rate else time.monotonic() - self._started
        if self._seconds is not None and after >= self._seconds:
            self._open = False
            return None
        return self._started + after

    def _arrival(self, at: float) -> int:
        self._arrivals += 1
        self._late += time.monotonic() - at > LATE
        return self._arrivals - 1
