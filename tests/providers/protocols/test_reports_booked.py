"""What passes through Cage, whose day a day is, and what books what a report shows."""

import json
from typing import Any

import pytest

from providers.protocols.besoft import BeSoft
from providers.protocols.hotroad import HotRoad
from providers.protocols.jdb import Jdb
from providers.protocols.reports import CannotBook, cage_row
from providers.protocols.sud import Sud
from tests.providers import senders
from tests.providers.protocols.dialects import speaker
from tests.providers.protocols.rows import row

besoft, jdb, sud, hotroad = speaker(BeSoft), speaker(Jdb), speaker(Sud), speaker(HotRoad)
AAA = {"txId": "AAA-1", "userId": "hrgpl0001"}

# -- What isn't handled, and whose day it is -----------------------------------------------------


def test_what_passes_through_cage_is_configured() -> None:
    def handled(protocol: Any, *words: str) -> list[bool]:
        return [protocol.handles(word) for word in words]

    assert handled(hotroad, "bet", "settle", "event", "jackpot") == [True, True, True, False]
    paying = speaker(HotRoad, unknown_bet="pay")
    assert handled(paying, "bet", "cancel_bet", "settle") == [False, False, True]
    assert handled(speaker(Jdb, unknown_bet="pay"), "withdraw", "settle") == [False, True]
    assert handled(besoft, "bet", "result") == [False, True]
    assert handled(speaker(BeSoft, bets={"*": "taken"}), "bet") == [True]
    assert handled(sud, "match", "user_settle", "buy_in") == [True, False, False]
    assert handled(speaker(Sud, pays="user.settle"), "match", "user_settle") == [False, True]


def test_whose_day_a_day_is() -> None:
    zones = [str(protocol.zone) for protocol in (besoft, jdb, sud, hotroad)]
    assert zones == ["UTC", "Etc/GMT+4", "UTC", "Etc/GMT-8"]
    assert str(speaker(Sud, report_zone="Asia/Bangkok").zone) == "Asia/Bangkok"


# -- Booking what is missing ---------------------------------------------------------------------


def test_what_a_report_does_not_show_is_not_booked() -> None:
    def why(protocol: Any, *rows: dict[str, object]) -> str:
        asked = [one for values in rows for one in protocol.expected(row(**values))]
        with pytest.raises(CannotBook) as caught:
            protocol.missing(asked)
        return str(caught.value)

    order = {"transId": "T1", "uid": "alice"}
    assert why(besoft, {**order, "net": "1"}).startswith("The report shows only the difference")
    cancel = {"action": 11, "transferId": "7", "uid": "a", "currency": "RB", "amount": "1"}
    assert why(jdb, cancel).startswith("The report does not say what it gives back")
    assert why(hotroad, {**AAA, "betAmount": 1, "winAmount": 2}) == "These are rows of several ids."
    settle = {**cancel, "action": 10}
    assert why(jdb, settle, settle) == "The report lists the same player more than once."
    assert why(jdb, settle, {**settle, "uid": "bob"}).startswith("The report lists several players")
    failed = {"operation": "order", "out_order_id": "b1", "uid": "a", "score": 1}
    assert why(sud, failed).startswith("The report does not say what it gives back")


def test_a_bet_that_gives_money_is_not_booked() -> None:
    """Cage's own layout says what it wants; no delivery would ever have these terms."""
    values = {"operation": "bet", "reference": "7", "uid": "a", "currency": "CNY"}
    with pytest.raises(CannotBook, match="a bet that gives money"):
        jdb.missing([cage_row(row(**values, debit=1, credit=2), protocol=jdb)])
    values["operation"] = "activity_reward"
    with pytest.raises(CannotBook, match="a reward that takes some"):
        jdb.missing([cage_row(row(**values, debit=1, credit=0), protocol=jdb)])


def test_a_match_is_booked_for_all_its_players() -> None:
    match = {"operation": "match", "match_id": "m1"}
    rows = [row(**match, uid="alice", score=-100), row(**match, uid="bob", score=100)]
    booked = sud.missing([one for each in rows for one in sud.expected(each)])
    body = json.loads(senders.verbatim("sud", "match_settle"))
    body["data"]["match_id"] = "m1"
    body["data"]["results"] = [
        {"uid": "bob", "is_ai": 0, "score": 100},
        {"uid": "alice", "is_ai": 0, "score": -100},
    ]
    delivered = sud.decode("match", json.dumps(body).encode())
    assert (booked.key, booked.terms, booked.kind) == (
        delivered.key,
        delivered.terms,
        delivered.kind,
    )
