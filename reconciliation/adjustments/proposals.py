"""What an adjustment would book: generated from what the provider said, never typed.

A kept delivery or a statement's lines say what is missing, or which terms are theirs; the books say
what can be taken back. Nothing here changes anything.
"""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from providers import registry, replays
from providers.models import Callback
from providers.protocols.base import RefusalMeans
from providers.protocols.reports import CannotBook
from providers.registry import Provider
from reconciliation import evidence, facts, replaying
from reconciliation.adjustments import listed, standing
from reconciliation.adjustments.proposal import Proposal
from reconciliation.models import AdjustmentKind, Case, CaseKind
from wallets import money
from wallets.instructions import (
    CORRECTED,
    HOUSE,
    Instruction,
    Kind,
    Movement,
    Origin,
)
from wallets.models import Wallet

# A delivery of these says what the provider wants; of the others a statement says it.
TOLD_BY_DELIVERY = frozenset({CaseKind.UNSETTLED, CaseKind.CONFLICT})


def of(case: Case, kind: AdjustmentKind) -> Proposal:
    """What an adjustment of `kind` for `case` would do, as of now. A free one is asked for with
    its own words: see `by_hand`. Doesn't raise."""
    propose = {
        AdjustmentKind.PAY: _payment,
        AdjustmentKind.REVERSE: _reversal,
        AdjustmentKind.CORRECT: _correction,
    }[kind]
    try:
        return propose(case)
    except CannotBook as reason:
        return Proposal(kind=kind, refused=str(reason))


def by_hand(
    case: Case, *, uid: str, currency: str, debit: Decimal, credit: Decimal, request_id: UUID
) -> Proposal:
    """A transaction of the house. What is given is refused where the provider's own id can be
    booked instead, whatever the case is."""
    kind = AdjustmentKind.FREE
    if not Wallet.objects.filter(player__uid=uid, currency=currency).exists():
        return Proposal(kind=kind, refused=f"{uid} has no wallet in {currency}.")
    if bool(debit) == bool(credit):
        return Proposal(kind=kind, refused="Say one amount: what is given, or what is taken.")
    if credit and case.subject and (refused := _why_not_by_hand(case)):
        return Proposal(kind=kind, refused=refused)
    instruction = Instruction(
        provider=HOUSE,
        transaction_id=f"adjustment:{request_id}",
        kind=Kind.ADJUSTMENT,
        movements=(Movement(uid=uid, currency=currency, debit=debit, credit=credit),),
        reference=f"case-{case.pk}",
        details={"case": str(case.pk)},
    )
    return Proposal(
        kind=kind,
        provider=HOUSE,
        transaction_id=instruction.transaction_id,
        instructions=(instruction,),
        source="By hand.",
    )


def _why_not_by_hand(case: Case) -> str:
    """Why nothing is given by hand: it would be paid once more, or has been paid by now."""
    if not of(case, AdjustmentKind.PAY).refused:
        return (
            "Book it under the provider's own id: a copy that comes late would be paid once more "
            "otherwise."
        )
    is_missing = case.kind in (CaseKind.UNSETTLED, CaseKind.ONLY_IN_STATEMENT)
    found = evidence.transaction(case) if is_missing else None
    return "The books have it by now." if found is not None and not found.refusal else ""


# -- What is missing -----------------------------------------------------------------------------


def _payment(case: Case) -> Proposal:
    provider = _configured(case)
    if standing.booked(case) is not None:
        raise CannotBook("The books have this id: it can only be reversed, or corrected.")
    _insist_on_id(case)
    instructions, source = _said(case, provider)
    for one in instructions:
        operation = one.transaction_id.partition(":")[0]
        if provider.protocol.needs_bets(operation) and not one.settles:
            # They would stay open, and could be given back beside what is paid.
            raise CannotBook("It is not said which bets it settles.")
    return Proposal(
        kind=AdjustmentKind.PAY,
        provider=provider.name,
        transaction_id=case.subject,
        instructions=instructions,
        source=source,
    )


