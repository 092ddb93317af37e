"""The contract of a simulator: one protocol seen from the other side.

It knows nothing of Cage's protocol modules: it writes the wire form, the encryption and the
signature a second time, from the provider's document, and so is the check on them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, ClassVar, NamedTuple

import msgspec

from providers.protocols.base import RefusalMeans
from providers.simulators import answers
from providers.simulators.answers import Answer, Conclusion, Rule

ZERO = Decimal(0)
BALANCE = "balance"  # The operation of a balance query.
GREED = 0.02  # The share of bets that nobody can cover.
TOO_MUCH = Decimal(10_000_000)

Key = tuple[str, str]  # provider, transaction id

# Money is Decimal here too, and goes into JSON as a number where the document says Double.
encode = msgspec.json.Encoder(decimal_format="number").encode


class Move(NamedTuple):
    """What one player's wallet loses and gains, in the wallet's currency and unit."""

    uid: str
    currency: str
    debit: Decimal
    credit: Decimal


class Kind(Enum):
    """What a message asks for."""

    BET = "bet"
    PAYMENT = "payment"  # What was won, with or without the stake; or a reward.
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the provider's own records have it, however often it is delivered.

    `operation` is the simulator's word for what it is. `asks` are the moves by the transaction id
    that Cage gives them, mostly one; a cancel states none. `names` are the transaction ids of the
    bets that it settles or cancels. `opens`: a bet that is open until something names it. `fields`
    is the wire form without what changes from one delivery to the next.
    """

    provider: str
    operation: str
    kind: Kind
    asks: Mapping[str, tuple[Move, ...]]
    fields: Mapping[str, Any]
    names: tuple[str, ...] = ()
    opens: bool = False

    @property
    def key(self) -> Key:
        """Under which the books and the inbox have it; of several ids the first."""
        return self.provider, next(iter(self.asks))

    @property
    def moves(self) -> tuple[Move, ...]:
        return tuple(move for moves in self.asks.values() for move in moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is POSTed to /callbacks/<path>, or to /callbacks/<path>/<suffix>."""

    body: bytes
    headers: Mapping[str, str]
    operation: str
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Who plays, and the luck that decides everything. A `stranger` has no wallet, and plays."""

    uids: Sequence[str]
    luck: Random
    at: datetime
    stranger: str = ""

    def players(self, count: int = 1) -> list[str]:
        """At most `count` different uids, the stranger's among them if there is one."""
        guests = [self.stranger] if self.stranger else []
        return guests + self.luck.sample(self.uids, min(count - len(guests), len(self.uids)))

    def stake(self, usual: Sequence[Decimal]) -> Decimal:
        """One of the `usual` bets; now and then one that is refused, because nobody has so much."""
        stake = self.luck.choice(usual)
        return TOO_MUCH if self.luck.random() < GREED else stake

    def other(self, uid: str) -> str:
        """Another player than `uid`, or "" if there is none."""
        others = [other for other in self.uids if other != uid]
        return self.luck.choice(others) if others else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """What is going to happen in a round, drawn before it begins.

    `opening` is sent first. `settle` makes what is sent of those that stand when all of them are
    decided. In a void round they are cancelled instead.
    """

    opening: tuple[Message, ...]
    settle: Callable[[tuple[Message, ...]], tuple[Message, ...]] = lambda standing: ()
    is_void: bool = False


class Simulator(ABC):
    """One configured provider, sending. `run` is a number that makes ids unique for ever.

    `settings` are the protocol's parsed ones. All methods are pure and safe in any thread.
    """

    refusal_means: ClassVar[RefusalMeans]
    rules: ClassVar[Mapping[str, Rule]]  # By operation.

    def __init__(self, *, provider: str, settings: Any, run: int) -> None:
        self.provider = provider
        self.settings = settings
        self.run = run

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which this provider's players need wallets: mostly one, configured."""
        return (self.settings.currency,)

    @property
    def settles_alone(self) -> bool:
        """Whether this Cage takes a settlement whose bet it has not seen."""
        return getattr(self.settings, "unknown_bet", "pay") == "pay"

    @property
    @abstractmethod
    def prefix(self) -> str:
        """How every reference of this run begins, and no other one."""

    @abstractmethod
    def settle(self, number: int, table: Table) -> Message:
        """Settlement `number` (0, 1, 2, ...; at most 12 million a run), without its bet."""

    @abstractmethod
    def game(self, number: int, table: Table) -> Game:
        """Round `number` from its bets on; the numbers are those of `settle`."""

    def cancel(self, bet: Message) -> Message:
        """What undoes `bet`. Only of what the rules may want to cancel."""
        raise NotImplementedError(f"{self.provider} cancels no {bet.operation}")

    @abstractmethod
    def contradict(self, message: Message, table: Table) -> Message:
        """The same id with other terms: another amount, player or currency. Not of a cancel."""

    @abstractmethod
    def request(self, message: Message, *, at: datetime, serial: int) -> Request:
        """One delivery of it. `serial` differs for every delivery of a run, as `at` does."""

    @abstractmethod
    def poll(self, message: Message, *, at: datetime, serial: int) -> Request:
        """A balance query, of the first player in `message` and in its currency."""

    @abstractmethod
    def judge(self, operation: str, body: bytes) -> Answer:
        """What a reply with HTTP status 200 and this body says. Success of a balance query is a
        balance that can be read. Raises msgspec.MsgspecError or ValueError."""

    def read(self, operation: str, status: int, body: bytes) -> Answer:
        """What any reply says: without HTTP 200, or empty, it states nothing.

        A reply that the provider can't read isn't a success, so it counts as a refusal.
        """
        if status != 200:
            return answers.nothing(f"HTTP {status}")
        if not body:
            return answers.nothing("empty reply")
        try:
            return self.judge(operation, body)
        except (msgspec.MsgspecError, ValueError) as error:
            return answers.unreadable(error)

    def conclude(self, message: Message, answer: Answer) -> Conclusion:
        """What `answer` makes of `message` by the provider's rules."""
        return self.rules[message.operation].conclude(answer)


def named(operation: str, reference: object) -> str:
    """Cage's transaction id: `settle:272017`."""
    return f"{operation}:{reference}"


def newest(secret: str | Sequence[str]) -> str:
    """The secret to use, of one or of several that are being rotated; "" if there is none."""
    if isinstance(secret, str):
        return secret
    return secret[0] if secret else ""
