"""A bound of our own on every wait for the database, COMMIT included.

The server's timeouts end with the server: one that is frozen, or lost behind a network, keeps its
clients waiting, and no timeout of its own bounds a COMMIT. A provider hears an answer all the same.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import PQGen

_thread = threading.local()


class Pipeline(psycopg.Pipeline):
    """One that ends with its Sync. psycopg's own asks once more for what the Sync has asked for:
    behind a pooler, which has given the server away by then, that would take another one."""

    def _exit_gen(self) -> PQGen[None]:
        try:
            self._enqueue_sync()
            yield from self._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=False)


class BoundedConnection(psycopg.Connection[Any]):
    """One that is left, closed, when the server hasn't answered by the thread's bound."""

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """As psycopg's; see Pipeline."""
        if self._pipeline is None:
            self._pipeline = Pipeline(self)
        with super().pipeline() as pipeline:
            yield pipeline

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's; raises an OperationalError past the bound: nothing is known about what
        was sent."""
        bound: float | None = getattr(_thread, "bound", None)
        if bound is None:
            return super().wait(gen, interval, timeout)
        left = max(bound - time.monotonic(), 0.001)
        try:
            return super().wait(gen, interval, left if timeout is None else min(left, timeout))
        except psycopg.OperationalError:
            if time.monotonic() >= bound:
                self.pgconn.finish()
            raise


@contextmanager
def until(bound: float) -> Iterator[None]:
    """In this thread no wait for the database is longer than until `bound` (in time.monotonic)."""
    outer = getattr(_thread, "bound", None)
    _thread.bound = bound if outer is None else min(bound, outer)
    try:
        yield
    finally:
        _thread.bound = outer
