"""A row of BeSoft's report: one order, with its bet and its win.

Fields are named as in "Game result" and "Placing a bet"; the headings of a report are not
documented.
"""

from providers.protocols import base, reports
from providers.protocols.besoft import fields
from providers.protocols.reports import Field, Row

FIELDS = (
    Field(name="transId", sentence="Of the order.", required=True),
    Field(name="uid", sentence="The player.", required=True),
    Field(name="bet", sentence="The stake."),
    Field(name="win", sentence="The win."),
    Field(name="net", sentence="Win less bet, where the report shows no more than that."),
    Field(name="action", sentence="2 for a bet by itself. Empty: 3, a result."),
    Field(name="gid", sentence="The game; needed where `bets` names games."),
    Field(name="roundId", sentence="Of the round."),
    Field(name="ts", sentence="When, which decides whose day it is."),
)
ACTIONS = {"2": "bet", "3": "result", "": "result"}


def operation(row: Row) -> str:
    """Raises Malformed."""
    action = row.memo("action")
    if action not in ACTIONS:
        raise base.Malformed(f"action is neither 2 nor 3: {action[:40]!r}")
    return ACTIONS[action]


def is_net(row: Row) -> bool:
    """Whether it shows only what the player gained."""
    return row.has("net") and not row.has("bet") and not row.has("win")


def delivery(row: Row, operation: str) -> bytes:
    """The body of the delivery that the row stands for; of one that shows only a difference,
    without amounts. Raises Malformed."""
    names = ("bet",) if operation == "bet" else ("bet", "win")
    stated = {name: 0 if is_net(row) else reports.token(row, name) for name in names}
    return reports.body(
        action=fields.ACTIONS[operation],
        transId=row.text("transId"),
        uid=row.text("uid", longest=64),
        gid=reports.word(row, "gid"),
        roundId=reports.word(row, "roundId"),
        **stated,
    )
