"""The Celery application: `celery -A config.celery worker`, `celery -A config.celery beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("cage")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_a_broken_configuration(**_: Any) -> None:
    """Celery runs Django's checks and ignores their result; we don't start with an error."""
    from providers import checks

    checks.require_valid_configuration()
