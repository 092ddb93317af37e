"""Rows of one instant, a batch at a time: as many as there are, in constant memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from wallets import verification

BATCH = 2_000


@contextmanager
def instant(*, kept: Sequence[str] = ()) -> Iterator[None]:
    """All that is read inside is of one instant. Nothing can be written, nobody is blocked but who
    would remove a part of the tables in `kept`.

    It ends as soon as everything was read, and never waits for whoever gets the file: as long as it
    lasts no version of a row that settlements replace can be cleared away.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            verification.keep(kept)
            cursor.execute("SET LOCAL cursor_tuple_fraction = 1")  # All rows are fetched.
        yield


def rows(sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """What a query selects, from a cursor of the database; inside `instant` only."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while batch := cursor.fetchmany(BATCH):
            yield from batch
