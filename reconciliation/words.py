"""Numbers, lengths, times and amounts inside a sentence. Times are told in the active zone."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from wallets import pages

UNITS = [
    (timedelta(days=2), timedelta(days=1), "day"),
    (timedelta(hours=2), timedelta(hours=1), "hour"),
    (timedelta(minutes=1), timedelta(minutes=1), "minute"),
    (timedelta(0), timedelta(seconds=1), "second"),
]


def count(number: int, thing: str) -> str:
    """1 delivery, 2 deliveries."""
    if number == 1:
        return f"1 {thing}"
    plural = f"{thing[:-1]}ies" if thing.endswith("ry") else f"{thing}s"
    return f"{number:,} {plural}"


def span(length: timedelta) -> str:
    """How long, in the unit that fits: 40 seconds, 17 minutes, 3 hours, 2 days. Rounded down."""
    length = abs(length)
    unit, name = next((unit, name) for least, unit, name in UNITS if length >= least)
    return count(length // unit, name)


def clock(moment: datetime, *, at: datetime) -> str:
    """14:32 UTC; with its date where that is not today's."""
    local, today = timezone.localtime(moment), timezone.localtime(at)
    text = f"{local:%H:%M} {local.tzname()}"
    return text if local.date() == today.date() else f"{local:%Y-%m-%d} {text}"


def money(amount: Decimal | None, currency: str) -> str:
    """12.50 USD, or that nobody can tell."""
    return "an unknown amount" if amount is None else f"{pages.amount(amount)} {currency}"


def offset(value: datetime) -> str:
    """UTC-04:00, of a time in its own zone."""
    distance = value.utcoffset() or timedelta(0)
    if not distance:
        return "UTC"
    minutes = abs(distance) // timedelta(minutes=1)
    sign = "+" if distance > timedelta(0) else "-"
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"
