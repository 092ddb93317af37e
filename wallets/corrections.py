"""A correction: a transaction is reversed, and other terms are booked in its place, in one step.

Both stand in the books as transactions of their own, so each is proved like any other. A wallet has
to cover no more than the difference between the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import localcontext
from typing import TYPE_CHECKING

from wallets import bets, money
from wallets.instructions import Instruction, Kind, Movement, Receipt
from wallets.refusals import AlreadyReversed, BalanceTooLarge, NotReversible, Refusal
from wallets.rows import Effect, NewEntry, NewTransaction

if TYPE_CHECKING:
    from wallets.draft import Draft

Moves = Mapping[tuple[str, str], Movement]  # By (uid, currency).


def is_exchange(together: Sequence[Instruction]) -> bool:
    """Whether these are a reversal and what stands instead."""
    first, second = together[0], together[1]
    return len(together) == 2 and first.reverses and (second.corrects,) == first.cancels


def exchange(draft: "Draft", reversal: Instruction, instead: Instruction) -> list[Receipt]:
    """Book both in `draft`, or neither; the receipts of the two."""
    refusal = _exchange(draft, reversal, instead)
    return [
        draft.receipt(one, refusal=refusal, posted=refusal is None) for one in (reversal, instead)
    ]


def _exchange(draft: "Draft", reversal: Instruction, instead: Instruction) -> Refusal | None:
    if draft.known.transactions.keys() & {reversal.key, instead.key}:
        return AlreadyReversed()
    if instead.declined is not None:
        return instead.declined
    undoing = bets.reversing(reversal, draft.known)
    if isinstance(undoing, Refusal):
        return undoing
    if instead.kind is Kind.BET:
        return NotReversible("A bet's terms can't be replaced: reverse it.")
    back = {movement.wallet: movement for movement in draft.back(reversal, undoing)}
    new = {movement.wallet: movement for movement in instead.movements}
    refusal = _refusal(draft, back, new)
    refusal = refusal or bets.settling(instead, draft.known, draft.wallet_ids(instead))
    if refusal is None:
        _write(draft, reversal, instead, back, new)
    return refusal


def _refusal(draft: "Draft", back: Moves, new: Moves) -> Refusal | None:
    """Why a wallet can't bear the difference."""
    for wallet in _wallets(back, new):
        both = [moves[wallet] for moves in (back, new) if wallet in moves]
        refusal = _difference_refusal(draft, both)
        if refusal is not None:
            return refusal
    return None


def _difference_refusal(draft: "Draft", both: Sequence[Movement]) -> Refusal | None:
    with localcontext(money.EXACT):
        debit = sum((one.debit for one in both), money.ZERO)
        credit = sum((one.credit for one in both), money.ZERO)
    if not (money.fits(debit) and money.fits(credit)):
        return BalanceTooLarge()
    difference = replace(both[0], debit=debit, credit=credit, minimum=money.ZERO)
    return draft.movement_refusal(Kind.ADJUSTMENT, difference)


def _write(
    draft: "Draft", reversal: Instruction, instead: Instruction, back: Moves, new: Moves
) -> None:
    """In each wallet first the one that leaves it at 0 or more: of two that do so together, at
    least one does alone."""
    taken_back: list[NewEntry] = []
    booked: list[NewEntry] = []
    for wallet in _wallets(back, new):
        steps = [(taken_back, back.get(wallet)), (booked, new.get(wallet))]
        if not _covers(draft, back.get(wallet)):
            steps.reverse()
        for entries, movement in steps:
            if movement is not None:
                entries.append(draft.entry(movement))
    settled = tuple((id_, Effect.SETTLES) for _, id_ in instead.named)
    cancelled = ((reversal.cancels[0], Effect.CANCELS),)
    for instruction, entries, effects in (
        (reversal, taken_back, cancelled),
        (instead, booked, settled),
    ):
        draft.add(
            NewTransaction(
                instruction=instruction,
                terms=instruction.terms,
                entries=tuple(entries),
                effects=effects,
            )
        )


def _wallets(back: Moves, new: Moves) -> list[tuple[str, str]]:
    return list(dict.fromkeys([*back, *new]))


def _covers(draft: "Draft", movement: Movement | None) -> bool:
    if movement is None:
        return True
    with localcontext(money.EXACT):
        after = draft.wallets[movement.wallet].balance - movement.debit + movement.credit
    return money.ZERO <= after <= money.LARGEST
