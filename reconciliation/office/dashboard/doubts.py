"""What needs a person, and what waits for a second one."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone

from reconciliation import columns, filters, queue, words
from reconciliation.models import Adjustment, AdjustmentStatus, Case, CaseKind
from wallets import money, pages


def of(user_id: int | None, *, at: datetime) -> dict[str, Any]:
    """Cases that need a person: how many, what is at risk in each currency, by kind, the oldest.
    Two queries."""
    cases = Case.objects.filter(
        queue.needs_a_person(at.astimezone(timezone.get_default_timezone()).date())
    )
    found = (
        cases.order_by()
        .values("kind", "currency")
        .annotate(
            n=Count("id"),
            mine=Count("id", filter=Q(owner=user_id)),
            unknown=Count("id", filter=Q(amount__isnull=True)),
            sum=Sum("amount"),
        )
    )
    rows: list[dict[str, Any]] = [dict(row) for row in found]
    unknown = sum(row["unknown"] for row in rows)
    return {
        "count": f"{sum(row['n'] for row in rows):,}",
        "is_empty": not rows,
        "mine": sum(row["mine"] for row in rows),
        "amounts": [pages.money(sum_, currency) for currency, sum_ in _at_risk(rows).items()],
        "unknown": words.count(unknown, "case") if unknown else "",
        "kinds": _kinds(rows),
        "oldest": _oldest(cases.order_by("opened_at", "id").first() if rows else None, at),
        "url": _list(),
        "mine_url": _list(list=filters.MINE),
    }


def to_decide(*, at: datetime) -> dict[str, Any]:
    """Adjustments that somebody asked for and nobody decided. One query."""
    asked = Adjustment.objects.filter(status=AdjustmentStatus.REQUESTED)
    found = asked.aggregate(n=Count("id"), since=Min("requested_at"))
    query = {"status__exact": AdjustmentStatus.REQUESTED.value}
    return {
        "count": f"{found['n']:,}",
        "is_empty": not found["n"],
        "since": f"{words.span(at - found['since'])} ago" if found["since"] else "",
        "url": reverse("admin:reconciliation_adjustment_changelist", query=query),
    }


def _at_risk(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row["sum"] is not None:
            so_far = sums.get(row["currency"], money.ZERO)
            sums[row["currency"]] = money.EXACT.add(so_far, row["sum"])
    return dict(sorted(sums.items()))


def _kinds(rows: list[dict[str, Any]]) -> list[dict[str, object]]:
    """The most first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + row["n"]
    return [
        {
            "label": CaseKind(kind).label,
            "sentence": CaseKind(kind).sentence,
            "count": f"{count:,}",
            "url": _list(kind__exact=kind),
        }
        for kind, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def _oldest(case: Case | None, at: datetime) -> dict[str, object]:
    if case is None:
        return {}
    return {
        "age": words.span(at - case.opened_at),
        "link": pages.link(case, pages.short(columns.title(case), longest=60)),
        "kind": columns.kind(case),
        "provider": case.provider,
        "amount": pages.money(case.amount, case.currency) if case.amount is not None else "",
    }


def _list(**query: str) -> str:
    return reverse("admin:reconciliation_case_changelist", query=query)
