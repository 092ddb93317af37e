"""Where the movements of a statement stand, added up: for its bar, its table and the list.

Movements are counted over all currencies, a pair once; money stays by currency.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from reconciliation.models import Bucket, BucketSum
from wallets.money import EXACT, ZERO

PAIRED = frozenset(
    [Bucket.MATCHED, Bucket.AMOUNT_DIFFERS, Bucket.PLAYER_DIFFERS, Bucket.CURRENCY_DIFFERS]
)
# Nobody has to do anything about these.
SETTLED = frozenset([Bucket.MATCHED, Bucket.NOT_HANDLED])
TONES: Mapping[Bucket, str] = {
    Bucket.MATCHED: "good",
    Bucket.ONLY_IN_STATEMENT: "bad",
    Bucket.ONLY_IN_LEDGER: "bad",
    Bucket.AMOUNT_DIFFERS: "bad",
    Bucket.PLAYER_DIFFERS: "bad",
    Bucket.CURRENCY_DIFFERS: "bad",
    Bucket.REPEATED_LINE: "warning",
    Bucket.NOT_HANDLED: "plain",
    Bucket.IN_FLIGHT: "plain",
}


@dataclass(slots=True, kw_only=True)
class Side:
    """What one side has: how many movements, and their money in one currency."""

    count: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    def add(self, other: "Side") -> None:
        self.count += other.count
        self.debit = EXACT.add(self.debit, other.debit)
        self.credit = EXACT.add(self.credit, other.credit)

    @property
    def net(self) -> Decimal:
        """What the players gained by it."""
        return EXACT.subtract(self.credit, self.debit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bucket in one currency, or (`bucket` None) all of that currency."""

    bucket: Bucket | None
    theirs: Side = field(default_factory=Side)
    ours: Side = field(default_factory=Side)

    @property
    def difference(self) -> Decimal:
        """How much more the players gained by the statement than by the books."""
        return EXACT.subtract(self.theirs.net, self.ours.net)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One currency: its buckets that hold something, and their total."""

    currency: str
    rows: Sequence[Row]
    total: Row


def movements(sums: Iterable[BucketSum]) -> dict[Bucket, int]:
    """How many movements each bucket holds, in the buckets' order; empty ones are left out."""
    found = dict.fromkeys(Bucket, 0)
    for one in sums:
        bucket = Bucket(one.bucket)
        found[bucket] += one.lines if bucket in PAIRED else one.lines + one.entries
    return {bucket: count for bucket, count in found.items() if count}


def share(counts: Mapping[Bucket, int]) -> str:
    """The matched part, such as 99.98%; never rounded up to all of it. "" where there is none."""
    whole = sum(counts.values())
    if not whole:
        return ""
    hundredths = counts.get(Bucket.MATCHED, 0) * 10_000 // whole
    return "100%" if hundredths == 10_000 else f"{hundredths / 100:.2f}%"


def is_open(counts: Mapping[Bucket, int]) -> dict[Bucket, int]:
    """Those that somebody or something has to do with."""
    return {bucket: count for bucket, count in counts.items() if bucket not in SETTLED}


def blocks(sums: Iterable[BucketSum]) -> Iterator[Block]:
    """One block for each currency, in alphabetical order."""
    by_currency: dict[str, dict[str, BucketSum]] = {}
    for one in sums:
        by_currency.setdefault(one.currency, {})[one.bucket] = one
    for currency, found in sorted(by_currency.items()):
        rows = [_row(found[bucket]) for bucket in Bucket if bucket in found]
        total = Row(bucket=None)
        for row in rows:
            total.theirs.add(row.theirs)
            total.ours.add(row.ours)
        yield Block(currency=currency, rows=rows, total=total)


def _row(one: BucketSum) -> Row:
    return Row(
        bucket=Bucket(one.bucket),
        theirs=Side(count=one.lines, debit=one.line_debit, credit=one.line_credit),
        ours=Side(count=one.entries, debit=one.entry_debit, credit=one.entry_credit),
    )
