"""The contract of a protocol: bytes in, instruction out; receipt in, bytes out.

A protocol is pure. It knows no ORM, no inbox and no other protocol; one instance speaks for one
configured provider. What its policies are (how long the provider resends, what a refusal means
there) stands on the class as facts.
"""

import re
import zoneinfo
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from providers.protocols import booking, meanings
from providers.protocols.booking import Expected
from providers.protocols.rounds import Family
from wallets.instructions import Instruction, Kind, Receipt
from wallets.refusals import Refusal

if TYPE_CHECKING:
    from providers.protocols.reports import Field, Row

# -- What arrives, what goes back ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One HTTP request of a provider. Header names are lower-case; the body is as received."""

    delivery_id: UUID
    provider: str
    operation: str  # From the URL; "" where everything goes to one URL.
    headers: Mapping[str, str]
    body: bytes
    address: str
    received_at: datetime
    replay_of: UUID | None = None  # The delivery that is settled again: nobody sent this one.
    complete: bool = True  # False where the body may have been cut off on its way.

    @property
    def names(self) -> dict[str, str]:
        """What a log line calls it."""
        return {"provider": self.provider, "delivery_id": str(self.delivery_id)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP response, exactly as it is sent."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A delivery that is understood, moves no money, and hears success."""

    reference: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question for a player's balance: it moves nothing, and nothing of it is kept.

    `code` is the provider's own word for the currency, where that decides how it is told.
    """

    uid: str
    currency: str
    code: str = ""


# Several instructions are booked together, or none of them.
Meaning = Instruction | tuple[Instruction, ...] | Note | Query


class Malformed(Refusal):
    sentence = "The delivery could not be understood."


class UnknownOperation(Refusal):
    sentence = "The delivery asks for something that this provider's document doesn't describe."


class Unauthentic(Refusal):
    """Not proved to come from the provider: never joins the books, only counted."""

    sentence = "The delivery does not prove to come from the provider."


class NotOffered(Refusal):
    """A documented operation that this Cage doesn't offer; answered so that it does no harm."""

    sentence = "The operation is not offered."


class RefusalMeans(Enum):
    """What a refused settlement is on the provider's side afterwards."""

    OWED = "owed"  # The money is still due to the player.
    VOID = "void"  # The order is cancelled: paying later would be wrong.


@dataclass(frozen=True, slots=True, kw_only=True)
class Resends:
    """When a provider sends an unanswered message again. None: not documented."""

    every: timedelta | None = None
    window: timedelta | None = None


# -- Configuration ---------------------------------------------------------------------------

Currency = Annotated[str, Meta(pattern=r"\A[A-Z][A-Z0-9]{1,9}\Z")]
PATH_WORD = re.compile(r"[A-Za-z0-9_-]{1,128}")
Decimals = Annotated[int, Meta(ge=0, le=8)]
# A list while it rotates: the current one first, then those that are still accepted.
Secret = str | list[str]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What any provider may say in PROVIDERS. A protocol adds its own; unknown keys are errors."""

    protocol: str = ""
    # Checked below: msgspec 0.22 frees a union of a list and a str with a pattern wrongly, and the
    # process dies at its end.
    path: str | list[str] = ""
    retired: bool = False
    insecure: bool = False
    allowed_ips: list[str] = []
    # Of its statements: whose day a day is, and how many minutes at its edges may be in flight.
    report_zone: str = ""
    report_grace: Annotated[int, Meta(ge=0, le=1440)] = 15
    # Whether its statements are matched each day, without anybody asking.
    reconcile_daily: bool = False

    def __post_init__(self) -> None:
        words = secrets(self.path) if isinstance(self.path, str) else self.path
        if not all(map(PATH_WORD.fullmatch, words)):
            raise ValueError("`path` may have letters, digits, `_` and `-`, 128 at most")

    def __repr__(self) -> str:
        """Only the class's name: secrets stand in the fields, and tracebacks print values."""
        return f"<{type(self).__qualname__}>"


def secrets(stated: Secret) -> tuple[str, ...]:
    """The secrets of a setting that may be one or a list, none where it is empty."""
    return tuple(filter(None, [stated] if isinstance(stated, str) else stated))


class Problem(msgspec.Struct, frozen=True):
    """A configuration error: `id` is the system check's, `text` never holds a secret."""

    id: str
    text: str


def zone_problems(settings: Settings) -> Iterator[Problem]:
    """What is wrong with `report_zone`, of whatever protocol."""
    try:
        zoneinfo.ZoneInfo(settings.report_zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(
            "providers.E012", f"`report_zone` is no time zone: {settings.report_zone[:40]!r}"
        )


SettingsT = TypeVar("SettingsT", bound=Settings)


class Protocol(ABC, Generic[SettingsT]):
    """One provider's dialect. Raise only Refusals from `unwrap`, `operation` and `decode`."""

    Settings: ClassVar[type[Settings]]
    refusal_means: ClassVar[RefusalMeans]
    booked: ClassVar[tuple[str, ...]]  # The operations whose words stand in transaction ids.
    # The operations that only ask for a balance. They, and no others, decode to a Query, and no
    # delivery of theirs is kept, however it is answered.
    queries: ClassVar[frozenset[str]]
    # Those of `booked` that must not stand in the books under these settings: under other ones they
    # paid what is paid by another operation now.
    not_booked: tuple[str, ...] = ()
    rounds: ClassVar[tuple[Family, ...]] = ()
    # Of its statements: the zone of its days, what a row of its report may say, which operations
    # can be booked from one, and which of them are booked for several players at once.
    report_zone: ClassVar[str] = "UTC"
    report_fields: ClassVar[tuple["Field", ...]] = ()
    bookable: ClassVar[Mapping[str, Kind]] = {}
    of_several: ClassVar[frozenset[str]] = frozenset()
    # By operation, of the document or of the settings where that is silent. None: not documented.
    resends: Mapping[str, Resends] = {}
    # Headers that prove who sends, beside those that do so everywhere; lower-case.
    secret_headers: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, provider: str, settings: SettingsT) -> None:
        self.provider = provider
        self.settings = settings

    @classmethod
    def problems(cls, settings: Any) -> Iterator[Problem]:
        """What makes this configuration unsafe to start with.

        This one is for protocols that can't authenticate a caller: they need a list of addresses.
        """
        if not settings.allowed_ips and not settings.insecure:
            yield Problem(
                "providers.E005",
                "has no authentication: needs `allowed_ips` (or `insecure`)",
            )

    def resends_of(self, operation: str) -> Resends:
        """When a delivery of `operation` that hears no success is sent again."""
        return self.resends.get(operation, Resends())

    def is_final(self, operation: str, refusal: type[Refusal]) -> bool:
        """Whether the provider takes this refusal of `operation`, once it stands, for the end."""
        return True

    # -- Statements ------------------------------------------------------------------------------

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Whose day a day of its statements is."""
        return zoneinfo.ZoneInfo(self.settings.report_zone or self.report_zone)

    def handles(self, operation: str) -> bool:
        """False for what doesn't pass through Cage under these settings."""
        return operation in self.booked and operation not in self.not_booked

    @property
    def records_bets(self) -> bool:
        """Whether what is staked with it is booked here, apart or together with its result. False:
        only what it pays is known here, so neither its stakes nor a net can be told."""
        return True

    def expected(self, row: "Row") -> tuple[Expected, ...]:
        """The movements that a row of its report expects in the books; none where it moves
        nothing. Raises Malformed, UnknownPlayer, UnknownCurrency."""
        raise NotOffered("No report of this provider is known.")

    def missing(self, expected: Sequence[Expected]) -> Instruction:
        """What books these movements of one transaction id, under the provider's own id: gross,
        and with the terms of the delivery that never came. Raises reports.CannotBook."""
        first = expected[0]
        return booking.instruction(
            expected,
            provider=self.provider,
            kind=self.kind_of(first),
            settles=self.settled_by(first),
            is_of_several=first.operation in self.of_several,
        )

    def kind_of(self, expected: Expected) -> Kind | None:
        """What it is booked as; None where a row doesn't say enough, as of a cancel."""
        return self.bookable.get(expected.operation)

    def needs_bets(self, operation: str) -> bool:
        """Whether it is booked only together with the bets that it settles."""
        return False

    def settled_by(self, expected: Expected) -> tuple[str, ...]:
        """The bets that it settles, where that is known."""
        return expected.settles

    # -- Deliveries ------------------------------------------------------------------------------

    def unwrap(self, delivery: Delivery) -> bytes:
        """The plain body of an authentic delivery. Raises Unauthentic.

        Where the document describes no authentication the body is what was sent; the addresses in
        `allowed_ips` are checked before, for every protocol.
        """
        return delivery.body

    @abstractmethod
    def operation(self, delivery: Delivery, body: bytes) -> str:
        """The short word for what is asked ("settle"). Raises Malformed, UnknownOperation."""

    @abstractmethod
    def decode(self, operation: str, body: bytes) -> Meaning:
        """What the delivery means. Raises Malformed, UnknownPlayer, UnknownCurrency, NotOffered."""

    def buy_in(self, *, uid: str, score: int, order_id: str) -> Instruction:
        """What takes a buy-in, where the operator's platform does that before it orders points
        from the provider, under an id of its own. Raises NotOffered, Malformed."""
        raise NotOffered("This provider has no buy-ins.")

    @abstractmethod
    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> Reply:
        """Success, for what was posted or is a duplicate: a receipt of each of the delivery's
        instructions, none of which was refused. No receipt: a Note. `at` is now."""

    @abstractmethod
    def tell(self, operation: str, query: Query, balance: Decimal, *, at: datetime) -> Reply:
        """Success, for a query. `balance` is in the wallet's unit, and at least as new as `at`."""

    @abstractmethod
    def refuse(self, operation: str, refusal: Refusal, *, at: datetime) -> Reply:
        """The provider's own refusal. The same refusal of the same operation reads the same.

        `operation` is "" where it could not be read.
        """

    @abstractmethod
    def no_verdict(self, operation: str, *, at: datetime) -> Reply:
        """What is said when Cage has not decided: never success, never a final refusal."""

    @abstractmethod
    def meaning_of(self, operation: str, body: bytes, status: int) -> meanings.Meaning:
        """What the provider takes a reply of ours for, however old. `operation` is "" where it
        could not be read. Never raises."""


# -- What protocols have in common ------------------------------------------------------------

# No wallet has this currency. A movement that names it can never be booked, nor be equal to one
# that was: with `declined` it makes a known id a conflict and an unknown one a refusal.
NO_CURRENCY = "?"


transaction_id = booking.transaction_id  # The one function that spells it.


def balance(receipts: Sequence[Receipt]) -> Decimal | None:
    """The balance after the last receipt, where all are of one player and wallet; else None."""
    wallets = {movement.wallet for one in receipts for movement in one.instruction.movements}
    return receipts[-1].balance if len(wallets) == 1 else None


def json_reply(fields: Mapping[str, object]) -> Reply:
    """HTTP 200 with `fields` as a JSON object, in their order."""
    return Reply(body=msgspec.json.encode(fields))


CodeT = TypeVar("CodeT")


def code_for(refusal: Refusal, codes: Mapping[type[Refusal], CodeT], default: CodeT) -> CodeT:
    """The provider's code for `refusal`: that of its class, else of the nearest base with one."""
    return next((codes[kind] for kind in type(refusal).__mro__ if kind in codes), default)
