"""Answers that were given without a row, counted in this process until the database can be told.

While the database is away nothing else is left of them but a log line: staff must learn that there
was a time of which the books know nothing.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

from django.db import Error, connection

from providers.models import Undecided

log = logging.getLogger("cage.inbox")


@dataclass(slots=True, kw_only=True)
class _Span:
    first_at: datetime
    last_at: datetime
    count: int
    reason: str


_spans: dict[str, _Span] = {}
_lock = threading.Lock()


def count(provider: str, *, why: str, at: datetime) -> None:
    """One more delivery of `provider` was answered without a decision."""
    with _lock:
        span = _spans.setdefault(
            provider, _Span(first_at=at, last_at=at, count=0, reason=why[:500])
        )
        span.count += 1
        span.first_at, span.last_at = min(span.first_at, at), max(span.last_at, at)


def write() -> None:
    """Tell the database, which has just answered. Where that fails it is told the next time."""
    if not _spans:
        return
    with _lock:
        spans = dict(_spans)
        _spans.clear()
    try:
        Undecided.objects.bulk_create(
            Undecided(
                provider=provider,
                first_at=span.first_at,
                last_at=span.last_at,
                count=span.count,
                reason=span.reason,
            )
            for provider, span in spans.items()
        )
    except Error as error:
        log.warning("undecided deliveries could not be written: %s", error)
        connection.close()
        _put_back(spans)


def _put_back(spans: dict[str, _Span]) -> None:
    with _lock:
        for provider, span in spans.items():
            newer = _spans.setdefault(provider, span)
            if newer is not span:
                newer.count += span.count
                newer.first_at = min(newer.first_at, span.first_at)


def forget() -> None:
    """A forked process answered none of them; a lock may be held by a thread that isn't there."""
    global _lock
    _lock = threading.Lock()
    _spans.clear()
