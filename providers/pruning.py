"""Removes a month of callbacks: the whole partition or nothing, in one commit with its record.

A month is kept whole as long as anything holds it. To move the rows that are still needed out of
the way first would be the other way; but then there is a moment in which evidence is in two places
or in none, and a row that nobody thought of goes with the rest. Here there is no such moment: the
question, the record and the removal are one transaction, and a crash leaves the month as it was.

DETACH ... CONCURRENTLY is no choice, for two reasons: PostgreSQL refuses it beside a default
partition, and it is two transactions. The plain one needs the table for itself. It waits 200 ms
for that at most, gives up, and lets deliveries through before it tries again.
"""

import getpass
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, ProgrammingError, connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import errors

from providers import partitions
from providers.partitions import Month
from providers.retention import CannotPrune

OWNER = "owner"  # The alias: the application's role may remove nothing.
AFTERWARDS = timedelta(hours=1)  # A delivery is booked within seconds, or by another one.

# What is asked may take so long, all of it: while those wait who write cases; while deliveries do.
ASKED, ASKED_LATE = timedelta(seconds=1), timedelta(milliseconds=300)

LIMITS = """
SELECT set_config('lock_timeout', '200ms', true), set_config('statement_timeout', '15s', true)
"""
OWNED = """
SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class
WHERE oid = 'providers_callback'::regclass
"""
PARTITIONS = {"cage_callback_partitions": "Partitions are made or removed"}
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext(%s))"
LAST_POSTED = """
SELECT max(t.posted_at) FROM wallets_transaction t
JOIN {partition} c ON c.delivery_id = t.origin_id
WHERE t.posted_at >= %s AND t.posted_at < %s
"""
RECORD = """
INSERT INTO providers_pruned
    (start_at, end_at, last_posted_at, rows, posted, size, pruned_at, pruned_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class Busy(Exception):
    """Why this month could not be removed now; a sentence. Nothing has changed."""


class Gone(Exception):
    """This month is no partition any more: another run has removed it."""


class TooSlow(Exception):
    """Why this month could not be removed; a sentence. The next try would take as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What still needs a month. `what` is the plural of it, `ids` are all of them, in order; none
    where it has no numbers."""

    what: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a month takes. `size` is in bytes, with its indexes; `posted` of its `rows` are of
    deliveries that the ledger took."""

    rows: int
    posted: int
    size: int


