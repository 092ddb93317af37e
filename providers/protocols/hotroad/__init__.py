"""HotRoad Gaming: one URL an operation, plain JSON, all money as strings.

Documents: "4.2 Place Bet" to "4.5 Event Settle", "5.9 Retry Mechanism". They describe no
authentication, so the caller's address is what counts.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from providers.protocols import amounts, base, reports, wire
from providers.protocols.hotroad import clock, fields, meanings, policies, report
from providers.protocols.meanings import Meaning, meaning
from providers.protocols.reports import Expected, Row
from wallets import money, refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt


class HotRoad(base.Protocol[fields.HotRoadSettings]):
    """One txId names a bet, its cancel and its settle; the operation tells them apart."""

    Settings = fields.HotRoadSettings
    refusal_means = base.RefusalMeans.OWED
    booked = ("bet", "cancel_bet", "settle", "event")
    queries = frozenset({"balance"})
    rounds = (policies.BETS,)
    report_zone = "Etc/GMT-8"  # Their clock is GMT+8.
    report_fields = report.FIELDS
    bookable = {
        "bet": Kind.BET,
        "settle": Kind.SETTLEMENT,
        "event": Kind.REWARD,
    }

    def __init__(self, *, provider: str, settings: fields.HotRoadSettings) -> None:
        super().__init__(provider=provider, settings=settings)
        minutes = settings.resend_window
        self.resends = {
            "settle": base.Resends(window=timedelta(minutes=minutes) if minutes else None),
            "cancel_bet": base.Resends(window=timedelta(hours=3)),  # 5.9
        }
        self._meanings: Mapping[str, Callable[[bytes], base.Meaning]] = {
            "balance": self._query,
            "bet": self._bet,
            "cancel_bet": self._cancel_bet,
            "settle": self._settle,
            "event": self._event,
        }

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        if delivery.operation not in fields.OPERATIONS:
            raise base.UnknownOperation("HotRoad has no such operation.")
        return fields.OPERATIONS[delivery.operation]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        return self._meanings[operation](body)

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        if not receipts or (balance := base.balance(receipts)) is None:
            return base.json_reply({"code": fields.SUCCESS})
        return self._success(balance, at=receipts[-1].decided_at)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(balance, at=at)

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        code = base.code_for(refusal, fields.CODES.get(operation, {}), fields.FAILED)
        return base.json_reply({"code": code, "desc": type(refusal).sentence})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        return base.json_reply({"code": fields.FAILED, "desc": "Not decided yet, send again."})

    def meaning_of(self, operation: str, body: bytes, status: int) -> Meaning:
        return meaning(body, status, field=meanings.FIELD, codes=meanings.codes(operation))

    def _success(self, balance: Decimal, *, at: datetime) -> base.Reply:
        text = amounts.shown(balance, decimals=self.settings.balance_decimals)
        return base.json_reply(
            {"code": fields.SUCCESS, "balanceTs": clock.shown(at), "balance": text}
        )

    # -- Statements ----------------------------------------------------------------------------

    def handles(self, operation: str) -> bool:
        elsewhere = self.settings.unknown_bet == "pay" and operation in ("bet", "cancel_bet")
        return super().handles(operation) and not elsewhere

    @property
    def records_bets(self) -> bool:
        # `unknown_bet` is our option: "pay" is for wallets whose bets don't pass through here.
        return self.settings.unknown_bet != "pay"

    def expected(self, row: Row) -> tuple[Expected, ...]:
        at = row.at("betTime")
        found: list[Expected] = []
        for operation, body in report.deliveries(row):
            meaning = self._meanings[operation](body)
            instructions = meaning if isinstance(meaning, tuple) else (meaning,)
            for one in instructions:
                assert isinstance(one, Instruction)
                found += reports.of(one, occurred_at=at)
        return tuple(found)

    def settled_by(self, expected: Expected) -> tuple[str, ...]:
        is_settle = expected.operation == "settle"
        return (base.transaction_id("bet", expected.reference),) if is_settle else ()

    # -- What each operation means -------------------------------------------------------------

    def _query(self, body: bytes) -> base.Query:
        uid = self._uid(fields.BALANCE.read(body).userId)
        if uid is None:
            raise refusals.UnknownPlayer
        return base.Query(uid=uid, currency=self.settings.currency)

    def _bet(self, body: bytes) -> Instruction:
        try:
            return self._placed(fields.PLACE_BET.read(body))
        except base.Malformed as malformed:
            return self._malformed_bet(body, malformed)

    def _placed(self, bet: fields.PlaceBet) -> Instruction:
        stake = self._amount(bet.betAmount, field="betAmount")
        if not stake:
            raise base.Malformed("betAmount is 0")
        movement = self._movement(bet.userId, debit=stake)
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("bet", bet.txId),
            kind=Kind.BET,
            movements=(movement,),
            reference=bet.txId,
            round_id=wire.memo(bet.roundId, longest=128),
            game=wire.memo(bet.gameCode),
            stake=stake,
            details=wire.memos(gameType=bet.gameType, tableId=bet.tableId, category=bet.category),
            occurred_at=clock.moment(wire.memo(bet.ts)),
            declined=_stranger(movement),
            refusal_stands=True,
        )

    def _malformed_bet(self, body: bytes, malformed: base.Malformed) -> Instruction:
        """8001 is final, so the refusal has to stand under the bet's id. Raises Unnamed."""
        try:
            named = fields.NAMED.read(body)
        except base.Malformed:
            raise fields.Unnamed(str(malformed)) from None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("bet", named.txId),
            kind=Kind.BET,
            movements=(),
            reference=named.txId,
            declined=malformed,
            refusal_stands=True,
        )

    def _cancel_bet(self, body: bytes) -> Instruction:
        cancel = fields.CANCEL_BET.read(body)
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("cancel_bet", cancel.txId),
            kind=Kind.ROLLBACK,
            # Not declined for a stranger: 4.3 wants 0000 for whatever doesn't stand.
            movements=(self._movement(cancel.userId),),
            reference=cancel.txId,
            round_id=wire.memo(cancel.roundId, longest=128),
            game=wire.memo(cancel.gameCode),
            details=wire.memos(gameType=cancel.gameType, reason=cancel.reason),
            cancels=(base.transaction_id("bet", cancel.txId),),
            occurred_at=clock.moment(wire.memo(cancel.ts)),
        )

    def _settle(self, body: bytes) -> Instruction:
        settle = fields.SETTLE.read(body)
        win = self._amount(settle.winAmount, field="winAmount")
        movement = self._movement(settle.userId, credit=win)
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("settle", settle.txId),
            kind=Kind.SETTLEMENT,
            movements=(movement,),
            reference=settle.txId,
            round_id=wire.memo(settle.roundId, longest=128),
            game=wire.memo(settle.gameCode),
            stake=amounts.stated(wire.memo(settle.betAmount), decimals=self.settings.decimals),
            # Whether commission is paid on top of winAmount is not documented: it is not.
            details=wire.memos(
                gameType=settle.gameType,
                validBetAmount=settle.validBetAmount,
                commission=settle.commission,
                fee=settle.fee,
                odds=settle.odds,
                status=settle.status,
            ),
            settles=(base.transaction_id("bet", settle.txId),),
            needs_bets=self.settings.unknown_bet == "refuse",
            occurred_at=clock.moment(wire.memo(settle.ts)),
            declined=_stranger(movement),
        )

    def _event(self, body: bytes) -> tuple[Instruction, ...]:
        rewards = fields.EVENT_SETTLE.read(body).settles
        # "Every settle's unique id": which of two with one id is meant can't be known.
        if len({reward.settleId for reward in rewards}) != len(rewards):
            raise base.Malformed("a settleId stands there twice")
        return tuple(map(self._reward, rewards))

    def _reward(self, reward: fields.Reward) -> Instruction:
        movement = self._movement(reward.userId, credit=self._amount(reward.amount, field="amount"))
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("event", reward.settleId),
            kind=Kind.REWARD,
            movements=(movement,),
            reference=reward.settleId,
            details=wire.memos(eventId=reward.eventId),
            occurred_at=clock.moment(wire.memo(reward.createTime)),
            declined=_stranger(movement),
        )

    # -- Amounts and players -------------------------------------------------------------------

    def _amount(self, text: str, *, field: str) -> Decimal:
        value = amounts.from_text(text, decimals=self.settings.decimals, field=field)
        return amounts.not_negative(value, field=field)

    def _movement(
        self, user_id: str, *, debit: Decimal = money.ZERO, credit: Decimal = money.ZERO
    ) -> Movement:
        """A user without our prefix is none of our players: unknown only if the id is, so that a
        resend for another user is a conflict."""
        uid, currency = self._uid(user_id), self.settings.currency
        if uid is None:
            uid, currency = user_id, base.NO_CURRENCY
        return Movement(uid=uid, currency=currency, debit=debit, credit=credit)

    def _uid(self, user_id: str) -> str | None:
        """Our player's uid; None where their id lacks the prefix, or is nothing else."""
        prefix = self.settings.uid_prefix
        return user_id.removeprefix(prefix) or None if user_id.startswith(prefix) else None


def _stranger(movement: Movement) -> refusals.Refusal | None:
    """Why a movement of nobody that we know is declined; None for a player's."""
    return refusals.UnknownPlayer() if movement.currency == base.NO_CURRENCY else None
