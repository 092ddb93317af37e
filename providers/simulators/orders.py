"""One settlement's life on the provider's side: what was said about it, and when it goes again."""

from dataclasses import dataclass, field
from enum import Enum
from random import Random

from providers.protocols.base import RefusalMeans
from providers.simulators.base import Answer, Settlement, Simulator, Statement
from providers.simulators.sending import Loss
from providers.simulators.verdict import Belief

# Seconds until the next try, the provider's minutes compressed. Nothing said: until patience ends.
SILENT = (0.2, 0.4, 0.8, 1.6, 2.0)
# Refused, but owed: a bounded number of times, then people talk about it.
REFUSED = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
REFUSED_STRANGER = (0.5, 1.0)  # Nobody is going to open a wallet for a made-up player.


class Copy(Enum):
    """Why a delivery is sent."""

    FIRST = "first"
    TWIN = "twin"  # At the same time as the first.
    RESEND = "resend"  # Although the first was acknowledged.
    RETRY = "retry"  # Because nobody has acknowledged it.
    CONFLICT = "conflict"  # Other terms under the same id.


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Which shares of the settlements meet which fate, each from 0 to 1."""

    resends: float = 0.1
    conflicts: float = 0.01
    lost_replies: float = 0.02
    unknown_players: float = 0.01
    polls: float = 0.0  # Preceded by a balance query.


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one settlement is going to meet. Drawn once, so a seed repeats it."""

    stranger: bool
    conflict: bool
    twin: bool
    resend: bool
    loss: Loss
    poll: bool = False

    @classmethod
    def draw(cls, shares: Shares, luck: Random) -> "Plan":
        again = luck.random() < shares.resends
        twin = luck.random() < 0.5
        lost = luck.random() < shares.lost_replies
        return cls(
            stranger=luck.random() < shares.unknown_players,
            conflict=luck.random() < shares.conflicts,
            twin=again and twin,
            resend=again and not twin,
            loss=luck.choice([Loss.UNREAD, Loss.DISCARDED]) if lost else Loss.NONE,
            poll=luck.random() < shares.polls,
        )


@dataclass(slots=True, kw_only=True)
class Order:
    """A settlement and everything that was said about it. Change it under one lock."""

    simulator: Simulator
    settlement: Settlement
    plan: Plan
    luck: Random
    acknowledged: bool = False
    void: bool = False
    given_up: bool = False
    wrong_copies: int = 0
    sent: int = 0
    successes: int = 0
    answered: int = 0
    silent: int = 0
    refused: int = 0
    pending: int = 0  # Deliveries on their way or due.
    reason: str = field(default="")

    @property
    def settled(self) -> bool:
        """Nothing more has to be said; a provider stops resending here."""
        return self.acknowledged or self.void or self.given_up

    def hear(self, copy: Copy, answer: Answer, *, said: Statement) -> None:
        """Note one answer; `said` is what the server stated, also where the reply was lost."""
        self.answered += said is not Statement.NOTHING
        self.successes += said is Statement.SUCCESS
        if copy is Copy.CONFLICT:  # Its refusal is right, and says nothing about the original.
            self.wrong_copies += said is Statement.SUCCESS
        elif answer.statement is Statement.SUCCESS:
            self.acknowledged = True
        elif answer.statement is Statement.REFUSED:
            self.refused += 1
            self.reason = answer.reason
            # BeSoft: one refusal, of a repetition too, and the order is a failure.
            self.void = self.void or self.simulator.refusal_means is RefusalMeans.VOID
        else:
            self.silent += 1
            self.reason = self.reason or answer.reason

    def next_try(self, statement: Statement) -> float | None:
        """Seconds until the provider sends it again after `statement`; None: it doesn't."""
        if self.settled:
            return None
        if statement is Statement.NOTHING:
            return SILENT[min(self.silent, len(SILENT)) - 1]
        schedule = REFUSED_STRANGER if self.plan.stranger else REFUSED
        if self.refused > len(schedule):
            self.given_up = True
            return None
        return schedule[self.refused - 1]

    def belief(self) -> Belief:
        return Belief(
            provider=self.settlement.provider,
            reference=self.settlement.reference,
            moves=self.settlement.moves,
            acknowledged=self.acknowledged,
            void=self.void,
            wrong_copies=self.wrong_copies,
            sent=self.sent,
            successes=self.successes,
            answered=self.answered,
            reason=self.reason,
            stranger=self.plan.stranger,
        )
