"""Instructions of one configured provider: what the orders of all actions have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import Raw

from providers.protocols import amounts, base, wire
from providers.protocols.jdb import fields
from providers.protocols.jdb.configuration import JdbSettings, Unit
from wallets import refusals
from wallets.instructions import Instruction, Kind, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes instructions of orders. `units` are what the provider's currency codes mean."""

    provider: str
    settings: JdbSettings
    units: Mapping[str, Unit]

    def make(
        self,
        operation: str,
        order: fields.Order,
        *,
        kind: Kind,
        move: Mapping[str, Decimal],
        **more: Any,
    ) -> Instruction:
        """The instruction of `order`, under its own id, with one movement: `move`."""
        unit = self.units.get(order.currency)
        currency = unit.currency if unit else base.NO_CURRENCY
        memos = {name: getattr(order, name) for name in order.memos}
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id(operation, order.transferId),
            kind=kind,
            movements=(Movement(uid=order.uid, currency=currency, **move),),
            reference=str(order.transferId),
            round_id=wire.memo(order.gameRoundSeqNo, longest=128)
            or wire.memo(order.historyId, longest=128),
            game=wire.memo(order.mType),
            details={"currency": order.currency} | wire.memos(**memos),
            occurred_at=wire.at_epoch(wire.memo(order.ts)),
            **more,
        )

    def failed(
        self, operation: str, body: bytes, malformed: base.Malformed, *, kind: Kind
    ) -> Instruction:
        """A refusal that stands under the order's id, of which no more may be readable.

        Raises `malformed` where not even that is.
        """
        try:
            named = fields.NAMED.read(body)
        except base.Malformed:
            raise malformed from None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id(operation, named.transferId),
            kind=kind,
            movements=(),
            reference=str(named.transferId),
            declined=malformed,
            refusal_stands=True,
        )

    def unknown_currency(self, order: fields.Order) -> refusals.Refusal | None:
        """Of a code that isn't configured: unknown only if the id is, so that a resend in another
        currency is a conflict."""
        return None if order.currency in self.units else refusals.UnknownCurrency()

    def amount(self, order: fields.Order, field: str) -> Decimal:
        """An amount of `order` as money, signed. Raises Malformed."""
        token = bytes(getattr(order, field))
        value = amounts.from_number(token, decimals=self.settings.decimals, field=field)
        return amounts.in_currency(value, factor=self._factor(order), field=field)

    def positive(self, order: fields.Order, field: str) -> Decimal:
        """An amount that "will always be positive". Raises Malformed."""
        value = self.amount(order, field)
        if value <= 0:
            raise base.Malformed(f"{field} is not above 0")
        return value

    def stated(self, order: fields.Order, token: Raw) -> Decimal | None:
        """An amount that only informs, as money; None if it isn't a usable one."""
        text, decimals = wire.memo(token), self.settings.decimals
        return amounts.stated(text, decimals=decimals, factor=self._factor(order))

    def _factor(self, order: fields.Order) -> Decimal:
        unit = self.units.get(order.currency)
        return unit.factor if unit else amounts.ONE
