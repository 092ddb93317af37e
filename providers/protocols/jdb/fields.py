"""What JDB sends: one struct for each shape of an action, and which operation an action is."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Raw

from providers.protocols import wire

CANCEL = "cancel_bet_and_settle"
OPERATIONS = {
    4: CANCEL,
    6: "balance",
    8: "bet_and_settle",
    9: "bet",
    10: "settle",
    11: "cancel_bet",
    12: "activity_reward",
    13: "withdraw",
    14: "deposit",
    15: "cancel_withdraw",
    16: "free_spin_reward",
    17: "free_spin_history",
}

# One of theirs, two or three letters (RB, USD, VNO): what it means is configured.
Code = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9]{1,10}\Z")]
MOST = 10_000  # Bets in one cancel, as in one settlement.


class Balance(msgspec.Struct):
    """Action 6. Whichever game asks (999: none, the lobby), a player has one balance."""

    uid: wire.Uid
    currency: Code


class Order(msgspec.Struct, kw_only=True):
    """What every action that moves money says; action 4 says no more.

    What only informs has a default: it must not keep a player from being paid, nor fail a bet.
    `memos` are those of them that are kept under their own names.
    """

    memos: ClassVar[tuple[str, ...]] = ()

    transferId: wire.Long
    uid: wire.Uid
    currency: Code
    gameRoundSeqNo: Raw = wire.NOTHING
    historyId: Raw = wire.NOTHING
    mType: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING


class Stake(Order, kw_only=True):
    """Actions 9 and 13."""

    amount: Raw


class BetAndSettle(Order, kw_only=True):
    """Action 8. `mb` is the balance that the bet needs."""

    memos = ("mb", "netWin", "denom", "jackpotWin", "jackpotContribute", "roomType")

    bet: Raw
    win: Raw
    netWin: Raw
    mb: Raw = wire.NOTHING
    denom: Raw = wire.NOTHING
    jackpotWin: Raw = wire.NOTHING
    jackpotContribute: Raw = wire.NOTHING
    roomType: Raw = wire.NOTHING


class Settle(Order, kw_only=True):
    """Action 10."""

    memos = ("validBet", "win", "netWin", "tax", "commission", "historyId", "roundClosed")

    amount: Raw
    refTransferIds: Raw = wire.NOTHING
    bet: Raw = wire.NOTHING
    validBet: Raw = wire.NOTHING
    win: Raw = wire.NOTHING
    netWin: Raw = wire.NOTHING
    tax: Raw = wire.NOTHING
    commission: Raw = wire.NOTHING
    roundClosed: Raw = wire.NOTHING


class Deposit(Order, kw_only=True):
    """Action 14."""

    memos = ("totalBet", "totalWin")

    amount: Raw
    refTransferIds: Raw = wire.NOTHING
    totalBet: Raw = wire.NOTHING
    totalWin: Raw = wire.NOTHING


class CancelBet(Order, kw_only=True):
    """Action 11. Which bets it cancels is insisted on: nothing else says what to give back."""

    amount: Raw
    refTransferIds: Annotated[list[wire.Long], Meta(min_length=1, max_length=MOST)]


class CancelWithdraw(Order, kw_only=True):
    """Action 15."""

    amount: Raw
    refTransferId: wire.Long


class Reward(Order, kw_only=True):
    """Actions 12 and 16."""

    memos = (
        *("activityNo", "activityName", "activityDate"),
        *("eventId", "accumulatedTurnover", "accumulatedWin", "cashoutTime"),
    )

    amount: Raw
    activityNo: Raw = wire.NOTHING
    activityName: Raw = wire.NOTHING
    activityDate: Raw = wire.NOTHING
    eventId: Raw = wire.NOTHING
    accumulatedTurnover: Raw = wire.NOTHING
    accumulatedWin: Raw = wire.NOTHING
    cashoutTime: Raw = wire.NOTHING


class Named(msgspec.Struct):
    """The least that must be readable of a bet, so that its refusal can stand."""

    transferId: wire.Long


BALANCE = wire.Schema(Balance)
NAMED = wire.Schema(Named)
