"""JDB's bets, deposits and rewards, from the outside: each keeps the contract of a provider."""

from decimal import Decimal
from typing import Any

from tests.providers.jdb_contract import JdbContract
from tests.providers.jdb_orders import (
    ACTIVITY_REWARD,
    BET,
    BET_AND_SETTLE,
    DEPOSIT,
    FREE_SPIN_REWARD,
    WITHDRAW,
)
from tests.providers.senders import Sent

SILENT = b'{"status":"0000","err_text":""}'


class TestBet(JdbContract):
    body = BET
    transaction_id = "bet:272016"
    players = (("john", "USD", "12345.87"),)
    entries = {("john", Decimal("0.2"), Decimal(0))}
    first_reply = b'{"status":"0000","balance":"12345.67","err_text":""}'
    closed_reply = b'{"status":"0000","balance":"0.00","err_text":""}'


class TestWithdraw(JdbContract):
    body = WITHDRAW
    transaction_id = "withdraw:251916"
    players = (("testpl", "MYR", "5000"),)
    entries = {("testpl", Decimal(5000), Decimal(0))}
    first_reply = closed_reply = SILENT


class TestDeposit(JdbContract):
    body = DEPOSIT
    transaction_id = "deposit:251917"
    players = (("testpl", "MYR", "0"),)
    entries = {("testpl", Decimal(0), Decimal(5285))}
    first_reply = closed_reply = SILENT


class TestActivityReward(JdbContract):
    body = ACTIVITY_REWARD
    transaction_id = "activity_reward:251919"
    players = (("testpl", "CNY", "7345.67"),)
    entries = {("testpl", Decimal(0), Decimal(5000))}
    first_reply = b'{"status":"0000","balance":12345.67,"err_text":""}'
    closed_reply = b'{"status":"0000","balance":0.00,"err_text":""}'


class TestFreeSpinReward(TestActivityReward):
    body = FREE_SPIN_REWARD
    transaction_id = "free_spin_reward:251919"


class TestBetAndSettle(JdbContract):
    body = BET_AND_SETTLE
    amounts = ("bet", "win", "netWin")
    other_amounts = {"win": 5.5, "netWin": -4.5}
    transaction_id = "bet_and_settle:123456789"
    players = (("testpl01", "CNY", "12351.17"),)
    entries = {("testpl01", Decimal(10), Decimal("4.5"))}
    first_reply = b'{"status":"0000","balance":"12345.67","err_text":""}'
    closed_reply = b'{"status":"0000","balance":"0.00","err_text":""}'

    def volatile(self) -> Sent:
        changes: dict[str, Any] = {"ts": 1447452951820, "mb": 9, "denom": 0.02}
        return self.delivery(**changes)
