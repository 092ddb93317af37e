"""The state of bets, and what a settlement or a cancel may still do to one.

A bet is unknown, refused (or cancelled before it came), open, settled, or cancelled. All that is
read of it was read behind the lock of its wallet, and only who names that wallet may settle or
cancel it: a settlement and a cancel of one bet wait for each other.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import Enum

from wallets import money
from wallets.instructions import CORRECTED, Instruction, Key, Kind
from wallets.refusals import (
    AlreadyReversed,
    BalanceTooLarge,
    BetCancelled,
    BetRefused,
    BetSettled,
    Conflict,
    NotBooked,
    NotReversible,
    Refusal,
    UnknownBet,
)
from wallets.rows import Effect, Known, KnownTransaction

STAKES = frozenset({Kind.BET})
# A settlement or a cancel is none of them: what it did to bets would still stand after it.
UNDOABLE = STAKES | {Kind.BET_AND_SETTLEMENT}
# What two people may take back. Of a rollback the bets would stay cancelled all the same.
REVERSIBLE = UNDOABLE | {Kind.SETTLEMENT, Kind.REWARD, Kind.ADJUSTMENT}


@dataclass(slots=True, kw_only=True)
class Undoing:
    """What a cancel does: `back` are debit and credit by wallet id, `missing` the bets that must
    not be taken when they arrive."""

    back: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)
    effects: list[tuple[str, Effect]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def settling(instruction: Instruction, known: Known, wallet_ids: Collection[int]) -> Refusal | None:
    """Why `instruction` may not settle the bets that it names; None where it may."""
    if instruction.needs_bets and not instruction.settles:
        return UnknownBet("It names no bet.")
    for key in instruction.named:
        bet = known.transactions.get(key)
        if bet is None:
            if instruction.needs_bets:
                return UnknownBet()
        elif bet.was_cancelled:
            return BetCancelled("A bet that it settles was cancelled.")
        elif bet.refusal:
            return BetRefused()
        elif not _owned(bet, wallet_ids):
            return UnknownBet("A bet that it settles is another player's.")
    return None


def cancelling(
    instruction: Instruction, known: Known, wallet_ids: Collection[int]
) -> Undoing | Refusal:
    """What cancelling the transactions named by `instruction` does, or why none may be."""
    undoing = Undoing()
    for key in instruction.named:
        bet = known.transactions.get(key)
        state = _state(bet, settled=key in known.settled, undoes_wins=instruction.undoes_wins)
        if state is _State.SETTLED:
            return BetSettled()
        if bet is not None and not _owned(bet, wallet_ids):
            return UnknownBet("A bet that it cancels is another player's.")
        if state is _State.OVER:
            undoing.effects.append((key[1], Effect.MENTIONS))
            undoing.missing += _never_again(key, bet, known)
            continue
        undoing.effects.append((key[1], Effect.CANCELS))
        if bet is None:
            undoing.missing.append(key[1])
        else:
            _give_back(undoing, bet)
    if not all(money.fits(amount) for both in undoing.back.values() for amount in both):
        return BalanceTooLarge()
    return _unlike_stated(instruction, undoing) or undoing


def reversing(instruction: Instruction, known: Known) -> Undoing | Refusal:
    """What taking back the transaction named by `instruction` does, or why it can't be.

    Bets that it settled are open again; a bet that is settled needs its settlement reversed first.
    """
    (key,) = instruction.named
    booked = known.transactions.get(key)
    if booked is None or booked.refusal:
        return NotBooked()
    if booked.was_cancelled:
        return AlreadyReversed()
    if booked.kind not in REVERSIBLE:
        return NotReversible()
    if key in known.settled:
        return BetSettled("The bet is settled: reverse its settlement first.")
    undoing = Undoing(effects=[(key[1], Effect.CANCELS)])
    _give_back(undoing, booked)
    return undoing


def _never_again(key: Key, bet: KnownTransaction | None, known: Known) -> list[str]:
    """Of what two people reversed the provider now hears that it is cancelled: from here on
    nothing can be booked in its place any more."""
    corrected = key[0], f"{CORRECTED}:{key[1]}"
    reversed_ = bet is not None and bet.cancelled_by is Kind.ADJUSTMENT
    return [corrected[1]] if reversed_ and corrected not in known.transactions else []


class _State(Enum):
    OPEN = "open"  # Or unknown: then there is nothing to give back.
    OVER = "over"
    SETTLED = "settled"


def _state(bet: KnownTransaction | None, *, settled: bool, undoes_wins: bool) -> _State:
    if bet is not None and bet.corrected is not None:
        return _State.SETTLED  # It stands, with other terms: whoever asks may not hear otherwise.
    if bet is not None and (bet.was_cancelled or bet.refusal):
        return _State.OVER
    undoable = UNDOABLE if undoes_wins else STAKES
    if settled or (bet is not None and bet.kind not in undoable):
        return _State.SETTLED
    return _State.OPEN


def _owned(bet: KnownTransaction, wallet_ids: Collection[int]) -> bool:
    return all(entry.wallet_id in wallet_ids for entry in bet.moved)


def _give_back(undoing: Undoing, bet: KnownTransaction) -> None:
    for entry in bet.moved:
        debit, credit = undoing.back.get(entry.wallet_id, (money.ZERO, money.ZERO))
        with localcontext(money.EXACT):
            undoing.back[entry.wallet_id] = debit + entry.credit, credit + entry.debit


def _unlike_stated(instruction: Instruction, undoing: Undoing) -> Refusal | None:
    """A conflict where the message states another amount than the bets took.

    With bets that were never taken the amount may be theirs: then less is given back, never more.
    """
    stated = sum((movement.credit for movement in instruction.movements), money.ZERO)
    taken = sum((credit for _, credit in undoing.back.values()), money.ZERO)
    all_stood = not undoing.missing and all(
        effect is Effect.CANCELS for _, effect in undoing.effects
    )
    if stated and (stated < taken or (all_stood and stated != taken)):
        return Conflict("The amount is not what the bets took.")
    return None