def _said(case: Case, provider: Provider) -> tuple[tuple[Instruction, ...], str]:
    """What the provider asks for under the case's id, and where it says so. Raises CannotBook."""
    lines, statement = listed.lines(case)
    callback = _delivery(case)
    if callback is not None and (case.kind in TOLD_BY_DELIVERY or not lines):
        try:
            return _delivered(case, provider, callback), f"Delivery #{callback.pk}."
        except CannotBook:
            if not lines:
                raise
    if not lines:
        raise CannotBook("No delivery of it is kept, and no statement lists it.")
    asked = listed.expected(lines, statement, provider)
    rows = ", ".join(str(number) for number in dict.fromkeys(line.number for line in lines))
    return (_ours(provider.protocol.missing(asked)),), f"{statement}, row {rows}."


def _delivery(case: Case) -> Callback | None:
    if case.kind == CaseKind.CONFLICT:
        return evidence.doubted(case)
    return replaying.last_deliveries([case]).get(case.pk) or evidence.doubted(case)


def _delivered(case: Case, provider: Provider, callback: Callback) -> tuple[Instruction, ...]:
    """All that the delivery asks for: it is booked together."""
    asked = facts.meaning(provider, callback)
    if not asked or case.subject not in {one.transaction_id for one in asked}:
        raise CannotBook("What its delivery asks for can't be read.")
    is_conflict = case.kind == CaseKind.CONFLICT
    if any(one.kind in replays.GIVEN_UP for one in asked) and not is_conflict:
        raise CannotBook("It is a bet: the provider has taken it for failed since.")
    if provider.protocol.refusal_means is RefusalMeans.VOID and not is_conflict:
        known = list(facts.of({(case.provider, case.subject)}))
        if any(one.refused for one in known):
            raise CannotBook(f"{provider.name} heard a refusal, and counts the order void.")
    if any(one.cancels for one in asked):
        raise CannotBook("It is a cancel: settle it again instead.")
    declined = next((one.declined for one in asked if one.declined), None)
    if declined is not None:
        raise CannotBook(f"It can't be booked: {declined}")
    return tuple(map(_ours, asked))


def _ours(instruction: Instruction) -> Instruction:
    """Two people decide: what it would need of its bets, and what its refusal means, they know."""
    movements = tuple(replace(one, minimum=money.ZERO) for one in instruction.movements)
    return replace(
        instruction,
        movements=movements,  # The round is over: what it needed at its beginning is past.
        origin=Origin.ADJUSTMENT,
        needs_bets=False,
        refusal_stands=False,
        declined=None,
    )


# -- What stands ---------------------------------------------------------------------------------


def _reversal(case: Case) -> Proposal:
    _configured(case)
    stands = standing.standing(case)
    return Proposal(
        kind=AdjustmentKind.REVERSE,
        provider=case.provider,
        transaction_id=stands.transaction_id,
        reverses=stands,
        booked=standing.moved(stands),
        source="As it is booked.",
    )


def _correction(case: Case) -> Proposal:
    provider = _configured(case)
    if standing.find(case, f"{CORRECTED}:{case.subject}") is not None:
        raise CannotBook("It was corrected before, and is corrected once: move the rest by hand.")
    booked = standing.booked(case)
    if booked is None:
        raise CannotBook("The books don't have this id: book what is missing.")
    cancelled_by = standing.cancelled_by(booked)
    if cancelled_by is not None and cancelled_by.kind != Kind.ADJUSTMENT:
        raise CannotBook("The provider cancelled it itself.")
    instructions, source = _said(case, provider)
    (instead,) = (one for one in instructions if one.transaction_id == case.subject)
    if not instead.settles:  # A report may not say it: its bets are those that it settled before.
        instead = replace(instead, settles=standing.settled(booked))
    if instead.kind is Kind.BET:
        raise CannotBook("A bet's terms are not replaced: reverse it.")
    if cancelled_by is None and instead.terms == bytes(booked.terms):
        raise CannotBook("These are the terms that are booked.")
    return Proposal(
        kind=AdjustmentKind.CORRECT,
        provider=provider.name,
        transaction_id=case.subject,
        reverses=booked if cancelled_by is None else None,
        booked=standing.moved(booked) if cancelled_by is None else {},
        instructions=(instead,),
        source=source,
    )


# -- Their parts ---------------------------------------------------------------------------------


def _configured(case: Case) -> Provider:
    provider = registry.current().by_name.get(case.provider)
    if provider is None:
        raise CannotBook(f"{case.provider} is not configured.")
    return provider


def _insist_on_id(case: Case) -> None:
    if not case.subject or case.subject.startswith(("callback:", "statement:")):
        raise CannotBook("No id could be read of it.")
