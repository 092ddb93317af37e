"""January and February 2025, as partitions that were made then, and what came in them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import time_machine
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from providers import partitions
from reconciliation import cases
from reconciliation.models import Case, FiguresReading, Resolution
from reconciliation.office.rollups import business_day
from tests.providers import senders
from tests.providers.senders import Heard, altered, send

JANUARY, FEBRUARY = datetime(2025, 1, 15, 12, tzinfo=UTC), datetime(2025, 2, 15, 12, tzinfo=UTC)
SETTLE = senders.verbatim("jdb", "settle")
MADE = """
CREATE TABLE {name} PARTITION OF providers_callback FOR VALUES FROM ('{start}') TO ('{end}');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}
    FOR EACH STATEMENT EXECUTE FUNCTION cage_append_only();
ALTER TABLE {name} ENABLE ALWAYS TRIGGER append_only
"""
OLD = [
    ("providers_callback_2025_01", "2025-01-01 00:00Z", "2025-02-01 00:00Z"),
    ("providers_callback_2025_02", "2025-02-01 00:00Z", "2025-03-01 00:00Z"),
]


def make() -> None:
    with connections["owner"].cursor() as cursor:
        for name, start, end in OLD:
            cursor.execute(MADE.format(name=name, start=start, end=end))


def drop() -> None:
    with connections["owner"].cursor() as cursor:
        for name, *_ in OLD:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def old() -> list[str]:
    """Those of the two that are there."""
    with connections["owner"].cursor() as cursor:
        names = [month.name for month in partitions.months(cursor)]
    return [name[-7:] for name in names if name in [one for one, *_ in OLD]]


def read_figures(since_at: datetime = datetime(2024, 12, 1, tzinfo=UTC)) -> None:
    """As if they had been kept since then, to this day."""
    named = {"business_day": str(business_day.current()), "read_at": timezone.now()}
    FiguresReading.objects.update_or_create(id=1, defaults={**named, "since_at": since_at})


@contextmanager
def then(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def settle(moment: datetime, number: int = 272017, **changes: Any) -> Heard:
    """JDB's, delivered and booked at that moment."""
    with then(moment):
        return send(senders.jdb(altered(SETTLE, transferId=number, **changes)))


def unsettled(moment: datetime, number: int = 272017) -> Case:
    """A case of that moment that is open still: nobody knows the player."""
    assert settle(moment, number, uid="nobody").json["status"] == "7501"
    with then(moment):
        cases.update(at=moment)
    return Case.objects.get(subject=f"settle:{number}")


def close(case: Case, resolution: Resolution = Resolution.NO_FAULT) -> None:
    cases.close(case, resolution, at=timezone.now())
    case.save()


def prune(*words: str, status: int = 0) -> dict[str, Any]:
    """What the command says, as it is told to machines."""
    out = StringIO()
    found = 0
    try:
        call_command("prune_callbacks", *words, "--json", stdout=out)
    except SystemExit as exit_:
        found = int(str(exit_.code))
    assert found == status, out.getvalue()
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def fates(*words: str, status: int = 0) -> dict[str, Any]:
    """Each month: True where it was removed, else what held it and by which numbers, or why not."""
    return {
        one["month"]: one["removed"]
        or one["fault"]
        or [(hold["what"], hold["ids"]) for hold in one["held_by"]]
        for one in prune(*(words or ("--keep-months", "13")), status=status)["months"]
    }


def as_owner(table: str, sql: str) -> None:
    """What nobody can, but the owner by switching the trigger off for a moment."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"BEGIN; ALTER TABLE {table} DISABLE TRIGGER append_only; {sql}; "
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only; COMMIT"
        )
