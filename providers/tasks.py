"""What Celery does for the inbox. Each task is safe to run twice."""

from config.celery import app
from providers import partitions


@app.task
def make_partitions() -> list[str]:
    """Daily: partitions for the months ahead. Also done by every `migrate`."""
    return partitions.make_ahead()
