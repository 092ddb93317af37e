"""What the role that web, Celery and commands run as may do, granted after every migration.

Each model says so in `rights`; a table that says nothing is ordinary. The money tables allow
SELECT and INSERT only.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction

ORDINARY = "SELECT, INSERT, UPDATE, DELETE"


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
            rights = getattr(model, "rights", ORDINARY)
            cursor.execute(f"REVOKE ALL ON {table} FROM {quoted}")
            cursor.execute(f"GRANT {rights} ON {table} TO {quoted}")
