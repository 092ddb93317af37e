"""System checks: with a provider configured wrongly nothing starts."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, run_checks
from django.core.management.base import SystemCheckError
from django.db import Error, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from providers import partitions, registry
from providers.protocols.base import Problem
from wallets.instructions import HOUSE

log = logging.getLogger("cage.providers")

_verified: set[str] = set()

LIMITS = """
SELECT set_config('lock_timeout', '500', true), set_config('statement_timeout', '500', true)
"""

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

# Which of these operations stand in the books, refusals that stand included: one index probe each.
# ";" is what follows ":", and ids are compared by code point. The limit keeps it a probe.
HELD = """
SELECT asked.provider, asked.word
FROM unnest(%s::text[], %s::text[]) AS asked (provider, word)
CROSS JOIN LATERAL (
    SELECT FROM wallets_transaction t
    WHERE t.provider = asked.provider
      AND t.transaction_id >= asked.word || ':' AND t.transaction_id < asked.word || ';'
    LIMIT 1
) held
"""


def configuration(**_: Any) -> list[CheckMessage]:
    """PROVIDERS says what it must, and nothing unknown; ADDRESS_HEADER names one that arrives."""
    problems = list(registry.current().problems)
    if "_" in settings.ADDRESS_HEADER:
        text = "ADDRESS_HEADER has an underscore: such headers are dropped, so it would be ignored"
        problems.append(Problem("providers.E012", text))
    return [checks.Error(problem.text, id=problem.id) for problem in problems]


def names_are_kept(*, databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """A provider with transactions is in PROVIDERS, if only as `"retired": true`.

    Its name is its identity in the ledger: under another name every resend would be paid again.
    """
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        return _missing(_names(cursor) or set())


def settings_are_kept(*, databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """No transaction is in the books that its provider's settings rule out.

    Under other settings another operation paid: a resend of what that paid would be paid again.
    """
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        return _ruled_out(_held(cursor)) if _is_there(cursor) else []


def partitions_lie_ahead(
    *, databases: Sequence[str] | None, at: datetime | None = None, **_: Any
) -> list[CheckMessage]:
    """The months to come have their partitions, and the default partition is empty.

    Nothing is lost otherwise: what has no month is kept in the default partition, where it stands
    in the way of that month's own. Hence warnings, which keep nobody from starting.
    """
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        if not _is_there(cursor, "providers_callback"):
            return []
        known = partitions.months(cursor)
        ahead = partitions.ahead(known, at=at or timezone.now())
        strays = partitions.strays(cursor, known)
    return [*_too_near(ahead), *_astray(strays)]


def was_verified() -> bool:
    """Whether `configuration_is_verified` has been true already; asks nobody."""
    return settings.PROVIDERS in _verified


def configuration_is_verified() -> bool:
    """True once PROVIDERS was held against the ledger: no provider of the past is missing, and
    none pays by another operation than it did.

    A web process may start while the database is away; until this has been seen nobody is paid,
    because a renamed provider's resends would be paid again under its new name.
    """
    if was_verified():
        return True
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(LIMITS)
            names = _names(cursor)
            held = _held(cursor) if names is not None else []
    except Error as error:
        connections["default"].close()
        log.warning("PROVIDERS could not be held against the ledger: %s", error)
        return False
    if names is None:
        return False  # Not migrated yet, or being restored: nothing to compare with.
    errors = configuration() + _missing(names) + _ruled_out(held)
    for message in errors:
        log.error("PROVIDERS is not valid: %s", message)
    if not errors:
        _verified.add(settings.PROVIDERS)
    return not errors


def require_valid_configuration() -> None:
    """Raise SystemCheckError naming every error, the ledger's too where the database answers.

    Warnings don't stop a start, nor does a database that is away: see above.
    """
    try:
        messages = run_checks(databases=["default"])
    except Error:
        connections["default"].close()
        messages = run_checks()
    errors = [message for message in messages if message.is_serious()]
    if errors:
        raise SystemCheckError("\n".join(str(error) for error in errors))


def _names(cursor: CursorWrapper) -> set[str] | None:
    """The providers that have transactions; None where there is no ledger."""
    if not _is_there(cursor):
        return None
    cursor.execute(NAMES)
    return {name for (name,) in cursor.fetchall()}


def _held(cursor: CursorWrapper) -> list[tuple[str, str]]:
    """(provider, operation) of those that are in the books though the settings rule them out."""
    providers = registry.current().by_name.items()
    asked = [(name, word) for name, one in providers for word in one.protocol.not_booked]
    cursor.execute(HELD, [[name for name, _ in asked], [word for _, word in asked]])
    return [(name, word) for name, word in cursor.fetchall()]


def _is_there(cursor: CursorWrapper, table: str = "wallets_transaction") -> bool:
    """Whether there is a ledger at all, or this table."""
    cursor.execute("SELECT to_regclass(%s)", [table])
    return bool(cursor.fetchone() != (None,))


def _missing(names: set[str]) -> list[CheckMessage]:
    return [
        checks.Error(
            f"{name} has transactions and is missing from PROVIDERS.",
            hint='Names are never renamed or reused. Keep it, with "retired": true if it is over.',
            id="providers.E010",
        )
        for name in sorted(names - {HOUSE} - set(registry.current().by_name))
    ]


def _ruled_out(held: Sequence[tuple[str, str]]) -> list[CheckMessage]:
    return [
        checks.Error(
            f"{name} has `{word}` transactions, which its settings rule out.",
            hint="What pays is never changed where something was paid. Set it back as it was.",
            id="providers.E011",
        )
        for name, word in sorted(held)
    ]


def _too_near(ahead: int) -> list[CheckMessage]:
    if ahead >= 1:
        return []
    what = "The next month has" if ahead == 0 else "This month has"
    return [
        checks.Warning(
            f"{what} no partition for its callbacks.",
            hint="`providers.tasks.make_partitions` makes them every six hours, `migrate` too.",
            id="providers.W001",
        )
    ]


def _astray(strays: int) -> list[CheckMessage]:
    if not strays:
        return []
    many = (
        f"{strays:,} callbacks are"
        if strays < partitions.MOST
        else f"{strays:,} callbacks or more are"
    )
    counted = "1 callback is" if strays == 1 else many
    return [
        checks.Warning(
            f"{counted} in the default partition, where no month is.",
            hint="Their months can't be made or removed meanwhile: see docs/storage.md.",
            id="providers.W002",
        )
    ]
