"""A row of JDB's report: one transfer.

Fields are named as in the pages of the actions; the headings of a report are not documented.
"""

import re
from collections.abc import Mapping

import msgspec

from providers.protocols import amounts, base, reports
from providers.protocols.jdb import fields
from providers.protocols.reports import Field, Row
from wallets import money
from wallets.instructions import Kind

FIELDS = (
    Field(
        name="action",
        sentence="Its number, 4 to 17, or Cage's word for it (settle); may be one for all rows.",
        required=True,
    ),
    Field(name="transferId", sentence="Of the transfer, as in the deliveries.", required=True),
    Field(name="uid", sentence="The player.", required=True),
    Field(name="currency", sentence="Their code for it (RB), as in the deliveries.", required=True),
    Field(name="amount", sentence="Of all actions but 8 and 4: what is moved, without a sign."),
    Field(name="bet", sentence="Of action 8, and of a 4 that cancels one: the stake."),
    Field(name="win", sentence="Of action 8, and of a 4 that cancels one: the win."),
    Field(name="netWin", sentence="Of action 8, where the report has no bet and win: both."),
    Field(name="refTransferIds", sentence="The bets that it settles: 272016, 272018."),
    Field(name="gameRoundSeqNo", sentence="Of the round."),
    Field(name="historyId", sentence="Of the round too, where there is no gameRoundSeqNo."),
    Field(name="ts", sentence="When, which decides whose day it is."),
)
BOOKABLE: Mapping[str, Kind] = {
    "bet": Kind.BET,
    "withdraw": Kind.BET,
    "bet_and_settle": Kind.BET_AND_SETTLEMENT,
    "settle": Kind.SETTLEMENT,
    "deposit": Kind.SETTLEMENT,
    "activity_reward": Kind.REWARD,
    "free_spin_reward": Kind.REWARD,
}
SETTLING = ("settle", "deposit")
NO_MONEY = ("balance", "free_spin_history")
LONG = 2**63 - 1
CODE = re.compile(r"[A-Za-z0-9]{1,10}", re.ASCII)
WORDS = {str(number): word for number, word in fields.OPERATIONS.items()}
WORDS |= {word: word for word in fields.OPERATIONS.values()}


def operation(row: Row) -> str:
    """Raises Malformed."""
    action = row.text("action")
    if action not in WORDS:
        raise base.Malformed(f"action is none that JDB has: {action[:40]!r}")
    if WORDS[action] == fields.CANCEL and not _shows_both(row):
        raise base.Malformed(
            "action 4 has no amount of its own: without bet and win it doesn't say what is undone"
        )
    return WORDS[action]


def is_net(row: Row, operation: str) -> bool:
    """Whether it shows only what the player gained."""
    return operation == "bet_and_settle" and row.has("netWin") and not _shows_both(row)


def _shows_both(row: Row) -> bool:
    return row.has("bet") and row.has("win")


def delivery(row: Row, operation: str) -> bytes:
    """The body of the delivery that the row stands for. Raises Malformed."""
    currency = row.text("currency")
    if not CODE.fullmatch(currency):
        raise base.Malformed(f"currency is no code of JDB's: {currency[:40]!r}")
    return reports.body(
        transferId=_id(row.text("transferId"), "transferId"),
        uid=row.text("uid", longest=64),
        currency=currency,
        gameRoundSeqNo=reports.word(row, "gameRoundSeqNo"),
        historyId=reports.word(row, "historyId"),
        **_amounts(row, operation),
        **_bets(row, operation),
    )


def _amounts(row: Row, operation: str) -> dict[str, object]:
    if operation != "bet_and_settle":
        return {"amount": reports.token(row, "amount")}
    if is_net(row, operation):
        return {"bet": 0, "win": 0, "netWin": 0}
    both: dict[str, object] = {name: reports.token(row, name) for name in ("bet", "win")}
    if row.has("netWin"):
        return both | {"netWin": reports.token(row, "netWin")}
    bet, win = (row.amount(name, decimals=money.DECIMALS) for name in both)
    difference = amounts.WIDE.subtract(win, bet.copy_abs())  # Whatever sign they give the stake.
    return both | {"netWin": msgspec.Raw(f"{difference:f}".encode())}


def _bets(row: Row, operation: str) -> dict[str, object]:
    """Which bets a cancel gives back changes neither its id nor its amount, so a report that
    doesn't say it is read all the same."""
    stated = row.memo("refTransferIds").replace(",", " ").replace(";", " ")
    ids = [_id(text, "refTransferIds") for text in stated.split()]
    if operation in SETTLING:
        return {"refTransferIds": ids}
    if operation == "cancel_bet":
        return {"refTransferIds": ids or [0]}
    return {"refTransferId": ids[0] if ids else 0} if operation == "cancel_withdraw" else {}


def _id(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) > LONG:
        raise base.Malformed(f"{field} is no number of a transfer: {text[:40]!r}")
    return int(text)
