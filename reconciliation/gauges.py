"""What Prometheus is told of the books' doubts, read when it asks."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from providers import partitions
from providers.models import Doubt
from reconciliation import watching
from reconciliation.models import Case, CaseKind, CaseStatus

MOST = 100_000  # Counting further would take longer than anybody waits for a metric.


class Books(Collector):
    """Families that are read and not kept: web processes share nothing of them."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        open_ = Case.objects.exclude(status=CaseStatus.CLOSED).order_by()
        counted = dict(open_.values_list("kind").annotate(Count("id")))
        cases = GaugeMetricFamily("cage_open_cases", "Cases that are not closed.", labels=["kind"])
        for kind in CaseKind:
            cases.add_metric([kind.value], counted.get(kind.value, 0))
        yield cases
        doubts = Doubt.objects.all()[:MOST].count()
        yield GaugeMetricFamily("cage_doubts", "Deliveries not yet looked at.", value=doubts)
        ages = GaugeMetricFamily(
            "cage_task_age_seconds", "Since a periodic task succeeded.", labels=["task"]
        )
        for name, age in watching.ages(at=timezone.now()):
            ages.add_metric([name], float("inf") if age is None else age.total_seconds())
        yield ages
        yield from _partitions()


def _partitions() -> Iterator[GaugeMetricFamily]:
    with connection.cursor() as cursor:
        known = partitions.months(cursor)
        strays = partitions.strays(cursor, known)
    yield GaugeMetricFamily(
        "cage_callback_months_ahead",
        "Months after this one that have their partition; below 1 is too few.",
        value=partitions.ahead(known, at=timezone.now()),
    )
    yield GaugeMetricFamily(
        "cage_callback_strays", "Callbacks in the default partition.", value=strays
    )


def text() -> bytes:
    """In Prometheus' format. Raises what the database raises."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Books())
    return generate_latest(registry)
