"""JDB's rounds as its pages print them, its options, and several providers that speak it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from providers.models import Callback
from tests.cast import Books, deposit, post
from tests.providers.jdb_orders import (
    BET,
    BET_AND_SETTLE,
    CANCEL,
    CANCEL_BET,
    CANCEL_WITHDRAW,
    DEFAULTS,
    DEPOSIT,
    OK,
    SETTLE,
    WITHDRAW,
    result,
    sent,
    status,
    told,
)
from tests.providers.senders import jdb, send
from wallets.refusals import UnknownBet


@pytest.fixture
def table(books: Books, configure: Callable[..., None]) -> Books:
    """JDB as it is by default, with the players of its pages."""
    configure(jdb=DEFAULTS)
    books.open("john", "USD", "12345.77")
    books.open("testpl", "MYR", "6000")
    books.open("testpl01", "CNY", "12351.17")
    return books


@pytest.fixture
def reversing(table: Books, configure: Callable[..., None]) -> Books:
    configure(jdb={**DEFAULTS, "cancel_bet_and_settle": "reverse"})
    return table


# -- The documents' rounds ---------------------------------------------------------------------


def test_the_bet_and_the_settlement_of_the_pages_of_actions_9_and_10(table: Books) -> None:
    assert send(sent(BET)).body == told("12345.57")
    assert send(sent(SETTLE)).body == told("12345.67")
    assert table.transactions() == ["bet:272016", "settle:272017"]
    assert table.entries("bet:272016") == {("john", Decimal("0.2"), Decimal(0))}
    assert table.entries("settle:272017") == {("john", Decimal(0), Decimal("0.1"))}
    assert table.violations() == []


def test_an_open_round_of_two_bets_is_settled_twice(table: Books) -> None:
    assert send(sent(BET)).body == told("12345.57")
    assert send(sent(BET, transferId=272018)).body == told("12345.37")
    both = {"refTransferIds": [272016, 272018]}
    assert send(sent(SETTLE, **both, roundClosed=False)).body == told("12345.47")
    assert send(sent(SETTLE, **both, transferId=272019)).body == told("12345.57")
    assert table.violations() == []


def test_a_settlement_that_comes_first_is_paid_when_it_comes_again(table: Books) -> None:
    """ "JDB will retry every minutes for 1 hour until status 0000." """
    first = send(sent(SETTLE)).json
    assert (first["status"], first["err_text"]) == ("9999", UnknownBet.sentence)
    assert send(sent(BET)).body == told("12345.57")
    assert send(sent(SETTLE)).body == told("12345.67")
    assert table.outcomes() == ["refused", "posted", "posted"]


@pytest.mark.parametrize("refs", [[], None, ..., 272016, "272016", [None], [272016, {}], [1.5]])
def test_a_settlement_that_names_no_bet_is_not_paid_by_default(table: Books, refs: Any) -> None:
    send(sent(BET))
    assert status(sent(SETTLE, refTransferIds=refs)) == "9999"
    assert table.transactions() == ["bet:272016"]
    row = Callback.objects.latest("id")
    assert (row.outcome, row.reason) == ("refused", "UnknownBet: It names no bet.")


def test_the_withdrawal_and_the_cancel_of_the_pages_of_actions_13_and_15(table: Books) -> None:
    assert send(sent(WITHDRAW)).body == OK
    assert table.balance("testpl", "MYR") == 1000
    assert send(sent(CANCEL_WITHDRAW)).body == OK
    assert table.balance("testpl", "MYR") == 6000
    assert table.entries("cancel_withdraw:251919") == {("testpl", Decimal(0), Decimal(5000))}
    assert table.violations() == []


def test_the_deposit_of_the_page_of_action_14_after_the_withdrawal_that_it_names(
    table: Books,
) -> None:
    assert send(sent(WITHDRAW, transferId=252925)).body == OK
    assert send(sent(DEPOSIT)).body == OK
    assert table.balance("testpl", "MYR") == 6285
    assert status(sent(CANCEL_WITHDRAW, refTransferId=252925)) == "6101"
    assert table.violations() == []


def test_the_cancel_of_the_page_of_action_11_gives_back_what_its_bet_took(table: Books) -> None:
    assert send(sent(WITHDRAW, action=9)).body == told("1000.00")
    assert send(sent(CANCEL_BET)).body == told("6000.00")
    assert send(sent(CANCEL_BET)).body == told("6000.00")
    assert table.outcomes() == ["posted", "posted", "duplicate"]
    assert table.violations() == []


def test_the_cancel_of_the_page_of_action_4_after_its_result(table: Books) -> None:
    assert send(sent(BET_AND_SETTLE)).body == told("12345.67")
    stands = {"status": "6101", "err_text": "The bet is settled and can't be cancelled any more."}
    assert send(sent(CANCEL)).json == stands
    assert send(sent(CANCEL)).json == stands
    assert table.balance("testpl01", "CNY") == Decimal("12345.67")
    assert table.violations() == []


def test_the_cancel_of_the_page_of_action_4_where_it_reverses(reversing: Books) -> None:
    send(sent(BET_AND_SETTLE))
    assert send(sent(CANCEL)).body == send(sent(CANCEL)).body == OK
    undone = {("testpl01", Decimal("4.5"), Decimal(10))}
    assert reversing.entries("cancel_bet_and_settle:123456789") == undone
    assert reversing.balance("testpl01", "CNY") == Decimal("12351.17")
    assert status(sent(BET_AND_SETTLE)) == "9999"
    assert reversing.violations() == []


def test_the_fishes_of_the_page_of_action_8_need_6_for_a_bet_of_24(table: Books) -> None:
    """ "The player's balance should be at least 6." """
    shots = {"bet": -24, "win": 29, "netWin": 5, "mb": 6, "currency": "XX"}
    for uid, balance in (("alice", "6"), ("bob", "5.99")):
        table.open(uid, "USD", balance)
    assert send(sent(BET_AND_SETTLE, **shots, uid="alice", transferId=1)).body == told("11.00")
    assert status(sent(BET_AND_SETTLE, **shots, uid="bob", transferId=2)) == "6006"
    assert table.balance("bob", "USD") == Decimal("5.99")
    assert table.violations() == []


def test_an_item_is_won_without_a_bet_also_by_a_suspended_player(table: Books) -> None:
    table.set_status("testpl01", "suspended")
    assert send(result("0", "3.5", "3.5")).body == told("12354.67")
    assert status(sent(BET_AND_SETTLE, transferId=2)) == "7502"


# -- Options and providers ---------------------------------------------------------------------


@pytest.mark.parametrize(("order", "conflict"), [(BET, "9999"), (BET_AND_SETTLE, "HTTP 503")])
def test_a_repeated_bet_hears_todays_balance_or_9011(
    table: Books, configure: Callable[..., None], order: bytes, conflict: str
) -> None:
    first = send(sent(order))
    post(deposit("john", "USD", "1"), deposit("testpl01", "CNY", "1"))
    again = send(sent(order))
    assert again.json["status"] == "0000"
    assert Decimal(again.json["balance"]) == Decimal(first.json["balance"]) + 1
    configure(jdb={**DEFAULTS, "repeated_bet": "9011"})
    assert status(sent(order)) == "9011"
    assert status(sent(order, uid="nobody")) == conflict  # Never 9011.
    assert table.outcomes() == ["posted", "duplicate", "duplicate", "conflict"]


def test_a_settlement_of_an_unknown_bet_is_paid_where_configured(
    table: Books, configure: Callable[..., None]
) -> None:
    configure(jdb={**DEFAULTS, "unknown_bet": "pay"})
    assert send(sent(SETTLE)).body == told("12345.87")
    assert send(sent(DEPOSIT)).body == OK
    assert table.balance("testpl", "MYR") == 11285


def test_a_round_in_thousands(books: Books, configure: Callable[..., None]) -> None:
    configure(jdb={**DEFAULTS, "currencies": {"VN": {"currency": "VND", "factor": 1000}}})
    books.open("john", "VND", "1000.99")
    vn = {"uid": "john", "currency": "VN"}
    assert send(sent(BET, **vn)).body == told("0.80")
    assert send(sent(SETTLE, **vn)).body == told("0.90")
    assert send(sent(BET, **vn, transferId=3)).body == told("0.70")
    back = {"refTransferIds": [3], "amount": 0.2}
    assert send(sent(CANCEL_BET, **vn, **back)).body == told("0.90")
    wrong = {"refTransferIds": [272016], "amount": 200}
    assert status(sent(CANCEL_BET, **vn, **wrong, transferId=4)) == "6101"
    assert send(result("-0.5", "1.5", "1.0", **vn, transferId=5)).body == told("1.90")
    assert status(sent(WITHDRAW, **vn, amount=2)) == "6006"
    assert send(sent(WITHDRAW, **vn, amount=1.9, transferId=6)).body == OK
    assert books.balance("john", "VND") == Decimal("0.99")
    assert books.violations() == []


def test_two_providers_know_nothing_of_each_others_bets(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(jdb=DEFAULTS, jdb_two={**DEFAULTS, "protocol": "jdb"})
    books.open("john", "USD", "10")
    assert send(sent(BET)).body == told("9.80")
    two = {"path": "jdb-two"}
    assert send(jdb(SETTLE, **two)).json["status"] == "9999"
    assert send(jdb(BET, **two)).body == told("9.60")
    assert send(jdb(SETTLE, **two)).body == told("9.70")
    assert send(sent(SETTLE)).body == told("9.80")
    assert books.violations() == []
