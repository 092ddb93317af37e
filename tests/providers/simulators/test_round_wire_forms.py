"""What whole rounds send is what the documents describe, checked without our protocols."""

from decimal import Decimal
from typing import Any

import pytest

from providers.simulators import rounds
from providers.simulators.base import Kind, Message, Simulator
from providers.simulators.beliefs import back
from tests.providers.simulators.cast import NOW, SILENCE, YES, simulator, table
from tests.providers.simulators.test_wire_forms import message as read

# The fields of the request examples in the documents; where none is printed, of the table (JDB 8)
# or of what is known of it (HotRoad's cancel_bet).
DOCUMENTED = {
    ("jdb", "bet"): "action ts transferId uid currency amount gameRoundSeqNo gType mType",
    ("jdb", "cancel_bet"): "action ts transferId uid currency amount refTransferIds gameRoundSeqNo"
    " gType mType",
    ("jdb", "withdraw"): "action ts transferId uid currency amount gType mType",
    ("jdb", "deposit"): "action ts transferId uid currency amount refTransferIds totalBet totalWin"
    " gType mType",
    ("jdb", "cancel_withdraw"): "action ts transferId uid currency amount refTransferId gType"
    " mType",
    ("jdb", "bet_and_settle"): "action ts transferId historyId uid currency bet win netWin mb denom"
    " reportDate gameDate lastModifyTime gType mType sessionNo ipAddress clientType systemTakeWin"
    " jackpotWin jackpotContribute hasFreeGame hasGamble",
    ("jdb", "cancel_bet_and_settle"): "action ts transferId historyId uid currency gType mType",
    ("jdb", "activity_reward"): "action ts transferId activityNo activityName activityDate uid"
    " amount currency",
    ("jdb", "free_spin_reward"): "action ts transferId eventId uid amount currency",
    ("jdb", "settle"): "action ts transferId uid currency amount refTransferIds gameRoundSeqNo"
    " historyId reportDate gameDate lastModifyTime win bet validBet netWin tax commission gType"
    " mType roundClosed",
    ("hotroad", "bet"): "ts userId txId betTime gameType gameCode betAmount roundId category"
    " tableId",
    ("hotroad", "cancel_bet"): "ts reason userId txId gameType gameCode",
    ("hotroad", "settle"): "ts userId txId roundId betTime gameType gameCode betAmount"
    " validBetAmount winAmount roundStartTime odds status result commission",
    ("hotroad", "event"): "ts settles",
    ("sud", "consume"): "order_id mg_id round_id uid score type",
    ("sud", "gain"): "order_id mg_id round_id uid score type",
}
ACTIONS = {
    "cancel_bet_and_settle": 4,
    "bet_and_settle": 8,
    "bet": 9,
    "settle": 10,
    "cancel_bet": 11,
    "activity_reward": 12,
    "withdraw": 13,
    "deposit": 14,
    "cancel_withdraw": 15,
    "free_spin_reward": 16,
}
SUFFIXES = {
    "bet": "place_bet",
    "cancel_bet": "cancel_bet",
    "settle": "settle",
    "event": "event_settle",
}


def everything(protocol: str) -> tuple[Simulator, list[Message]]:
    """All messages of some rounds, of which every other one hears nothing at first."""
    one = simulator(protocol)
    found: list[Message] = []
    for number in range(120):
        round_ = rounds.begin(one, number, table(number), whole=True)
        for message in round_.messages:
            round_.hear(message, SILENCE if number % 2 else YES)
        found += round_.messages
    return one, found


def sent(protocol: str, operation: str) -> tuple[Message, dict[str, Any], str]:
    """(message, what is read of it, the URL's suffix) of the first of its kind."""
    one, messages = everything(protocol)
    found = next(message for message in messages if message.operation == operation)
    request = one.request(found, at=NOW, serial=0)
    return found, read(protocol, request), request.suffix


@pytest.mark.parametrize(("protocol", "operation"), DOCUMENTED)
def test_a_message_has_the_fields_of_the_document(protocol: str, operation: str) -> None:
    _, fields, _ = sent(protocol, operation)
    assert set(fields) == set(DOCUMENTED[protocol, operation].split())


@pytest.mark.parametrize("protocol", ["hotroad", "jdb", "sud"])
def test_all_messages_of_rounds_are_among_the_documented(protocol: str) -> None:
    _, messages = everything(protocol)
    known = {operation for name, operation in DOCUMENTED if name == protocol}
    found = {message.operation for message in messages}
    assert found - {"match"} == known


@pytest.mark.parametrize("operation", ACTIONS)
def test_jdb_says_its_action_and_cage_calls_it_after_that(operation: str) -> None:
    message, fields, _ = sent("jdb", operation)
    assert fields["action"] == ACTIONS[operation]
    assert message.key == ("jdb", f"{operation}:{fields['transferId']}")


