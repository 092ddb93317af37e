"""Times as the provider's reports tell them: in its own zone, with the distance from UTC."""

from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers import registry
from reconciliation import words
from reconciliation.models import Statement
from wallets import pages

DAY = timedelta(days=1)


def of(provider: str) -> tzinfo:
    """Whose day a day is; UTC for a name that is not configured."""
    found = registry.current().by_name.get(provider)
    return found.protocol.zone if found is not None else UTC


def moment(value: datetime, zone: tzinfo) -> SafeString:
    """2026-11-21 00:00:00 UTC-04:00, with the viewer's own time beside it where that differs."""
    local, own = value.astimezone(zone), timezone.localtime(value)
    text = f"{local:%Y-%m-%d %H:%M:%S} {words.offset(local)}"
    if own.utcoffset() == local.utcoffset():
        return format_html('<span class="cage-moment">{}</span>', text)
    beside = f"{own:%H:%M:%S}" if own.date() == local.date() else pages.told(own)
    return format_html(
        '<span class="cage-moment">{} <span class="cage-theirs">{} {}</span></span>',
        text,
        beside,
        pages.zone_of(own),
    )


def window(statement: Statement) -> SafeString:
    """From when to when, as its provider counts."""
    zone = of(statement.provider)
    start, end = statement.start_at.astimezone(zone), statement.end_at.astimezone(zone)
    return format_html(
        '<span class="cage-moment">{}</span> to <span class="cage-moment">{}</span>',
        f"{start:%Y-%m-%d %H:%M:%S}",
        f"{end:%Y-%m-%d %H:%M:%S} {words.offset(end)}",
    )


def name(statement: Statement) -> str:
    """Its day, else from when to when, as short as can be."""
    if statement.day is not None:
        return str(statement.day)
    zone = of(statement.provider)
    start, end = statement.start_at.astimezone(zone), statement.end_at.astimezone(zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} – {until}"  # noqa: RUF001  (a range's dash)
