"""A round on its way: the deliveries of each of its messages, and what may befall them."""

from dataclasses import dataclass, field
from enum import Enum
from random import Random

from providers.simulators.answers import Statement
from providers.simulators.base import Key, Kind, Message, Simulator
from providers.simulators.beliefs import Sent
from providers.simulators.rounds import Due, Pace, Round
from providers.simulators.sending import Heard, Loss

# Seconds until it is sent, the provider's minutes compressed; the last one for every time after.
WAITS = {
    Pace.AT_ONCE: (0.0,),
    Pace.CANCEL: (0.5,),
    Pace.SILENCE: (0.2, 0.4, 0.8, 1.6, 2.0),
    Pace.REFUSAL: (0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
}
LONGEST_GAME = 1.0


def wait(due: Due, luck: Random) -> float:
    """Seconds until the provider sends what is due."""
    if due.pace is Pace.PLAYED:
        return luck.uniform(0, LONGEST_GAME)
    waits = WAITS[due.pace]
    return waits[min(max(due.nth, 1), len(waits)) - 1]


class Copy(Enum):
    """Why a delivery is sent."""

    FIRST = "first"
    TWIN = "twin"  # At the same time as the first.
    RESEND = "resend"  # Although the first was acknowledged.
    RETRY = "retry"  # Because nobody has acknowledged it.
    CONFLICT = "conflict"  # Other terms under the same id.


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Which shares of the messages meet which fate, and of the rounds are a stranger's or begin
    with a balance query; each from 0 to 1."""

    resends: float = 0.1
    conflicts: float = 0.01
    lost_replies: float = 0.02
    unknown_players: float = 0.01
    polls: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What one message is going to meet. Drawn once, so a seed repeats it."""

    conflict: bool = False
    twin: bool = False
    resend: bool = False
    loss: Loss = Loss.NONE

    @classmethod
    def draw(cls, shares: Shares, luck: Random) -> "Fate":
        again = luck.random() < shares.resends
        twin = luck.random() < 0.5
        lost = luck.random() < shares.lost_replies
        return cls(
            conflict=luck.random() < shares.conflicts,
            twin=again and twin,
            resend=again and not twin,
            loss=luck.choice([Loss.UNREAD, Loss.DISCARDED]) if lost else Loss.NONE,
        )


@dataclass(slots=True, kw_only=True)
class Order:
    """The deliveries of one message, as they were said: also those whose reply was lost."""

    message: Message
    fate: Fate
    pending: int = 0  # On their way, or planned.
    deliveries: int = 0
    successes: int = 0
    answered: int = 0
    wrong_copies: int = 0

    def count(self, copy: Copy, heard: Heard) -> None:
        self.pending -= 1
        self.deliveries += 1
        self.answered += heard.said is not Statement.NOTHING
        self.successes += heard.said is Statement.SUCCESS
        # Its refusal is right, and says nothing about the original.
        self.wrong_copies += copy is Copy.CONFLICT and heard.said is Statement.SUCCESS

    @property
    def sent(self) -> Sent:
        return Sent(
            key=self.message.key,
            deliveries=self.deliveries,
            successes=self.successes,
            answered=self.answered,
            wrong_copies=self.wrong_copies,
        )


@dataclass(slots=True, kw_only=True)
class Play:
    """A round under way, and its orders by key. Change it under one lock."""

    simulator: Simulator
    round: Round
    luck: Random
    shares: Shares
    orders: dict[Key, Order] = field(default_factory=dict)

    def order(self, message: Message) -> Order:
        """The order of `message`, which begins here if it is new."""
        if message.key not in self.orders:
            fate = Fate.draw(self.shares, self.luck)
            self.orders[message.key] = Order(message=message, fate=fate)
        return self.orders[message.key]

    def waiting(self) -> list[tuple[Order, Due]]:
        """What is due, and not on its way already."""
        both = [(self.order(due.message), due) for due in self.round.due()]
        return [(order, due) for order, due in both if not order.pending]

    def is_due(self, message: Message) -> bool:
        return any(due.message.key == message.key for due in self.round.due())

    @property
    def is_over(self) -> bool:
        return not self.round.due() and not any(order.pending for order in self.orders.values())

    def can_conflict(self, order: Order) -> bool:
        return order.fate.conflict and order.message.kind is not Kind.CANCEL
