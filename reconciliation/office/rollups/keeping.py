"""Keeps the figures: each few minutes the last hours, and all of them where somebody asks.

Every writing replaces whole hours in one commit, one writer at a time: safe to run twice, also at
once. What is posted in an hour may be seen a little later, so the last two are read again. What
comes later still is found by `verifying`, and by nobody else.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from providers.models import Callback
from reconciliation.models import FiguresReading
from reconciliation.office.rollups import business_day, sums
from reconciliation.office.rollups.business_day import BusinessDay
from reconciliation.statements.periods import Period
from wallets.models import Transaction

AGAIN = timedelta(hours=2)
KEPT_AT_FIRST = timedelta(days=31)  # What the dashboard shows; earlier ones where somebody asks.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('cage_figures'))"
FIRST = 1_000  # Rows among which the earliest is looked for: they come nearly in that order.

Watch = Callable[[int, int], None]


def update(*, at: datetime) -> int:
    """Read the last two hours and the current one again, and all since the last reading; how many
    hours those were. The first time, and where the business day was configured otherwise, the last
    31 days."""
    day = business_day.current()
    with transaction.atomic(durable=True):
        _wait_for_the_others()
        reading = FiguresReading.objects.filter(business_day=str(day)).first()
        if reading is None:
            _forget()
            start_at = since_at = day.start_of(day.day_of(at - KEPT_AT_FIRST))
        else:
            since_at = reading.since_at
            start_at = max(since_at, first_open(day, min(at, reading.read_at)))
            at = max(at, reading.read_at)  # Another worker may have been a moment later.
        hours = day.hours(start_at, at)
        _write(Period(start_at=start_at, end_at=at), hours)
        _write_part(day, at)
        FiguresReading.objects.update_or_create(
            id=1, defaults={"business_day": str(day), "since_at": since_at, "read_at": at}
        )
    return len(hours)


def first_open(day: BusinessDay, read_at: datetime) -> datetime:
    """The start of the first hour that the next update reads again."""
    return day.hour_of(day.hour_of(read_at) - AGAIN)


def rebuild(
    first: date | None = None,
    last: date | None = None,
    *,
    at: datetime,
    watch: Watch = lambda done, of: None,
) -> int:
    """Write the business days from `first` to `last` again, one commit each; how many. None: from
    the ledger's first one, to today's. `watch` hears how many are done."""
    update(at=at)
    day = business_day.current()
    reading = FiguresReading.objects.get()
    today = day.day_of(reading.read_at)
    days = list(day.days(first or _first_day(day) or today, min(last or today, today)))
    for done, period in enumerate(days):
        watch(done, len(days))
        _rewrite(day, period)
    if days and days[-1].end_at >= reading.since_at:  # Without a gap to those that were there.
        earlier = FiguresReading.objects.filter(since_at__gt=days[0].start_at)
        earlier.filter(business_day=str(day)).update(since_at=days[0].start_at)
    return len(days)


def _rewrite(day: BusinessDay, period: Period) -> None:
    with transaction.atomic(durable=True):
        _wait_for_the_others()
        end_at = min(period.end_at, FiguresReading.objects.get().read_at)
        _write(Period(start_at=period.start_at, end_at=end_at), day.hours(period.start_at, end_at))


def _write(period: Period, hours: list[datetime]) -> None:
    if hours:
        sums.write(sums.MONEY, period, hours)
        sums.write(sums.DELIVERIES, period, hours)


def _write_part(day: BusinessDay, at: datetime) -> None:
    """As much of the hour a day ago as has passed of this one."""
    _, before = day.so_far(at)
    start_at = day.hour_of(before.end_at)
    part = Period(start_at=start_at, end_at=before.end_at)
    sums.write(sums.MONEY, part, [start_at], is_part=True)
    sums.write(sums.DELIVERIES, part, [start_at], is_part=True)


def _forget() -> None:
    """What was cut by another business day can't be read by this one's hours. Those of deliveries
    whose month was removed stay as they were cut: they can't be had again."""
    FiguresReading.objects.all().delete()
    sums.forget(sums.MONEY)
    sums.forget(sums.DELIVERIES)


def _first_day(day: BusinessDay) -> date | None:
    posted = Transaction.objects.order_by("id").values_list("posted_at", flat=True)[:FIRST]
    received = Callback.objects.order_by("id").values_list("received_at", flat=True)[:FIRST]
    first = min([*posted, *received], default=None)
    return None if first is None else day.day_of(first)


def _wait_for_the_others() -> None:
    """Until this transaction ends nobody else writes figures. A statement of its own: what they
    have committed meanwhile is then seen by the next one."""
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
