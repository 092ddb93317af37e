"""The business day, and its hours: from its start on, whatever the zone's clocks do meanwhile.

Hours are cut from the day's first instant. A day that starts at 06:30, or a zone that is half an
hour off, has whole hours too; a day on which clocks change has 23 or 25 of them. Where clocks
change by half an hour its last one is shorter.
"""

import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from reconciliation.statements.periods import Period

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessDay:
    """Whose clock a day is of, and when it starts there. Instants are in UTC."""

    zone: zoneinfo.ZoneInfo
    starts: time

    def __str__(self) -> str:
        return f"{self.zone} {self.starts:%H:%M}"

    def day_of(self, at: datetime) -> date:
        """The day that an instant is of: named by the date on which it starts."""
        day = at.astimezone(self.zone).date() + DAY
        while self.start_of(day) > at:
            day -= DAY
        return day

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, self.starts, tzinfo=self.zone).astimezone(UTC)

    def period(self, day: date) -> Period:
        return Period(start_at=self.start_of(day), end_at=self.start_of(day + DAY), day=day)

    def hour_of(self, at: datetime) -> datetime:
        """When the hour of an instant started."""
        start = self.start_of(self.day_of(at))
        return start + (at - start) // HOUR * HOUR

    def hours(self, start_at: datetime, end_at: datetime) -> list[datetime]:
        """When each hour starts that has any of this time."""
        found = []
        day = self.day_of(start_at)
        while (period := self.period(day)).start_at < end_at:
            found += _hours(period)
            day += DAY
        first = self.hour_of(start_at)
        return [hour for hour in found if first <= hour < end_at]

    def days(self, first: date, last: date) -> Iterator[Period]:
        """Each from `first` to `last`, both included."""
        while first <= last:
            yield self.period(first)
            first += DAY

    def so_far(self, at: datetime) -> tuple[Period, Period]:
        """The day of `at` up to it, and as much of the day before: the same time since its start,
        or all of it where it was shorter."""
        today = self.day_of(at)
        before, day = self.period(today - DAY), self.period(today)
        same = min(before.start_at + (at - day.start_at), before.end_at)
        return (
            Period(start_at=day.start_at, end_at=at, day=today),
            Period(start_at=before.start_at, end_at=same, day=before.day),
        )


def current() -> BusinessDay:
    """As configured."""
    return BusinessDay(
        zone=zoneinfo.ZoneInfo(settings.BUSINESS_DAY_ZONE),
        starts=time.fromisoformat(settings.BUSINESS_DAY_STARTS),
    )


def check(**_: Any) -> list[CheckMessage]:
    """System check: the business day can be told."""
    errors: list[CheckMessage] = []
    zone, starts = settings.BUSINESS_DAY_ZONE, settings.BUSINESS_DAY_STARTS
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        text = f"BUSINESS_DAY_ZONE is no time zone: {zone[:40]!r}"
        errors.append(Error(text, hint="As in Europe/Berlin.", id="reconciliation.E001"))
    if not CLOCK.fullmatch(starts):
        text = f"BUSINESS_DAY_STARTS is no time of day: {starts[:40]!r}"
        hint = "Hours and minutes, as in 06:00."
        errors.append(Error(text, hint=hint, id="reconciliation.E002"))
    return errors


def _hours(period: Period) -> list[datetime]:
    count = -((period.start_at - period.end_at) // HOUR)  # Rounded up.
    return [period.start_at + number * HOUR for number in range(count)]
