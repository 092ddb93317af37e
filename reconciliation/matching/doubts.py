"""The cases of a statement: opened, kept up to date and closed from where its movements stand.

One for each transaction id and kind of difference. Everything is read set-based, so many ids at a
time that memory doesn't depend on how much differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.contrib.auth.models import User
from django.db import connection, transaction

from reconciliation import cases, locks
from reconciliation.matching import differences, run, subjects
from reconciliation.matching.differences import Doubt
from reconciliation.models import Case, CaseKind, CaseStatus, Resolution, Statement

BATCH = 1_000
# A case of a delivery that says the same of an id already.
SAID_BY = {
    CaseKind.ONLY_IN_STATEMENT: CaseKind.UNSETTLED,
    CaseKind.AMOUNT_DIFFERS: CaseKind.CONFLICT,
    CaseKind.PLAYER_DIFFERS: CaseKind.CONFLICT,
    CaseKind.CURRENCY_DIFFERS: CaseKind.CONFLICT,
}
SHOWN = ["operation", "reference", "player", "amount", "currency", "reason"]
TIMES = ["first_at", "last_at"]

CLOSED_BY_PEOPLE = """
SELECT DISTINCT id FROM reconciliation_historicalcase
WHERE id = ANY(%s) AND status = 'closed' AND history_user_id IS NOT NULL
"""

Key = tuple[str, str]  # Subject, kind.
Newest = Mapping[str, tuple[datetime, str]]


@dataclass(slots=True, kw_only=True)
class Summary:
    """What became of the cases."""

    opened: int = 0
    updated: int = 0
    closed: int = 0

    def add(self, other: "Summary") -> None:
        self.opened += other.opened
        self.updated += other.updated
        self.closed += other.closed


def update(statement: Statement, *, at: datetime) -> Summary:
    """Bring all cases of `statement` up to date, batch by batch, each in its own commit."""
    summary = Summary()
    for named in chain(_cased(statement), _uncased(statement)):
        with transaction.atomic(durable=True):
            run.wait_for_the_others(statement.provider)
            summary.add(tell(statement, named, at=at))
    return summary


def tell(statement: Statement, named: Sequence[str], *, at: datetime) -> Summary:
    """The same of these subjects only, inside the caller's transaction."""
    locks.wait_for_the_others()
    newest = subjects.newest(statement.provider, named)
    due = {
        (doubt.subject, doubt.kind.value): _case(statement, doubt, newest, at)
        for doubt in differences.of(statement, named)
    }
    open_ = _open(statement.provider, named)
    hushed = _hushed(statement, named)
    new = [case for key, case in due.items() if key not in open_ and key not in hushed]
    # Another statement may show the same: the case is then that one's.
    own = {key: case for key, case in open_.items() if case.statement_id == statement.pk}
    told = [own[key] for key in own.keys() & due.keys() if _copy(due[key], own[key], SHOWN)]
    timed = [own[key] for key in own.keys() & due.keys() if _copy(due[key], own[key], TIMES)]
    closed = [own[key] for key in own.keys() - due.keys()]
    for case in closed:
        cases.close(case, _resolution(case, newest), at=at)
    cases.write(new, told, "What the statement shows.", at=at)
    cases.write([], closed, "The two sides agree by now.", at=at)
    Case.objects.bulk_update(timed, TIMES)
    return Summary(opened=len(new), updated=len(told) + len(timed), closed=len(closed))


def withdraw(statement: Statement, *, by: User | None, at: datetime) -> None:
    """Close what it showed, inside the caller's transaction: it doesn't count any more."""
    locks.wait_for_the_others()
    shown = locks.held().filter(statement=statement, kind__in=subjects.KINDS)
    while batch := list(shown[:BATCH]):
        for case in batch:
            cases.close(case, Resolution.NO_FAULT, at=at)
        cases.write([], batch, "The statement was withdrawn.", at=at, by=by)


# -- Which subjects -----------------------------------------------------------------------------


def _uncased(statement: Statement) -> Iterator[Sequence[str]]:
    """Those that something is doubted about and that have no open case, in batches."""
    for kind in subjects.KINDS:
        after: int | None = 0
        while after is not None:
            named, after = subjects.uncased(statement, kind, after=after, limit=BATCH)
            if named:
                yield named


def _cased(statement: Statement) -> Iterator[Sequence[str]]:
    """Those that have one, in batches."""
    shown = Case.objects.filter(statement=statement, kind__in=subjects.KINDS)
    open_ = shown.exclude(status=CaseStatus.CLOSED).order_by("id")
    after = 0
    while rows := list(open_.filter(id__gt=after).values_list("id", "subject")[:BATCH]):
        after = rows[-1][0]
        yield sorted({subject for _, subject in rows})


# -- What is known of them ----------------------------------------------------------------------


def _open(provider: str, named: Sequence[str]) -> dict[Key, Case]:
    held = locks.held().filter(provider=provider, subject__in=named, kind__in=subjects.KINDS)
    return {(case.subject, case.kind): case for case in held}


def _hushed(statement: Statement, named: Sequence[str]) -> set[Key]:
    """What needs no case: an open one of a delivery says it, or a person has closed one."""
    known = Case.objects.filter(provider=statement.provider, subject__in=named)
    delivered = known.exclude(status=CaseStatus.CLOSED).filter(kind__in=set(SAID_BY.values()))
    said = set(delivered.values_list("subject", "kind"))
    closed = known.filter(statement=statement, kind__in=subjects.KINDS, status=CaseStatus.CLOSED)
    decided = _closed_by_people(list(closed.values_list("id", flat=True)))
    return decided | {
        (subject, kind.value)
        for kind, other in SAID_BY.items()
        for subject, spoken in said
        if spoken == other
    }


def _closed_by_people(ids: Sequence[int]) -> set[Key]:
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(CLOSED_BY_PEOPLE, [list(ids)])
        decided = [id_ for (id_,) in cursor.fetchall()]
    return set(Case.objects.filter(pk__in=decided).values_list("subject", "kind"))


# -- One case -----------------------------------------------------------------------------------


def _case(statement: Statement, doubt: Doubt, newest: Newest, at: datetime) -> Case:
    operation, _, reference = doubt.subject.partition(":")
    posted = newest.get(doubt.subject)
    return Case(
        kind=doubt.kind,
        provider=statement.provider,
        subject=doubt.subject,
        statement=statement,
        operation=operation[:32],
        reference=reference[:128],
        player=doubt.risk.player,
        amount=doubt.risk.amount,
        currency=doubt.risk.currency,
        reason=doubt.reason,
        first_at=doubt.first_at,
        # By this the bookkeeping sees that the books have moved on.
        last_at=posted[0] if posted else None,
        opened_at=at,
    )


def _copy(case: Case, known: Case, fields: Sequence[str]) -> bool:
    """Bring `known` up to date; whether any of `fields` was different."""
    differs = any(getattr(case, name) != getattr(known, name) for name in fields)
    if differs:
        for name in SHOWN + TIMES:
            setattr(known, name, getattr(case, name))
    return differs


def _resolution(case: Case, newest: Newest) -> Resolution:
    """By whom it was settled, where something was booked since it was opened."""
    posted = newest.get(case.subject)
    if posted is None or posted[0] < case.opened_at:
        return Resolution.HEALED
    return cases.BY_ORIGIN.get(posted[1], Resolution.HEALED)
