"""JDB's deliveries that move money: what its pages print, and one that they don't."""

import json
from collections.abc import Mapping
from typing import Any

from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import Sent, altered, send

SETTLE = senders.verbatim("jdb", "settle")
BET = senders.verbatim("jdb", "bet")
CANCEL_BET = senders.verbatim("jdb", "cancel_bet")
WITHDRAW = senders.verbatim("jdb", "withdraw")
DEPOSIT = senders.verbatim("jdb", "deposit")
CANCEL_WITHDRAW = senders.verbatim("jdb", "cancel_withdraw")
CANCEL = senders.verbatim("jdb", "cancel_bet_and_settle")
ACTIVITY_REWARD = senders.verbatim("jdb", "activity_reward")
FREE_SPIN_REWARD = senders.verbatim("jdb", "free_spin_reward")
FREE_SPIN_HISTORY = senders.verbatim("jdb", "free_spin_history")

# No example of an action 8 was found. This one is made up from the table of its page, with the
# ids and the player of the page of action 4, which cancels it.
BET_AND_SETTLE = json.dumps(
    {
        "action": 8,
        "ts": 1447452891820,
        "transferId": 123456789,
        "historyId": "5250145705663",
        "uid": "testpl01",
        "gType": 0,
        "mType": 8001,
        "reportDate": "13-11-2015",
        "gameDate": "13-11-2015 18:14:51",
        "currency": "RB",
        "bet": -10.0,
        "mb": 10.0,
        "win": 4.5,
        "netWin": -5.5,
        "denom": 0.01,
        "ipAddress": "127.0.0.1",
        "clientType": "WEB",
        "systemTakeWin": 0,
        "lastModifyTime": "13-11-2015 18:14:51",
        "jackpotWin": 0,
        "jackpotContribute": -0.05,
        "hasFreegame": 0,
    }
).encode()

ORDERS: Mapping[str, bytes] = {
    "cancel_bet_and_settle": CANCEL,
    "bet_and_settle": BET_AND_SETTLE,
    "bet": BET,
    "settle": SETTLE,
    "cancel_bet": CANCEL_BET,
    "activity_reward": ACTIVITY_REWARD,
    "withdraw": WITHDRAW,
    "deposit": DEPOSIT,
    "cancel_withdraw": CANCEL_WITHDRAW,
    "free_spin_reward": FREE_SPIN_REWARD,
}


OK = b'{"status":"0000","err_text":""}'
# JDB as it is where nothing more is configured.
DEFAULTS = {name: value for name, value in PROVIDERS["jdb"].items() if name != "unknown_bet"}


def told(balance: str) -> bytes:
    """Success, with a balance."""
    return b'{"status":"0000","balance":"%b","err_text":""}' % balance.encode()


def status(order: Sent) -> str:
    """The status heard, or the HTTP status where nothing is said."""
    heard = send(order)
    return str(heard.json["status"]) if heard.status == 200 else f"HTTP {heard.status}"


def sent(body: bytes, **changes: Any) -> Sent:
    return senders.jdb(altered(body, **changes) if changes else body)


def result(bet: str, win: str, net_win: str, **changes: Any) -> Sent:
    """An action 8 with these amounts as they are written, and no `mb`."""
    body = altered(BET_AND_SETTLE, bet="@bet", win="@win", netWin="@net", mb=..., **changes)
    for mark, text in (("bet", bet), ("win", win), ("net", net_win)):
        body = body.replace(f'"@{mark}"'.encode(), text.encode())
    return senders.jdb(body)
