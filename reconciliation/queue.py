"""Which cases need a person, and which only wait: the lists that staff work from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Func, Min, Q, QuerySet, Sum, Value
from django.db.models.expressions import OrderBy
from django.db.models.fields import CharField

from reconciliation import wording
from reconciliation.models import Case, CaseKind, CaseStatus, Resend
from wallets import money
from wallets.refusals import Refusal

OPEN = ~Q(status=CaseStatus.CLOSED)
COMING_AGAIN = Q(kind=CaseKind.UNSETTLED, resend=Resend.EXPECTED)
FAULT = "fault"  # Stands for every reason that is no refusal of ours.

SOONEST_FIRST: list[str | OrderBy] = [F("due_at").asc(nulls_last=True), "id"]


def needs_a_person(today: date) -> Q:
    """Everything that doesn't heal by a scheduled resend, and was not put off to a later day."""
    asleep = Q(status=CaseStatus.WAITING, follow_up_on__gt=today)
    return OPEN & ~COMING_AGAIN & ~asleep


def waits_for_the_provider() -> Q:
    """What the provider sends again by itself."""
    return OPEN & COMING_AGAIN


def because(cases: QuerySet[Case], word: str) -> QuerySet[Case]:
    """Those with this reason: a refusal's name, or FAULT."""
    named = cases.alias(word=_word())
    if word == FAULT:
        return named.exclude(word__in=list(Refusal.kinds))
    return named.filter(word=word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Cases of one provider that wait for a resend for the same reason. Amounts are by currency."""

    provider: str
    word: str
    count: int
    since: datetime | None
    first_due_at: datetime | None
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return wording.kind_of_reason(self.word)


def lines() -> list[Line]:
    """One line per provider and reason of what waits for a resend, the most first: one query."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _rows():
        known = row["word"] if row["word"] in Refusal.kinds else FAULT
        groups.setdefault((row["provider"], known), []).append(row)
    found = [_line(provider, word, rows) for (provider, word), rows in groups.items()]
    return sorted(found, key=lambda line: (-line.count, line.provider, line.word))


def _rows() -> Iterator[dict[str, Any]]:
    waiting = Case.objects.filter(waits_for_the_provider()).order_by()
    grouped = waiting.annotate(word=_word()).values("provider", "word", "currency")
    for row in grouped.annotate(
        cases=Count("id"), since=Min("first_at"), first_due=Min("due_at"), sum=Sum("amount")
    ):
        yield dict(row)


def _line(provider: str, word: str, rows: list[dict[str, Any]]) -> Line:
    amounts: dict[str, Decimal] = {}
    for row in rows:
        if row["sum"] is not None:  # Of several faults in one currency.
            sum_ = amounts.get(row["currency"], money.ZERO)
            amounts[row["currency"]] = money.EXACT.add(sum_, row["sum"])
    return Line(
        provider=provider,
        word=word,
        count=sum(row["cases"] for row in rows),
        since=min((row["since"] for row in rows if row["since"]), default=None),
        first_due_at=min((row["first_due"] for row in rows if row["first_due"]), default=None),
        amounts=dict(sorted(amounts.items())),
    )


def _word() -> Func:
    """The reason's first word: the refusal's name, or the error's."""
    return Func(F("reason"), Value(":"), Value(1), function="split_part", output_field=CharField())
