"""How a provider's day stands: its statements and what of them is matched, and its open cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.db.models.functions import Coalesce

from reconciliation.matching import results
from reconciliation.matching.results import Row
from reconciliation.models import Bucket, Case, CaseStatus, Layout, Statement
from reconciliation.models import StatementStatus as Status
from reconciliation.statements.periods import Period
from wallets import ledger
from wallets.models import Transaction

# A transaction is posted at the time at which it began, and is seen when it is committed.
SLACK = timedelta(seconds=ledger.PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One statement. `matched` of its `lines` are matched; rejected rows are lines too, and of a
    statement that has totals only a line is a total."""

    statement: Statement
    lines: int
    matched: int
    rows: tuple[Row, ...]

    @property
    def share(self) -> str:
        """In percent, with one decimal and never rounded up: 100 only where every line is."""
        if not self.lines:
            return "–"  # noqa: RUF001  (the dash of an empty cell)
        thousandths = self.matched * 1_000 // self.lines
        return f"{thousandths // 10}.{thousandths % 10} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCases:
    kind: str
    count: int
    oldest_at: datetime


def statements(provider: str, period: Period) -> list[Statement]:
    """The imported ones that are about any of that time."""
    return list(
        Statement.objects.filter(
            provider=provider,
            status=Status.IMPORTED,
            start_at__lt=period.end_at,
            end_at__gt=period.start_at,
        )
        .select_related("format")
        .order_by("start_at", "id")
    )


def missing(period: Period, found: Sequence[Statement]) -> list[Period]:
    """The parts of a time that no statement is about."""
    gaps, covered = [], period.start_at
    for statement in sorted(found, key=lambda one: one.start_at):
        if statement.start_at > covered:
            gaps.append(Period(start_at=covered, end_at=statement.start_at))
        covered = max(covered, statement.end_at)
    if covered < period.end_at:
        gaps.append(Period(start_at=covered, end_at=period.end_at))
    return gaps


def is_due(statement: Statement) -> bool:
    """Whether it was never matched, or something of its time was posted since. What time alone
    changes is followed minute by minute."""
    if statement.matched_at is None:
        return True
    posted_since = Transaction.objects.filter(
        provider=statement.provider, posted_at__gte=statement.matched_at - SLACK
    )
    at = Coalesce("occurred_at", "posted_at")
    of_its_time = posted_since.annotate(at=at).filter(
        at__gte=statement.start_at, at__lt=statement.end_at
    )
    return of_its_time.exists()


def of(statement: Statement) -> Standing:
    """As it was matched last."""
    if statement.format.layout == Layout.TOTALS:
        lines = statement.totals.count()
        matched = lines - results.of(statement).open
        rows: tuple[Row, ...] = ()
    else:
        rows = tuple(row for row in results.of(statement).rows if not row.is_total)
        lines = sum(row.lines for row in rows)
        matched = sum(row.lines for row in rows if row.bucket == Bucket.MATCHED)
    return Standing(
        statement=statement, lines=lines + statement.rejected, matched=matched, rows=rows
    )


def cases(provider: str) -> list[OpenCases]:
    """Those that are not closed, by kind."""
    rows = (
        Case.objects.exclude(status=CaseStatus.CLOSED)
        .filter(provider=provider)
        .values_list("kind")
        .annotate(Count("id"), Min("opened_at"))
        .order_by("kind")
    )
    return [OpenCases(kind=kind, count=count, oldest_at=oldest) for kind, count, oldest in rows]
