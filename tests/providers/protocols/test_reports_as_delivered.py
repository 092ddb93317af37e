"""A row and the delivery of the same field values move the same, and are booked the same."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.protocols.besoft import BeSoft
from providers.protocols.hotroad import HotRoad
from providers.protocols.jdb import Jdb
from providers.protocols.reports import CannotBook
from providers.protocols.sud import Sud
from tests.providers.protocols.dialects import speaker
from tests.providers.protocols.rows import moved, row
from wallets.instructions import Instruction, Kind
from wallets.money import plain

charging = speaker(BeSoft, bets={"*": "charged"})
taking = speaker(BeSoft, bets={"*": "taken"})
hotroad = speaker(HotRoad, uid_prefix="hrg")
jdb = speaker(Jdb, currencies={"VN": {"currency": "VND", "factor": 1000}})
sud = speaker(Sud, factor=Decimal("0.01"))
poker = speaker(Sud, factor=Decimal("0.01"), pays="user.settle")
results = speaker(Sud, pays="user.settle", credits="score")
# What gives back: a report doesn't say which bets, so it is compared and never booked.
CANCELS = {"cancel_bet", "cancel_withdraw"}
# No row can be the same as these, whose deliveries state no amount at all.
UNSTATED = {"cancel_bet_and_settle", "order"}
# HotRoad's cancel has no row of its own.
NO_ROW = {("hotroad", "cancel_bet")}

Pair = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a delivery and a row both say. Amounts are 0.01 or more."""

    id: int
    uid: str
    one: Decimal
    two: Decimal
    points: int

    def spelled(self, amount: Decimal) -> str:
        """As a spreadsheet may write it."""
        return f"0{amount:f}0"


def raw(amount: Decimal) -> msgspec.Raw:
    return msgspec.Raw(f"{amount:f}".encode())


def besoft_bet(s: Stated) -> Pair:
    order = {"transId": f"T{s.id}", "uid": s.uid, "gid": "afa026", "roundId": f"R{s.id}"}
    return {"action": 2, **order, "bet": raw(s.one)}, {**order, "action": 2, "bet": s.one}


def besoft_result(s: Stated) -> Pair:
    order = {"transId": f"T{s.id}", "uid": s.uid, "gid": "afa026", "roundId": f"R{s.id}"}
    body = {"action": 3, **order, "bet": raw(s.one), "win": raw(s.two)}
    return body, {**order, "bet": s.spelled(s.one), "win": s.spelled(s.two)}


def hotroad_bet(s: Stated) -> Pair:
    about = {"txId": f"A{s.id}", "userId": f"hrg{s.uid}", "roundId": f"R{s.id}"}
    return {**about, "betAmount": f"{s.one:f}"}, {**about, "betAmount": s.spelled(s.one)}


def hotroad_settle(s: Stated) -> Pair:
    about = {"txId": f"A{s.id}", "userId": f"hrg{s.uid}", "roundId": f"R{s.id}"}
    return {**about, "winAmount": f"{s.one:f}"}, {**about, "winAmount": s.spelled(s.one)}


def hotroad_event(s: Stated) -> Pair:
    about = {"settleId": f"E{s.id}", "userId": f"hrg{s.uid}"}
    reward = {**about, "amount": f"{s.one:f}"}
    return {"settles": [reward]}, {**about, "amount": s.spelled(s.one)}


def jdb_of(action: int, **bets: Any) -> Callable[[Stated], Pair]:
    """A delivery and a row of an action with one `amount`; `bets` as the delivery names them."""

    def pair(s: Stated) -> Pair:
        order = {"transferId": s.id, "uid": s.uid, "currency": "VN", "gameRoundSeqNo": 5}
        named = bets.get("refTransferIds") or [bets.get("refTransferId", "")]
        listed = {"refTransferIds": "; ".join(map(str, named))}
        body = {**order, **bets, "amount": raw(s.one)}
        return body, {**order, **listed, "action": action, "amount": s.spelled(s.one)}

    return pair


def jdb_bet_and_settle(s: Stated) -> Pair:
    order = {"transferId": s.id, "uid": s.uid, "currency": "VN", "historyId": f"H{s.id}"}
    money = {"bet": raw(-s.one), "win": raw(s.two), "netWin": raw(s.two - s.one)}
    values = {**order, "action": "bet_and_settle", "bet": s.spelled(s.one), "win": s.two}
    return {**order, **money}, values


def sud_match(s: Stated) -> Pair:
    about = {"match_id": f"M{s.id}", "mg_id": "g"}
    player = {"uid": s.uid, "is_ai": 0, "score": s.points}
    robot = {"uid": "", "is_ai": 1, "score": -s.points}
    body = {"data": {**about, "results": [player, robot]}}
    return notified("match", body), {**about, **player, "operation": "match"}


