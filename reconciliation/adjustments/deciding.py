"""The second person: approves, and only then anything is booked, or says no.

What is booked is read again when it is approved, and has to be just what both have seen. It commits
together with the approval, or not at all: the wallets are locked first, then the books are written,
then the case and the request are locked and looked at once more. Whoever holds a case's lock posts
no money, so nobody waits in a circle.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from reconciliation import cases, working
from reconciliation.adjustments import guards, proposals
from reconciliation.adjustments.proposal import Proposal
from reconciliation.matching import matching
from reconciliation.models import Adjustment, AdjustmentKind, AdjustmentStatus, Case, Resolution
from reconciliation.working import NotDone
from wallets import ledger, reversals
from wallets.instructions import CORRECTED, Origin, Receipt
from wallets.refusals import Refusal

MAY = "reconciliation.approve_adjustment"

log = logging.getLogger("cage.adjustments")


def approve(adjustment_id: int, *, seal: str, text: str, by: User, at: datetime) -> Adjustment:
    """Book it, as a second person. Raises NotDone, and then nothing was moved."""
    adjustment = guards.undecided(adjustment_id, at)
    guards.insist(by.has_perm(MAY), "You may not approve adjustments.")
    guards.insist(adjustment.requested_by_id != by.pk, "Whoever asked for it can't approve it.")
    guards.insist(adjustment.seal == seal, "Nothing was done: that is not what was asked for.")
    guards.within_limits(adjustment, by)
    guards.case_is_open(adjustment.case)
    guards.nothing_is_new(adjustment, adjustment.case)
    proposal = _again(adjustment)

    def record(receipts: Sequence[Receipt]) -> Callable[[], None]:
        return lambda: _settle(adjustment.pk, receipts, text=text, by=by, at=at)

    try:
        _book(adjustment, proposal, record, at)
    except Refusal as refusal:
        raise NotDone(f"Nothing was done: {refusal}") from refusal
    except (OperationalError, InterfaceError, ledger.OutOfTime) as error:
        connection.close()
        raise NotDone("Not known whether it was booked: look again in a moment.") from error
    except NotDone:
        raise
    except BaseException:
        connection.close()  # It may still be inside what was never committed.
        raise
    _match_again(adjustment, at)
    return Adjustment.objects.get(pk=adjustment.pk)


def reject(adjustment_id: int, *, text: str, by: User, at: datetime) -> Adjustment:
    """A second person says no, and why. Raises NotDone."""
    guards.insist(by.has_perm(MAY), "You may not decide on adjustments.")
    guards.insist(bool(text.strip()), "Say why.")
    asked_by = Adjustment.objects.get(pk=adjustment_id).requested_by_id
    guards.insist(asked_by != by.pk, "It is your own: take it back instead.")
    return _close(adjustment_id, AdjustmentStatus.REJECTED, text=text, by=by, at=at)


def withdraw(adjustment_id: int, *, text: str, by: User, at: datetime) -> Adjustment:
    """Whoever asked takes it back. Raises NotDone."""
    asked_by = Adjustment.objects.get(pk=adjustment_id).requested_by_id
    guards.insist(asked_by == by.pk, "Only whoever asked for it can take it back.")
    return _close(adjustment_id, AdjustmentStatus.WITHDRAWN, text=text, by=by, at=at)


def expire(*, at: datetime) -> int:
    """Note on those that nobody decided in time that they are over; how many."""
    with transaction.atomic():
        late = Adjustment.objects.select_for_update(skip_locked=True).filter(
            status=AdjustmentStatus.REQUESTED, expires_at__lte=at
        )
        expired = list(late.order_by("pk"))
        for adjustment in expired:
            guards.note_expiry(adjustment, at)
    return len(expired)


def _match_again(adjustment: Adjustment, at: datetime) -> None:
    """Statements that list it show at once that it is booked; if not, the next run does it."""
    if adjustment.kind == AdjustmentKind.FREE:
        return
    named = adjustment.transaction_id.removeprefix(f"{CORRECTED}:")
    try:
        matching.rematch(adjustment.provider, [named], at=at)
    except Exception:
        log.exception("an adjustment was booked, and could not be matched yet")


# -- Booking ---------------------------------------------------------------------------------------


def _again(adjustment: Adjustment) -> Proposal:
    """What it would book now, which has to be what both have seen."""
    if adjustment.kind == AdjustmentKind.FREE:
        (move,) = adjustment.moves
        proposal = proposals.by_hand(
            adjustment.case,
            uid=move["uid"],
            currency=move["currency"],
            debit=Decimal(move["debit"]),
            credit=Decimal(move["credit"]),
            request_id=adjustment.request_id,
        )
    else:
        proposal = proposals.of(adjustment.case, AdjustmentKind(adjustment.kind))
    guards.insist(not proposal.refused, f"Nothing was done: {proposal.refused}")
    guards.insist(
        proposal.seal == adjustment.seal and proposal.as_json == adjustment.moves,
        "Nothing was done: it would move something else by now. Ask for it anew.",
    )
    return proposal


def _book(
    adjustment: Adjustment,
    proposal: Proposal,
    record: ledger.Record,
    at: datetime,
) -> None:
    request_id = adjustment.request_id
    if proposal.reverses is not None:
        instead = proposal.instructions[0] if proposal.instructions else None
        ledger.reverse(
            provider=proposal.reverses.provider,
            transaction_id=proposal.reverses.transaction_id,
            request_id=request_id,
            instead=instead,
            record=record,
            at=at,
        )
    elif adjustment.kind == AdjustmentKind.CORRECT:
        correction = reversals.correction(proposal.instructions[0], request_id)
        ledger.post([correction], record=record, at=at)
    else:
        booked = [
            replace(one, origin=Origin.ADJUSTMENT, origin_id=request_id)
            for one in proposal.instructions
        ]
        ledger.post(booked, record=record, at=at)


def _settle(
    adjustment_id: int, receipts: Sequence[Receipt], *, text: str, by: User, at: datetime
) -> None:
    """The last look, behind the wallets' locks and in the commit of the money."""
    for receipt in receipts:
        if receipt.refusal is not None:
            raise receipt.refusal
    guards.insist(any(one.posted for one in receipts), "Nothing was done: it was booked meanwhile.")
    case_id = Adjustment.objects.values_list("case_id", flat=True).get(pk=adjustment_id)
    case = _held(case_id)
    adjustment = guards.undecided(adjustment_id, at, lock=True)
    guards.case_is_open(case)
    guards.nothing_is_new(adjustment, case)
    _decide(adjustment, AdjustmentStatus.APPROVED, text=text, by=by, at=at)
    if adjustment.kind != AdjustmentKind.FREE:  # What is given by hand need not be the end of it.
        cases.close(case, Resolution.ADJUSTED, at=at)
    working.write(case, why=f"Adjustment #{adjustment.pk} approved. {text}".strip(), by=by, at=at)


def _held(case_id: int) -> Case:
    """The case, locked without waiting: wallets are locked, and callbacks wait for them."""
    try:
        return Case.objects.select_for_update(nowait=True).get(pk=case_id)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise NotDone("Nothing was done: the case is being changed. Try again.") from error
        raise


def _close(
    adjustment_id: int, status: AdjustmentStatus, *, text: str, by: User, at: datetime
) -> Adjustment:
    with transaction.atomic():
        case_id = Adjustment.objects.values_list("case_id", flat=True).get(pk=adjustment_id)
        case = Case.objects.select_for_update().get(pk=case_id)
        adjustment = guards.undecided(adjustment_id, at, lock=True)
        _decide(adjustment, status, text=text, by=by, at=at)
        said = f"Adjustment #{adjustment.pk} {status.label.lower()}. {text}".strip()
        working.write(case, why=said, by=by, at=at)
    return adjustment


def _decide(
    adjustment: Adjustment, status: AdjustmentStatus, *, text: str, by: User, at: datetime
) -> None:
    adjustment.status, adjustment.decision = status, text.strip()
    adjustment.decided_by, adjustment.decided_at = by, at
    guards.write(adjustment, why=status.sentence, by=by, at=at)
