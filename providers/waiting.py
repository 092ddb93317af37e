"""A delivery between its view, that waits for the answer, and the writer, that decides it."""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import Enum, auto

from providers.opening import Opened
from providers.protocols.base import Reply

OWN = 0.5  # Seconds after which a view asks whether anybody has taken its delivery at all.


class GivenUp(Exception):
    """No verdict can be told in time; a sentence why."""


class _State(Enum):
    QUEUED = auto()  # Nobody works on it: its view may take it back.
    TAKEN = auto()  # A group with it is being settled.
    ENDED = auto()  # The writer is done with it, with a reply or without.
    LEFT = auto()  # Its view waits no more.


class Waiting(ABC):
    """One delivery. Whichever side ends it first has ended it: it is answered once.

    How its view waits is up to the subclass: for the reply once that is committed, or for None if
    the view is to settle it alone. GivenUp at the deadline, while the writer still works on it.
    """

    __slots__ = ("_lock", "_reply", "_state", "deadline", "opened")

    def __init__(self, opened: Opened, *, deadline: float) -> None:
        self.opened = opened
        self.deadline = deadline  # In time.monotonic.
        self._lock = threading.Lock()
        self._state = _State.QUEUED
        self._reply: Reply | None = None

    # -- The writer's side

    def take(self) -> bool:
        """Whether it is still to be settled; then nobody else will, until it is ended."""
        return self._turn(_State.QUEUED, _State.TAKEN)

    def put_back(self) -> None:
        """It is to be taken again, or taken back."""
        self._turn(_State.TAKEN, _State.QUEUED)

    def end(self, reply: Reply | None) -> bool:
        """Tell its view; without a reply that settles it by itself. False: the view has left, and
        the provider has heard something else."""
        with self._lock:
            if self._state in (_State.LEFT, _State.ENDED):
                return self._state is _State.ENDED
            self._reply = reply
            self._state = _State.ENDED  # After the reply: the loop looks without the lock.
        self._wake()
        return True

    # -- The view's side

    @abstractmethod
    def _wake(self) -> None:
        """It is ended: called by the writer, once."""

    def _left(self) -> float:
        """Seconds to wait before the view looks again; none past the deadline."""
        return max(0.0, min(OWN, self.deadline - time.monotonic()))

    def _take_back(self) -> bool:
        """Whether nobody has taken it yet; then nobody will."""
        return self._turn(_State.QUEUED, _State.LEFT)

    def _leave(self) -> Reply | None:
        """The reply that has come at the last moment. Raises GivenUp."""
        with self._lock:
            if self._state is _State.ENDED:
                return self._reply
            self._state = _State.LEFT
        raise GivenUp("it was being written when the time was up")

    def _turn(self, state: _State, into: _State) -> bool:
        with self._lock:
            if self._state is not state:
                return False
            self._state = into
            return True


class InThread(Waiting):
    """Its view has a thread, which waits."""

    __slots__ = ("_ended",)

    def __init__(self, opened: Opened, *, deadline: float) -> None:
        super().__init__(opened, deadline=deadline)
        self._ended = threading.Lock()
        self._ended.acquire()

    def wait(self) -> Reply | None:
        """See Waiting."""
        while left := self._left():
            if self._ended.acquire(timeout=left):
                return self._reply
            if self._take_back():
                return None
        return self._leave()

    def _wake(self) -> None:
        self._ended.release()


class OnLoop(Waiting):
    """Its view is a coroutine, on the event loop on which this is made."""

    __slots__ = ("_ended", "_loop")

    def __init__(self, opened: Opened, *, deadline: float) -> None:
        super().__init__(opened, deadline=deadline)
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    async def wait(self) -> Reply | None:
        """See Waiting."""
        while left := self._left():
            look = self._loop.call_later(left, self._set)
            await self._ended
            look.cancel()
            if self._state is _State.ENDED:
                return self._reply
            if self._take_back():
                return None
            self._ended = self._loop.create_future()
        return self._leave()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # The loop has ended: nobody hears of it any more.
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
