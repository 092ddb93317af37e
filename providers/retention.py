"""How long callbacks are kept in any case."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from providers import registry

UNDOCUMENTED = timedelta(days=31)  # How long a provider resends that doesn't say it.


class CannotPrune(Exception):
    """Why nothing of what was asked for may be removed; a sentence."""


def limit(*, before: datetime | None = None, months: int | None = None, at: datetime) -> datetime:
    """Months that end by then may go: `before`, or so many `months` before the one of `at`.

    Raises CannotPrune where that is later than `latest`.
    """
    asked = before if before is not None else _months_back(at, months or 0)
    if asked > latest(at=at):
        kept = settings.CALLBACKS_KEPT_MONTHS
        raise CannotPrune(
            f"What came since {latest(at=at):%Y-%m-%d} is kept in any case: the last {kept} months "
            "(CALLBACKS_KEPT_MONTHS), and whatever a provider may still send again."
        )
    return asked


def latest(*, at: datetime) -> datetime:
    """What came since then is never removed: the last full months that are to be kept, and the
    longest time for which a configured provider sends a delivery again."""
    floor = _months_back(at, max(settings.CALLBACKS_KEPT_MONTHS, 1))
    return min(floor, at - _longest_window())


def _longest_window() -> timedelta:
    """One that isn't documented counts as a month."""
    protocols = [one.protocol for one in registry.current().by_name.values()]
    windows = [
        resends.window or UNDOCUMENTED
        for protocol in protocols
        for resends in protocol.resends.values()
    ]
    if any(not protocol.resends for protocol in protocols):
        windows.append(UNDOCUMENTED)
    return max(windows, default=UNDOCUMENTED)


def _months_back(at: datetime, months: int) -> datetime:
    """The start of the month of `at`, so many months earlier."""
    start = at.astimezone(UTC)
    number = start.year * 12 + start.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
