"""What a matched statement amounts to: its buckets by currency, and what is still open."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

from reconciliation.matching import totals
from reconciliation.matching.matching import Summary
from reconciliation.models import Bucket, BucketSum, Layout, Statement
from wallets import money

# Nobody has to do anything about these.
SETTLED = frozenset({Bucket.MATCHED, Bucket.NOT_HANDLED, Bucket.IN_FLIGHT})
SHOWN = 20
ORDER = {bucket.value: position for position, bucket in enumerate(Bucket)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A bucket in one currency, or (`bucket` is empty) all of that currency."""

    bucket: str
    currency: str
    lines: int
    line_debit: Decimal
    line_credit: Decimal
    entries: int
    entry_debit: Decimal
    entry_credit: Decimal
    is_last: bool = False

    @property
    def is_total(self) -> bool:
        return not self.bucket

    @property
    def label(self) -> str:
        return Bucket(self.bucket).label if self.bucket else "All"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`open` are lines, movements or totals that the two sides don't agree on; `differences` the
    first of the totals."""

    statement: Statement
    rows: tuple[Row, ...]
    open: int
    summary: Summary
    differences: tuple[str, ...] = ()


def of(statement: Statement, summary: Summary | None = None) -> Result:
    """As it was matched last; `summary` is what that run changed."""
    summary = summary or Summary()
    if statement.format.layout == Layout.TOTALS:
        count, first = totals.open_rows(statement, shown=SHOWN)
        return Result(
            statement=statement, rows=(), open=count, summary=summary, differences=tuple(first)
        )
    rows = tuple(_rows(statement))
    doubted = [row for row in rows if row.bucket and Bucket(row.bucket) not in SETTLED]
    # All of them have a line, but what only the ledger has.
    open_ = sum(
        row.entries if row.bucket == Bucket.ONLY_IN_LEDGER else row.lines for row in doubted
    )
    return Result(statement=statement, rows=rows, open=open_, summary=summary)


def _rows(statement: Statement) -> Iterator[Row]:
    """By currency, its buckets in their order, and then all of it."""
    sums = list(BucketSum.objects.filter(statement=statement))
    for currency in sorted({one.currency for one in sums}):
        found = [_row(one) for one in sums if one.currency == currency]
        found.sort(key=lambda row: ORDER[row.bucket])
        yield from found
        yield _total(currency, found)


def _row(one: BucketSum) -> Row:
    return Row(
        bucket=one.bucket,
        currency=one.currency,
        lines=one.lines,
        line_debit=one.line_debit,
        line_credit=one.line_credit,
        entries=one.entries,
        entry_debit=one.entry_debit,
        entry_credit=one.entry_credit,
    )


def _total(currency: str, rows: list[Row]) -> Row:
    with localcontext(money.EXACT):
        return Row(
            bucket="",
            currency=currency,
            lines=sum(row.lines for row in rows),
            line_debit=sum((row.line_debit for row in rows), money.ZERO),
            line_credit=sum((row.line_credit for row in rows), money.ZERO),
            entries=sum(row.entries for row in rows),
            entry_debit=sum((row.entry_debit for row in rows), money.ZERO),
            entry_credit=sum((row.entry_credit for row in rows), money.ZERO),
            is_last=True,
        )
