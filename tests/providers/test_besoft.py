"""BeSoft, from the outside: action 3 carries bet and win in one atomic step."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids, numbers
from tests.providers.senders import Heard, Sent, altered, send

RESULT = senders.verbatim("besoft", "result")


class TestBeSoft(ProviderContract):
    provider = "besoft"
    transaction_id = "result:1zr8cu31gohrz"
    players = (("useraccount", "USD", "2991.01"),)
    entries = {("useraccount", Decimal("1"), Decimal("10"))}
    first_reply = b'{"action":3,"status":1,"balance":3000.01,"currency":"USD"}'
    closed_reply = b'{"action":3,"status":1,"balance":0.00,"currency":"USD"}'

    def delivery(self, **changes: Any) -> Sent:
        return senders.besoft(altered(RESULT, **changes) if changes else RESULT)

    def volatile(self) -> Sent:
        return self.delivery(ts=1732083899999, spjpbet=0.02, mode=1)

    def conflicting(self) -> dict[str, Sent]:
        return {
            "win": self.delivery(win=10.01),
            "bet": self.delivery(bet=2),
            "player": self.delivery(uid="bob"),
            "unknown player": self.delivery(uid="nobody"),
        }

    def unknown_player(self) -> Sent:
        return self.delivery(transId="other", uid="nobody")

    def unauthentic(self) -> dict[str, Sent]:
        return {"address": senders.from_address(self.delivery(), "203.0.113.7")}

    def malformed(self) -> dict[str, Sent]:
        shapes = bodies(RESULT, required=["action", "uid", "bet", "win", "transId"])
        named = ids(RESULT, fields=["uid", "transId"])
        amounts = numbers(RESULT, field="win", decimals=4)
        odd = {
            "an unknown action": altered(RESULT, action=99),
            "a bet, which is not offered": altered(RESULT, action=2),
            "an amount as text": altered(RESULT, win="10.00"),
        }
        return {
            why: senders.besoft(body) for why, body in {**shapes, **named, **amounts, **odd}.items()
        }

    def is_success(self, heard: Heard) -> bool:
        return bool(heard.json.get("status") == 1)


def test_no_funds_refuses_for_good_also_after_a_deposit(books: Books, providers: None) -> None:
    """Once refused the order is void on their side: paying later would be wrong."""
    books.open("useraccount", "USD", "0.99")
    first = send(senders.besoft(RESULT))
    assert first.body == b'{"status":1009}'
    assert books.balance("useraccount", "USD") == Decimal("0.99")
    post(deposit("useraccount", "USD", "1000"))
    assert send(senders.besoft(RESULT)).body == first.body
    assert books.balance("useraccount", "USD") == Decimal("1000.99")
    assert books.transactions() == []
    assert books.outcomes() == ["refused", "refused"]
    assert books.violations() == []


def test_a_refusal_stands_also_when_the_player_is_created_later(
    books: Books, providers: None
) -> None:
    first = send(senders.besoft(RESULT))
    books.open("useraccount", "USD", "1000")
    assert send(senders.besoft(RESULT)).body == first.body == b'{"status":1004}'
    assert books.transactions() == []


def test_the_stake_must_be_there_before_the_win_is(books: Books, providers: None) -> None:
    books.open("useraccount", "USD", "1")
    assert send(senders.besoft(RESULT)).json["balance"] == 10.00


def test_a_form_is_as_good_as_json(books: Books, providers: None) -> None:
    """The page names both encodings."""
    books.open("useraccount", "USD", "2991.01")
    form = urlencode(json.loads(RESULT)).encode()
    sent = Sent(path="besoft", body=form, content_type="application/x-www-form-urlencoded")
    assert send(sent).body == TestBeSoft.first_reply
    assert send(senders.besoft(RESULT)).body == TestBeSoft.first_reply
    assert books.outcomes() == ["posted", "duplicate"]


def test_a_shown_balance_is_truncated_and_the_kept_one_exact(books: Books, providers: None) -> None:
    books.open("useraccount", "USD", "10")
    body = senders.altered(RESULT, bet=0, win=0.0299)
    assert b'"balance":10.02,' in send(senders.besoft(body)).body
    assert books.balance("useraccount", "USD") == Decimal("10.0299")


def test_a_suspended_player_cannot_stake_and_is_paid_what_was_won(
    books: Books, providers: None
) -> None:
    books.open("useraccount", "USD", "10", status="suspended")
    assert send(senders.besoft(RESULT)).body == b'{"status":1014}'
    free = altered(RESULT, bet=0, transId="free-game")
    assert send(senders.besoft(free)).json["balance"] == 20.00


@pytest.mark.parametrize(
    ("status", "heard"), [(None, (503, b"")), (1001, (200, b'{"status":1001}'))]
)
def test_our_own_fault_states_nothing_unless_configured(
    books: Books,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
    heard: tuple[int, bytes],
) -> None:
    configure(besoft={**PROVIDERS["besoft"], "no_verdict_status": status})
    books.open("useraccount", "USD", "10")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("providers.protocols.besoft.BeSoft.reply", fail)
        answer = send(senders.besoft(RESULT))
    assert (answer.status, answer.body) == heard
    assert books.outcomes() == ["failed"]
    assert books.transactions() == []
    assert send(senders.besoft(RESULT)).json["status"] == 1
    assert books.violations() == []


def test_an_order_that_cannot_be_read_stays_void_when_it_can_be(
    books: Books, configure: Callable[..., None]
) -> None:
    """Refused once it is void on their side, also if our configuration was what was wrong."""
    configure()
    books.open("useraccount", "USD", "10")
    fine = senders.besoft(altered(RESULT, win=1.12345))
    assert send(fine).body == send(fine).body == b'{"status":1008}'
    configure(besoft={**PROVIDERS["besoft"], "decimals": 8})
    assert send(fine).json["status"] != 1
    assert books.outcomes() == ["refused", "refused", "conflict"]
    assert books.transactions() == []
    assert books.violations() == []