# What holds a month, asked on the owner's connection inside the removing transaction.
Holds = Callable[[CursorWrapper, Month], Iterable[Hold]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Who is asked what holds a month, and what stands still meanwhile.

    Nobody writes `tables` or has the advisory `locks` between the answer of `holds` and the commit;
    of a lock it is said what is done under it. `late` is asked last, when no delivery can be
    written either: of what comes with deliveries.
    """

    holds: Holds
    late: Holds
    tables: tuple[str, ...]
    locks: Mapping[str, str]


def require_owner() -> None:
    """Raise CannotPrune where the role of the alias `owner` does not own the callbacks."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(OWNED)
        if cursor.fetchone() != (True,):
            raise CannotPrune(
                "Only the tables' owner can remove callbacks: set MIGRATE_DATABASE_URL, as for "
                "migrations."
            )


def due(limit: datetime) -> list[Month]:
    """The months that end by then, the oldest first."""
    with connections[OWNER].cursor() as cursor:
        return [month for month in partitions.months(cursor) if month.end_at <= limit]


def strays(limit: datetime) -> int:
    """The callbacks before then that are in the default partition, which nothing is removed of."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM providers_callback_default WHERE received_at < %s", [limit]
        )
        (count,) = cursor.fetchone()
    return int(count)


def size(month: Month) -> Size:
    """How much it is; no other month is read. Raises Gone."""
    with _there(), connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE outcome = 'posted'),"
            f" pg_total_relation_size(%s::regclass) FROM {month.name}",
            [month.name],
        )
        rows, posted, bytes_ = cursor.fetchone()
    return Size(rows=rows, posted=posted, size=bytes_)


def holding(month: Month, holds: Holds) -> list[Hold]:
    """What holds it now. Locks nothing. Raises Gone."""
    with _there(), connections[OWNER].cursor() as cursor:
        return list(holds(cursor, month))


@contextmanager
def _there() -> Iterator[None]:
    """The table of a month that another run has removed since is no surprise."""
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.__cause__, errors.UndefinedTable):
            raise Gone from None
        raise


def remove(month: Month, taken: Size, needs: Needs, *, at: datetime) -> bool:
    """Remove it, unless something holds it: then False. Raises Busy, Gone, TooSlow."""
    try:
        with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
            _have_it_alone(cursor, month, needs.locks)
            last = _last_posted(cursor, month)
            is_gone = _is_detached(cursor, month, needs)
            if is_gone:
                size = taken.rows, taken.posted, taken.size
                row = [month.start_at, month.end_at, last, *size, at, whoever_asks()]
                cursor.execute(RECORD, row)
                cursor.execute(f"DROP TABLE {month.name}")
            else:
                transaction.set_rollback(True, using=OWNER)
    except OperationalError as error:
        said = str(error).splitlines()[0]
        if isinstance(error.__cause__, errors.QueryCanceled):
            raise TooSlow(f"Asking what holds it takes too long: {said}.") from error
        raise Busy(f"Somebody else holds the tables: {said}.") from error
    return is_gone


def _have_it_alone(cursor: CursorWrapper, month: Month, locks: Mapping[str, str]) -> None:
    """Nobody else removes it or does what these locks stand for. Deliveries pass still."""
    cursor.execute(LIMITS)
    for name, done in {**PARTITIONS, **locks}.items():
        cursor.execute(ALONE, [name])
        if cursor.fetchone() != (True,):
            raise Busy(f"{done} by somebody else.")
    if month not in partitions.months(cursor):
        raise Gone


def _is_detached(cursor: CursorWrapper, month: Month, needs: Needs) -> bool:
    """Detach it, and look once more; False where something holds it."""
    # The bookkeeping reads callbacks and then writes cases: each may wait for the other. Our 200 ms
    # are over before PostgreSQL even looks for a deadlock.
    cursor.execute(f"LOCK TABLE {', '.join(needs.tables)} IN SHARE MODE")
    with _limited(ASKED):
        if any(True for _ in needs.holds(cursor, month)):
            return False
    cursor.execute(f"ALTER TABLE providers_callback DETACH PARTITION {month.name}")
    with _limited(ASKED_LATE):
        return not any(True for _ in needs.late(cursor, month))


@contextmanager
def _limited(length: timedelta) -> Iterator[None]:
    """All statements inside may take so long together; then the one that runs is cancelled."""
    end = time.monotonic() + length.total_seconds()

    def limit(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        left = max(1, round((end - time.monotonic()) * 1000))
        with context["connection"].wrap_database_errors:  # Django's cursor would come back here.
            context["cursor"].cursor.execute(f"SET LOCAL statement_timeout = {left}")
        return execute(sql, params, many, context)

    with connections[OWNER].execute_wrapper(limit):
        yield
    with connections[OWNER].cursor() as cursor:
        cursor.execute(LIMITS)


def _last_posted(cursor: CursorWrapper, month: Month) -> datetime | None:
    """When the last one was booked that came before midnight and was booked after it."""
    sql = LAST_POSTED.format(partition=month.name)
    cursor.execute(sql, [month.end_at, month.end_at + AFTERWARDS])
    (last,) = cursor.fetchone()
    return last if isinstance(last, datetime) else None


def whoever_asks() -> str:
    """Who runs this process, on which machine."""
    user = "somebody"
    with suppress(OSError, KeyError):  # A container may have no name for its user.
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"[:200]
