"""BeSoft: one URL, `action` says what; a result carries bet and win in one atomic step.

Document: "Game result". It describes no authentication, so the caller's address is what counts.
`status` 1 makes the order valid on their side, anything else makes it void.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, wire
from providers.protocols.besoft import envelope, fields
from wallets import refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt


class BeSoft(base.Protocol[fields.BeSoftSettings]):
    """Their order is void once we refuse it, so a refusal stands under the order's id."""

    Settings = fields.BeSoftSettings
    refusal_means = base.RefusalMeans.VOID
    booked = ("result",)
    queries = frozenset({"balance"})
    resends = base.Resends()  # "May be sent multiple times", no more is said.

    def unwrap(self, delivery: base.Delivery) -> bytes:
        return envelope.opened(delivery)

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        # Whatever stands behind the path in the URL: an order that is refused for it would be void.
        action = fields.HEAD.read(body).action
        if action not in fields.OPERATIONS:
            raise base.UnknownOperation(f"BeSoft has no action {action}.")
        return fields.OPERATIONS[action]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "balance":
            return self._query(fields.BALANCE.read(body))
        # Whether a result charges `bet` again after an action 2 is not documented: no bets, then.
        if operation != "result":
            raise base.NotOffered(f"BeSoft {operation} is not offered.")
        try:
            return self._result(fields.RESULT.read(body))
        except base.Malformed as malformed:
            return self._malformed(body, malformed)

    def _query(self, balance: fields.Balance) -> base.Query:
        if balance.currency != self.settings.currency:
            raise refusals.UnknownCurrency("The currency is not the configured one.")
        return base.Query(uid=balance.uid, currency=self.settings.currency)

    def _result(self, result: fields.Result) -> Instruction:
        bet, win = self._amount(result.bet, "bet"), self._amount(result.win, "win")
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("result", result.transId),
            kind=Kind.BET_AND_SETTLEMENT,
            movements=(
                Movement(uid=result.uid, currency=self.settings.currency, debit=bet, credit=win),
            ),
            reference=result.transId,
            round_id=wire.memo(result.roundId, longest=128),
            game=wire.memo(result.gid),
            stake=bet,
            # spjpbet, the jackpot's part of the bet, is contained in it and moves nothing.
            details=wire.memos(spjpbet=result.spjpbet, mode=result.mode),
            occurred_at=wire.at_epoch(wire.memo(result.ts)),
            refusal_stands=True,
        )

    def _malformed(self, body: bytes, malformed: base.Malformed) -> Instruction:
        """An order that can't be read is void on their side as soon as it is refused, so that has
        to stand under its id; where not even that can be read, `malformed` is raised again."""
        try:
            named = fields.NAMED.read(body)
        except base.Malformed:
            raise malformed from None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("result", named.transId),
            kind=Kind.BET_AND_SETTLEMENT,
            movements=(),
            reference=named.transId,
            declined=malformed,
            refusal_stands=True,
        )

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        return self._success(operation, base.balance(receipts) if receipts else None)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(operation, balance)

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        return base.json_reply({"status": base.code_for(refusal, fields.CODES, fields.FAILED)})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        status = self.settings.no_verdict_status
        return (
            base.Reply(body=b"", status=503)
            if status is None
            else base.json_reply({"status": status})
        )

    def _success(self, operation: str, balance: Decimal | None) -> base.Reply:
        stated: dict[str, object] = {"action": fields.ACTIONS[operation], "status": fields.SUCCESS}
        if balance is not None:
            decimals = self.settings.balance_decimals
            if decimals is None:
                decimals = fields.BALANCE_DECIMALS[operation]
            text = amounts.shown(balance, decimals=decimals)
            stated |= {"balance": Raw(text.encode()), "currency": self.settings.currency}
        return base.json_reply(stated)

    def _amount(self, token: Raw, field: str) -> Decimal:
        value = amounts.from_number(bytes(token), decimals=self.settings.decimals, field=field)
        return amounts.not_negative(value, field=field)
