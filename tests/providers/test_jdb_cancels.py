"""What a reply makes JDB believe is what the books say: late, repeated, contradicting, at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection

from providers.models import Callback
from providers.protocols.jdb import Jdb
from tests.cast import Books, deposit, post
from tests.providers.faults import at_commit, raising
from tests.providers.jdb_contract import malformed
from tests.providers.jdb_orders import (
    BET,
    BET_AND_SETTLE,
    CANCEL,
    CANCEL_BET,
    CANCEL_WITHDRAW,
    DEFAULTS,
    OK,
    SETTLE,
    WITHDRAW,
    result,
    sent,
    status,
    told,
)
from tests.providers.senders import Heard, Sent, altered, jdb, send
from wallets.models import Transaction

THE_BET: dict[str, Any] = {
    "uid": "john",
    "currency": "XX",
    "refTransferIds": [272016],
    "amount": 0.2,
}


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


def test_a_late_bet_is_refused_for_ever_after_its_cancel(table: Books) -> None:
    assert send(sent(CANCEL_BET)).body == told("6000.00")
    for _ in range(2):
        assert status(sent(WITHDRAW, action=9)) == "9999"
    assert table.balance("testpl", "MYR") == 6000
    row = Transaction.objects.get(transaction_id="bet:251916")
    assert row.refusal == "BetCancelled"
    assert table.violations() == []


@pytest.mark.parametrize("option", ["stand", "reverse"])
def test_a_late_result_is_refused_for_ever_after_its_cancel(
    table: Books, configure: Callable[..., None], option: str
) -> None:
    configure(jdb={**DEFAULTS, "cancel_bet_and_settle": option})
    assert send(sent(CANCEL)).body == OK
    for _ in range(2):
        assert status(sent(BET_AND_SETTLE)) == "9999"
    assert status(sent(BET_AND_SETTLE, win=5, netWin=-5)) == "9999"
    assert send(sent(CANCEL)).body == OK
    assert table.balance("testpl01", "CNY") == Decimal("12351.17")
    assert table.violations() == []


def test_a_win_that_was_spent_cannot_be_undone_any_more_once_jdb_heard_so(
    reversing: Books,
) -> None:
    """A copy of the cancel that comes late must not undo what JDB has restored."""
    send(result("-1", "50", "49"))
    reversing.spend("testpl01", "CNY")
    assert status(sent(CANCEL)) == "6101"
    post(deposit("testpl01", "CNY", "1000"))
    assert status(sent(CANCEL)) == "6101"
    assert reversing.balance("testpl01", "CNY") == 1000
    assert reversing.violations() == []


def test_a_result_that_jdb_holds_good_stays_when_the_option_changes(
    table: Books, configure: Callable[..., None]
) -> None:
    send(sent(BET_AND_SETTLE))
    assert status(sent(CANCEL)) == "6101"
    configure(jdb={**DEFAULTS, "cancel_bet_and_settle": "reverse"})
    assert status(sent(CANCEL)) == "6101"
    assert table.balance("testpl01", "CNY") == Decimal("12345.67")


@pytest.mark.parametrize(
    ("order", "changes", "cancel"),
    [
        (BET, {"amount": "0.2"}, sent(CANCEL_BET, **THE_BET)),
        (BET, {"uid": 7}, sent(CANCEL_BET, **THE_BET)),
        (BET, {"currency": "ZZ"}, sent(CANCEL_BET, **{**THE_BET, "currency": "ZZ"})),
        (BET, {"uid": "nobody"}, sent(CANCEL_BET, **{**THE_BET, "uid": "nobody"})),
        (BET, {"amount": 99999}, sent(CANCEL_BET, **{**THE_BET, "amount": 99999})),
        (WITHDRAW, {"amount": -1}, sent(CANCEL_WITHDRAW)),
        (BET_AND_SETTLE, {"netWin": 5.5}, sent(CANCEL)),
        (BET_AND_SETTLE, {"currency": "ZZ"}, sent(CANCEL, currency="ZZ")),
        (BET_AND_SETTLE, {"uid": "nobody"}, sent(CANCEL, uid="nobody")),
        (BET_AND_SETTLE, {"bet": -99999, "netWin": -99994.5, "mb": 99999}, sent(CANCEL)),
    ],
)
def test_a_bet_that_failed_is_cancelled_and_stays_failed(
    table: Books, order: bytes, changes: dict[str, Any], cancel: Sent
) -> None:
    first = send(sent(order, **changes))
    assert first.json["status"] not in ("0000", "9017")
    assert send(sent(order, **changes)).body == first.body
    assert status(cancel) == "0000"
    post(deposit("john", "USD", "999999"), deposit("testpl01", "CNY", "999999"))
    assert send(sent(order, **changes)).body == first.body
    conflict = "HTTP 503" if order == BET_AND_SETTLE else "9999"
    assert status(sent(order)) == conflict  # Another bet than the one that failed.
    assert table.transactions() == [str(Callback.objects.get(outcome="posted").transaction_id)]
    assert table.violations() == []


def test_a_cancel_that_states_another_amount_gives_nothing_back(table: Books) -> None:
    send(sent(WITHDRAW, action=9))
    assert status(sent(CANCEL_BET, amount=4999)) == "9999"
    assert status(sent(CANCEL_BET, amount=5001, transferId=2)) == "9999"
    assert table.outcomes() == ["posted", "conflict", "conflict"]
    assert table.balance("testpl", "MYR") == 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": "john"},
        {"uid": "nobody"},
        {"currency": "XX"},
        {"currency": "ZZ"},
        {"uid": "john", "currency": "XX"},
    ],
)
def test_a_cancel_in_another_name_or_currency_gives_nothing_back(
    table: Books, changes: dict[str, Any]
) -> None:
    send(sent(WITHDRAW, action=9))
    assert status(sent(CANCEL_BET, **changes)) == "9999"
    assert table.outcomes() == ["posted", "refused"]
    assert send(sent(CANCEL_BET)).body == told("6000.00")


@pytest.mark.parametrize("changes", [{"uid": "john"}, {"currency": "XX"}, {"currency": "ZZ"}])
def test_a_result_is_not_reversed_in_another_name_or_currency(
    reversing: Books, changes: dict[str, Any]
) -> None:
    send(sent(BET_AND_SETTLE))
    assert status(sent(CANCEL, **changes)) == "9017"
    assert reversing.balance("testpl01", "CNY") == Decimal("12345.67")


def test_a_cancel_of_two_bets_of_which_one_is_settled_gives_nothing_back(table: Books) -> None:
    send(sent(BET))
    send(sent(BET, transferId=272018))
    send(sent(SETTLE))
    both = {**THE_BET, "refTransferIds": [272016, 272018], "amount": 0.4}
    assert status(sent(CANCEL_BET, **both)) == "6101"
    one = {**THE_BET, "refTransferIds": [272018]}
    assert send(sent(CANCEL_BET, **one)).body == told("12345.67")
    assert table.violations() == []


def test_a_fault_of_ours_on_an_action_8_is_no_answer_and_its_cancel_is_told_the_truth(
    table: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(Jdb, "reply", fail)
        heard = send(sent(BET_AND_SETTLE))
    assert (heard.status, heard.body) == (503, b"")
    assert (table.outcomes(), table.transactions()) == (["failed"], [])
    assert send(sent(CANCEL)).body == OK
    assert status(sent(BET_AND_SETTLE)) == "9999"
    assert table.violations() == []


def test_an_action_8_whose_commit_was_not_answered_in_time_stands_as_its_cancel_is_told(
    table: Books, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_time(*_: object, **__: object) -> None:
        raise OperationalError("no time left")

    with (
        monkeypatch.context() as patch,
        at_commit(monkeypatch, raising(OperationalError, after=True)),
    ):
        patch.setattr("providers.callbacks.kept_reply", out_of_time)
        settings.ANSWER_WITHIN = settings.ANSWER_WITHIN / 4
        heard = send(sent(BET_AND_SETTLE))
    assert (heard.status, heard.body) == (503, b"")
    assert table.transactions() == ["bet_and_settle:123456789"]
    assert status(sent(CANCEL)) == "6101"


def test_a_cancel_that_cannot_be_read_hears_that_it_is_in_progress(table: Books) -> None:
    send(sent(BET_AND_SETTLE))
    cases = malformed(CANCEL, amounts=())
    del cases["an unknown action"], cases["an unknown currency"]
    for why, body in cases.items():
        assert status(jdb(body)) == "9017", why
    assert table.outcomes() == ["posted"] + ["refused"] * len(cases)
    assert table.transactions() == ["bet_and_settle:123456789"]
    for unreadable in (Sent(path="jdb", body=b"x=1"), jdb(CANCEL, key="fedcba9876543210")):
        assert status(unreadable) == "9017"


@pytest.mark.parametrize("cancel", [CANCEL_BET, CANCEL_WITHDRAW])
def test_other_cancels_that_cannot_be_read_are_refused_and_sent_again(
    table: Books, cancel: bytes
) -> None:
    send(sent(WITHDRAW, action=9 if cancel == CANCEL_BET else 13))
    cases = malformed(cancel, amounts=("amount",))
    named = "refTransferIds" if cancel == CANCEL_BET else "refTransferId"
    del cases["an unknown currency"]
    unreadable: list[Any] = [..., None, {}, "1"]
    cases |= {f"{named} {value!r}": altered(cancel, **{named: value}) for value in unreadable}
    for why, body in cases.items():
        assert status(jdb(body)) in ("8000", "9007"), why
        assert Callback.objects.latest("id").outcome == "refused", why
    assert len(table.transactions()) == 1
    assert table.balance("testpl", "MYR") == 1000


# -- At the same time --------------------------------------------------------------------------


def at_once(*orders: Sent) -> list[Heard]:
    start = Barrier(len(orders))

    def deliver(order: Sent) -> Heard:
        start.wait()
        try:
            return send(order)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(deliver, orders))


@pytest.mark.parametrize("option", ["stand", "reverse"])
def test_a_result_and_its_cancel_at_once_agree_on_what_stands(
    table: Books, configure: Callable[..., None], option: str
) -> None:
    configure(jdb={**DEFAULTS, "cancel_bet_and_settle": option})
    for number in range(10):
        before = table.balance("testpl01", "CNY")
        orders = [sent(body, transferId=number) for body in (BET_AND_SETTLE, CANCEL, CANCEL)]
        bet, *cancels = [heard.json["status"] for heard in at_once(*orders)]
        stands = table.balance("testpl01", "CNY") != before
        assert cancels == (["6101"] * 2 if stands else ["0000"] * 2)
        assert bet in (["0000"] if stands else ["0000", "9999"])
    assert table.violations() == []


def test_bets_and_their_cancels_at_once_cost_nothing(table: Books) -> None:
    for number in range(10):
        bet = sent(WITHDRAW, action=9, transferId=number)
        one = sent(CANCEL_BET, transferId=2 * number, refTransferIds=[number])
        two = sent(CANCEL_BET, transferId=2 * number + 1, refTransferIds=[number])
        heard = [heard.json["status"] for heard in at_once(bet, bet, one, two)]
        assert heard[2:] == ["0000", "0000"]
        assert table.balance("testpl", "MYR") == 6000
    assert table.violations() == []


def test_a_settlement_and_a_cancel_at_once_are_one_of_them(table: Books) -> None:
    for number in range(10):
        send(sent(BET, transferId=number))
        before = table.balance("john", "USD")
        named = {"refTransferIds": [number], "transferId": number, "uid": "john", "currency": "XX"}
        heard = at_once(sent(SETTLE, **named), sent(CANCEL_BET, **named, amount=0.2))
        both = [one.json["status"] for one in heard]
        moved = table.balance("john", "USD") - before
        assert (both, moved) in [
            (["0000", "6101"], Decimal("0.1")),
            (["9999", "0000"], Decimal("0.2")),
        ]
    assert table.violations() == []
