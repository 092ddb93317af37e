"""BeSoft: one URL, `action` says what; a result carries bet and win in one atomic step.

Documents: "Game result", "Placing a bet". They describe no authentication, so the caller's address
is what counts.
`status` 1 makes the order valid on their side, anything else makes it void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, reports, wire
from providers.protocols.besoft import envelope, fields, meanings, policies, report
from providers.protocols.meanings import Meaning, meaning
from providers.protocols.reports import Expected, Row
from wallets import money, refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt


class BeSoft(base.Protocol[fields.BeSoftSettings]):
    """Their order is void once we refuse it, so a refusal stands under the order's id."""

    Settings = fields.BeSoftSettings
    refusal_means = base.RefusalMeans.VOID
    booked = ("bet", "result")
    queries = frozenset({"balance"})
    resends: Mapping[str, base.Resends] = {}  # "May be sent multiple times", no more is said.
    rounds = policies.FAMILIES
    report_fields = report.FIELDS
    bookable = fields.KINDS

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
        try:
            return self._bet(body) if operation == "bet" else self._result(body)
        except base.Malformed as malformed:
            return self._malformed(operation, body, malformed)

    def _query(self, balance: fields.Balance) -> base.Query:
        if balance.currency != self.settings.currency:
            raise refusals.UnknownCurrency("The currency is not the configured one.")
        return base.Query(uid=balance.uid, currency=self.settings.currency)

    def _bet(self, body: bytes) -> Instruction:
        bet = fields.BET.read(body)
        stake = self._amount(bet.bet, "bet")
        if not stake:
            raise base.Malformed("bet is 0")
        offered = self._stake(body) is not None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("bet", bet.transId),
            kind=Kind.BET,
            movements=(Movement(uid=bet.uid, currency=self.settings.currency, debit=stake),),
            reference=bet.transId,
            round_id=wire.memo(bet.roundId, longest=128),
            game=wire.memo(bet.gid),
            stake=stake,
            details=wire.memos(mode=bet.mode),
            occurred_at=wire.at_epoch(wire.memo(bet.ts)),
            declined=None if offered else base.NotOffered("The game is not configured for bets."),
            refusal_stands=True,
        )

    def _result(self, body: bytes) -> Instruction:
        """Which bets it settles is not documented, so it names none: they share the round."""
        result = fields.RESULT.read(body)
        bet, win = self._amount(result.bet, "bet"), self._amount(result.win, "win")
        taken = self._stake(body) == "taken"
        debit = money.ZERO if taken else bet
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("result", result.transId),
            kind=Kind.SETTLEMENT if taken else Kind.BET_AND_SETTLEMENT,
            movements=(
                Movement(uid=result.uid, currency=self.settings.currency, debit=debit, credit=win),
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

    def _stake(self, body: bytes) -> fields.Stake | None:
        """What `bets` says of the game. Where it says something, the game decides about money, so
        a delivery that doesn't name it is malformed: a stake is never charged twice by guess."""
        if not self.settings.bets:
            return None
        return self.settings.stake_in(fields.PLAYED.read(body).gid)

    def _malformed(self, operation: str, body: bytes, malformed: base.Malformed) -> Instruction:
        """An order that can't be read is void on their side as soon as it is refused, so that has
        to stand under its id; where not even that can be read, `malformed` is raised again."""
        try:
            named = fields.NAMED.read(body)
        except base.Malformed:
            raise malformed from None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id(operation, named.transId),
            kind=fields.KINDS[operation],
            movements=(),
            reference=named.transId,
            declined=malformed,
            refusal_stands=True,
        )

    # -- Statements ----------------------------------------------------------------------------

    def handles(self, operation: str) -> bool:
        return super().handles(operation) and (operation != "bet" or bool(self.settings.bets))

    def expected(self, row: Row) -> tuple[Expected, ...]:
        operation = report.operation(row)
        body = report.delivery(row, operation)
        meaning = self._result(body) if operation == "result" else self._bet(body)
        # Whether its bets are offered is a matter of `handles`.
        asked = replace(meaning, declined=None)
        (one,) = reports.of(asked, occurred_at=row.at("ts"))
        return (self._net(row, one, asked.kind),) if report.is_net(row) else (one,)

    def kind_of(self, expected: Expected) -> Kind | None:
        # The report doesn't keep the game; of one whose bets are taken a result debits nothing.
        pays_only = "taken" in self.settings.bets.values() and not expected.debit
        if expected.operation == "result" and pays_only:
            return Kind.SETTLEMENT
        return super().kind_of(expected)

    def _net(self, row: Row, one: Expected, kind: Kind) -> Expected:
        if kind is Kind.SETTLEMENT:
            raise base.Malformed("net says nothing of the win alone: this game's bets are apart")
        gain = row.amount("net", decimals=self.settings.decimals)
        return reports.net(one, gain)

    # -- Replies -------------------------------------------------------------------------------

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

    def meaning_of(self, operation: str, body: bytes, status: int) -> Meaning:
        told = meanings.codes(self.settings.no_verdict_status)
        return meaning(body, status, field=meanings.FIELD, codes=told)

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
