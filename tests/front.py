"""The web process's front, as tests call it: without a server, all on one event loop."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any, TypeVar

from django.core.wsgi import get_wsgi_application
from django.db import connection

from providers.front import Front

THREADS = ThreadPoolExecutor(64, "callbacks")
FRONT = Front(get_wsgi_application(), threads=THREADS)
STRANGERS = FRONT._strangers


Value = TypeVar("Value")


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """What it returns; for any thread but the loop's own."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop(os.getpid())).result()


@cache
def _loop(process: int) -> asyncio.AbstractEventLoop:
    """That of this process: a fork has no threads of its parent."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
    return loop


def leave_the_database(*pools: ThreadPoolExecutor) -> None:
    """Close the connection of each of their threads, once it has done what it does."""
    for pool in pools or (THREADS, STRANGERS):
        closed: set[threading.Thread] = set()
        while not closed >= pool._threads:  # A pool may start one more for what is asked of it.
            count = len(pool._threads)
            all_of_them = threading.Barrier(count)
            # A subclass may refuse.
            asked = [
                ThreadPoolExecutor.submit(pool, _close, all_of_them, closed) for _ in range(count)
            ]
            wait(asked)


def _close(all_of_them: threading.Barrier, closed: set[threading.Thread]) -> None:
    all_of_them.wait()
    connection.close()
    closed.add(threading.current_thread())
