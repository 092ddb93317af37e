"""One statement that is matched, and all that its rules depend on besides lines and entries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from providers import registry
from providers.registry import Provider
from reconciliation.models import Layout, Statement, StatementStatus

GRACE = timedelta(minutes=15)  # Of a provider that isn't configured (any more, or here).
PATIENCE = timedelta(hours=48)  # So long the next statement may take to come.

# The third of the locks: before it wallets and transactions, of which matching locks none; after
# it cases.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('cage_matching'), hashtext(%s))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`before` and `after`: another statement, matched before, covers the other side of that edge:
    what it doesn't list isn't still to come."""

    statement: Statement
    at: datetime
    provider: Provider | None
    grace: timedelta
    tolerance: Decimal
    before: bool
    after: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements of SQL call them."""
        return {
            "statement": self.statement.pk,
            "provider": self.statement.provider,
            "start": self.statement.start_at,
            "end": self.statement.end_at,
            "at": self.at,
            "grace": self.grace,
            "tolerance": self.tolerance,
            "start_is_open": not self.before and self.at < self.statement.start_at + PATIENCE,
            "end_is_open": not self.after and self.at < self.statement.end_at + PATIENCE,
            "lines_are_open": self.at < self.statement.end_at + self.grace,
        }

    def handles(self, operation: str) -> bool:
        """Whether it passes through Cage; of a provider that isn't configured, everything."""
        return self.provider is None or self.provider.protocol.handles(operation)


def of(statement: Statement, *, at: datetime) -> Run:
    """As things are now; nobody else matches this provider's until our transaction ends."""
    provider = registry.current().by_name.get(statement.provider)
    others = counting(statement.provider).exclude(pk=statement.pk).exclude(matched_at=None)
    start, end = statement.start_at, statement.end_at
    return Run(
        statement=statement,
        at=at,
        provider=provider,
        grace=timedelta(minutes=provider.protocol.settings.report_grace) if provider else GRACE,
        tolerance=statement.format.tolerance,
        before=others.filter(start_at__lt=start, end_at__gte=start).exists(),
        after=others.filter(start_at__lte=end, end_at__gt=end).exists(),
    )


def counting(provider: str) -> QuerySet[Statement]:
    """The provider's statements that count and have lines."""
    imported = Statement.objects.filter(provider=provider, status=StatementStatus.IMPORTED)
    return imported.exclude(format__layout=Layout.TOTALS).select_related("format")


def wait_for_the_others(provider: str) -> None:
    """Until this transaction ends nobody else matches this provider's statements."""
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [provider])
