"""How it went over 24 hours and 30 days: pictures, and the same numbers as a table.

A picture of money is of one currency. Payouts of providers whose bets are not recorded here are a
series of their own: beside stakes that don't include theirs they would look like a loss.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, Q, QuerySet, Sum, Value
from django.db.models.fields import DateTimeField, IntegerField

from providers.models import Outcome
from reconciliation.models import DeliveryFigure, MoneyFigure
from reconciliation.office.dashboard import money as flows
from reconciliation.office.dashboard.framing import Frame
from wallets import pages
from wallets.instructions import HOUSE

GREY = "#808895"  # Readable on white and on the dark page.
COLOURS = {
    "Stakes": "var(--color-primary-600)",
    "Payouts": "#f59e0b",
    "Payouts without their bets": GREY,
    "Accepted": "#22a06b",
    "Duplicates": "#60a5fa",
    "Refused or failed": "#dc2626",
}
SERIES = {
    **dict.fromkeys([Outcome.POSTED, Outcome.ACKNOWLEDGED], "Accepted"),
    Outcome.DUPLICATE: "Duplicates",
    **dict.fromkeys([Outcome.REFUSED, Outcome.CONFLICT, Outcome.FAILED], "Refused or failed"),
}

Buckets = Sequence[tuple[str, datetime]]  # What a time is called, and when it starts.


def currencies(frame: Frame) -> list[str]:
    """Those that have figures in these days. One query."""
    kept = MoneyFigure.objects.filter(starts_at__gte=frame.month_at).order_by("currency")
    return list(kept.values_list("currency", flat=True).distinct())


def of_money(frame: Frame, currency: str) -> list[dict[str, Any]]:
    """Stakes and payouts of one currency. Two queries."""
    return [
        _money_chart(title, buckets, currency) for title, buckets in _times(frame, "Money").items()
    ]


def of_deliveries(frame: Frame) -> list[dict[str, Any]]:
    """What became of deliveries. Two queries."""
    return [_delivery_chart(title, each) for title, each in _times(frame, "Deliveries").items()]


def _times(frame: Frame, what: str) -> dict[str, Buckets]:
    zone = frame.day.zone
    return {
        f"{what}, the last 24 hours": [
            (f"{hour.astimezone(zone):%H:%M}", hour) for hour in frame.hours
        ],
        f"{what}, the last 30 business days": [
            (f"{period.day:%d %b}", period.start_at) for period in frame.days
        ],
    }


def _money_chart(title: str, buckets: Buckets, currency: str) -> dict[str, Any]:
    kept = MoneyFigure.objects.filter(currency=currency).exclude(provider=HOUSE)
    known: dict[int, flows.Flow] = defaultdict(flows.Flow)
    unknown: dict[int, flows.Flow] = defaultdict(flows.Flow)
    grouped = _by_bucket(kept, buckets).values_list("bucket", "provider", "kind")
    for number, provider, *figure in grouped.annotate(
        n=Sum("transactions"), d=Sum("debit"), c=Sum("credit")
    ):
        side = known if flows.records_bets(provider) else unknown
        side[number] += flows.flow(*figure)
    numbers = range(1, len(buckets) + 1)
    series = {
        "Stakes": [known[n].stakes for n in numbers],
        "Payouts": [known[n].payouts for n in numbers],
    }
    if unknown:
        series["Payouts without their bets"] = [unknown[n].payouts for n in numbers]
    net = [pages.amount(known[n].net) for n in numbers]
    shown = {name: [pages.amount(value) for value in values] for name, values in series.items()}
    return _chart(f"{title}, {currency}", buckets, series, {**shown, "Net": net}, is_stacked=False)


def _delivery_chart(title: str, buckets: Buckets) -> dict[str, Any]:
    counts: dict[tuple[str, int], int] = defaultdict(int)
    kept = _by_bucket(DeliveryFigure.objects.all(), buckets)
    for number, outcome, count in kept.values_list("bucket", "outcome").annotate(n=Sum("count")):
        counts[SERIES[Outcome(outcome)], number] += count
    series = {
        name: [counts[name, number] for number in range(1, len(buckets) + 1)]
        for name in dict.fromkeys(SERIES.values())
    }
    shown = {name: [f"{value:,}" for value in values] for name, values in series.items()}
    return _chart(title, buckets, series, shown, is_stacked=True)


def _by_bucket(kept: QuerySet[Any], buckets: Buckets) -> QuerySet[Any]:
    """Grouped by the number of its time, from 1."""
    starts = [starts_at for _, starts_at in buckets]
    array = Value(starts, output_field=ArrayField(DateTimeField()))
    number = Func(F("starts_at"), array, function="width_bucket", output_field=IntegerField())
    mine = kept.filter(Q(is_part=False, starts_at__gte=starts[0])).order_by()
    grouped: QuerySet[Any] = mine.annotate(bucket=number)
    return grouped


def _chart(
    title: str,
    buckets: Buckets,
    series: Mapping[str, Sequence[Any]],
    shown: Mapping[str, Sequence[str]],
    *,
    is_stacked: bool,
) -> dict[str, Any]:
    labels = [label for label, _ in buckets]
    sets = [
        {"label": name, "data": [float(one) for one in values], "backgroundColor": COLOURS[name]}
        for name, values in series.items()
    ]
    return {
        "title": title,
        "is_empty": not any(any(values) for values in series.values()),
        "data": json.dumps({"labels": labels, "datasets": sets}),
        "options": json.dumps(_options(is_stacked=is_stacked)),
        "columns": list(shown),
        "rows": list(zip(labels, _rows(shown.values()), strict=True))[::-1],
    }


def _rows(columns: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(zip(*columns, strict=True))


def _options(*, is_stacked: bool) -> dict[str, Any]:
    """Chart.js's: its own defaults are for other charts than these."""
    ticks = {"color": GREY, "maxRotation": 0, "autoSkipPadding": 12}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "display": True,
                "position": "top",
                "align": "end",
                "labels": {"color": GREY, "boxWidth": 10, "boxHeight": 10},
            }
        },
        "scales": {
            "x": {"stacked": is_stacked, "grid": {"display": False}, "ticks": ticks},
            "y": {
                "stacked": is_stacked,
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"color": "rgba(128, 136, 149, 0.2)"},
                "ticks": {"color": GREY, "maxTicksLimit": 5, "precision": 0},
            },
        },
    }
