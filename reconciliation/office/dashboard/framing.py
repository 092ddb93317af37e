"""Which times the page is about: all of it is as of the last reading of the figures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Q, Value, When
from django.db.models.fields import BooleanField

from reconciliation import watching, words
from reconciliation.models import FiguresReading
from reconciliation.office.rollups import business_day
from reconciliation.office.rollups.business_day import BusinessDay
from reconciliation.statements.periods import Period

DAYS = 30
TASK = "reconciliation.tasks.update_figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`today` goes up to `read_at`, and `before` is the same part of the day before."""

    day: BusinessDay
    since_at: datetime
    read_at: datetime
    today: Period
    before: Period

    @property
    def has_before(self) -> bool:
        return self.since_at <= self.before.start_at

    @property
    def is_today(self) -> Q:
        """Of the figures of `both`: those of today."""
        return Q(starts_at__gte=self.today.start_at, is_part=False)

    @property
    def both(self) -> Q:
        """The figures of today and of the same part of the day before."""
        # Whole hours of the day before, and as much of its last one as is kept apart.
        whole_until = self.day.hour_of(self.before.end_at)
        whole = Q(starts_at__gte=self.before.start_at, starts_at__lt=whole_until, is_part=False)
        return self.is_today | whole | Q(is_part=True, starts_at=whole_until)

    @property
    def of_today(self) -> Case:
        """True for a figure of today, to group `both` by."""
        return Case(
            When(self.is_today, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )

    @property
    def hours(self) -> list[datetime]:
        """The last 24, the current one included."""
        return self.day.hours(self.read_at - timedelta(hours=26), self.read_at)[-24:]

    @property
    def days(self) -> list[Period]:
        """The last 30 business days, today included."""
        today = self.day.day_of(self.today.start_at)
        return list(self.day.days(today - timedelta(days=DAYS - 1), today))

    @property
    def month_at(self) -> datetime:
        return self.days[0].start_at


def frame() -> Frame | None:
    """None where no figures were read, or only of another business day than is configured now."""
    day = business_day.current()
    reading = FiguresReading.objects.filter(business_day=str(day)).first()
    if reading is None:
        return None
    today, before = day.so_far(reading.read_at)
    return Frame(
        day=day,
        since_at=reading.since_at,
        read_at=reading.read_at,
        today=today,
        before=before,
    )


def told(frame: Frame, *, at: datetime) -> dict[str, Any]:
    """What the page says of its times."""
    zone = frame.day.zone
    until = frame.before.end_at.astimezone(zone)
    start = frame.today.start_at.astimezone(zone)
    limit = watching.MISSED * watching.periods()[TASK]
    age = at - frame.read_at
    return {
        "day": f"{start:%A %d %B %Y}",
        "since": f"{start:%H:%M} {start.tzname()}",
        "zone": str(zone) if str(zone) != start.tzname() else "",
        "as_of": f"{frame.read_at.astimezone(zone):%H:%M:%S} {start.tzname()}",
        "before": f"{until:%A}, up to {until:%H:%M:%S}" if frame.has_before else "",
        "stale": words.span(age) if age > limit else "",
    }
