"""Rows of reports: literal rows in, literal movements out, and bad rows with their sentences."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols import reports
from providers.protocols.base import Malformed
from providers.protocols.besoft import BeSoft
from providers.protocols.hotroad import HotRoad
from providers.protocols.jdb import Jdb
from providers.protocols.sud import Sud
from tests.providers.protocols.dialects import speaker
from tests.providers.protocols.rows import moves, problem, row
from wallets.refusals import Refusal, UnknownCurrency, UnknownPlayer

besoft, jdb, sud, hotroad = speaker(BeSoft), speaker(Jdb), speaker(Sud), speaker(HotRoad)
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)

# -- What a row means ----------------------------------------------------------------------------

AAA = {"txId": "AAA-1", "userId": "hrgpl0001"}


def test_a_row_of_hotroad_is_a_bet_and_its_payout() -> None:
    assert moves(hotroad, **AAA, betAmount="10.0", winAmount="19.50", roundId="R1") == [
        ("bet:AAA-1", "hrgpl0001", "THB", "10", "0"),
        ("settle:AAA-1", "hrgpl0001", "THB", "0", "19.5"),
    ]
    assert moves(hotroad, **AAA, betAmount="10") == [("bet:AAA-1", "hrgpl0001", "THB", "10", "0")]
    assert moves(hotroad, **AAA, winAmount="0") == [("settle:AAA-1", "hrgpl0001", "THB", "0", "0")]
    reward = {"settleId": "E1", "userId": "hrgpl0001", "amount": "5"}
    assert moves(hotroad, **reward) == [("event:E1", "hrgpl0001", "THB", "0", "5")]
    prefixed = speaker(HotRoad, uid_prefix="hrg")
    assert moves(prefixed, **AAA, winAmount="1") == [("settle:AAA-1", "pl0001", "THB", "0", "1")]


def test_a_row_of_besoft_is_one_order() -> None:
    order = {"transId": "T1", "uid": "alice", "gid": "afa026"}
    assert moves(besoft, **order, bet="1", win="10.5") == [
        ("result:T1", "alice", "USD", "1", "10.5")
    ]
    (net,) = besoft.expected(row(**order, net="-1.25"))
    assert (net.net_only, net.debit, net.credit) == (True, Decimal("1.25"), Decimal(0))
    assert moves(besoft, **order, bet="1", action="2") == [("bet:T1", "alice", "USD", "1", "0")]
    taken = speaker(BeSoft, bets={"afa*": "taken"})
    assert moves(taken, **order, bet="1", win="3") == [("result:T1", "alice", "USD", "0", "3")]


@pytest.mark.parametrize(
    ("action", "values", "expected"),
    [
        ("9", {"amount": "0.2"}, ("bet:7", "alice", "CNY", "0.2", "0")),
        ("13", {"amount": "50"}, ("withdraw:7", "alice", "CNY", "50", "0")),
        ("10", {"amount": "0"}, ("settle:7", "alice", "CNY", "0", "0")),
        ("settle", {"amount": "0.1"}, ("settle:7", "alice", "CNY", "0", "0.1")),
        ("14", {"amount": "3"}, ("deposit:7", "alice", "CNY", "0", "3")),
        ("12", {"amount": "3"}, ("activity_reward:7", "alice", "CNY", "0", "3")),
        ("16", {"amount": "3"}, ("free_spin_reward:7", "alice", "CNY", "0", "3")),
        ("11", {"amount": "3"}, ("cancel_bet:7", "alice", "CNY", "0", "3")),
        ("15", {"amount": "3"}, ("cancel_withdraw:7", "alice", "CNY", "0", "3")),
        ("8", {"bet": "-1.5", "win": "4"}, ("bet_and_settle:7", "alice", "CNY", "1.5", "4")),
        ("8", {"bet": "1.5", "win": "4"}, ("bet_and_settle:7", "alice", "CNY", "1.5", "4")),
        ("4", {"bet": "1.5", "win": "4"}, ("cancel_bet_and_settle:7", "alice", "CNY", "4", "1.5")),
    ],
)
def test_a_row_of_jdb_is_one_transfer(
    action: str, values: dict[str, str], expected: tuple[str, ...]
) -> None:
    transfer = {"action": action, "transferId": "7", "uid": "alice", "currency": "RB"}
    assert moves(jdb, **transfer, **values) == [expected]


def test_jdb_counts_in_thousands_and_knows_the_bets_of_a_settlement() -> None:
    vnd = speaker(Jdb, currencies={"VN": {"currency": "VND", "factor": 1000}})
    transfer = {"transferId": "7", "uid": "alice", "currency": "VN"}
    settle = row(**transfer, action=10, amount="1.5", refTransferIds="5, 6")
    (one,) = vnd.expected(settle)
    assert (one.currency, one.credit, one.settles) == ("VND", Decimal(1500), ("bet:5", "bet:6"))
    (net,) = vnd.expected(row(**transfer, action=8, netWin="-2"))
    assert (net.net_only, net.debit, net.credit) == (True, Decimal(2000), Decimal(0))
    assert vnd.expected(row(**transfer, action=17)) == ()


def test_a_row_of_sud_is_a_players_part() -> None:
    match = {"operation": "match", "match_id": "m1", "mg_id": "g"}
    assert moves(sud, **match, uid="alice", score="-100") == [
        ("match:m1", "alice", "COIN", "100", "0")
    ]
    assert moves(sud, **match, uid="", score="100") == []
    assert moves(sud, **match, uid="robot", is_ai="1", score="100") == []
    order = {"operation": "update_score", "order_id": "o1", "uid": "alice", "score": "5"}
    assert moves(sud, **order, type="1") == [("update_score:o1", "alice", "COIN", "5", "0")]
    assert moves(sud, **order, type="2") == [("update_score:o1", "alice", "COIN", "0", "5")]


def test_a_row_of_sud_is_a_settlement_or_an_order_of_a_buy_in() -> None:
    poker = speaker(Sud, pays="user.settle", factor=Decimal("0.01"))
    paid = {"operation": "user_settle", "order_id": "o1", "uid": "alice", "score": "-20"}
    (one,) = poker.expected(row(**paid, remain_score="80", out_order_id="b1"))
    assert (one.transaction_id, one.credit, one.settles) == (
        "user_settle:o1",
        Decimal("0.80"),
        ("buy_in:b1",),
    )
    assert moves(speaker(Sud, pays="user.settle", credits="score"), **paid) == [
        ("user_settle:o1", "alice", "COIN", "20", "0")
    ]
    bought = {"out_order_id": "b1", "uid": "alice", "score": "100.0"}
    assert moves(poker, operation="buy_in", **bought) == [("buy_in:b1", "alice", "COIN", "1", "0")]
    assert moves(poker, operation="order", **bought) == [("order:b1", "alice", "COIN", "0", "1")]
    assert moves(poker, **paid | {"uid": ""}, remain_score="80") == []


STAKED = {"action": 8, "transferId": "7", "uid": "alice", "currency": "RB"}
SCORED = {"operation": "update_score", "order_id": "o1", "uid": "alice", "score": "5"}


@pytest.mark.parametrize(
    ("protocol", "values", "sentence"),
    [
        (hotroad, {**AAA}, "betAmount and winAmount are empty: the row moves nothing"),
        (hotroad, {**AAA, "winAmount": "-1"}, "winAmount is negative"),
        (hotroad, {**AAA, "betAmount": "0"}, "betAmount is 0"),
        (hotroad, {**AAA, "winAmount": "1.00001"}, "winAmount has more than 4 decimals"),
        (hotroad, {**AAA, "winAmount": "1e5"}, "winAmount is not a decimal number: '1e5'"),
        (hotroad, {"txId": "A", "winAmount": "1"}, "userId is empty"),
        (besoft, {"transId": "T", "uid": "alice"}, "bet is empty"),
        (besoft, {"transId": "T", "uid": "a", "action": "9"}, "action is neither 2 nor 3: '9'"),
        (hotroad, {**AAA, "settleId": "E"}, "settleId stands beside a txId"),
        (
            jdb,
            {"action": "4", "transferId": "7", "amount": "1"},
            "action 4 has no amount of its own: without bet and win",
        ),
        (jdb, {"action": "99", "transferId": "7"}, "action is none that JDB has: '99'"),
        (
            jdb,
            {"action": 10, "transferId": "7x", "uid": "a", "currency": "RB", "amount": "1"},
            "transferId is no number of a transfer: '7x'",
        ),
        (jdb, {"action": 9, "transferId": "7", "currency": "R-B"}, "currency is no code of JDB's"),
        (
            jdb,
            {**STAKED, "bet": "1", "win": "4", "netWin": "2"},
            "netWin is not win less bet",
        ),
        (jdb, {**STAKED, "bet": "1"}, "win is empty"),
        (sud, {"operation": "bet", "uid": "a"}, "operation is none of match, update_score"),
        (sud, {"operation": "match", "uid": "a", "score": "1"}, "match_id is empty"),
        (
            sud,
            {"operation": "match", "match_id": "m", "uid": "a", "score": "1.5"},
            "score is not a whole number",
        ),
        (
            sud,
            {"operation": "match", "match_id": "m", "uid": "a", "score": 2**31},
            "score is too large",
        ),
        (sud, {**SCORED, "uid": "", "type": 1}, "uid is empty"),
        (sud, {**SCORED, "type": 3}, "type is neither 1 nor 2"),
        (sud, {**SCORED, "type": 1, "score": "-5"}, "score is negative"),
        (sud, {**SCORED, "type": 1, "is_ai": "yes"}, "is_ai is neither 0 nor 1: 'yes'"),
        (sud, {**SCORED, "operation": "user_settle"}, "remain_score is empty"),
        (sud, {**SCORED, "operation": "buy_in"}, "out_order_id is empty"),
        (sud, {"operation": "buy_in", "uid": "a", "out_order_id": "b", "score": "0"}, "score is 0"),
    ],
)
def test_a_bad_row_says_what_is_wrong(
    protocol: Any, values: dict[str, object], sentence: str
) -> None:
    assert problem(protocol, **values).startswith(sentence)


def test_a_difference_says_nothing_of_a_win_whose_bet_is_booked_by_itself() -> None:
    taken = speaker(BeSoft, bets={"afa*": "taken"})
    order = {"transId": "T1", "uid": "alice", "net": "1"}
    assert problem(taken, **order, gid="afa026").startswith("net says nothing of the win alone")
    assert "gid" in problem(taken, **order)


def test_who_is_not_ours_is_refused() -> None:
    transfer = {"transferId": "7", "uid": "alice", "currency": "??", "amount": "1"}
    for action in (10, 11):
        with pytest.raises(Refusal):
            jdb.expected(row(**transfer, action=action))
    with pytest.raises(UnknownCurrency):
        jdb.expected(row(**{**transfer, "currency": "ZZ"}, action=11))
    with pytest.raises(UnknownPlayer):
        speaker(HotRoad, uid_prefix="xyz").expected(row(**AAA, winAmount="1"))


def test_cages_own_layout() -> None:
    values: dict[str, object] = {
        "operation": "settle",
        "reference": "272017",
        "uid": "alice",
        "currency": "USD",
        "debit": "0",
        "credit": "007.10",
        "occurred_at": NINE.isoformat(),
    }
    one = reports.cage_row(row(**values), protocol=jdb)
    assert (one.transaction_id, one.credit, one.occurred_at) == (
        "settle:272017",
        Decimal("7.10"),
        NINE,
    )
    wrong = {
        "operation": "Settle 1",
        "currency": "usd",
        "debit": "-1",
        "credit": "1.123456789",
        "uid": "x" * 65,
        "occurred_at": "yesterday",
    }
    for name, value in wrong.items():
        with pytest.raises(Malformed, match=f"^{name} "):
            reports.cage_row(row(**{**values, name: value}), protocol=jdb)
