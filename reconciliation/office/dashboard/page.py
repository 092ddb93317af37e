"""The first page of the admin, named in settings.UNFOLD: each card for those who may see it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from providers import registry
from reconciliation import overview
from reconciliation.office.dashboard import board, charts, doubts, framing, money
from reconciliation.office.dashboard.framing import Frame
from reconciliation.office.rollups import business_day

MONEY, CASES = "wallets.view_transaction", "reconciliation.view_case"
DELIVERIES, ADJUSTMENTS = "providers.view_callback", "reconciliation.view_adjustment"


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the page shows: a constant number of queries, none of the ledger or of a whole hour."""
    at = timezone.now()
    may = request.user.has_perm
    frame = framing.frame()
    cards: dict[str, Any] = {}
    if may(CASES):
        cards["doubts"] = doubts.of(request.user.pk, at=at)
        cards["late"] = list(overview.late(at=at))
    if may(ADJUSTMENTS):
        cards["to_decide"] = doubts.to_decide(at=at)
    if may(DELIVERIES):
        cards["board"] = board.of(frame, at=at, may_see_cases=may(CASES))
    if frame is not None:
        cards |= _figures(request, frame, at)
    sees_figures = may(MONEY) or may(DELIVERIES)
    return {
        **context,
        **cards,
        "title": "Dashboard",
        "sees_nothing": not (cards or sees_figures),
        "lacks_figures": sees_figures and frame is None,
        "lacks_providers": sees_figures and not registry.current().by_name,
        "business_day": str(business_day.current()),
    }


def _figures(request: HttpRequest, frame: Frame, at: datetime) -> dict[str, Any]:
    may = request.user.has_perm
    found: dict[str, Any] = {}
    if may(MONEY) or may(DELIVERIES):
        found["times"] = framing.told(frame, at=at)
        found["charts"] = []
    if may(MONEY):
        found["money"] = money.of(frame)
        known = charts.currencies(frame)
        asked = request.GET.get("currency")
        chosen = asked if asked in known else next(iter(known), None)
        found["currencies"] = [(one, one == chosen) for one in known]
        if chosen is not None:
            found["charts"] += charts.of_money(frame, chosen)
    if may(DELIVERIES):
        found["charts"] += charts.of_deliveries(frame)
    return found
