"""The contract of a simulator: one protocol seen from the other side.

It knows nothing of Cage's protocol modules: it writes the wire form, the encryption and the
signature a second time, from the provider's document, and so is the check on them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec

from providers.protocols.base import RefusalMeans

ZERO = Decimal(0)

# Money is Decimal here too, and goes into JSON as a number where the document says Double.
encode = msgspec.json.Encoder(decimal_format="number").encode


class Move(NamedTuple):
    """What one player's wallet loses and gains, in the wallet's currency and unit."""

    uid: str
    currency: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One settlement as the provider's own records have it.

    `reference` is the provider's id, what stands behind the colon of Cage's transaction id.
    `message` is the wire form without what changes from one delivery to the next.
    """

    provider: str
    reference: str
    moves: tuple[Move, ...]
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is POSTed to /callbacks/<path>[/<operation>]."""

    body: bytes
    headers: Mapping[str, str]
    operation: str = ""
    is_poll: bool = False


class Statement(Enum):
    """What a reply says to the provider."""

    SUCCESS = "success"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply as judged; `reason` is the provider's code and text, or why nothing was said."""

    statement: Statement
    reason: str = ""


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

    def other(self, uid: str) -> str:
        """Another player than `uid`, or "" if there is none."""
        others = [other for other in self.uids if other != uid]
        return self.luck.choice(others) if others else ""


ReplyT = TypeVar("ReplyT", bound=msgspec.Struct)


class Simulator(ABC):
    """One configured provider, sending. `run` is a number that makes ids unique for ever.

    `settings` are the protocol's parsed ones. All methods are pure and safe in any thread.
    """

    refusal_means: ClassVar[RefusalMeans]

    def __init__(self, *, provider: str, settings: Any, run: int) -> None:
        self.provider = provider
        self.settings = settings
        self.run = run

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which this provider's players need wallets: mostly one, configured."""
        return (self.settings.currency,)

    @property
    @abstractmethod
    def prefix(self) -> str:
        """How every reference of this run begins, and no other one."""

    @abstractmethod
    def settle(self, number: int, table: Table) -> Settlement:
        """Settlement `number` (0, 1, 2, ...; at most 4 million a run)."""

    @abstractmethod
    def contradict(self, settlement: Settlement, table: Table) -> Settlement:
        """The same id with other terms: another amount, player or currency."""

    @abstractmethod
    def request(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        """One delivery of it. `serial` differs for every delivery of a run, as `at` does."""

    @abstractmethod
    def poll(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        """A balance query, of the first player in `settlement` and in its currency."""

    @abstractmethod
    def judge(self, body: bytes) -> Answer:
        """What a reply with HTTP status 200 and this body says. Raises msgspec.MsgspecError."""

    def judge_poll(self, body: bytes) -> Answer:
        """The same of a reply to a balance query. Success is a balance that can be read."""
        return self.judge(body)

    def read(self, status: int, body: bytes, *, is_poll: bool = False) -> Answer:
        """What any reply says: without HTTP 200, or empty, it states nothing.

        A reply that the provider can't read isn't a success, so it counts as a refusal.
        """
        if status != 200:
            return Answer(statement=Statement.NOTHING, reason=f"HTTP {status}")
        if not body:
            return Answer(statement=Statement.NOTHING, reason="empty reply")
        try:
            return self.judge_poll(body) if is_poll else self.judge(body)
        except (msgspec.MsgspecError, ValueError) as error:
            return Answer(statement=Statement.REFUSED, reason=f"unreadable reply: {error}")


SUCCESS = Answer(statement=Statement.SUCCESS)


def refused(code: object, text: str = "") -> Answer:
    return Answer(statement=Statement.REFUSED, reason=f"{code} {text}".strip())


def newest(secret: str | Sequence[str]) -> str:
    """The secret to use, of one or of several that are being rotated; "" if there is none."""
    if isinstance(secret, str):
        return secret
    return secret[0] if secret else ""
