"""Rows of a statement that has sums only."""

import re
from dataclasses import dataclass
from decimal import Decimal

from providers.protocols import amounts
from providers.protocols.base import Malformed
from providers.protocols.reports import Row
from wallets import money

COUNT = re.compile(r"[0-9]{1,18}")
SUMS = ("count", "debit", "credit", "net")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """One row: over all players or operations where `uid` or `operation` is empty. None is what
    the row doesn't say; `net` is credit less debit, signed."""

    currency: str
    uid: str
    operation: str
    count: int | None
    debit: Decimal | None
    credit: Decimal | None
    net: Decimal | None


def summed(row: Row) -> Summed:
    """What the row sums up. Raises Malformed."""
    if not any(row.has(field) for field in SUMS):
        raise Malformed("The row has no sum: one of count, debit, credit, net is needed")
    return Summed(
        currency=row.text("currency", longest=10),
        uid=row.text("uid", longest=64) if row.has("uid") else "",
        operation=row.text("operation", longest=32) if row.has("operation") else "",
        count=_count(row),
        debit=_sum(row, "debit"),
        credit=_sum(row, "credit"),
        net=_amount(row, "net"),
    )


def _count(row: Row) -> int | None:
    if not row.has("count"):
        return None
    text = row.text("count")
    try:
        plain = row.number(text)
    except ValueError:
        plain = ""
    if not COUNT.fullmatch(plain):
        raise Malformed(f"count is not a whole number: {text[:40]!r}")
    return int(plain)


def _sum(row: Row, field: str) -> Decimal | None:
    value = _amount(row, field)
    return None if value is None else amounts.not_negative(value, field=field)


def _amount(row: Row, field: str) -> Decimal | None:
    return row.amount(field, decimals=money.DECIMALS) if row.has(field) else None
