"""What Prometheus is told of the books' doubts, read when it asks."""

from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from providers.models import Doubt
from reconciliation import watching
from reconciliation.models import Case, CaseKind, CaseStatus

MOST = 100_000  # Counting further would take longer than anybody waits for a metric.


def text() -> bytes:
    """In Prometheus' format. Raises what the database raises."""
    registry = CollectorRegistry()
    cases = Gauge("cage_open_cases", "Cases that are not closed.", ["kind"], registry=registry)
    open_ = Case.objects.exclude(status=CaseStatus.CLOSED).order_by()
    counted = dict(open_.values_list("kind").annotate(Count("id")))
    for kind in CaseKind:
        cases.labels(kind.value).set(counted.get(kind.value, 0))
    doubts = Gauge("cage_doubts", "Deliveries not yet looked at.", registry=registry)
    doubts.set(Doubt.objects.all()[:MOST].count())
    ages = Gauge(
        "cage_task_age_seconds", "Since a periodic task succeeded.", ["task"], registry=registry
    )
    for name, age in watching.ages(at=timezone.now()):
        ages.labels(name).set(float("inf") if age is None else age.total_seconds())
    return generate_latest(registry)
