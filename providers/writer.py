"""Group commit: one writer per web process settles whatever deliveries wait in one transaction.

It has two lanes, threads with a connection of their own. The first waits for nobody: a delivery
whose wallet is held elsewhere goes over to the second, which does wait, for a moment. Whatever goes
wrong with a group, each of its deliveries is settled alone by its own view: what was committed has
its row and is answered from it, what raises again is alone with its fault.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Sequence

from django.db import connection

from providers import instead, metrics, settling, undecided
from providers.opening import Opened
from providers.protocols.base import Reply
from providers.waiting import GivenUp, InThread, OnLoop, Waiting
from wallets import bounded

LARGEST = 64  # Deliveries in one transaction.
HEAVIEST = 4 * 1024 * 1024  # Bytes of their bodies: one that goes beyond it is the last.
LONGEST = 512  # Deliveries that wait: more can't be answered in time.
PATIENCE = 0.5  # Seconds for a group; then each of its deliveries has time left to be alone.
LEAST = 0.1  # With less time left a delivery is no use to a group.
GRACE = 0.1  # Seconds past a group's deadline in which the database may say that it is past.
SILENCE = 10.0  # Seconds after which a connection is looked at before it is used.
STUCK = 5.0  # Seconds in one group that no timeout explains.

log = logging.getLogger("cage.writer")


def settle(opened: Opened, *, deadline: float) -> Reply | None:
    """The reply of a committed group; None if the caller has to settle it alone.

    Raises GivenUp where too many wait already, and at the `deadline` (in time.monotonic).
    """
    waiting = InThread(opened, deadline=deadline)
    _writer.put(waiting)
    return waiting.wait()


async def settle_on_loop(opened: Opened, *, deadline: float) -> Reply | None:
    """As `settle`, for a coroutine."""
    waiting = OnLoop(opened, deadline=deadline)
    _writer.put(waiting)
    return await waiting.wait()


def state() -> str:
    """For people who ask whether it works: `not started`, `idle`, `busy` or `stuck`."""
    return _writer.state()


def stop() -> None:
    """Finish what waits, close the connections. The next delivery starts it again."""
    _writer.stop()


class Lane:
    """One thread, started by its first delivery, and again should it have died."""

    def __init__(self, name: str, *, busy: "Lane | None" = None) -> None:
        self.name = name
        self.waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self.since: float | None = None  # When its group began, in time.monotonic.
        self._busy = busy
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._used = 0.0

    def put(self, waiting: Waiting) -> None:
        """One more; some group will have it."""
        self.waiting.put(waiting)
        if not self.is_alive:
            self._start()

    @property
    def is_alive(self) -> bool:
        """Whether a thread works on what waits."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Return when all that waited is settled and the thread has ended."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self.waiting.put(None)
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self.is_alive:
                return
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # No more threads: its view takes the delivery back.
                log.exception("%s could not be started", self.name)

    def _run(self) -> None:
        try:
            while (first := self.waiting.get()) is not None:
                self._settle(self._group(first))
        finally:
            connection.close()

    def _group(self, first: Waiting) -> list[Waiting]:
        """`first` and what else waits by now: nothing is waited for."""
        group: list[Waiting] = []
        waiting: Waiting | None = first
        weight = 0
        while waiting is not None:
            if waiting.take():
                group.append(waiting)
                weight += len(waiting.opened.delivery.body)
            if len(group) == LARGEST or weight >= HEAVIEST:
                return group
            try:
                waiting = self.waiting.get_nowait()
            except queue.Empty:
                return group
        self.waiting.put(None)
        return group

    def _settle(self, group: Sequence[Waiting]) -> None:
        self.since = time.monotonic()
        try:
            with bounded.until(self.since + 2 * PATIENCE + GRACE):
                self._settle_together(self._in_time(group))
                undecided.write()
                instead.write()
        except BaseException as error:
            # What is read on this connection may not be committed: it is left.
            log.warning("a group of %s is settled one by one: %r", len(group), error)
            for waiting in group:
                waiting.end(None)
            connection.close()
            if not isinstance(error, Exception):
                raise
        finally:
            self.since, self._used = None, time.monotonic()

    def _in_time(self, group: Sequence[Waiting]) -> list[Waiting]:
        """Without those whose own deadline is too near for a group's."""
        soonest = time.monotonic() + LEAST
        for waiting in group:
            if waiting.deadline < soonest:
                waiting.end(None)
        return [waiting for waiting in group if waiting.deadline >= soonest]

    def _settle_together(self, group: Sequence[Waiting]) -> None:
        if not group:
            return
        self._look_at_connection()
        busy = self._settle_free(group) if self._busy or len(group) > 1 else group
        if self._busy is None:
            self._settle_busy(busy)
            return
        for waiting in busy:
            waiting.put_back()
            self._busy.put(waiting)

    def _settle_free(self, group: Sequence[Waiting]) -> list[Waiting]:
        """Those whose wallets nobody holds; the others are returned."""
        opened = [waiting.opened for waiting in group]
        decided = settling.settle_free(opened, deadline=_deadline(group))
        metrics.GROUP.observe(len(decided))
        for place, one in decided.items():
            group[place].end(one.reply)
        return [waiting for place, waiting in enumerate(group) if place not in decided]

    def _settle_busy(self, group: Sequence[Waiting]) -> None:
        if not group:
            return
        opened = [waiting.opened for waiting in group]
        decided = settling.settle(opened, deadline=_deadline(group))
        metrics.GROUP.observe(len(decided))
        for waiting, one in zip(group, decided, strict=True):
            waiting.end(one.reply)

    def _look_at_connection(self) -> None:
        silent = time.monotonic() - self._used > SILENCE
        if silent and connection.connection is not None and not connection.is_usable():
            connection.close()


def _deadline(group: Sequence[Waiting]) -> float:
    return min(time.monotonic() + PATIENCE, *(waiting.deadline for waiting in group))


class Writer:
    """The lanes of one process."""

    def __init__(self) -> None:
        self._waits = Lane("writer, busy wallets")
        self._first = Lane("writer", busy=self._waits)

    def put(self, waiting: Waiting) -> None:
        if self._first.waiting.qsize() >= LONGEST:
            raise GivenUp(f"{LONGEST} deliveries wait already")
        self._first.put(waiting)

    def state(self) -> str:
        lanes = self._first, self._waits
        began = [lane.since for lane in lanes if lane.since is not None]
        if began and time.monotonic() - min(began) > STUCK:
            return "stuck"
        if began:
            return "busy"
        return "idle" if self._first.is_alive else "not started"

    def stop(self) -> None:
        self._first.stop()
        self._waits.stop()


_writer = Writer()


def _forget() -> None:
    """Threads don't live on in a forked process, and what waited there is the parent's."""
    global _writer
    _writer = Writer()
    undecided.forget()
    instead.forget()


os.register_at_fork(after_in_child=_forget)
