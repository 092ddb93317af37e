"""What the role that web, Celery and commands run as may do, granted after every migration.

Each model says so in `rights`; a table that says nothing is ordinary. The money tables allow
SELECT and INSERT only, and so does what is on record about people: every history, and the models of
others in KEPT, which can't say it themselves.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Model
from simple_history.models import HistoricalChanges

ORDINARY = "SELECT, INSERT, UPDATE, DELETE"
ON_RECORD = "SELECT, INSERT"
KEPT = frozenset({"admin.LogEntry"})


def grant(*, using: str, **_: Any) -> None:
    """Give the role of DATABASE_URL its rights; nothing to do where it owns the tables itself."""
    connection = connections[using]
    role = settings.DATABASES["default"]["USER"]
    # In one commit: a live system keeps its rights while they are granted anew.
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone() == (role,):
            return
        quoted = connection.ops.quote_name(role)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {quoted}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"REVOKE ALL ON {table} FROM {quoted}")
            cursor.execute(f"GRANT {of(model)} ON {table} TO {quoted}")


def of(model: type[Model]) -> str:
    """What may be done to the table of `model`."""
    if issubclass(model, HistoricalChanges) or model._meta.label in KEPT:
        return ON_RECORD
    return getattr(model, "rights", ORDINARY)
