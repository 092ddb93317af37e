"""A provider's day in tests: what was booked, what its statement lists, and where all of it stands.

Line and movement are `(id, uid, currency, debit, credit)`; ids without an operation are settles.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from reconciliation.matching import matching
from reconciliation.models import BucketSum, Line, Match, Statement, StatementFormat
from tests.cast import instruction
from wallets import ledger
from wallets.instructions import Instruction
from wallets.models import Entry

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
NOON = DAY + timedelta(hours=12)
# Long after: nothing is in flight any more.
LATER = DAY + timedelta(days=9)

Listed = tuple[str, str, str, str, str]


def book(*movements: Listed, at: datetime = NOON, provider: str = "jdb", **more: Any) -> None:
    """One transaction of one id, which all movements share."""
    ledger.post([asked(*movements, at=at, provider=provider, **more)], at=at)


def asked(*movements: Listed, at: datetime = NOON, **more: Any) -> Instruction:
    ((id_, *_), *_) = movements
    built = instruction(id_, *(movement[1:] for movement in movements), occurred_at=at, **more)
    object.__setattr__(built, "transaction_id", named(id_))
    return built


def listed(
    *lines: Listed,
    start: datetime = DAY,
    end: datetime = NEXT,
    provider: str = "jdb",
    at: datetime | None = NOON,
    **more: Any,
) -> Statement:
    """A statement with these lines, one a row, from row 2 on, all at the same time."""
    statement = imported(start=start, end=end, provider=provider, rows=len(lines))
    Line.objects.bulk_create(
        Line(
            statement=statement,
            number=number,
            transaction_id=named(id_),
            uid=uid,
            currency=currency,
            debit=Decimal(debit),
            credit=Decimal(credit),
            occurred_at=at,
            **more,
        )
        for number, (id_, uid, currency, debit, credit) in enumerate(lines, start=2)
    )
    return statement


def imported(
    *,
    start: datetime = DAY,
    end: datetime = NEXT,
    provider: str = "jdb",
    rows: int = 0,
    format: StatementFormat | None = None,
) -> Statement:
    return Statement.objects.create(
        provider=provider,
        format=format or StatementFormat.objects.get(name="cage"),
        file_name="day.csv",
        sha256=f"{Statement.objects.count():064}",
        size=1,
        start_at=start,
        end_at=end,
        rows=rows,
        imported_at=end,
    )


def named(id_: str) -> str:
    return id_ if ":" in id_ else f"settle:{id_}"


def stands(statement: Statement) -> list[str]:
    """Every row of it: `matched: 2 settle:1 alice USD`: bucket, row of the file, movement."""
    return sorted(map(_told, _rows(statement)))


def match(statement: Statement, at: datetime = LATER) -> list[str]:
    matching.match(statement, at=at)
    assert_sums(statement)
    return stands(statement)


def ids(statement: Statement) -> set[int]:
    return set(Match.objects.filter(statement=statement).values_list("id", flat=True))


def _rows(statement: Statement) -> Iterable[Match]:
    rows = Match.objects.filter(statement=statement)
    return rows.select_related("line", "entry__wallet__player", "entry__transaction")


def _told(row: Match) -> str:
    words = [f"{row.bucket}:"]
    if row.line is not None:
        words.append(str(row.line.number))
    if row.entry is not None:
        entry: Entry = row.entry
        words += [
            entry.transaction.transaction_id,
            entry.wallet.player.uid,
            entry.wallet.currency,
        ]
    return " ".join(words)


def assert_sums(statement: Statement) -> None:
    """The sums of the buckets are those of their rows, on both sides, and all lines are there."""
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for row in _rows(statement):
        if row.line is not None:
            line = row.line
            _add(expected, (row.bucket, line.currency), 0, line.debit, line.credit)
        if row.entry is not None:
            entry = row.entry
            _add(expected, (row.bucket, entry.wallet.currency), 3, entry.debit, entry.credit)
    kept = {
        (one.bucket, one.currency): [
            Decimal(one.lines),
            one.line_debit,
            one.line_credit,
            Decimal(one.entries),
            one.entry_debit,
            one.entry_credit,
        ]
        for one in BucketSum.objects.filter(statement=statement)
    }
    assert kept == expected
    lines = Line.objects.filter(statement=statement, error="")
    total = lines.aggregate(debit=Sum("debit"), credit=Sum("credit"))
    assert sum(one[0] for one in kept.values()) == lines.count()
    assert sum(one[1] for one in kept.values()) == (total["debit"] or 0)
    assert sum(one[2] for one in kept.values()) == (total["credit"] or 0)


def _add(
    sums: dict[tuple[str, str], list[Decimal]],
    key: tuple[str, str],
    first: int,
    debit: Decimal,
    credit: Decimal,
) -> None:
    columns = sums.setdefault(key, [Decimal(0)] * 6)
    for offset, value in enumerate((Decimal(1), debit, credit)):
        columns[first + offset] += value
