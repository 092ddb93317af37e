"""Doubts about a whole provider: a time in which nothing was decided, and unproved deliveries."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Sum

from providers.models import Unauthentic, Undecided
from reconciliation.models import Case, CaseKind, CaseStatus

RECENT = timedelta(hours=1)


def outages(at: datetime) -> Iterator[Case]:
    """One case for each provider that was answered without a decision. Takes the rows it reads."""
    rows = list(Undecided.objects.order_by("id"))
    open_ = _open(CaseKind.OUTAGE)
    for provider in sorted({row.provider for row in rows}):
        spans = [row for row in rows if row.provider == provider]
        before = open_.get(provider)
        yield Case(
            kind=CaseKind.OUTAGE,
            provider=provider,
            attempts=sum(row.count for row in spans) + (before.attempts if before else 0),
            first_at=_earliest([*spans, before] if before else spans),
            last_at=max(row.last_at for row in spans),
            reason=spans[-1].reason,
            opened_at=at,
        )
    Undecided.objects.filter(id__in=[row.id for row in rows]).delete()


def strangers(at: datetime) -> Iterator[Case]:
    """One case for each provider in whose name somebody called lately and proved nothing."""
    open_ = _open(CaseKind.UNAUTHENTIC)
    cases = Case.objects.filter(kind=CaseKind.UNAUTHENTIC).order_by("provider")
    seen = dict(cases.values_list("provider").annotate(Max("last_at")))
    recent = (
        Unauthentic.objects.filter(minute__gt=at - RECENT)
        .values("provider")
        .annotate(
            calls=Sum("count"),
            callers=Count("address", distinct=True),
            first=Min("minute"),
            last=Max("minute"),
            why=Max("reason"),
        )
    )
    for row in recent.order_by("provider"):
        before = open_.get(row["provider"])
        if row["provider"] in seen and seen[row["provider"]] >= row["last"]:
            continue  # Also where a person has closed the case since.
        yield Case(
            kind=CaseKind.UNAUTHENTIC,
            provider=row["provider"],
            attempts=row["calls"],
            first_at=before.first_at if before else row["first"],
            last_at=row["last"],
            reason=f"{row['callers']} addresses within an hour. {row['why']}",
            opened_at=at,
        )


def _open(kind: CaseKind) -> dict[str, Case]:
    cases = Case.objects.filter(kind=kind).exclude(status=CaseStatus.CLOSED)
    return {case.provider: case for case in cases}


def _earliest(rows: Iterable[Undecided | Case]) -> datetime:
    return min(row.first_at for row in rows if row.first_at is not None)
