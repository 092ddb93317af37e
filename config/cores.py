"""Each web process keeps to one core; where there are more of them than cores, several share one.

The threads of a Python process take turns anyway. On several cores every turn is handed from one
core to another, whose caches know nothing of it: a settlement costs a web process a seventh more
CPU, and half as much time again at half of the load. What isn't of the web (PostgreSQL, Celery)
runs anywhere.
"""

import errno
import os
import socket

_cores: list[int] = []
_place: socket.socket | None = None  # Ours until this process ends, however it does.


def keep_to_one() -> int | None:
    """Keep this thread, and those that it starts, to one core; its number.

    The processes of one server, which have one parent, are spread over the cores that they may use.
    None, and nothing is done, where there is but one, or the system doesn't let us.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    _cores[:] = _cores or sorted(os.sched_getaffinity(0))
    if len(_cores) == 1:
        return None
    place = _take_place()
    if place is None:
        return None
    core = _cores[place % len(_cores)]
    try:
        os.sched_setaffinity(0, {core})
    except OSError:
        return None
    return core


def _take_place() -> int | None:
    """The lowest number that no living process of our parent has; None where none can be had."""
    global _place
    _place = socket.socket(socket.AF_UNIX)
    number = 0
    while True:
        try:
            _place.bind(f"\0cage-web-{os.getppid()}-{number}")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return None
            number += 1
        else:
            return number


def _again() -> None:
    """A forked process has a place of its own, where its parent had one."""
    global _place
    if _place is not None:
        _place.close()
        _place = None
        keep_to_one()


os.register_at_fork(after_in_child=_again)
