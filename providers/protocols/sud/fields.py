"""What SUD sends, what it is told, and what can be configured: schemas, codes, settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from providers.protocols import amounts, base, wire
from wallets import refusals

EVENTS = {
    "sud.mg.merchant.match.settle": "match",
    "sud.mg.merchant.user.settle": "user_settle",
    "sud.mg.merchant.order.changed": "order",
    "sud.mg.merchant.order.batch.changed": "order_batch",
}
OF_BUY_INS = frozenset({"order", "order_batch"})
NOTHING_IN = {  # Why an event that pays may move nothing.
    "user_settle": "robots only",
    "order": "not EXECUTE_FAIL",
    "order_batch": "no EXECUTE_FAIL",
}
OTHER_EVENT = "notification"  # Moves no money, known or not: acknowledged.
# Documented calls with a URL of their own. Reports move no money and are resent for 15 hours.
CALLS = frozenset(
    {
        "get_score",
        "get_account",
        "update_score",
        "get_sstoken",
        "update_sstoken",
        "get_user_info",
        "report_game_info",
    }
)
QUERIES = frozenset({"get_score", "get_account"})
NOTED_CALLS = frozenset({"report_game_info"})
EXECUTE_FAIL = "EXECUTE_FAIL"

# Any code but 0 means failed; no list of them is documented for notifications. These small numbers
# are our own, and stay clear of SUD's 1001-1005 (tokens) and 9000-9999 (update_score).
SUCCESS = 0
FAILED = 1
NO_VERDICT = 2
CODES: Mapping[type[refusals.Refusal], int] = {
    base.Unauthentic: 3,
    base.Malformed: 4,
    base.UnknownOperation: 5,
    base.NotOffered: 6,
    refusals.UnknownPlayer: 7,
    refusals.InsufficientFunds: 8,
}

# What update_score calls by a name and a code of its own. Whether the code is the ret_code or a
# field beside it is not documented, so it stands in both. 9001 says that the order was done before:
# the same id with another score must not hear it.
DUPLICATE, DUPLICATE_TEXT = 9001, "duplicate order id"
SCORE_CODES: Mapping[type[refusals.Refusal], tuple[int, str]] = {
    refusals.InsufficientFunds: (9000, "insufficient balance"),
}

RobotOrUid = Annotated[str, Meta(max_length=64, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]
RobotOrId = Annotated[str, Meta(max_length=128, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]


class Addressed(msgspec.Struct):
    app_id: str


class Notification(msgspec.Struct):
    app_id: str
    notify_event: str
    notify_id: Raw = wire.NOTHING
    notify_time: Raw = wire.NOTHING


class Score(msgspec.Struct):
    """get_score and get_account."""

    uid: wire.Uid


class PlayerSettle(msgspec.Struct):
    uid: RobotOrUid
    is_ai: Literal[0, 1]
    score: wire.Int32
    remain_score: Raw = wire.NOTHING
    commission_score: Raw = wire.NOTHING


class Match(msgspec.Struct):
    match_id: wire.Id
    results: Annotated[list[PlayerSettle], Meta(min_length=1, max_length=1000)]
    mg_id: Raw = wire.NOTHING
    battle_end_at: Raw = wire.NOTHING


class MatchSettle(msgspec.Struct):
    data: Match


class UserSettled(msgspec.Struct):
    """A robot has no uid and may have no order."""

    uid: RobotOrUid
    is_ai: Literal[0, 1]
    score: wire.Int32
    remain_score: wire.Int32
    order_id: RobotOrId = ""
    out_order_id: RobotOrId = ""
    commission_score: Raw = wire.NOTHING


class UserSettle(msgspec.Struct):
    results: Annotated[list[UserSettled], Meta(min_length=1, max_length=1000)]
    match_id: Raw = wire.NOTHING
    mg_id: Raw = wire.NOTHING
    settle_at: Raw = wire.NOTHING


class UserSettleNotification(msgspec.Struct):
    data: UserSettle


class Order(msgspec.Struct):
    status: str


class FailedOrder(msgspec.Struct):
    """`from_uid` is the paying user."""

    out_order_id: wire.Id
    from_uid: wire.Uid
    order_id: Raw = wire.NOTHING
    to_uid: Raw = wire.NOTHING
    cmd: Raw = wire.NOTHING
    value: Raw = wire.NOTHING
    game_round_id: Raw = wire.NOTHING


class OrderChanged(msgspec.Struct):
    data: Raw


class Game(msgspec.Struct):
    mg_id: Raw = wire.NOTHING


class OrderBatch(msgspec.Struct):
    orders: Annotated[list[Raw], Meta(max_length=1000)]
    mg_id: Raw = wire.NOTHING


class OrderBatchChanged(msgspec.Struct):
    data: OrderBatch


class BuyIn(msgspec.Struct):
    """What the operator's platform says. CreateOrder: `value` has 32 bits, `out_order_id` 64
    characters at most, as a uid has."""

    uid: wire.Uid
    score: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    out_order_id: wire.Uid


class UpdateScore(msgspec.Struct):
    """The page names no smallest score, so 0 is one; what is taken has no sign of its own."""

    order_id: wire.Id
    uid: wire.Uid
    score: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    type: Literal[1, 2]
    round_id: Raw = wire.NOTHING
    mg_id: Raw = wire.NOTHING


class Consume(msgspec.Struct):
    """What has to be readable for a refusal to stand."""

    order_id: wire.Id
    type: Literal[1]


ADDRESSED = wire.Schema(Addressed)
NOTIFICATION = wire.Schema(Notification)
SCORE = wire.Schema(Score)
MATCH_SETTLE = wire.Schema(MatchSettle)
USER_SETTLE = wire.Schema(UserSettleNotification)
ORDER_CHANGED = wire.Schema(OrderChanged)
ORDER_BATCH_CHANGED = wire.Schema(OrderBatchChanged)
ORDER = wire.Schema(Order)
FAILED_ORDER = wire.Schema(FailedOrder)
GAME = wire.Schema(Game)
BUY_IN = wire.Schema(BuyIn)
UPDATE_SCORE = wire.Schema(UpdateScore)
CONSUME = wire.Schema(Consume)


class SudSettings(base.Settings, frozen=True, kw_only=True):
    """`factor` is what one point is worth in `currency`.

    `pays`: which notification of a poker table moves money; the other one is only noted.
    `credits`: the field of user.settle that is paid, what remains of a buy-in or the bare result.
    `unknown_bet`: what becomes of a user.settle whose buy-in was not taken here: what
    remains of it was never taken from the wallet.
    """

    currency: base.Currency
    app_id: str = ""
    app_secret: base.Secret = ""
    factor: Decimal = amounts.ONE
    pays: Literal["match.settle", "user.settle"] = "match.settle"
    credits: Literal["remain_score", "score"] = "remain_score"
    unknown_bet: Literal["refuse", "pay"] = "refuse"

    @property
    def takes_buy_ins(self) -> bool:
        """Whether a buy-in comes back: a bare result would charge the same loss once more."""
        return self.pays == "user.settle" and self.credits == "remain_score"
