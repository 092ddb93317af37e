"""Whether the figures are what the ledger and the inbox say: every hour is added up again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from reconciliation.exporting import reading
from reconciliation.models import FiguresReading
from reconciliation.office.rollups import business_day, keeping, sums
from reconciliation.office.rollups.sums import Row
from reconciliation.statements.periods import Period

WHAT = {sums.MONEY: ("money", 4), sums.DELIVERIES: ("deliveries", 3)}  # And how many columns name.

Watch = Callable[[int, int], None]


class NothingKept(Exception):
    """Why nothing can be verified; a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure that is not what it should be. None: there is no such row, or nothing to add.

    `is_final`: no update reads this hour again, so it stays wrong until somebody rebuilds it.
    """

    what: str
    starts_at: datetime
    names: tuple[str, ...]
    kept: tuple[object, ...] | None
    summed: tuple[object, ...] | None
    is_final: bool


def verify(
    first: date | None = None,
    last: date | None = None,
    *,
    watch: Watch = lambda done, of: None,
) -> list[Difference]:
    """Every difference in the business days from `first` to `last`; None: all that is kept.

    A day is read in one snapshot. Raises NothingKept.
    """
    day = business_day.current()
    read = FiguresReading.objects.filter(business_day=str(day)).first()
    if read is None:
        raise NothingKept(f"No figures are kept for the business day {day}: run update_figures.")
    begin = max(first or date.min, day.day_of(read.since_at))
    days = list(day.days(begin, min(last or date.max, day.day_of(read.read_at))))
    open_from = keeping.first_open(day, read.read_at)
    found: list[Difference] = []
    for done, whole in enumerate(days):
        watch(done, len(days))
        found += _of_day(whole.start_at, whole.end_at, open_from)
    return found


def _of_day(start_at: datetime, end_at: datetime, open_from: datetime) -> list[Difference]:
    day = business_day.current()
    with reading.instant(kept=["providers_callback"]):
        # In this snapshot: an update may have read on meanwhile.
        read_at = FiguresReading.objects.get().read_at
        period = Period(start_at=start_at, end_at=min(end_at, read_at))
        hours = day.hours(period.start_at, period.end_at)
        return [
            difference
            for sql in WHAT
            for difference in _differences(
                sql, sums.kept(sql, period), sums.read(sql, period, hours), open_from
            )
        ]


def _differences(
    sql: str, kept: list[Row], summed: list[Row], open_from: datetime
) -> Iterator[Difference]:
    what, width = WHAT[sql]
    ours = {row[:width]: row[width:] for row in kept}
    theirs = {row[:width]: row[width:] for row in summed}
    for key in sorted(ours.keys() | theirs.keys(), key=lambda key: tuple(map(str, key))):
        if ours.get(key) == theirs.get(key):
            continue
        starts_at, *names = key
        assert isinstance(starts_at, datetime)
        yield Difference(
            what=what,
            starts_at=starts_at,
            names=tuple(map(str, names)),
            kept=ours.get(key),
            summed=theirs.get(key),
            is_final=starts_at < open_from,
        )