@pytest.mark.parametrize("operation", SUFFIXES)
def test_hotroad_posts_to_the_url_of_the_operation(operation: str) -> None:
    message, fields, suffix = sent("hotroad", operation)
    assert suffix == SUFFIXES[operation]
    ids = [fields["txId"]] if "txId" in fields else [one["settleId"] for one in fields["settles"]]
    assert tuple(message.asks) == tuple(f"{operation}:{their_id}" for their_id in ids)
    assert all(len(their_id) <= 20 for their_id in ids)


def test_hotroad_ids_have_room_for_all_rounds_of_a_run() -> None:
    one = simulator("hotroad")
    for number in range(12_000_000, 12_000_100):
        for message in one.game(number, table(number)).opening:
            assert all(len(id_.partition(":")[2]) <= 20 for id_ in message.asks)


def test_hotroad_bet_cancel_and_settle_share_their_id() -> None:
    bet, cancel, settle = (
        sent("hotroad", operation)[0] for operation in ("bet", "cancel_bet", "settle")
    )
    assert cancel.names[0].partition(":")[2] == cancel.fields["txId"]
    assert settle.names == (f"bet:{settle.fields['txId']}",)
    assert tuple(bet.asks) == (f"bet:{bet.fields['txId']}",)


def test_hotroad_rewards_have_the_fields_of_the_document() -> None:
    _, fields, _ = sent("hotroad", "event")
    assert len(fields["settles"]) == 2
    for reward in fields["settles"]:
        assert set(reward) == {"settleId", "eventId", "userId", "amount", "createTime"}
        assert (reward["userId"][:3], len(reward["createTime"])) == ("hrg", 23)


def test_sud_says_consume_and_gain_by_type_and_signs_nothing_else() -> None:
    taken, fields, suffix = sent("sud", "consume")
    assert (fields["type"], suffix) == (1, "update_score")
    assert taken.moves[0].debit == fields["score"]
    given, fields, suffix = sent("sud", "gain")
    assert (fields["type"], suffix) == (2, "update_score")
    assert given.moves[0].credit == fields["score"]
    assert given.key == ("sud", f"update_score:{fields['order_id']}")


def test_jdb_sends_the_bet_of_a_result_negative_and_the_balance_that_it_needs_positive() -> None:
    message, fields, _ = sent("jdb", "bet_and_settle")
    assert fields["bet"] <= 0
    assert fields["mb"] == -fields["bet"]
    assert Decimal(fields["netWin"]) == Decimal(fields["win"]) + Decimal(fields["bet"])
    (move,) = message.moves
    assert move.credit - move.debit == (
        Decimal(fields["netWin"]) * (1000 if fields["currency"] == "VN" else 1)
    )


def test_jdb_ids_of_one_round_are_all_different_and_a_cancel_of_a_result_has_its_id() -> None:
    _, messages = everything("jdb")
    cancels = [one for one in messages if one.operation == "cancel_bet_and_settle"]
    assert all(one.names == (f"bet_and_settle:{one.fields['transferId']}",) for one in cancels)
    others = [one.fields["transferId"] for one in messages if one not in cancels]
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("protocol", ["hotroad", "jdb"])
def test_a_cancel_names_the_player_and_the_bet_that_it_undoes(protocol: str) -> None:
    _, messages = everything(protocol)
    cancels = [message for message in messages if message.kind is Kind.CANCEL]
    bets = {message.key[1]: message for message in messages}
    assert cancels
    for cancel in cancels:
        bet = bets[cancel.names[0]]
        (move,), (undone,) = cancel.moves, back(bet.moves)
        assert (move.uid, move.currency) == (undone.uid, undone.currency)
        if "amount" in cancel.fields:
            assert cancel.fields["amount"] == bet.fields["amount"]


@pytest.mark.parametrize("protocol", ["hotroad", "jdb", "sud"])
def test_a_conflicting_copy_keeps_the_ids_and_changes_the_terms(protocol: str) -> None:
    one, messages = everything(protocol)
    for number, message in enumerate(messages):
        if message.kind is Kind.CANCEL:
            continue
        other = one.contradict(message, table(number))
        assert (other.key, tuple(other.asks), other.names) == (
            message.key,
            tuple(message.asks),
            message.names,
        )
        assert sorted(other.moves) != sorted(message.moves)


@pytest.mark.parametrize("protocol", ["besoft", "hotroad", "jdb", "sud"])
def test_the_same_seed_makes_the_same_rounds(protocol: str) -> None:
    assert everything(protocol)[1] == everything(protocol)[1]
