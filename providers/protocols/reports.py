"""Rows of a provider's report, and the movements that they expect in the books.

No heading of any report is known here: a format says which column of a file is which field, and
how it writes dates and numbers. What a row then means is said by its protocol, with the same
functions for ids, currencies and amounts as a callback's.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from providers.protocols import amounts, wire
from providers.protocols.base import NO_CURRENCY, Currency, Malformed, Protocol
from providers.protocols.booking import CannotBook, Expected
from wallets import money
from wallets.instructions import Instruction
from wallets.refusals import UnknownCurrency

__all__ = (
    "CAGE_FIELDS",
    "TOTALS_FIELDS",
    "CannotBook",
    "Expected",
    "Field",
    "Row",
    "body",
    "cage_row",
    "net",
    "of",
    "token",
    "word",
)

# JSON's own spelling of a number: 007 is 7.
PLAIN = re.compile(r"(-?)0*([0-9]+(?:\.[0-9]+)?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a row may say. `sentence` is for whoever chooses its column."""

    name: str
    sentence: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a file, by our names of its fields. Empty cells are not there.

    `number` rewrites a number as the file writes it to a plain decimal one, and `moment` reads a
    time; both raise ValueError.
    """

    values: Mapping[str, str]
    number: Callable[[str], str]
    moment: Callable[[str], datetime]

    def text(self, field: str, *, longest: int = 128) -> str:
        """An id or a word. Raises Malformed where it isn't there, or is none."""
        value = self.values.get(field, "")
        if not value:
            raise Malformed(f"{field} is empty")
        if len(value) > longest or wire.UNPRINTABLE.search(value):
            raise Malformed(f"{field} is too long or has characters that can't be printed")
        return value

    def memo(self, field: str) -> str:
        """The same of a field that only informs; "" where it isn't there or is none."""
        try:
            return self.text(field)
        except Malformed:
            return ""

    def plain(self, field: str) -> str:
        """A number as plain decimal text, without leading zeros. Raises Malformed."""
        text = self.text(field)
        try:
            sign, digits = PLAIN.fullmatch(self.number(text)).groups()  # type: ignore[union-attr]
        except (ValueError, AttributeError):
            raise Malformed(f"{field} is not a decimal number: {text[:40]!r}") from None
        return f"{sign}{digits}"

    def amount(self, field: str, *, decimals: int) -> Decimal:
        """An exact amount, signed. Raises Malformed."""
        return amounts.from_text(self.plain(field), decimals=decimals, field=field)

    def whole(self, field: str) -> int:
        """A number without decimals, signed. Raises Malformed."""
        whole, _, rest = self.plain(field).partition(".")
        if rest.strip("0"):
            raise Malformed(f"{field} is not a whole number")
        if len(whole) > amounts.LONGEST:
            raise Malformed(f"{field} is too large")
        return int(whole)

    def at(self, field: str) -> datetime | None:
        """A time, aware; None where it isn't there. Raises Malformed."""
        text = self.values.get(field, "")
        if not text:
            return None
        try:
            return self.moment(text)
        except ValueError:
            raise Malformed(f"{field} is not a time: {text[:40]!r}") from None

    def has(self, field: str) -> bool:
        return bool(self.values.get(field))


# -- What rows may say ---------------------------------------------------------------------------

CAGE_FIELDS = (
    Field(name="operation", sentence="As in transaction ids: settle, bet, ...", required=True),
    Field(name="reference", sentence="The provider's own id of it.", required=True),
    Field(name="uid", sentence="Our player.", required=True),
    Field(name="currency", sentence="The wallet's currency.", required=True),
    Field(name="debit", sentence="What the wallet loses, 0 or more.", required=True),
    Field(name="credit", sentence="What the wallet gains, 0 or more.", required=True),
    Field(name="round_id", sentence="The provider's own id of the round."),
    Field(name="occurred_at", sentence="When, by the provider's clock."),
)
TOTALS_FIELDS = (
    Field(name="currency", sentence="The wallets' currency.", required=True),
    Field(name="uid", sentence="Our player, where the sum is of one."),
    Field(name="operation", sentence="Where the sum is of one: settle, bet, ..."),
    Field(name="count", sentence="How many movements."),
    Field(name="debit", sentence="What the wallets lost, 0 or more."),
    Field(name="credit", sentence="What the wallets gained, 0 or more."),
    Field(name="net", sentence="What they gained less what they lost."),
)
OPERATION = re.compile(r"[a-z][a-z0-9._-]{0,31}", re.ASCII)
CURRENCY = msgspec.json.Decoder(Currency)


def cage_row(row: Row, *, protocol: Protocol[Any]) -> Expected:
    """The movement of a row in Cage's own layout: players and currencies are ours. Raises
    Malformed."""
    operation, currency = row.text("operation"), row.text("currency")
    if not OPERATION.fullmatch(operation):
        raise Malformed(f"operation is no word as in a transaction id: {operation[:40]!r}")
    try:
        CURRENCY.decode(msgspec.json.encode(currency))
    except msgspec.ValidationError:
        raise Malformed(f"currency is no code such as USD: {currency[:40]!r}") from None
    return Expected(
        operation=operation,
        reference=row.text("reference"),
        uid=row.text("uid", longest=64),
        currency=currency,
        debit=_not_negative(row, "debit"),
        credit=_not_negative(row, "credit"),
        round_id=row.memo("round_id"),
        occurred_at=row.at("occurred_at"),
    )


def _not_negative(row: Row, field: str) -> Decimal:
    return amounts.not_negative(row.amount(field, decimals=money.DECIMALS), field=field)


# -- From a row to a delivery and back -----------------------------------------------------------


def body(**fields: object) -> bytes:
    """The body of the delivery that a row stands for; fields that are None aren't there."""
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})


def token(row: Row, field: str) -> msgspec.Raw:
    """A number of the row, for a delivery that has it as a JSON number. Raises Malformed."""
    return msgspec.Raw(row.plain(field).encode())


def word(row: Row, field: str) -> str | None:
    """A field that only informs, None where it isn't there."""
    return row.memo(field) or None


def of(instruction: Instruction, *, occurred_at: datetime | None) -> Iterator[Expected]:
    """The movements that a decoded delivery asks for. Raises the refusal that it is declined for:
    who or what isn't known here can't be in our books."""
    if instruction.declined is not None:
        raise instruction.declined
    operation = instruction.transaction_id.partition(":")[0]
    for movement in instruction.movements:
        if movement.currency == NO_CURRENCY:
            raise UnknownCurrency("currency or player is none that is configured.")
        yield Expected(
            operation=operation,
            reference=instruction.reference,
            uid=movement.uid,
            currency=movement.currency,
            debit=movement.debit,
            credit=movement.credit,
            round_id=instruction.round_id,
            occurred_at=occurred_at,
            settles=instruction.settles,
        )


def net(one: Expected, gain: Decimal) -> Expected:
    """`one` where the row shows only what the player gained, or lost: `gain` is signed."""
    debit, credit = (-gain, money.ZERO) if gain < 0 else (money.ZERO, gain)
    return replace(one, debit=debit, credit=credit, net_only=True)
