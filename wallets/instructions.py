"""What the ledger is asked for and what it answers: plain values, no database.

Amounts are exact decimals in the wallet's currency, 0 or more, at most 8 decimals.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import models

from wallets import money
from wallets.refusals import Refusal

Key = tuple[str, str]  # provider, transaction_id

HOUSE = "house"  # The operator's own transactions: deposits, withdrawals, adjustments.
# Words that no protocol's operation is: what two people did about `settle:272017` is booked, in the
# same provider's name, as `reversal:settle:272017` and `corrected:settle:272017`.
REVERSAL, CORRECTED = "reversal", "corrected"


class Kind(models.TextChoices):
    """What a transaction is to the game."""

    BET = "bet", "Bet"
    SETTLEMENT = "settlement", "Settlement"
    BET_AND_SETTLEMENT = "bet_and_settlement", "Bet and settlement"
    ROLLBACK = "rollback", "Rollback"
    REWARD = "reward", "Reward"
    DEPOSIT = "deposit", "Deposit"
    WITHDRAWAL = "withdrawal", "Withdrawal"
    ADJUSTMENT = "adjustment", "Adjustment"

    @property
    def sentence(self) -> str:
        return {
            "bet": "A stake was taken.",
            "settlement": "A round was settled: what was won is credited, what was lost taken.",
            "bet_and_settlement": "Stake and win of a round in one atomic step.",
            "rollback": "An earlier transaction was undone.",
            "reward": "A credit without a stake.",
            "deposit": "The player brought money in.",
            "withdrawal": "The player took money out.",
            "adjustment": "Staff moved money, one person asking and another approving.",
        }[self.value]


class Origin(models.TextChoices):
    """Who asked for a transaction."""

    CALLBACK = "callback", "Callback"
    REPLAY = "replay", "Replay"
    ADJUSTMENT = "adjustment", "Adjustment"
    COMMAND = "command", "Command"

    @property
    def sentence(self) -> str:
        return {
            "callback": "A provider's delivery.",
            "replay": "A kept callback, settled again by Cage or staff.",
            "adjustment": "A request that two people signed.",
            "command": "A management command: a buy-in, or a deposit on a demo database.",
        }[self.value]


CANCELLING = frozenset({Kind.ROLLBACK, Kind.ADJUSTMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What one player's wallet loses (`debit`) and gains (`credit`), in one atomic step.

    `minimum` is the balance that must be there before anything moves; None means the debit.

    In an instruction that cancels it says whose transactions those are. What moves then is what
    they moved; a `credit` above 0 is the amount that the message states for it.
    """

    uid: str
    currency: str
    debit: Decimal = money.ZERO
    credit: Decimal = money.ZERO
    minimum: Decimal | None = None

    def __post_init__(self) -> None:
        for amount in (self.debit, self.credit, self.minimum):
            if amount is not None and not money.fits(amount):
                raise ValueError(f"not an amount that a wallet can hold: {amount}")

    @property
    def wallet(self) -> tuple[str, str]:
        return self.uid, self.currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What one delivery asks for: all its movements happen, or none.

    `transaction_id` is `<operation>:<the provider's id>`. At most one movement per wallet.
    `declined` refuses the instruction unless its id is known already. `refusal_stands` says that
    the provider counts a refused order void: then the refusal is final, under the same key.

    `settles` and `cancels` are transaction ids of the same provider. With `needs_bets` nothing is
    paid unless it settles bets that stand. What is cancelled is given back exactly; an id that is
    not known is kept as refused, so that the bet can't be taken when it arrives late. A known bet
    that is settled stays, and so does one that brought its own win unless `undoes_wins`.

    An adjustment that `cancels` reverses: it takes back what one transaction moved, whatever kind
    it is, once. What `corrects` stands in the place of a transaction that was reversed, and its
    terms are those that a delivery under the old id is compared with.

    Instructions of one `origin_id` are booked together, all or none.
    """

    provider: str
    transaction_id: str
    kind: Kind
    movements: tuple[Movement, ...]
    reference: str = ""
    round_id: str = ""
    game: str = ""
    stake: Decimal | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    settles: tuple[str, ...] = ()
    needs_bets: bool = False
    cancels: tuple[str, ...] = ()
    undoes_wins: bool = False
    corrects: str = ""
    occurred_at: datetime | None = None
    origin: Origin = Origin.CALLBACK
    origin_id: UUID | None = None
    declined: Refusal | None = None
    refusal_stands: bool = False

    def __post_init__(self) -> None:
        if len({movement.wallet for movement in self.movements}) != len(self.movements):
            raise ValueError(f"{self.transaction_id}: two movements of one wallet")
        if self.stake is not None and not money.fits(self.stake):
            raise ValueError(f"{self.transaction_id}: not a stake: {self.stake}")
        if self.cancels and (self.kind not in CANCELLING or self.settles):
            raise ValueError(f"{self.transaction_id}: only a rollback cancels, and nothing else")
        if self.reverses and len(self.cancels) != 1:
            raise ValueError(f"{self.transaction_id}: a reversal is of one transaction")
        if any(movement.debit for movement in self.movements) and self.cancels:
            raise ValueError(f"{self.transaction_id}: a rollback's debits are not stated")
        if self.transaction_id in self.cancels:
            raise ValueError(f"{self.transaction_id}: a rollback does not cancel itself")

    @property
    def key(self) -> Key:
        return self.provider, self.transaction_id

    @property
    def reverses(self) -> bool:
        """Whether two people take back a transaction by it."""
        return self.kind is Kind.ADJUSTMENT and bool(self.cancels)

    @property
    def keys(self) -> tuple[Key, ...]:
        """All that has to be known of the books before it is decided."""
        others = [self.corrects] if self.corrects else []
        if self.kind is Kind.ROLLBACK:  # What may stand in the place of what it cancels.
            others += [f"{CORRECTED}:{id_}" for id_ in self.cancels]
        elif self.reverses:  # What a correction that it takes back stood for.
            others += [id_.removeprefix(f"{CORRECTED}:") for id_ in self.cancels]
        return (self.key, *self.named, *((self.provider, id_) for id_ in others))

    @property
    def named(self) -> tuple[Key, ...]:
        """The keys of the transactions that it settles or cancels, each once."""
        return tuple((self.provider, id_) for id_ in dict.fromkeys(self.settles + self.cancels))

    @property
    def terms(self) -> bytes:
        """What a repetition must have in common with this one to be a duplicate."""
        movements = ((m.uid, m.currency, m.debit, m.credit) for m in self.movements)
        return terms(movements, cancels=self.cancels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the ledger did with one instruction.

    `posted`: the books changed. Neither posted nor refused: a duplicate, which stands as it was.
    `balances` are those of the instruction's wallets right after the decision, where they exist.
    """

    instruction: Instruction
    posted: bool
    refusal: Refusal | None
    balances: Mapping[tuple[str, str], Decimal]
    decided_at: datetime

    @property
    def balance(self) -> Decimal | None:
        """The balance of the only player, or None where there are several or none is known."""
        if len(self.instruction.movements) != 1:
            return None
        return self.balances.get(self.instruction.movements[0].wallet)


def terms(
    movements: Iterable[tuple[str, str, Decimal, Decimal]], cancels: Iterable[str] = ()
) -> bytes:
    """SHA-256 of the whole set of (uid, currency, debit, credit), in whatever order it comes.

    One line a movement, `debit credit currency uid`, sorted by code point; `verify_ledger`
    computes the same in SQL. A uid holds no control characters, so lines can't be forged. A
    rollback has one more line for each transaction that it cancels.
    """
    lines = sorted(
        f"{money.plain(debit)} {money.plain(credit)} {currency} {uid}"
        for uid, currency, debit, credit in movements
    )
    lines += sorted({f"cancels {transaction_id}" for transaction_id in cancels})
    return hashlib.sha256("\n".join(lines).encode()).digest()
