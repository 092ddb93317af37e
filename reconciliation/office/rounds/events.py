"""One step of a story. Text and numbers only: nothing here is escaped, or knows of pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum


class About(Enum):
    """What a step is about, and who may see it."""

    DELIVERY = "Deliveries", "providers.view_callback"
    REPLY = "Replies", "providers.view_callback"
    TRANSACTION = "Transactions", "wallets.view_transaction"
    CASE = "Cases", "reconciliation.view_case"
    LINE = "Statement lines", "reconciliation.view_statement"
    ADJUSTMENT = "Adjustments", "reconciliation.view_adjustment"

    @property
    def label(self) -> str:
        return self.value[0]

    @property
    def permission(self) -> str:
        return self.value[1]


RANKS = {about: rank for rank, about in enumerate(About)}
RANKS[About.TRANSACTION], RANKS[About.REPLY] = RANKS[About.REPLY], RANKS[About.TRANSACTION]


PLAYER = "Player"  # The detail that names one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What one wallet lost and gained, and what was in it before and after, where that is known."""

    uid: str
    currency: str
    debit: Decimal
    credit: Decimal
    before: Decimal | None = None
    after: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A label with the sentence that explains it; `tone` is good, warning, bad or plain."""

    label: str
    sentence: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step. `at` is by our clock; `occurred_at` by the provider's, where it states one.

    `key` is the number of the row that it is about: of the callback, transaction, case or
    adjustment, and of the statement for its line. `subject` is a transaction id or "". `said` is
    literally what the provider heard. `uids` are players whom it is about beside those of `moves`.
    """

    at: datetime
    about: About
    key: int
    title: str
    subject: str = ""
    mark: Mark | None = None
    text: str = ""
    source: str = ""
    said: str = ""
    occurred_at: datetime | None = None
    details: Sequence[tuple[str, str]] = ()
    moves: Sequence[Move] = ()
    uids: Sequence[str] = ()

    @property
    def rank(self) -> int:
        """What comes first of two things at the same moment."""
        return RANKS[self.about]

    @property
    def players(self) -> frozenset[str]:
        """Whom it is about; none where nobody can tell."""
        return frozenset([*self.uids, *(move.uid for move in self.moves)])

    def for_player(self, uid: str) -> "Event | None":
        """Without what it says of others; None where it says nothing of this one. What people
        wrote stays as they wrote it."""
        if self.players and uid not in self.players:
            return None
        return replace(
            self,
            moves=[move for move in self.moves if move.uid == uid],
            uids=[one for one in self.uids if one == uid],
            details=[(name, value) for name, value in self.details if name != PLAYER],
            said=self.said if len(self.players) < 2 else "",
        )
