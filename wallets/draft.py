"""A group's decisions, taken in memory between the ledger's reads and its writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import localcontext
from itertools import groupby

from wallets import bets, corrections, money, rows
from wallets.instructions import (
    CORRECTED,
    Instruction,
    Key,
    Kind,
    Movement,
    Origin,
    Receipt,
)
from wallets.models import Player
from wallets.refusals import (
    AlreadyReversed,
    BalanceTooLarge,
    BetCancelled,
    InsufficientFunds,
    NotReversed,
    NotReversible,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownCurrency,
    UnknownPlayer,
)
from wallets.rows import (
    Effect,
    Known,
    KnownTransaction,
    Locked,
    LockedWallet,
    Moved,
    NewEntry,
    NewTransaction,
    Wallet,
)

STAKING = frozenset({Kind.BET, Kind.BET_AND_SETTLEMENT})


@dataclass(slots=True, kw_only=True)
class Draft:
    """Decides instructions one after the other; each sees what the earlier ones did.

    The wallets are locked, and `players` and `known` were read after that: nobody else can change
    these wallets' balances until the group is written.
    """

    locked: Locked
    players: Mapping[str, str]
    known: Known
    decided_at: datetime
    new: list[NewTransaction] = field(default_factory=list)

    @property
    def wallets(self) -> dict[Wallet, LockedWallet]:
        """As the decisions so far leave them."""
        return self.locked.wallets

    def decide_all(self, instructions: Iterable[Instruction]) -> list[Receipt]:
        """One receipt each; those of one delivery are booked together, or none of them is."""
        return [
            receipt for together in deliveries(instructions) for receipt in self._decide(together)
        ]

    def _decide(self, together: Sequence[Instruction]) -> list[Receipt]:
        if len(together) == 1:
            return [self.decide(together[0])]
        if corrections.is_exchange(together):
            return corrections.exchange(self, *together)
        trial = replace(
            self, locked=self.locked.copy(), known=self.known.copy(), new=list(self.new)
        )
        receipts = [trial.decide(instruction) for instruction in together]
        refusal = next((receipt.refusal for receipt in receipts if receipt.refusal), None)
        if refusal is not None:
            # None of them will be booked: what would stand if it were refused alone stands here.
            for instruction in together:
                self._keep(instruction, refusal)
            return [self.receipt(instruction, refusal=refusal) for instruction in together]
        self.locked, self.known, self.new = trial.locked, trial.known, trial.new
        return receipts

    def decide(self, instruction: Instruction) -> Receipt:
        """The receipt of `instruction`; what it changes is kept for writing."""
        known = self.known.transactions.get(instruction.key)
        if known is not None:
            refusal = known.repetition(instruction.terms)
            if instruction.reverses and self._is_corrected(instruction):
                refusal = AlreadyReversed()
            return self.receipt(instruction, refusal=refusal)
        refusal = self._book(instruction)
        if refusal is not None:
            self._keep(instruction, refusal)
        return self.receipt(instruction, refusal=refusal, posted=refusal is None)

    def _keep(self, instruction: Instruction, refusal: Refusal) -> None:
        """Write down a refusal that stands, unless its id is known: then it stands as it was."""
        if instruction.refusal_stands and instruction.key not in self.known.transactions:
            self.add(
                NewTransaction(
                    instruction=instruction, terms=instruction.terms, refusal=refusal.name
                )
            )

    def _book(self, instruction: Instruction) -> Refusal | None:
        """Keep what a new instruction changes, or say why it can't be booked.

        Every movement is checked before any moves.
        """
        if instruction.declined is not None:
            return instruction.declined
        if instruction.cancels:
            return self._cancel(instruction)
        if instruction.corrects and (refusal := self._no_correction(instruction)):
            return refusal
        kind = Kind.ADJUSTMENT if instruction.origin is Origin.ADJUSTMENT else instruction.kind
        refusal = self._refusal(kind, instruction.movements)
        refusal = refusal or bets.settling(instruction, self.known, self.wallet_ids(instruction))
        if refusal is None:
            effects = tuple((id_, Effect.SETTLES) for _, id_ in instruction.named)
            self._post(instruction, instruction.movements, effects)
        return refusal

    def _cancel(self, instruction: Instruction) -> Refusal | None:
        if instruction.reverses:
            undoing = bets.reversing(instruction, self.known)
        else:
            undoing = bets.cancelling(instruction, self.known, self.wallet_ids(instruction))
        if isinstance(undoing, Refusal):
            return undoing
        movements = tuple(self.back(instruction, undoing))
        refusal = self._refusal(instruction.kind, movements)
        if refusal is None:
            for transaction_id in undoing.missing:
                self.add(_tombstone(instruction, transaction_id))
            self._post(instruction, movements, tuple(undoing.effects))
        return refusal

    def _forget_correction(self, cancelled: Key) -> None:
        """Where that was one: what it stood for is compared with it no more."""
        word, _, of = cancelled[1].partition(":")
        corrected = self.known.transactions.get((cancelled[0], of))
        if word == CORRECTED and corrected is not None:
            self.known.transactions[cancelled[0], of] = replace(corrected, corrected=None)

    def _no_correction(self, instruction: Instruction) -> Refusal | None:
        """Why it can't take the place of another: that stands, or is a bet."""
        if instruction.kind is Kind.BET:
            return NotReversible("A bet's terms can't be replaced: reverse it.")
        replaced = self.known.transactions.get((instruction.provider, instruction.corrects))
        reversed_ = replaced is not None and replaced.cancelled_by is Kind.ADJUSTMENT
        return None if reversed_ else NotReversed()

    def _is_corrected(self, instruction: Instruction) -> bool:
        (key,) = instruction.named
        target = self.known.transactions.get(key)
        return target is not None and target.corrected is not None

    def back(self, instruction: Instruction, undoing: bets.Undoing) -> Iterator[Movement]:
        for movement in instruction.movements:
            wallet = self.wallets.get(movement.wallet)
            if wallet is not None and wallet.id in undoing.back:
                debit, credit = undoing.back[wallet.id]
                yield replace(movement, debit=debit, credit=credit, minimum=money.ZERO)

    def wallet_ids(self, instruction: Instruction) -> set[int]:
        wallets = (self.wallets.get(movement.wallet) for movement in instruction.movements)
        return {wallet.id for wallet in wallets if wallet is not None}

    def _post(
        self,
        instruction: Instruction,
        movements: Iterable[Movement],
        effects: tuple[tuple[str, Effect], ...],
    ) -> None:
        self.add(
            NewTransaction(
                instruction=instruction,
                terms=instruction.terms,
                entries=tuple(self.entry(movement) for movement in movements),
                effects=effects,
            )
        )

    def add(self, new: NewTransaction) -> None:
        self.new.append(new)
        instruction, transactions = new.instruction, self.known.transactions
        if instruction.corrects:
            replaced = instruction.provider, instruction.corrects
            transactions[replaced] = replace(transactions[replaced], corrected=new.terms)
        transactions[instruction.key] = KnownTransaction(
            kind=instruction.kind,
            terms=new.terms,
            refusal=new.refusal,
            moved=tuple(
                Moved(wallet_id=entry.wallet_id, debit=entry.debit, credit=entry.credit)
                for entry in new.entries
            ),
        )
        for transaction_id, effect in new.effects:
            key = instruction.provider, transaction_id
            if effect is Effect.SETTLES:
                self.known.settled.add(key)
            elif effect is Effect.CANCELS:
                transactions[key] = replace(transactions[key], cancelled_by=instruction.kind)
                self._forget_correction(key)

    def _refusal(self, kind: Kind, movements: Iterable[Movement]) -> Refusal | None:
        refusals = (self.movement_refusal(kind, movement) for movement in movements)
        return next((refusal for refusal in refusals if refusal is not None), None)

    def movement_refusal(self, kind: Kind, movement: Movement) -> Refusal | None:
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

    def entry(self, movement: Movement) -> NewEntry:
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

    def receipt(
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


def deliveries(instructions: Iterable[Instruction]) -> Iterator[list[Instruction]]:
    """What one delivery asks for, together; what comes from none stands for itself."""

    def delivery(numbered: tuple[int, Instruction]) -> object:
        number, instruction = numbered
        return instruction.origin_id or number

    for _, together in groupby(enumerate(instructions), key=delivery):
        yield [instruction for _, instruction in together]


def _tombstone(cancel: Instruction, transaction_id: str) -> NewTransaction:
    """The row of a bet that was cancelled before it came, in whose place no bet can be booked."""
    never = replace(
        cancel,
        transaction_id=transaction_id,
        kind=Kind.BET,
        movements=(),
        reference=transaction_id.partition(":")[2],
        stake=None,
        details={},
        cancels=(),
        occurred_at=None,
    )
    return NewTransaction(
        instruction=never, terms=rows.UNKNOWN_TERMS, refusal=BetCancelled.__name__
    )
