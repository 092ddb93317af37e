"""What is known of callbacks whose month was removed: a sentence, where their absence is shown."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from providers.models import Callback, Pruned
from wallets.instructions import Origin
from wallets.models import Transaction

Span = tuple[datetime, datetime]  # From its first to its last moment; both may be the same.


def told(spans: Iterable[Span]) -> str:
    """A sentence where callbacks of one of these times were removed, else empty.

    A time is when deliveries came, or when a transaction was booked by one.
    """
    asked = list(spans)
    if not asked:
        return ""
    gone = [one for one in Pruned.objects.order_by("start_at") if _had_any(one, asked)]
    if not gone:
        return ""
    named = ", ".join(dict.fromkeys(map(str, gone)))
    last = timezone.localtime(max(one.pruned_at for one in gone))
    return f"Deliveries of {named} are not kept any more: removed on {last:%Y-%m-%d}."


def _had_any(month: Pruned, spans: Iterable[Span]) -> bool:
    end_at, last = month.end_at, month.last_posted_at
    return any(
        until >= month.start_at and (since < end_at or (last is not None and since <= last))
        for since, until in spans
    )


def gone(found: Transaction | None) -> list[Span]:
    """When it was booked, where that was by a delivery that has no row any more; else nothing."""
    if found is None or found.origin_id is None or not (spans := unseen([found], [])):
        return []
    is_kept = Callback.objects.filter(delivery_id=found.origin_id).exists()
    return [] if is_kept else spans


def unseen(found: Iterable[Transaction], callbacks: Iterable[Callback]) -> list[Span]:
    """When those of a delivery were booked of which no callback among these is."""
    have = {one.delivery_id for one in callbacks}
    return [
        (one.posted_at, one.posted_at)
        for one in found
        if one.origin in (Origin.CALLBACK, Origin.REPLAY) and one.origin_id not in have
    ]
