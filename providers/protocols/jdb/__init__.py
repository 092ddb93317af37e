"""JDB API 2.x: one URL, one encrypted form field `x`, `action` inside; the reply is plain JSON.

Document: "Action 10: Settle". There is no signature: what decrypts to JSON
with an `action` is authentic.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, wire
from providers.protocols.jdb import envelope, fields
from wallets import refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt


class Jdb(base.Protocol[fields.JdbSettings]):
    Settings = fields.JdbSettings
    refusal_means = base.RefusalMeans.OWED
    booked = ("settle",)
    queries = frozenset({"balance"})
    # "JDB will retry every minutes for 1 hour until status 0000."
    resends = base.Resends(every=timedelta(minutes=1), window=timedelta(hours=1))

    def __init__(self, *, provider: str, settings: fields.JdbSettings) -> None:
        super().__init__(provider=provider, settings=settings)
        self._pairs = _pairs(settings)
        self._units = {
            code: unit if isinstance(unit, fields.Unit) else fields.Unit(currency=unit)
            for code, unit in settings.currencies.items()
        }

    @classmethod
    def problems(cls, settings: fields.JdbSettings) -> Iterator[base.Problem]:
        keys, vectors = base.secrets(settings.key), base.secrets(settings.iv)
        if bool(keys) != bool(vectors) or not (keys or settings.insecure):
            yield base.Problem("providers.E006", "needs `key` and `iv` (or `insecure` and neither)")
        if any(len(secret.encode()) != envelope.BLOCK for secret in keys + vectors):
            yield base.Problem(
                "providers.E007", f"`key` and `iv` must have {envelope.BLOCK} characters"
            )
        if len(vectors) not in (1, len(keys)):
            yield base.Problem("providers.E007", "needs one `iv`, or as many as there are keys")
        for code, unit in settings.currencies.items():
            if isinstance(unit, fields.Unit) and not amounts.is_factor(unit.factor):
                yield base.Problem(
                    "providers.E008", f"`factor` of {code} must be an amount above 0"
                )

    def unwrap(self, delivery: base.Delivery) -> bytes:
        """The decrypted JSON, by the first key that makes JSON with an `action` of it."""
        if self.settings.insecure and not self._pairs:
            return delivery.body
        return envelope.open_with(self._pairs, delivery.body)

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        if delivery.operation:
            raise base.UnknownOperation("JDB sends everything to one URL.")
        action = envelope.HEAD.read(body).action
        if action not in fields.OPERATIONS:
            raise base.UnknownOperation(f"JDB has no action {action}.")
        return fields.OPERATIONS[action]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "balance":
            return self._query(fields.BALANCE.read(body))
        if operation == "settle":
            return self._settle(fields.SETTLE.read(body))
        if operation in fields.NOTED:
            return base.Note(
                reference=wire.memo(envelope.HEAD.read(body).transferId), text=operation
            )
        raise base.NotOffered(f"JDB {operation} is not offered.")

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        if not receipts or (balance := base.balance(receipts)) is None:
            return base.json_reply({"status": fields.SUCCESS, "err_text": ""})
        return self._success(receipts[-1].instruction.details["currency"], balance)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(query.code, balance)

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        # Without a balance: there may be no such player, and a refusal reads the same every time.
        code = base.code_for(refusal, fields.CODES, fields.FAILED)
        status = fields.IN_PROGRESS if operation == fields.CANCEL else code
        return base.json_reply({"status": status, "err_text": type(refusal).sentence})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        # Where the action could not be read it may have been a cancellation.
        may_cancel = operation in ("", fields.CANCEL)
        status = fields.IN_PROGRESS if may_cancel else fields.FAILED
        return base.json_reply({"status": status, "err_text": "Not decided yet, send again."})

    def _query(self, balance: fields.Balance) -> base.Query:
        unit = self._units.get(balance.currency)
        if unit is None:
            raise refusals.UnknownCurrency("The currency is not configured.")
        return base.Query(uid=balance.uid, currency=unit.currency, code=balance.currency)

    def _settle(self, settle: fields.Settle) -> Instruction:
        # A code that isn't configured: unknown only if the id is, so that a resend in another
        # currency is a conflict.
        unit = self._units.get(settle.currency)
        factor = unit.factor if unit else amounts.ONE
        decimals = self.settings.decimals
        amount = amounts.from_number(bytes(settle.amount), decimals=decimals, field="amount")
        credit = amounts.in_currency(
            amounts.not_negative(amount, field="amount"), factor=factor, field="amount"
        )
        currency = unit.currency if unit else base.NO_CURRENCY
        return Instruction(
            provider=self.provider,
            # Its own id, never refTransferIds: an open round (roundClosed false) settles again.
            transaction_id=base.transaction_id("settle", settle.transferId),
            kind=Kind.SETTLEMENT,
            movements=(Movement(uid=settle.uid, currency=currency, credit=credit),),
            reference=str(settle.transferId),
            round_id=wire.memo(settle.gameRoundSeqNo, longest=128),
            game=wire.memo(settle.mType),
            stake=amounts.stated(wire.memo(settle.bet), decimals=decimals, factor=factor),
            details={"currency": settle.currency}
            | wire.memos(
                validBet=settle.validBet,
                win=settle.win,
                netWin=settle.netWin,
                tax=settle.tax,
                commission=settle.commission,
                historyId=settle.historyId,
                roundClosed=settle.roundClosed,
            ),
            settles=tuple(
                base.transaction_id("bet", bet) for bet in wire.memo_list(settle.refTransferIds)
            ),
            occurred_at=wire.at_epoch(wire.memo(settle.ts)),
            declined=None if unit else refusals.UnknownCurrency(),
        )

    def _success(self, code: str, balance: Decimal) -> base.Reply:
        # Two of their codes may be one currency in different units (VN and VNO).
        text = amounts.shown(
            balance, decimals=self.settings.balance_decimals, factor=self._units[code].factor
        )
        shown = text if self.settings.balance_as == "string" else Raw(text.encode())
        return base.json_reply({"status": fields.SUCCESS, "balance": shown, "err_text": ""})


def _pairs(settings: fields.JdbSettings) -> tuple[tuple[bytes, bytes], ...]:
    keys, vectors = base.secrets(settings.key), base.secrets(settings.iv)
    if len(vectors) == 1:
        vectors *= len(keys)
    return tuple((key.encode(), iv.encode()) for key, iv in zip(keys, vectors, strict=False))
