"""HotRoad Gaming, from the outside: the rewards of an event, booked together."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.cast import Books
from tests.providers import senders
from tests.providers.hotroad import EVENT_SETTLE, at_once, code, event, reward
from tests.providers.senders import altered, send


@pytest.fixture
def table(books: Books, configure: Callable[..., None]) -> Books:
    """The two users of the documents' examples, with 1000 each, and the provider's defaults."""
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("hrgpl0001", "THB", "1000")
    books.open("hrgpl0002", "THB", "1000")
    return books


def test_the_documents_event_rewards_both_players_once(table: Books) -> None:
    assert send(event()).body == send(event()).body == b'{"code":"0000"}'
    assert table.entries("event:EVT-20001") == {("hrgpl0001", Decimal(0), Decimal(10))}
    assert table.entries("event:EVT-20002") == {("hrgpl0002", Decimal(0), Decimal(15))}
    assert table.transactions() == ["event:EVT-20001", "event:EVT-20002"]
    assert table.outcomes() == ["posted", "duplicate"]
    assert table.violations() == []


def test_rewards_of_one_player_tell_the_balance_after_all_of_them(table: Books) -> None:
    both = event(reward("1", "hrgpl0001", "10.5"), reward("2", "hrgpl0001", "0.25"))
    assert send(both).json["balance"] == send(both).json["balance"] == "1010.7500"


def test_an_event_is_booked_whole_or_not_at_all(table: Books) -> None:
    """One reply is for all of them."""
    known, unknown = reward("1", "hrgpl0001", "10"), reward("2", "nobody", "10")
    for both in (event(known, unknown), event(unknown, known)):
        assert send(both).body == b'{"code":"9999","desc":"No such player."}'
    assert table.transactions() == []
    table.open("nobody", "THB")
    assert code(event(known, unknown)) == "0000"
    assert table.balance("hrgpl0001", "THB") == 1010
    assert table.balance("nobody", "THB") == 10
    assert table.outcomes() == ["refused", "refused", "posted"]
    assert table.violations() == []


def test_a_reward_that_was_paid_is_not_paid_again_in_other_company(table: Books) -> None:
    first, second = reward("1", "hrgpl0001", "10"), reward("2", "hrgpl0002", "10")
    assert code(event(first)) == code(event(first, second)) == code(event(second)) == "0000"
    assert table.balance("hrgpl0001", "THB") == table.balance("hrgpl0002", "THB") == 1010
    assert table.outcomes() == ["posted", "posted", "duplicate"]
    assert table.violations() == []


@pytest.mark.parametrize("other", [("hrgpl0001", "11"), ("hrgpl0002", "10"), ("nobody", "10")])
def test_a_reward_with_other_terms_refuses_its_company(
    table: Books, other: tuple[str, str]
) -> None:
    send(event(reward("1", "hrgpl0001", "10")))
    contradicted = event(reward("2", "hrgpl0002", "5"), reward("1", *other))
    assert code(contradicted) == "9999"
    assert table.outcomes() == ["posted", "conflict"]
    assert table.transactions() == ["event:1"]


def test_a_suspended_player_is_rewarded_and_a_closed_one_is_not(table: Books) -> None:
    table.set_status("hrgpl0001", "suspended")
    assert code(event(reward("1", "hrgpl0001", "10"))) == "0000"
    table.set_status("hrgpl0001", "closed")
    assert code(event(reward("2", "hrgpl0001", "10"))) == "9999"
    assert table.transactions() == ["event:1"]


def test_parallel_deliveries_of_an_event_reward_once(table: Books) -> None:
    backwards = altered(EVENT_SETTLE, settles=json.loads(EVENT_SETTLE)["settles"][::-1])
    both = [event(), senders.hotroad(backwards, operation="event_settle")] * 4
    assert set(at_once(*both)) == {b'{"code":"0000"}'}
    assert table.transactions().count("event:EVT-20001") == 1
    assert sorted(table.outcomes()) == ["duplicate"] * 7 + ["posted"]
    assert table.violations() == []
