"""Which time a statement is about: a day of the provider's reports, or any other."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from reconciliation.statements.refused import Refused, UnknownDay
from reconciliation.statements.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start_at` (included) to `end_at` (excluded); `day` where it is a day."""

    start_at: datetime
    end_at: datetime
    day: date | None = None


def of_day(day: date, zone: tzinfo) -> Period:
    """The day of a provider whose reports count by `zone`."""
    return Period(
        start_at=_midnight(day, zone), end_at=_midnight(day + timedelta(days=1), zone), day=day
    )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def stated(
    *, start_at: datetime | None, end_at: datetime | None, day: date | None, zone: tzinfo
) -> Period | None:
    """The period that somebody said, or None where nobody did. Raises Refused."""
    if day is not None:
        if start_at or end_at:
            raise Refused("A day was stated, and a time from one instant to another as well.")
        return of_day(day, zone)
    if start_at is None and end_at is None:
        return None
    if start_at is None or end_at is None:
        raise Refused("A time needs its start and its end.")
    if start_at >= end_at:
        raise Refused("The time ends before it starts.")
    return Period(start_at=start_at, end_at=end_at)


def of_times(tally: Tally, zone: tzinfo) -> Period:
    """The one day that all times of the file are of. Raises UnknownDay."""
    if tally.earliest is None or tally.latest is None:
        raise UnknownDay("The file has no times: it has to be said which day it is about.")
    first = tally.earliest.astimezone(zone).date()
    last = tally.latest.astimezone(zone).date()
    if first != last:
        raise UnknownDay(
            f"The times of the file are of several days ({first} to {last}, {zone}): it has to be "
            "said which time it is about."
        )
    return of_day(first, zone)


def check(period: Period, tally: Tally) -> None:
    """Raises Refused where all times of the file are before the period, or all after it."""
    if tally.earliest is None or tally.latest is None:
        return
    if tally.latest < period.start_at or tally.earliest >= period.end_at:
        said = period.day or f"{period.start_at.isoformat()} to {period.end_at.isoformat()}"
        raise Refused(
            f"No time of the file is within {said}: they are {tally.earliest.isoformat()} to "
            f"{tally.latest.isoformat()}. Is it another day's file?"
        )
