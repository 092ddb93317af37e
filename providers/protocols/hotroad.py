"""HotRoad Gaming: one URL an operation, plain JSON, all money as strings.

Document: "4.4 Settle". It describes no authentication, so the caller's address is what counts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from providers.protocols import amounts, base, wire
from wallets import refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt

OPERATIONS = {
    "get_balance": "balance",
    "place_bet": "bet",
    "cancel_bet": "cancel_bet",
    "settle": "settle",
    "event_settle": "event",
}

SUCCESS = "0000"
FAILED = "9999"  # "No better code": settle and cancel_bet are sent again.
# 8001 says that the bet has definitely failed, for whatever reason, and no cancel_bet follows.
# Any other code would make one follow.
REFUSED = {"bet": "8001"}

GMT8 = timezone(timedelta(hours=8))


class Balance(msgspec.Struct):
    userId: wire.Uid


class Cancel(msgspec.Struct):
    txId: Raw = wire.NOTHING


class Settle(msgspec.Struct):
    """What only informs has a default: the document's own example lacks `roundId`."""

    userId: wire.Uid
    txId: wire.Id
    winAmount: str
    betAmount: Raw = wire.NOTHING
    roundId: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    gameType: Raw = wire.NOTHING
    gameCode: Raw = wire.NOTHING
    validBetAmount: Raw = wire.NOTHING
    odds: Raw = wire.NOTHING
    status: Raw = wire.NOTHING
    commission: Raw = wire.NOTHING
    fee: Raw = wire.NOTHING


BALANCE = wire.Schema(Balance)
CANCEL = wire.Schema(Cancel)
SETTLE = wire.Schema(Settle)


class HotRoadSettings(base.Settings, frozen=True, kw_only=True):
    """`resend_window`, in minutes: how long they resend a settle. Their page 5.9 says, not ours."""

    currency: base.Currency
    uid_prefix: str = ""
    decimals: base.Decimals = 4
    balance_decimals: Annotated[int, Meta(ge=0, le=4)] = 4
    resend_window: Annotated[int, Meta(ge=1, le=525_600)] | None = None


class HotRoad(base.Protocol[HotRoadSettings]):
    Settings = HotRoadSettings
    refusal_means = base.RefusalMeans.OWED
    booked = ("settle",)
    queries = frozenset({"balance"})

    def __init__(self, *, provider: str, settings: HotRoadSettings) -> None:
        super().__init__(provider=provider, settings=settings)
        minutes = settings.resend_window
        self.resends = base.Resends(window=timedelta(minutes=minutes) if minutes else None)

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        if delivery.operation not in OPERATIONS:
            raise base.UnknownOperation("HotRoad has no such operation.")
        return OPERATIONS[delivery.operation]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "balance":
            return self._query(BALANCE.read(body))
        if operation == "settle":
            return self._settle(SETTLE.read(body))
        # No bet stands in the books yet: "the bet is known to have failed" is answered 0000.
        if operation == "cancel_bet":
            return base.Note(reference=wire.memo(CANCEL.read(body).txId), text=operation)
        raise base.NotOffered(f"HotRoad {operation} is not offered.")

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        if not receipts or (balance := base.balance(receipts)) is None:
            return base.json_reply({"code": SUCCESS})
        return self._success(balance, at=receipts[-1].decided_at)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(balance, at=at)

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        code = REFUSED.get(operation, FAILED)
        return base.json_reply({"code": code, "desc": type(refusal).sentence})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        return base.json_reply({"code": FAILED, "desc": "Not decided yet, send again."})

    def _success(self, balance: Decimal, *, at: datetime) -> base.Reply:
        text = amounts.shown(balance, decimals=self.settings.balance_decimals)
        return base.json_reply({"code": SUCCESS, "balanceTs": _clock(at), "balance": text})

    def _query(self, balance: Balance) -> base.Query:
        uid = self._uid(balance.userId)
        if uid is None:
            raise refusals.UnknownPlayer
        return base.Query(uid=uid, currency=self.settings.currency)

    def _settle(self, settle: Settle) -> Instruction:
        decimals = self.settings.decimals
        win = amounts.from_text(settle.winAmount, decimals=decimals, field="winAmount")
        movement = self._movement(settle.userId, amounts.not_negative(win, field="winAmount"))
        return Instruction(
            provider=self.provider,
            # One txId names bet, settle and cancel; the operation tells them apart.
            transaction_id=base.transaction_id("settle", settle.txId),
            kind=Kind.SETTLEMENT,
            movements=(movement,),
            reference=settle.txId,
            round_id=wire.memo(settle.roundId, longest=128),
            game=wire.memo(settle.gameCode),
            stake=amounts.stated(wire.memo(settle.betAmount), decimals=decimals),
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
            occurred_at=_moment(wire.memo(settle.ts)),
            declined=refusals.UnknownPlayer() if movement.currency == base.NO_CURRENCY else None,
        )

    def _movement(self, user_id: str, win: Decimal) -> Movement:
        """A user without our prefix is none of our players: unknown only if the id is, so that a
        resend for another user is a conflict."""
        uid = self._uid(user_id)
        if uid is None:
            return Movement(uid=user_id, currency=base.NO_CURRENCY, credit=win)
        return Movement(uid=uid, currency=self.settings.currency, credit=win)

    def _uid(self, user_id: str) -> str | None:
        """Our player's uid; None where their id lacks the prefix, or is nothing else."""
        prefix = self.settings.uid_prefix
        return user_id.removeprefix(prefix) or None if user_id.startswith(prefix) else None


def _moment(text: str) -> datetime | None:
    """A time as 2022-10-14T23:00:00.000+0800, GMT+8 where no zone is written; None if it isn't."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not wire.FIRST_YEAR <= moment.year <= wire.LAST_YEAR:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=GMT8)).astimezone(UTC)


def _clock(at: datetime) -> str:
    """28 characters in GMT+8: 2022-10-14T23:00:00.000+0800."""
    return at.astimezone(GMT8).isoformat(timespec="milliseconds").replace("+08:00", "+0800")
