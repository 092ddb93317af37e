"""What SUD sends, what it is told, and what can be configured: schemas, codes, settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from providers.protocols import amounts, base, wire
from wallets import refusals

# match.settle pays. user.settle says the same of one player, and never both may pay.
EVENTS = {
    "sud.mg.merchant.match.settle": "match",
    "sud.mg.merchant.user.settle": "user_settle",
    "sud.mg.merchant.order.changed": "order",
    "sud.mg.merchant.order.batch.changed": "order_batch",
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

RobotOrUid = Annotated[str, Meta(max_length=64, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]


class Addressed(msgspec.Struct):
    app_id: str


class Notification(msgspec.Struct):
    app_id: str
    notify_event: str
    notify_id: Raw = wire.NOTHING


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


ADDRESSED = wire.Schema(Addressed)
NOTIFICATION = wire.Schema(Notification)
SCORE = wire.Schema(Score)
MATCH_SETTLE = wire.Schema(MatchSettle)


class SudSettings(base.Settings, frozen=True, kw_only=True):
    """`factor` is what one point is worth in `currency`."""

    currency: base.Currency
    app_id: str = ""
    app_secret: base.Secret = ""
    factor: Decimal = amounts.ONE
