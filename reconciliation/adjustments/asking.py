"""The first person: asks for what a proposal says, with a reason. Nothing is moved yet."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction

from reconciliation import working
from reconciliation.adjustments import guards, proposals
from reconciliation.adjustments.proposal import Proposal
from reconciliation.models import (
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
    Case,
    CaseStatus,
    Why,
)
from reconciliation.working import NotDone
from wallets import money

MAY = "reconciliation.request_adjustment"
EXPIRES_AFTER = timedelta(days=3)


def request(
    case_id: int, kind: AdjustmentKind, *, seal: str, why: Why, text: str, by: User, at: datetime
) -> Adjustment:
    """Ask for what `proposals.of` proposes. `seal` is that of what `by` saw. Raises NotDone."""
    case = Case.objects.get(pk=case_id)
    proposal = proposals.of(case, kind)
    if not proposal.refused and proposal.seal != seal:
        raise NotDone("Nothing was done: it would move something else by now. Look again.")
    return _request(case, proposal, uuid4(), why=why, text=text, by=by, at=at)


def request_by_hand(
    case_id: int,
    *,
    request_id: UUID,
    seen: str,
    uid: str,
    currency: str,
    debit: Decimal = money.ZERO,
    credit: Decimal = money.ZERO,
    why: Why,
    text: str,
    by: User,
    at: datetime,
) -> Adjustment:
    """Ask for a transaction of the house, tied to the case; at most once for a `request_id`.
    `seen` is `guards.seen` of when `by` looked. Raises NotDone."""
    case = Case.objects.get(pk=case_id)
    guards.insist(
        guards.seen(case) == seen,
        "Nothing was done: something was posted for its reference meanwhile. Look again.",
    )
    proposal = proposals.by_hand(
        case, uid=uid, currency=currency, debit=debit, credit=credit, request_id=request_id
    )
    return _request(case, proposal, request_id, why=why, text=text, by=by, at=at)


def _request(
    case: Case,
    proposal: Proposal,
    request_id: UUID,
    *,
    why: Why,
    text: str,
    by: User,
    at: datetime,
) -> Adjustment:
    guards.insist(by.has_perm(MAY), "You may not ask for adjustments.")
    guards.insist(not proposal.refused, proposal.refused)
    guards.insist(bool(text.strip()), "Say why.")
    with guards.one_of_an_id(), transaction.atomic():
        held = Case.objects.select_for_update().get(pk=case.pk)
        guards.case_is_open(held)
        _insist_none_waits(proposal, at)
        adjustment = Adjustment(
            request_id=request_id,
            kind=proposal.kind,
            case=held,
            provider=proposal.provider,
            transaction_id=proposal.transaction_id,
            moves=proposal.as_json,
            seal=proposal.seal,
            seen=guards.seen(held),
            why=why,
            text=text.strip(),
            requested_by=by,
            requested_at=at,
            expires_at=at + EXPIRES_AFTER,
        )
        guards.write(adjustment, why="Asked for.", by=by, at=at)
        label = AdjustmentKind(proposal.kind).label.lower()
        working.write(held, why=f"Adjustment #{adjustment.pk} asked for: {label}.", by=by, at=at)
    return adjustment


def _insist_none_waits(proposal: Proposal, at: datetime) -> None:
    """Of one id one request at a time; those whose time is over make room."""
    waiting = Adjustment.objects.select_for_update(of=("self",)).filter(
        provider=proposal.provider,
        transaction_id=proposal.transaction_id,
        status=AdjustmentStatus.REQUESTED,
    )
    for other in waiting.select_related("case"):
        if other.case.status == CaseStatus.CLOSED:
            guards.note_expiry(other, at)
            continue
        guards.insist(
            other.expires_at <= at, f"Adjustment #{other.pk} of this id is still undecided."
        )
        guards.note_expiry(other, at)
