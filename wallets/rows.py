"""What the ledger reads behind its locks and what it writes: rows as plain values."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from wallets.instructions import Instruction, Key, Kind
from wallets.models import Reference
from wallets.refusals import BetCancelled, Conflict, Refusal

Wallet = tuple[str, str]  # uid, currency
Effect = Reference.Effect
UNKNOWN_TERMS = b""  # Of a bet that was cancelled before it came.


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An entry of a known transaction."""

    wallet_id: int
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTransaction:
    """A transaction that is in the books, or that this group is about to write."""

    kind: Kind
    terms: bytes
    refusal: str = ""
    moved: tuple[Moved, ...] = ()
    cancelled_by: Kind | None = None
    corrected: bytes | None = None  # The terms that two people put in the place of its own.

    @property
    def was_cancelled(self) -> bool:
        return self.cancelled_by is not None or self.refusal == BetCancelled.__name__

    def repetition(self, terms: bytes) -> Refusal | None:
        """What the same id with these terms hears: None for a duplicate, else why not."""
        if self.corrected is not None:
            same = terms == self.corrected
            return None if same else Conflict("The transaction was corrected to other terms.")
        if self.terms not in (terms, UNKNOWN_TERMS):
            return Conflict()
        if self.cancelled_by is Kind.ROLLBACK:
            return BetCancelled()
        if self.cancelled_by is not None:
            return Conflict("The transaction was reversed.")
        return Refusal.kinds[self.refusal]() if self.refusal else None


@dataclass(slots=True, kw_only=True)
class Known:
    """Those of the named transactions that are in the books, and which are settled (a settlement
    may have come for a bet that is not known). `ids` are for new rows, in this order."""

    transactions: dict[Key, KnownTransaction] = field(default_factory=dict)
    settled: set[Key] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)

    def copy(self) -> "Known":
        """What a trial changes is its own."""
        return replace(self, transactions=dict(self.transactions), settled=set(self.settled))


@dataclass(slots=True, kw_only=True)
class LockedWallet:
    """A wallet's row as locked, then as the draft leaves it."""

    id: int
    balance: Decimal
    sequence: int
    moved: bool = False


@dataclass(slots=True, kw_only=True)
class Locked:
    """What the locks got, and what was left out because somebody else holds it."""

    wallets: dict[Wallet, LockedWallet] = field(default_factory=dict)
    busy: set[Wallet] = field(default_factory=set)

    def copy(self) -> "Locked":
        """What a trial changes is its own."""
        return replace(self, wallets={name: replace(one) for name, one in self.wallets.items()})


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
    """One row to insert. With a `refusal` it has no entries: a refusal that stands.

    `effects` are what it does to other transactions, by their ids.
    """

    instruction: Instruction
    terms: bytes
    refusal: str = ""
    entries: tuple[NewEntry, ...] = ()
    effects: tuple[tuple[str, Effect], ...] = ()
