"""What HotRoad sends, what it is told, and what can be configured: schemas, codes, settings.

What only informs has a default: it must keep nobody from being paid, and the document's own
example of a settle lacks the `roundId` that its table requires.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from providers.protocols import base, wire
from wallets import refusals

OPERATIONS = {
    "get_balance": "balance",
    "place_bet": "bet",
    "cancel_bet": "cancel_bet",
    "settle": "settle",
    "event_settle": "event",
}


class Unnamed(base.Malformed):
    sentence = "The delivery could not be understood and doesn't name its bet."


SUCCESS = "0000"
FAILED = "9999"  # "No better code": settle and cancel_bet are sent again, a bet is cancelled.
BET_FAILED = "8001"
# 4.2: 8001 says that the bet has definitely failed, and no cancel_bet follows. So these are the
# refusals that stand under the bet's id. All others hear 9999, and the cancel_bet that follows
# settles the matter: of a conflict the first copy stands and is given back; a bet that isn't
# named (or was sent by nobody that we know) may be one that stands, and if not, its cancel keeps
# it from ever standing.
BET_CODES: Mapping[type[refusals.Refusal], str] = {
    refusals.InsufficientFunds: BET_FAILED,
    refusals.UnknownPlayer: BET_FAILED,
    refusals.UnknownCurrency: BET_FAILED,
    refusals.PlayerSuspended: BET_FAILED,
    refusals.PlayerClosed: BET_FAILED,
    refusals.BetCancelled: BET_FAILED,
    refusals.Declined: BET_FAILED,
    base.Malformed: BET_FAILED,
    Unnamed: FAILED,
}
CODES: Mapping[str, Mapping[type[refusals.Refusal], str]] = {"bet": BET_CODES}


class Balance(msgspec.Struct):
    userId: wire.Uid


class PlaceBet(msgspec.Struct):
    userId: wire.Uid
    txId: wire.Id
    betAmount: str  # Includes the fee, where the game has one.
    roundId: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    gameType: Raw = wire.NOTHING
    gameCode: Raw = wire.NOTHING
    tableId: Raw = wire.NOTHING
    category: Raw = wire.NOTHING


class Named(msgspec.Struct):
    txId: wire.Id


class CancelBet(msgspec.Struct):
    """No amount is documented here: what is given back is what the bet took."""

    userId: wire.Uid
    txId: wire.Id
    roundId: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    gameType: Raw = wire.NOTHING
    gameCode: Raw = wire.NOTHING
    reason: Raw = wire.NOTHING


class Settle(msgspec.Struct):
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


class Reward(msgspec.Struct):
    userId: wire.Uid
    settleId: wire.Id
    amount: str
    eventId: Raw = wire.NOTHING
    createTime: Raw = wire.NOTHING


class EventSettle(msgspec.Struct):
    settles: Annotated[list[Reward], Meta(min_length=1)]


BALANCE = wire.Schema(Balance)
PLACE_BET = wire.Schema(PlaceBet)
NAMED = wire.Schema(Named)
CANCEL_BET = wire.Schema(CancelBet)
SETTLE = wire.Schema(Settle)
EVENT_SETTLE = wire.Schema(EventSettle)


class HotRoadSettings(base.Settings, frozen=True, kw_only=True):
    """`resend_window`, in minutes: how long they resend a settle. Their page 5.9 says, not ours.

    `unknown_bet`: what becomes of a settle whose bet never came here.
    """

    currency: base.Currency
    uid_prefix: str = ""
    unknown_bet: Literal["refuse", "pay"] = "refuse"
    decimals: base.Decimals = 4
    balance_decimals: Annotated[int, Meta(ge=0, le=4)] = 4
    resend_window: Annotated[int, Meta(ge=1, le=525_600)] | None = None
