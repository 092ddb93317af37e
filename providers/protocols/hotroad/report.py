"""A row of HotRoad's report: a bet and its payout, or a reward of an event.

Fields are named as in "4.2 Place Bet", "4.4 Settle" and "4.5 Event Settle"; the headings of a
report are not documented.
"""

from collections.abc import Iterator

from providers.protocols import base, reports
from providers.protocols.reports import Field, Row

FIELDS = (
    Field(name="txId", sentence="Of a bet and of its payout: one row has both."),
    Field(name="settleId", sentence="Of an event's reward, which is no bet."),
    Field(name="userId", sentence="With the prefix that they use.", required=True),
    Field(name="betAmount", sentence="The stake. Empty: the row says nothing of it."),
    Field(name="winAmount", sentence="The payout, stake included. Empty: not settled yet."),
    Field(name="amount", sentence="Of an event's reward."),
    Field(name="roundId", sentence="Of the round."),
    Field(name="betTime", sentence="When, which decides whose day it is."),
)


def deliveries(row: Row) -> Iterator[tuple[str, bytes]]:
    """The operation and body of each delivery that the row stands for. Raises Malformed."""
    if row.has("settleId") and row.has("txId"):
        raise base.Malformed("settleId stands beside a txId: is it a reward or a bet?")
    if row.has("settleId"):
        reward = {
            "settleId": row.text("settleId"),
            "userId": row.text("userId", longest=64),
            "amount": row.plain("amount"),
        }
        yield "event", reports.body(settles=[reward])
        return
    about = {
        "txId": row.text("txId"),
        "userId": row.text("userId", longest=64),
        "roundId": reports.word(row, "roundId"),
    }
    stated = {name: row.plain(name) for name in ("betAmount", "winAmount") if row.has(name)}
    if not stated:
        raise base.Malformed("betAmount and winAmount are empty: the row moves nothing")
    if "betAmount" in stated:
        yield "bet", reports.body(**about, betAmount=stated["betAmount"])
    if "winAmount" in stated:
        yield "settle", reports.body(**about, winAmount=stated["winAmount"])
