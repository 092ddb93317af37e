"""Faults that tests plant around a COMMIT, whichever thread sends it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.pq import TransactionStatus

from wallets import sql


def terminate(pid: int) -> None:
    """Kill the backend of another connection of our own role."""
    _elsewhere("SELECT pg_terminate_backend(%s, 2000)", [pid])


def terminate_all() -> None:
    """Kill every backend of our own role in this database."""
    _elsewhere(
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
        " WHERE usename = current_user AND datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )


def backends() -> list[int]:
    """The process ids of every backend of our own role, as seen by another role."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = current_database()",
            [settings.DATABASES["default"]["USER"]],
        )
        return [pid for (pid,) in cursor.fetchall()]


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for as long as no slow machine takes."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def frozen(processes: Sequence[int]) -> Iterator[None]:
    """They do nothing meanwhile, and go on afterwards as if nothing had been."""
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def _elsewhere(statement: str, parameters: Sequence[int] = ()) -> None:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@contextmanager
def at_commit(
    monkeypatch: pytest.MonkeyPatch, *faults: Callable[[Any, Callable[[], None]], None]
) -> Iterator[None]:
    """Each `fault(wrapper, commit)` happens instead of one COMMIT: of the writer's, or of ours."""
    sent, own = sql.commit, BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
    left = list(faults)

    def fault() -> Any:
        thread = threading.current_thread()
        ours = thread is threading.main_thread() or thread.name.startswith(("writer", "callbacks"))
        return left.pop(0) if left and ours else None

    def with_the_rows() -> Callable[[], None]:
        def commit() -> None:
            answer.append(sent())
            connection.connection._pipeline.sync()

        answer: list[Callable[[], None]] = []
        planted = fault()
        if planted is None:
            return sent()
        planted(connection, commit)
        return answer[0]

    def by_itself(wrapper: DatabaseWrapper) -> None:
        is_open = wrapper.connection.info.transaction_status == TransactionStatus.INTRANS
        planted = fault() if is_open else None
        if planted is None:
            own(wrapper)
        else:
            planted(wrapper, lambda: own(wrapper))

    with monkeypatch.context() as patch:
        patch.setattr(sql, "commit", with_the_rows)
        patch.setattr(BaseDatabaseWrapper, "_commit", by_itself)
        yield
    assert not left


def lost_before(wrapper: DatabaseWrapper, commit: Callable[[], None]) -> None:
    terminate(wrapper.connection.info.backend_pid)
    commit()


def lost_after(wrapper: DatabaseWrapper, commit: Callable[[], None]) -> None:
    commit()
    terminate(wrapper.connection.info.backend_pid)
    raise OperationalError("the connection was lost while COMMIT was answered")


def raising(error: type[Exception], *, after: bool) -> Callable[..., None]:
    def fault(wrapper: DatabaseWrapper, commit: Callable[[], None]) -> None:
        if after:
            commit()
        raise error("planted")

    return fault
