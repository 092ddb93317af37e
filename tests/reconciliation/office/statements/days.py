"""A day at jdb on the desk: what was booked, and what its statement says of it.

Everything a statement can show of a day is in it: alice's win is listed as it was booked; bob's is
listed otherwise, carol's for another player, dora's in another currency; one is listed twice; one
is missing here and one there; and one row could not be read.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from reconciliation.matching import matching
from reconciliation.models import Line, Statement, StatementFormat
from tests.cast import Books, instruction
from wallets import ledger

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
LATER = DAY + timedelta(days=9)
PLAYERS = ["alice", "bob", "carol", "dora", "erin"]

Listed = tuple[str, str, str, str, str]  # reference, uid, currency, debit, credit
LISTED: list[Listed] = [
    ("272001", "alice", "USD", "0", "1250.50"),
    ("272002", "bob", "USD", "0", "99.75"),
    ("272003", "erin", "USD", "0", "12"),
    ("272004", "dora", "CNY", "0", "8"),
    ("272005", "alice", "USD", "0", "3"),
    ("272005", "alice", "USD", "0", "3"),
    ("272006", "alice", "USD", "0", "45.25"),
]
BOOKED: list[Listed] = [
    ("272001", "alice", "USD", "0", "1250.50"),
    ("272002", "bob", "USD", "0", "90"),
    ("272003", "carol", "USD", "0", "12"),
    ("272004", "dora", "USD", "0", "8"),
    ("272005", "alice", "USD", "0", "3"),
    ("272007", "alice", "USD", "0", "77"),
]


def book(books: Books, rows: list[Listed] = BOOKED, *, at: datetime = NOON) -> None:
    for uid in PLAYERS:
        for currency in ("USD", "CNY"):
            books.open(uid, currency, "1000")
    for reference, *move in rows:
        asked = instruction(reference, tuple(move), provider="jdb", occurred_at=at)  # type: ignore[arg-type]
        ledger.post([asked], at=at)


def statement(
    rows: list[Listed] = LISTED,
    *,
    rejected: list[tuple[str, str]] | None = None,
    is_matched: bool = True,
    more: dict[str, str] | None = None,
    **changes: Any,
) -> Statement:
    """Imported with these lines from row 2 on, and matched. `rejected` are (original, error)."""
    rejected = rejected or []
    kept = Statement.objects.create(
        **{
            "provider": "jdb",
            "format": StatementFormat.objects.get(name="cage"),
            "file_name": "jdb-2026-11-20.csv",
            "sha256": f"{Statement.objects.count():064}",
            "size": 48_213,
            "start_at": DAY,
            "end_at": DAY + timedelta(days=1),
            "day": DAY.date(),
            "rows": len(rows) + len(rejected),
            "rejected": len(rejected),
            "imported_at": LATER,
            **changes,
        }
    )
    lines = [_line(kept, number, row, more or {}) for number, row in enumerate(rows, start=2)]
    lines += [
        Line(statement=kept, number=number, original=original, error=error)
        for number, (original, error) in enumerate(rejected, start=len(rows) + 2)
    ]
    Line.objects.bulk_create(lines)
    return matching.match(kept, at=LATER) if is_matched else kept


def _line(kept: Statement, number: int, row: Listed, more: dict[str, str]) -> Line:
    reference, uid, currency, debit, credit = row
    fields = {"operation": "settle", "reference": reference, "uid": uid, "currency": currency}
    fields |= {"debit": debit, "credit": credit, **more}
    return Line(
        statement=kept,
        number=number,
        transaction_id=f"settle:{reference}",
        uid=uid,
        currency=currency,
        debit=Decimal(debit),
        credit=Decimal(credit),
        occurred_at=NOON,
        original=json.dumps(fields),
    )
