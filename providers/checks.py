"""System checks: with a provider configured wrongly nothing starts."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, run_checks
from django.core.management.base import SystemCheckError
from django.db import connections

from providers import registry
from wallets.instructions import HOUSE

# The distinct providers of the ledger, one index probe each: also fast with ten million rows.
NAMES = """
WITH RECURSIVE names AS (
    (SELECT provider FROM wallets_transaction ORDER BY provider LIMIT 1)
    UNION ALL
    SELECT (SELECT t.provider FROM wallets_transaction t WHERE t.provider > names.provider
            ORDER BY t.provider LIMIT 1)
    FROM names WHERE names.provider IS NOT NULL
)
SELECT provider FROM names WHERE provider IS NOT NULL
"""


def configuration(**_: Any) -> list[CheckMessage]:
    """PROVIDERS says what it must, and nothing unknown."""
    return [Error(problem.text, id=problem.id) for problem in registry.current().problems]


def names_are_kept(*, databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """A provider with transactions is in PROVIDERS, if only as `"retired": true`.

    Its name is its identity in the ledger: under another name every resend would be paid again.
    """
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('wallets_transaction')")
        if cursor.fetchone() == (None,):
            return []
        cursor.execute(NAMES)
        used = {name for (name,) in cursor.fetchall()}
    return [
        Error(
            f"{name} has transactions and is missing from PROVIDERS.",
            hint='Names are never renamed or reused. Keep it, with "retired": true if it is over.',
            id="providers.E010",
        )
        for name in sorted(used - {HOUSE} - set(registry.current().by_name))
    ]


def require_valid_configuration(*, databases: Sequence[str] | None = None) -> None:
    """Raise SystemCheckError naming every error. Warnings don't stop a start."""
    errors = [message for message in run_checks(databases=databases) if message.is_serious()]
    if errors:
        raise SystemCheckError("\n".join(str(error) for error in errors))
