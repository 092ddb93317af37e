"""What staff do with a case: each changes one, under its lock, and writes why into its history.

A form carries the `stamp` of the case that its reader saw. Whoever comes second, with another
person's decision in between, is told so and changes nothing; what the bookkeeping counts up
meanwhile disturbs nobody. No money is moved here.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reconciliation import cases, locks
from reconciliation.models import Case, CaseKind, CaseStatus, Resolution
from wallets.models import Transaction

MAY = "reconciliation.change_case"
# The others happen by themselves.
BY_HAND = (
    Resolution.NO_FAULT,
    Resolution.ACCEPTED,
    Resolution.VOID,
    Resolution.ADJUSTED,
    Resolution.MERGED,
)


class NotDone(Exception):
    """Nothing was changed, and this is why; a sentence for staff."""


class AlreadyOpen(NotDone):
    """There is such a case; `case` is it."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"It is disputed already: see case #{case.pk}.")
        self.case = case


def stamp(case: Case) -> str:
    """What people have decided about `case`, in a few letters."""
    decided = [case.status, case.resolution, case.owner_id, case.follow_up_on]
    text = repr([*decided, case.notes, case.tickets])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def take(case_id: int, *, seen: str, by: User, at: datetime) -> Case:
    """`by` works on it from now on."""
    with held(case_id, seen=seen, by=by, why="Taken.", at=at) as case:
        if case.owner_id == by.pk:
            raise NotDone("It is yours already.")
        case.owner = by
    return case


def hand_over(case_id: int, *, seen: str, to: User, why: str, by: User, at: datetime) -> Case:
    """Somebody else works on it from now on."""
    if not (to.is_active and to.is_staff and to.has_perm(MAY)):
        raise NotDone(f"{to.get_username()} may not work on cases.")
    reason = f"Handed over to {to.get_username()}. {why}".strip()
    with held(case_id, seen=seen, by=by, why=reason, at=at) as case:
        if case.owner_id == to.pk:
            raise NotDone(f"It is {to.get_username()}'s already.")
        case.owner = to
    return case


def wait(case_id: int, *, seen: str, until: date, why: str, by: User, at: datetime) -> Case:
    """Put it off: until that day it is on nobody's list."""
    if until <= timezone.localdate(at, timezone.get_default_timezone()):
        raise NotDone("That day is not in the future.")
    with held(case_id, seen=seen, by=by, why=why, at=at) as case:
        case.status, case.follow_up_on = CaseStatus.WAITING, until
    return case


def close(
    case_id: int, *, seen: str, resolution: Resolution, why: str, by: User, at: datetime
) -> Case:
    """Nothing is left to do, and `by` answers for that."""
    if resolution not in BY_HAND:
        raise NotDone(f"Nobody decides that it was {resolution.label.lower()}: that happens.")
    if not why.strip():
        raise NotDone("Say why.")
    with held(case_id, seen=seen, by=by, why=why, at=at) as case:
        cases.close(case, resolution, at=at)
    return case


def annotate(case_id: int, *, seen: str, notes: str, tickets: str, by: User, at: datetime) -> Case:
    """What else there is to know, and its numbers elsewhere."""
    with held(case_id, seen=seen, by=by, why="Notes edited.", at=at) as case:
        case.notes, case.tickets = notes, tickets
    return case


def dispute(
    *,
    provider: str,
    named: str,
    player: str,
    amount: Decimal | None,
    currency: str,
    why: str,
    by: User,
    at: datetime,
) -> Case:
    """Open a case by hand; `named` is the provider's reference or a whole transaction id.

    Raises AlreadyOpen if it is disputed and not closed. `by` owns it.
    """
    subject = _subject(provider, named)
    case = Case(
        kind=CaseKind.DISPUTE,
        provider=provider,
        subject=subject,
        reference=subject.partition(":")[2] or subject,
        player=player,
        amount=amount,
        currency=currency,
        reason=why,
        owner=by,
        opened_at=at,
    )
    with transaction.atomic():
        # Two people at once, or the bookkeeping beside a person, are told apart by this lock.
        locks.wait_for_the_others()
        known = Case.objects.filter(provider=provider, subject=subject, kind=CaseKind.DISPUTE)
        if open_ := known.exclude(status=CaseStatus.CLOSED).first():
            raise AlreadyOpen(open_)
        write(case, why=f"Opened by hand: {why}", by=by, at=at)
    return case


@contextmanager
def held(case_id: int, *, seen: str, by: User, why: str, at: datetime) -> Iterator[Case]:
    """The case, locked, to be changed; written at the end with `why`. Raises NotDone."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        if case.status == CaseStatus.CLOSED:
            how = Resolution(case.resolution).label.lower()
            raise NotDone(f"Nothing was done: it was closed meanwhile ({how}).{_by_whom(case)}")
        if seen != stamp(case):
            raise NotDone(f"Nothing was done: it was changed meanwhile.{_by_whom(case)}")
        yield case
        write(case, why=why, by=by, at=at)


def write(case: Case, *, why: str, by: User, at: datetime) -> None:
    """Save a case that is new or held, with who did it and why."""
    case._history_user, case._change_reason, case._history_date = by, why, at  # type: ignore[attr-defined]
    case.save()


def _by_whom(case: Case) -> str:
    """The last thing that a person did to it, or for a closed one, who closed it."""
    rows = case.history.all().select_related("history_user").order_by("-history_id")  # type: ignore[attr-defined]
    if case.status != CaseStatus.CLOSED:
        rows = rows.filter(history_user__isnull=False)
    last = rows.first()
    if last is None or last.history_user is None:
        return ""
    return f" {last.history_user.get_username()}: {last.history_change_reason or '-'}"


def _subject(provider: str, named: str) -> str:
    """The whole transaction id, where the books know it by this reference."""
    if ":" in named:
        return named
    known = Transaction.objects.filter(provider=provider, reference=named)[:2]
    ids = [transaction.transaction_id for transaction in known]
    return ids[0] if len(ids) == 1 else named
