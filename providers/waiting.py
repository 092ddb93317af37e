"""A delivery between two threads: its view's, that waits, and the writer's, that decides it."""

import threading
import time
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


class Waiting:
    """One delivery. Whichever thread ends it first has ended it: it is answered once."""

    __slots__ = ("_ended", "_lock", "_reply", "_state", "deadline", "opened")

    def __init__(self, opened: Opened, *, deadline: float) -> None:
        self.opened = opened
        self.deadline = deadline  # In time.monotonic.
        self._lock = threading.Lock()
        self._ended = threading.Lock()
        self._ended.acquire()
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
            self._state, self._reply = _State.ENDED, reply
        self._ended.release()
        return True

    # -- The view's side

    def wait(self) -> Reply | None:
        """The reply once that is committed; None if it is to be settled alone, by the caller.

        Raises GivenUp at the deadline, while the writer still works on it.
        """
        while (left := self.deadline - time.monotonic()) > 0:
            if self._ended.acquire(timeout=min(OWN, left)):
                return self._reply
            if self._turn(_State.QUEUED, _State.LEFT):
                return None
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
