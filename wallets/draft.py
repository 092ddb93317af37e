"""A group's decisions, taken in memory between the ledger's reads and its writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext

from wallets import instructions, money
from wallets.instructions import Instruction, Kind, Movement, Receipt
from wallets.models import Player
from wallets.refusals import (
    BalanceTooLarge,
    Conflict,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownCurrency,
    UnknownPlayer,
)

Key = tuple[str, str]
STAKING = frozenset({Kind.BET, Kind.BET_AND_SETTLEMENT})


@dataclass(slots=True, kw_only=True)
class LockedWallet:
    """A wallet's row as locked, then as the draft leaves it."""

    id: int
    balance: Decimal
    sequence: int
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTransaction:
    """A transaction that is in the books, or that this group is about to write."""

    terms: bytes
    refusal: str = ""
    is_reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    wallet_id: int
    sequence: int
    debit: Decimal
    credit: Decimal
    balance_before: Decimal
    balance_after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransaction:
    """One row to insert. With a `refusal` it has no entries: a refusal that stands."""

    instruction: Instruction
    terms: bytes
    refusal: str = ""
    entries: tuple[NewEntry, ...] = ()


@dataclass(slots=True, kw_only=True)
class Draft:
    """Decides instructions one after the other; each sees what the earlier ones did.

    `wallets` are locked, and `players` and `known` were read after that: nobody else can change
    these wallets' balances until the group is written.
    """

    wallets: dict[tuple[str, str], LockedWallet]
    players: Mapping[str, str]
    known: dict[Key, KnownTransaction]
    decided_at: datetime
    new: list[NewTransaction] = field(default_factory=list)

    def decide(self, instruction: Instruction) -> Receipt:
        """The receipt of `instruction`; what it changes is kept for writing."""
        terms = instructions.terms(
            (m.uid, m.currency, m.debit, m.credit) for m in instruction.movements
        )
        known = self.known.get(instruction.key)
        if known is not None:
            return self._receipt(instruction, refusal=_repetition(known, terms))
        refusal = self._refusal(instruction)
        if refusal is None:
            self._add(
                NewTransaction(
                    instruction=instruction,
                    terms=terms,
                    entries=self._move(instruction),
                )
            )
        elif instruction.refusal_stands:
            self._add(NewTransaction(instruction=instruction, terms=terms, refusal=refusal.name))
        return self._receipt(instruction, refusal=refusal, posted=refusal is None)

    def _add(self, new: NewTransaction) -> None:
        self.new.append(new)
        self.known[new.instruction.key] = KnownTransaction(terms=new.terms, refusal=new.refusal)

    def _refusal(self, instruction: Instruction) -> Refusal | None:
        """Why a new instruction can't be booked; every movement is checked before any moves."""
        if instruction.declined is not None:
            return instruction.declined
        for movement in instruction.movements:
            refusal = self._movement_refusal(instruction.kind, movement)
            if refusal is not None:
                return refusal
        return None

    def _movement_refusal(self, kind: Kind, movement: Movement) -> Refusal | None:
        status = self.players.get(movement.uid)
        wallet = self.wallets.get(movement.wallet)
        if status is None:
            return UnknownPlayer()
        if wallet is None:
            return UnknownCurrency()
        if status == Player.Status.CLOSED:
            return PlayerClosed()
        if status == Player.Status.SUSPENDED and kind in STAKING and movement.debit:
            return PlayerSuspended()
        with localcontext(money.EXACT):
            after = wallet.balance - movement.debit + movement.credit
        minimum = movement.debit if movement.minimum is None else movement.minimum
        if wallet.balance < minimum or after < 0:
            return InsufficientFunds()
        return BalanceTooLarge() if after > money.LARGEST else None

    def _move(self, instruction: Instruction) -> tuple[NewEntry, ...]:
        return tuple(self._entry(movement) for movement in instruction.movements)

    def _entry(self, movement: Movement) -> NewEntry:
        wallet = self.wallets[movement.wallet]
        before = wallet.balance
        with localcontext(money.EXACT):
            wallet.balance = before - movement.debit + movement.credit
        wallet.sequence += 1
        wallet.moved = True
        return NewEntry(
            wallet_id=wallet.id,
            sequence=wallet.sequence,
            debit=movement.debit,
            credit=movement.credit,
            balance_before=before,
            balance_after=wallet.balance,
        )

    def _receipt(
        self, instruction: Instruction, *, refusal: Refusal | None, posted: bool = False
    ) -> Receipt:
        return Receipt(
            instruction=instruction,
            posted=posted,
            refusal=refusal,
            balances={
                movement.wallet: self.wallets[movement.wallet].balance
                for movement in instruction.movements
                if movement.wallet in self.wallets
            },
            decided_at=self.decided_at,
        )


def _repetition(known: KnownTransaction, terms: bytes) -> Refusal | None:
    """What a known id hears: None for a duplicate, else why not."""
    if known.terms != terms:
        return Conflict()
    if known.is_reversed:
        return Conflict("The transaction was reversed.")
    if known.refusal:
        return Refusal.kinds[known.refusal]()
    return None
