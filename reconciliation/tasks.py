"""What Celery does for the cases. Each task is safe to run twice, and is also a command."""

from django.utils import timezone

from config.celery import app
from reconciliation import alerts, cases, replaying
from reconciliation.adjustments import deciding
from reconciliation.day_end import reconciling
from reconciliation.office.rollups import keeping


@app.task
def update_cases() -> int:
    """Each minute: open, update and close cases, and settle again what can be by now."""
    summary = cases.update(at=timezone.now())
    replaying.replay_owed(at=timezone.now())
    deciding.expire(at=timezone.now())
    return summary.looked_at


@app.task
def reconcile_yesterday() -> int:
    """Each hour: match the last days' statements of the providers that opted in."""
    return reconciling.match_recent(at=timezone.now())


@app.task
def update_figures() -> int:
    """Every two minutes: read the last two hours and this one again; how many hours that were."""
    return keeping.update(at=timezone.now())


@app.task
def send_alerts() -> int:
    """Each minute: tell what is to be told, and what could not be told before."""
    return alerts.send(at=timezone.now())