def sud_user_settle(s: Stated) -> Pair:
    remains, score = abs(s.points), s.points
    order = {"order_id": f"O{s.id}", "out_order_id": f"B{s.id}", "uid": s.uid, "score": score}
    player = {**order, "is_ai": 0, "remain_score": remains}
    body = {"data": {"match_id": f"M{s.id}", "results": [player]}}
    values = {**player, "match_id": f"M{s.id}", "operation": "user_settle"}
    return notified("user", body), values


def sud_update_score(type_: int) -> Callable[[Stated], Pair]:
    def pair(s: Stated) -> Pair:
        order = {"order_id": f"O{s.id}", "uid": s.uid, "round_id": f"R{s.id}", "type": type_}
        body = {**order, "score": abs(s.points) + 1}
        return body, {**body, "operation": "update_score"}

    return pair


def notified(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"app_id": "1", "notify_event": f"sud.mg.merchant.{name}.settle", **body}


PAIRS: list[tuple[Any, str, Callable[[Stated], Pair]]] = [
    (charging, "bet", besoft_bet),
    (charging, "result", besoft_result),
    (taking, "bet", besoft_bet),
    (taking, "result", besoft_result),
    (speaker(BeSoft), "result", besoft_result),
    (hotroad, "bet", hotroad_bet),
    (hotroad, "settle", hotroad_settle),
    (hotroad, "event", hotroad_event),
    (jdb, "bet_and_settle", jdb_bet_and_settle),
    (jdb, "bet", jdb_of(9)),
    (jdb, "settle", jdb_of(10, refTransferIds=[3, 4])),
    (jdb, "cancel_bet", jdb_of(11, refTransferIds=[3])),
    (jdb, "activity_reward", jdb_of(12)),
    (jdb, "withdraw", jdb_of(13)),
    (jdb, "deposit", jdb_of(14, refTransferIds=[3])),
    (jdb, "cancel_withdraw", jdb_of(15, refTransferId=3)),
    (jdb, "free_spin_reward", jdb_of(16)),
    (sud, "match", sud_match),
    (poker, "user_settle", sud_user_settle),
    (results, "user_settle", sud_user_settle),
    (sud, "update_score", sud_update_score(1)),
    (sud, "update_score", sud_update_score(2)),
]

stated = st.builds(
    Stated,
    id=st.integers(1, 10**15),
    uid=st.sampled_from(["alice", "bob", "\u00e9lo\u00efse"]),
    one=st.decimals("0.01", "99999", places=2),
    two=st.decimals("0.01", "99999", places=2),
    points=st.integers(-(10**6), 10**6),
)


def asked(instruction: Instruction) -> list[tuple[str, str, str, str, str]]:
    return [
        (instruction.transaction_id, m.uid, m.currency, plain(m.debit), plain(m.credit))
        for m in instruction.movements
    ]


def same(instruction: Instruction) -> tuple[Any, ...]:
    return (
        (instruction.key, instruction.terms, instruction.kind),
        (instruction.reference, instruction.round_id, instruction.settles),
    )


def test_each_operation_that_moves_a_stated_amount_is_compared() -> None:
    found = {(one.provider, operation) for one, operation, _ in PAIRS}
    booked = {(one.provider, word) for one, _, _ in PAIRS for word in one.booked}
    unstated = {pair for pair in booked if pair[1] in UNSTATED}
    assert booked - found - unstated - NO_ROW == {("sud", "buy_in")}  # Below: no delivery.


@pytest.mark.parametrize(
    ("protocol", "operation", "pair"), PAIRS, ids=[f"{p.provider} {o}" for p, o, _ in PAIRS]
)
@given(stated=stated)
def test_a_row_moves_what_its_delivery_moves_and_is_booked_as_that_would_be(
    protocol: Any, operation: str, pair: Callable[[Stated], Pair], stated: Stated
) -> None:
    body, values = pair(stated)
    decoded = protocol.decode(operation, msgspec.json.encode(body))
    delivered = decoded[0] if isinstance(decoded, tuple) else decoded
    assert delivered.declined is None
    expected = protocol.expected(row(**values))
    assert list(map(moved, expected)) == asked(delivered)
    if operation in CANCELS:
        with pytest.raises(CannotBook):
            protocol.missing(expected)
        return
    booked = protocol.missing(expected)
    assert same(booked) == same(delivered)
    assert (booked.needs_bets, booked.refusal_stands, booked.declined) == (False, False, None)


@given(stated=stated)
def test_a_row_of_a_buy_in_moves_what_the_platform_takes(stated: Stated) -> None:
    uid, score, order_id = stated.uid, abs(stated.points) + 1, f"B{stated.id}"
    taken = poker.buy_in(uid=uid, score=score, order_id=order_id)
    values = {"operation": "buy_in", "uid": uid, "score": score, "out_order_id": order_id}
    expected = poker.expected(row(**values))
    assert list(map(moved, expected)) == asked(taken)
    assert same(poker.missing(expected)) == same(taken)
    assert taken.kind is Kind.BET
