"""Callbacks by month: partitions made ahead, by a function that belongs to the tables' owner."""

from typing import Any

from django.db import connection, connections


def make_ahead() -> list[str]:
    """Make the partitions of this month and the next three; the names of those that are new."""
    with connection.cursor() as cursor:
        return _make(cursor)


def make_after_migrate(*, using: str, **_: Any) -> None:
    """The same, by `migrate`: a new database starts with its partitions."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regproc('cage_callback_partitions')")
        if cursor.fetchone() != (None,):
            _make(cursor)


def _make(cursor: Any) -> list[str]:
    cursor.execute("SELECT cage_callback_partitions()")
    return [name for (name,) in cursor.fetchall()]
