"""HotRoad's clock: yyyy-MM-dd'T'HH:mm:ss.SSSZ in GMT+8, always 28 characters."""

from datetime import UTC, datetime, timedelta, timezone

from providers.protocols import wire

GMT8 = timezone(timedelta(hours=8))


def moment(text: str) -> datetime | None:
    """A time as 2022-10-14T23:00:00.000+0800, GMT+8 where no zone is written; None if it isn't."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not wire.FIRST_YEAR <= read.year <= wire.LAST_YEAR:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=GMT8)).astimezone(UTC)


def shown(at: datetime) -> str:
    """28 characters in GMT+8: 2022-10-14T23:00:00.000+0800."""
    return at.astimezone(GMT8).isoformat(timespec="milliseconds").replace("+08:00", "+0800")
