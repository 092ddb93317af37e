"""A row of SUD's report: a player's part of a match, an order of update_score, or of a buy-in.

Fields are named as in the notifications; the headings of a report are not documented.
"""

from collections.abc import Mapping

from providers.protocols import base, reports
from providers.protocols.reports import Field, Row
from wallets.instructions import Kind

FIELDS = (
    Field(
        name="operation",
        sentence="match, update_score, user_settle, buy_in, or order (of a buy-in that failed); "
        "mostly the same for a whole file.",
        required=True,
    ),
    Field(name="uid", sentence="The player; empty for a robot.", required=True),
    Field(name="match_id", sentence="Of a match: a row for each of its players."),
    Field(name="order_id", sentence="Of update_score and user_settle."),
    Field(name="out_order_id", sentence="Of a buy-in, and of the user_settle that ends it."),
    Field(
        name="score",
        sentence="Points. Of match and user_settle: gained, or lost with a minus. Of the others: "
        "how many, without a sign.",
    ),
    Field(name="remain_score", sentence="Of user_settle: what came back of the buy-in."),
    Field(name="type", sentence="Of update_score: 1 takes, 2 gives."),
    Field(name="is_ai", sentence="1 for a robot, else 0 or empty."),
    Field(name="round_id", sentence="Of update_score: the round."),
    Field(name="mg_id", sentence="The game."),
    Field(name="ended_at", sentence="When, which decides whose day it is."),
)
BOOKABLE: Mapping[str, Kind] = {
    "match": Kind.SETTLEMENT,
    "user_settle": Kind.SETTLEMENT,
    "update_score": Kind.SETTLEMENT,
    "buy_in": Kind.BET,
}
OPERATIONS = ("match", "update_score", "user_settle", "buy_in", "order")
OF_TABLES = ("match", "user_settle")
TYPES = ("1", "2")
LARGEST = {"update_score": 2**63 - 1}  # Of the others: 32 bits.


def operation(row: Row) -> str:
    """Raises Malformed."""
    word = row.text("operation")
    if word not in OPERATIONS:
        raise base.Malformed(f"operation is none of {', '.join(OPERATIONS)}: {word[:40]!r}")
    return word


def is_robots(row: Row, operation: str) -> bool:
    """Robots have no wallet, and play at tables only. Raises Malformed."""
    stated = row.memo("is_ai")
    if stated not in ("", "0", "1"):
        raise base.Malformed(f"is_ai is neither 0 nor 1: {stated[:40]!r}")
    return operation in OF_TABLES and (stated == "1" or not row.has("uid"))


def delivery(row: Row, operation: str, *, credits: str) -> bytes:
    """The body of the delivery that the row stands for, with this one player; of a buy-in, and of
    the order that failed, what the operator's platform says. `credits` is the field that a
    user_settle pays. Raises Malformed."""
    uid = row.text("uid", longest=64)
    if operation == "update_score":
        return _update(row, uid)
    if operation == "match":
        player = {"uid": uid, "is_ai": 0, "score": _points(row, "score", operation)}
        return _table(row, row.text("match_id"), player)
    if operation == "user_settle":
        return _table(row, row.memo("match_id"), _settled(row, uid, credits))
    order_id = row.text("out_order_id", longest=64)
    return reports.body(uid=uid, score=_points(row, "score", operation), out_order_id=order_id)


def _update(row: Row, uid: str) -> bytes:
    if row.text("type") not in TYPES:
        raise base.Malformed("type is neither 1 nor 2")
    return reports.body(
        order_id=row.text("order_id"),
        uid=uid,
        score=_points(row, "score", "update_score"),
        type=int(row.text("type")),
        round_id=reports.word(row, "round_id"),
        mg_id=reports.word(row, "mg_id"),
    )


def _settled(row: Row, uid: str, credits: str) -> dict[str, object]:
    """What isn't paid needs not be there."""
    points = {"score": 0, "remain_score": 0, credits: _points(row, credits, "user_settle")}
    return {
        "uid": uid,
        "is_ai": 0,
        "order_id": row.text("order_id"),
        "out_order_id": row.memo("out_order_id"),
        **points,
    }


def _table(row: Row, match_id: str, player: Mapping[str, object]) -> bytes:
    return reports.body(
        data={"mg_id": row.memo("mg_id"), "match_id": match_id, "results": [player]}
    )


def _points(row: Row, field: str, operation: str) -> int:
    points, largest = row.whole(field), LARGEST.get(operation, 2**31 - 1)
    if operation not in OF_TABLES and points < 0:
        raise base.Malformed(f"{field} is negative")
    if operation not in (*OF_TABLES, "update_score") and not points:
        raise base.Malformed(f"{field} is 0")
    if not -largest - 1 <= points <= largest:
        raise base.Malformed(f"{field} is too large")
    return points
