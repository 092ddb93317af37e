"""Callbacks by month: partitions made ahead, by a function that belongs to the tables' owner.

A delivery is kept whether or not its month has a partition: without one it goes to the default
partition, from where no month can be made or removed any more until somebody moves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

MOST = 1_000  # Stray rows that are counted; more are as bad.

MONTHS = """
SELECT partition::text, bounds[1]::timestamptz, bounds[2]::timestamptz
FROM (SELECT t.relid AS partition,
             regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \\('(.+)'\\) TO \\('(.+)'\\)$$)
                 AS bounds
      FROM pg_partition_tree('providers_callback') t JOIN pg_class c ON c.oid = t.relid
      WHERE t.isleaf) leaf
WHERE bounds IS NOT NULL
ORDER BY 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One partition: from `start_at` (included) to `end_at` (excluded), which are UTC's months."""

    name: str
    start_at: datetime
    end_at: datetime


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


def months(cursor: CursorWrapper) -> list[Month]:
    """Those that there are, the oldest first."""
    cursor.execute(MONTHS)
    return [
        Month(name=name, start_at=start_at, end_at=end_at)
        for name, start_at, end_at in cursor.fetchall()
    ]


def ahead(known: Sequence[Month], *, at: datetime) -> int:
    """How many months after that of `at` have their partition, without a gap; -1: not even it."""
    coming = [month for month in known if month.end_at > at]
    if not coming or coming[0].start_at > at:
        return -1
    gaps = (number for number, (one, next_) in enumerate(pairwise(coming)) if _gap(one, next_))
    return next(gaps, len(coming) - 1)


def strays(cursor: CursorWrapper, known: Sequence[Month]) -> int:
    """The rows in the default partition, up to MOST: all whose time no month has.

    The application's role may not read that partition by its name; asked so, PostgreSQL reads no
    other one.
    """
    edges = [(one.end_at, next_.start_at) for one, next_ in pairwise(known) if _gap(one, next_)]
    outside, values = ["true"], []
    if known:
        outside = ["received_at < %s", "received_at >= %s"]
        values = [known[0].start_at, known[-1].end_at]
    for edge in edges:
        outside.append("received_at >= %s AND received_at < %s")
        values += edge
    where = " OR ".join(f"({one})" for one in outside)
    cursor.execute(
        f"SELECT count(*) FROM (SELECT FROM providers_callback WHERE {where} LIMIT %s) stray",
        [*values, MOST],
    )
    (count,) = cursor.fetchone()
    return int(count)


def _gap(one: Month, next_: Month) -> bool:
    return one.end_at != next_.start_at


def _make(cursor: Any) -> list[str]:
    cursor.execute("SELECT cage_callback_partitions()")
    return [name for (name,) in cursor.fetchall()]
