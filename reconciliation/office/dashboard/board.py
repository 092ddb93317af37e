"""The providers: when each was last heard, how often, how fast we answer, and what we refuse."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers import registry
from providers.models import Outcome
from reconciliation import filters, queue, words
from reconciliation.models import Case, DeliveryFigure
from reconciliation.office.dashboard import changes
from reconciliation.office.dashboard.framing import DAYS, Frame
from reconciliation.office.rollups import answer_times
from wallets import pages

# The last deliveries, by number: a few pages of an index, however many there are and come. How many
# a minute is told of the last five minutes, or of as long as it took the last thousand to come.
NEWEST = 1_000
RECENT = """
WITH newest AS MATERIALIZED (
    SELECT provider, received_at, replay_of FROM providers_callback ORDER BY id DESC LIMIT %(most)s
), since AS (
    SELECT greatest(%(at)s - interval '5 minutes',
                    CASE WHEN count(*) = %(most)s THEN min(received_at) END) AS at FROM newest
)
SELECT provider, max(received_at),
       count(*) FILTER (WHERE received_at >= since.at)
           / greatest(extract(epoch FROM %(at)s - since.at) / 60, 1 / 60.0)
FROM newest CROSS JOIN since WHERE replay_of IS NULL GROUP BY provider, since.at
"""
REFUSED = (Outcome.REFUSED, Outcome.CONFLICT)  # The provider heard a refusal.
SLOW = 1_000  # Milliseconds; some providers' time-out is 3 s.
LATELY = timedelta(hours=1)  # The current hour and the one before it.


@dataclass(slots=True, kw_only=True)
class Heard:
    """What is known of one provider. Counts are by outcome."""

    today: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    lately: dict[str, int] = field(default_factory=dict)
    answered: list[list[int]] = field(default_factory=list)
    last_at: datetime | None = None
    per_minute: float = 0.0
    waiting: int = 0
    first_due_at: datetime | None = None


def of(frame: Frame | None, *, at: datetime, may_see_cases: bool) -> dict[str, Any]:
    """For the template. Five queries at most."""
    heard: dict[str, Heard] = defaultdict(Heard)
    for name, provider in registry.current().by_name.items():
        if not provider.retired:
            heard[name] = Heard()
    _read_recent(heard, at)
    if frame is not None:
        _read_days(heard, frame)
        _read_lately(heard, frame)
    if may_see_cases:
        _read_waiting(heard)
    has_before = frame is not None and frame.has_before
    rows = [_row(name, heard[name], at, has_before=has_before) for name in sorted(heard)]
    return {"rows": rows, "shows_cases": may_see_cases}


def _read_recent(heard: dict[str, Heard], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RECENT, {"at": at, "most": NEWEST})
        for provider, last_at, per_minute in cursor.fetchall():
            heard[provider].last_at = last_at
            heard[provider].per_minute = float(per_minute)


def _read_days(heard: dict[str, Heard], frame: Frame) -> None:
    rows = DeliveryFigure.objects.filter(frame.both).order_by()
    counted = rows.values_list("provider", "outcome", frame.of_today).annotate(n=Sum("count"))
    for provider, outcome, today, count in counted:
        one = heard[provider]
        (one.today if today else one.before)[outcome] = count


def _read_lately(heard: dict[str, Heard], frame: Frame) -> None:
    since = frame.day.hour_of(frame.read_at - LATELY)
    for one in DeliveryFigure.objects.filter(starts_at__gte=since, is_part=False):
        lately = heard[one.provider].lately
        lately[one.outcome] = lately.get(one.outcome, 0) + one.count
        heard[one.provider].answered.append(one.answered)
    kept = DeliveryFigure.objects.filter(starts_at__gte=frame.month_at).order_by()
    for provider, last_at in kept.values_list("provider").annotate(Max("last_at")):
        known = heard[provider].last_at
        heard[provider].last_at = max(last_at, known) if known else last_at


def _read_waiting(heard: dict[str, Heard]) -> None:
    waiting = Case.objects.filter(queue.waits_for_the_provider()).order_by()
    for name, count, due_at in waiting.values_list("provider").annotate(Count("id"), Min("due_at")):
        heard[name].waiting, heard[name].first_due_at = count, due_at


def _row(name: str, one: Heard, at: datetime, *, has_before: bool) -> dict[str, Any]:
    answered = answer_times.added(one.answered)
    failed = one.today.get(Outcome.FAILED, 0)
    today, before = sum(one.today.values()), sum(one.before.values())
    return {
        "provider": name,
        "link": _link("providers_callback", provider=name),
        "last": _last(one.last_at, at),
        "per_minute": _rate(one.per_minute),
        "refused": _share(one.lately, REFUSED),
        "p95": answer_times.percentile(answered) or pages.NOTHING,
        "is_slow": answer_times.over(answered, SLOW) * 20 > sum(answered),  # More than 5 %.
        "today": [
            {"value": f"{today:,}", "change": changes.count(today, before if has_before else None)},
            _compared(one, (Outcome.DUPLICATE,), has_before=has_before),
            _compared(one, REFUSED, has_before=has_before),
        ],
        "failed": words.count(failed, "failure") if failed else "",
        "failed_link": _link("providers_callback", provider=name, outcome__exact="failed"),
        "waiting": _waiting(one, at),
        "waiting_link": _link("reconciliation_case", provider=name, list=filters.WAITING),
    }


def _share(counts: dict[str, int], outcomes: Iterable[Outcome]) -> str:
    return changes.share(sum(counts.get(one, 0) for one in outcomes), sum(counts.values()))


def _compared(one: Heard, outcomes: Iterable[Outcome], *, has_before: bool) -> dict[str, str]:
    then = f"{_share(one.before, outcomes)} before" if has_before and one.before else ""
    return {"value": _share(one.today, outcomes), "change": then}


def _last(last_at: datetime | None, at: datetime) -> SafeString | str:
    if last_at is None:
        return f"none for {DAYS} days"
    exact = timezone.localtime(last_at).isoformat(" ", "seconds")
    ago = f"{words.span(at - last_at)} ago"
    return format_html('<span class="cage-moment" title="{}">{}</span>', exact, ago)


def _rate(per_minute: float) -> str:
    return f"{per_minute:,.1f}" if 0 < per_minute < 10 else f"{per_minute:,.0f}"


def _waiting(one: Heard, at: datetime) -> dict[str, str]:
    due = one.first_due_at
    until = f"the first until {words.clock(due, at=at)}" if due is not None and due > at else ""
    return {"count": f"{one.waiting:,}" if one.waiting else "", "until": until}


def _link(model: str, **query: str) -> str:
    return reverse(f"admin:{model}_changelist", query=query)
