"""What happens when bets, settlements and cancels arrive in an unusual order, stated as facts.

Every protocol states its `rounds`: for each family of its operations and each situation that can
arise there, what is replied and what moves. `docs/rounds.md` is this table, and each row of it is
a test that plays the situation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Situation(Enum):
    """The last of these deliveries is the one that is answered."""

    BET = "A bet that the balance covers"
    BET_REPEATED = "A bet that stands is sent again"
    BET_IN_CONFLICT = "A bet that stands is sent again with another amount"
    BET_NOT_COVERED = "The balance doesn't cover a bet"
    BET_REFUSED_REPEATED = "A refused bet is sent again, and now the money is there"
    BET_OF_SUSPENDED = "A suspended player bets"
    BET_AFTER_CANCEL = "A bet arrives after its cancel"
    BET_CANCELLED_REPEATED = "A bet that was taken and cancelled is sent again"
    CANCEL = "A bet that stands is cancelled"
    CANCEL_REPEATED = "The same cancel is sent again"
    CANCEL_RENEWED = "A cancelled bet is cancelled again under another id"
    CANCEL_OF_UNKNOWN = "A bet is cancelled that was never seen"
    CANCEL_OF_REFUSED = "A bet is cancelled that was refused"
    CANCEL_AFTER_SETTLE = "A bet is cancelled after it was settled"
    CANCEL_OF_OTHER_PLAYER = "A bet is cancelled in another player's name"
    CANCEL_UNDECIDED = "A fault of ours while a cancel is decided"
    SETTLE = "A bet that stands is settled"
    SETTLE_REPEATED = "A settlement is sent again"
    SETTLE_AGAIN = "A settled bet is settled again under another id (an open round)"
    SETTLE_OF_SUSPENDED = "A suspended player is paid"
    SETTLE_BEFORE_BET = "A bet is settled that was never seen"
    SETTLE_BEFORE_BET_PAYING = 'A bet is settled that was never seen, with `"unknown_bet": "pay"`'
    SETTLE_AFTER_CANCEL = "A bet is settled that was cancelled"
    SETTLE_OF_REFUSED = "A bet is settled that was refused"
    SETTLE_OF_ONE_CANCELLED = "Several bets are settled of which one was cancelled"


class Effect(Enum):
    """What the answered delivery moves."""

    NOTHING = "nothing"
    TAKEN = "the stake is taken"
    GIVEN_BACK = "the stake is given back"
    UNDONE = "stake and win are undone"
    PAID = "the win is paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`reply` is what the provider hears, in its own words; `then` what it does with that, and
    what decided it."""

    reply: str
    effect: Effect = Effect.NOTHING
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Operations that belong together. `option` is the configuration that this speaks of."""

    name: str
    policies: Mapping[Situation, Policy]
    option: str = ""
