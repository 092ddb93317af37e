"""What Celery does for the cases. Each task is safe to run twice, and is also a command."""

from django.utils import timezone

from config.celery import app
from reconciliation import cases


@app.task
def update_cases() -> int:
    """Each minute: open, update and close cases."""
    return cases.update(at=timezone.now()).looked_at
