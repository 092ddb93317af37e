"""Who watches the watchers: when each periodic task last succeeded, and which are late."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from reconciliation.models import Task

MISSED = 3  # Periods after which a task is late.


def periods() -> Mapping[str, timedelta]:
    """How often each task of the schedule is to succeed, by its name."""
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return {entry["task"]: entry["schedule"] for entry in schedule.values()}


def succeeded(sender: Any, **_: Any) -> None:
    """Connected to Celery's task_success: note the time of a scheduled one, and watch them all."""
    names, now = list(periods()), timezone.now()
    if sender.name not in names:
        return
    watched = [Task(name=name, since=now) for name in names]
    Task.objects.bulk_create(watched, ignore_conflicts=True)
    Task.objects.filter(name=sender.name).update(succeeded_at=now)


def ages(*, at: datetime) -> Iterator[tuple[str, timedelta | None]]:
    """Each scheduled task and how long ago it succeeded; None: never."""
    known = {task.name: task.succeeded_at for task in Task.objects.all()}
    for name in periods():
        last = known.get(name)
        yield name, None if last is None else at - last


def late(*, at: datetime) -> list[str]:
    """The tasks that have not succeeded for three of their periods, or were never seen at all."""
    every = periods()
    seen = {task.name: task.succeeded_at or task.since for task in Task.objects.all()}
    return [name for name in every if name not in seen or at - seen[name] > MISSED * every[name]]
