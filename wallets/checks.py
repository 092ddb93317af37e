"""System checks of the books' own protection."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

MONEY_TABLES = ["wallets_transaction", "wallets_entry", "providers_callback"]

# A superuser, the owner, or a member of the owner could drop or disable the triggers.
POWERFUL = """
SELECT c.relname FROM pg_class c
WHERE c.oid = ANY(SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)
  AND pg_has_role(current_user, c.relowner, 'MEMBER')
ORDER BY c.relname
"""


def role_cannot_rewrite_the_books(
    *, databases: Sequence[str] | None, **_: Any
) -> list[CheckMessage]:
    """`check --deploy --database default`: the running role must not own the money tables."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(POWERFUL, [MONEY_TABLES])
        owned = [table for (table,) in cursor.fetchall()]
    if not owned:
        return []
    return [
        Error(
            f"The role of DATABASE_URL could switch off the triggers of {', '.join(owned)}.",
            hint="Run migrations as another role (MIGRATE_DATABASE_URL) that owns the tables.",
            id="wallets.E001",
        )
    ]
