"""A round as its provider lives it: what follows which answer, and what is believed at the end."""

from decimal import Decimal

import pytest

from providers.simulators import rounds
from providers.simulators.answers import Answer, refused
from providers.simulators.beliefs import Held
from providers.simulators.rounds import Pace
from tests.providers.simulators.cast import (
    NO,
    SILENCE,
    UNREADABLE,
    YES,
    begin,
    due,
    find,
    hear,
    held,
    simulator,
    table,
)

FAILED_8001 = refused("8001", "failed")
NOT_DECIDED = refused("9999", "not decided")
NO_MONEY = refused("9000", "insufficient balance")


# -- HotRoad -----------------------------------------------------------------------------------


def test_hotroad_settles_a_bet_that_stands() -> None:
    round_ = begin("hotroad", "bet")
    assert due(round_) == ["bet"]
    hear(round_, "bet", YES)
    assert due(round_) == ["settle"]
    assert find(round_, "settle").names == tuple(find(round_, "bet").asks)
    hear(round_, "settle", NO, SILENCE, YES)
    assert due(round_) == []
    assert held(round_) == {"bet": "stands", "settle": "stands"}


def test_hotroad_takes_8001_for_a_bet_that_failed_and_cancels_nothing() -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", FAILED_8001)
    assert due(round_) == []
    assert held(round_) == {"bet": "void"}


@pytest.mark.parametrize("answer", [SILENCE, NOT_DECIDED, UNREADABLE])
def test_hotroad_cancels_a_bet_after_anything_else_until_that_succeeds(answer: Answer) -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", answer)
    assert due(round_) == ["cancel_bet"]
    hear(round_, "cancel_bet", SILENCE, NOT_DECIDED)
    assert due(round_) == ["cancel_bet"]
    assert held(round_) == {"bet": "unknown"}
    hear(round_, "cancel_bet", YES)
    assert due(round_) == []
    assert held(round_) == {"bet": "void"}


def test_hotroad_cancels_the_good_bet_of_a_void_round_and_settles_nothing() -> None:
    round_ = begin("hotroad", "bet", is_void=True)
    hear(round_, "bet", YES)
    assert due(round_) == ["cancel_bet"]
    hear(round_, "cancel_bet", YES)
    assert (due(round_), held(round_)) == ([], {"bet": "void"})


def test_what_is_heard_of_a_bet_after_its_cancel_changes_nothing() -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", SILENCE, YES, FAILED_8001)
    assert due(round_) == ["cancel_bet"]
    hear(round_, "cancel_bet", YES)
    hear(round_, "bet", YES)
    hear(round_, "cancel_bet", NOT_DECIDED)
    assert (due(round_), held(round_)) == ([], {"bet": "void"})


def test_a_bet_of_which_one_copy_failed_has_failed() -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", YES, FAILED_8001)
    assert held(round_)["bet"] == "void"


def test_a_bet_of_which_one_copy_was_not_answered_stands_if_the_other_was() -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", YES, SILENCE, NOT_DECIDED)
    assert due(round_) == ["settle"]


def test_hotroad_gives_two_rewards_in_one_message() -> None:
    round_ = begin("hotroad", "event")
    hear(round_, "event", YES)
    first, second = round_.beliefs()
    assert (first.held, second.held) == (Held.STANDS, Held.STANDS)
    assert first.moves[0].uid != second.moves[0].uid


# -- SUD and BeSoft ----------------------------------------------------------------------------


def test_sud_gives_nothing_for_a_score_that_could_not_be_taken() -> None:
    round_ = begin("sud", "consume")
    hear(round_, "consume", NO_MONEY)
    assert (due(round_), [belief.held.value for belief in round_.beliefs()]) == ([], ["void"])


def test_sud_asks_again_until_it_knows_whether_a_score_was_taken() -> None:
    round_ = begin("sud", "consume")
    hear(round_, "consume", SILENCE, refused("2"), refused("1"))
    assert due(round_) == ["consume"]
    hear(round_, "consume", YES)
    assert "consume" not in due(round_)


def test_sud_gives_a_score_only_where_the_player_won() -> None:
    followed = set()
    for seed in range(60):
        round_ = rounds.begin(simulator("sud"), seed, table(seed), whole=True)
        if round_.messages[0].operation == "consume":
            hear(round_, "consume", YES)
            followed.add(tuple(due(round_)))
    assert followed == {(), ("gain",)}


def test_besoft_counts_a_refused_result_void_also_where_a_copy_succeeded() -> None:
    round_ = begin("besoft", "result")
    hear(round_, "result", YES, NO)
    assert (due(round_), held(round_)) == ([], {"result": "void"})


@pytest.mark.parametrize("answer", [NO, UNREADABLE])
def test_besoft_does_not_send_a_refused_result_again(answer: Answer) -> None:
    round_ = begin("besoft", "result")
    hear(round_, "result", answer)
    assert (due(round_), held(round_)) == ([], {"result": "void"})


def test_besoft_sends_again_what_got_no_answer() -> None:
    round_ = begin("besoft", "result")
    hear(round_, "result", SILENCE)
    assert (due(round_), held(round_)) == (["result"], {"result": "unknown"})


# -- All ---------------------------------------------------------------------------------------


def test_what_is_refused_but_owed_is_sent_again_some_times_and_can_still_be_paid() -> None:
    round_ = begin("sud", "match")
    hear(round_, "match", *[NO] * 6)
    (waiting,) = round_.due()
    assert (waiting.pace, waiting.nth, held(round_)) == (Pace.REFUSAL, 6, {"match": "owed"})
    hear(round_, "match", NO)
    assert (due(round_), held(round_)) == ([], {"match": "owed"})
    hear(round_, "match", YES)
    assert held(round_) == {"match": "stands"}


def test_a_stranger_is_given_up_soon() -> None:
    round_ = begin("sud", "match", stranger="nobody")
    hear(round_, "match", NO, NO)
    assert due(round_) == ["match"]
    hear(round_, "match", NO)
    assert due(round_) == []


def test_silence_is_answered_by_the_same_message_for_as_long_as_it_lasts() -> None:
    round_ = begin("besoft", "result")
    hear(round_, "result", *[SILENCE] * 20)
    (waiting,) = round_.due()
    assert (waiting.pace, waiting.nth) == (Pace.SILENCE, 20)


def test_a_belief_says_what_changes_for_good() -> None:
    round_ = begin("hotroad", "bet")
    hear(round_, "bet", YES)
    hear(round_, "settle", SILENCE)
    bet, settlement = round_.beliefs()
    assert (bet.net, settlement.net) == (bet.moves, ())
    assert bet.moves[0].debit > Decimal(0)
    assert (bet.opens, bet.settlements) == (True, (settlement.transaction_id,))


@pytest.mark.parametrize("protocol", ["besoft", "hotroad", "jdb", "sud"])
def test_a_settlement_comes_alone_where_cage_takes_one_without_its_bet(protocol: str) -> None:
    alone = rounds.begin(simulator(protocol, **PAYING.get(protocol, {})), 0, table(), whole=False)
    assert [message.operation for message in alone.messages] == [LONE[protocol]]
    hear(alone, LONE[protocol], YES)
    assert (due(alone), held(alone)) == ([], {LONE[protocol]: "stands"})


LONE = {"besoft": "result", "hotroad": "settle", "jdb": "settle", "sud": "match"}
PAYING = {"hotroad": {"unknown_bet": "pay"}, "jdb": {"unknown_bet": "pay"}}


@pytest.mark.parametrize("protocol", ["hotroad", "jdb"])
def test_whole_rounds_are_played_where_a_settlement_alone_is_refused(protocol: str) -> None:
    refusing = simulator(protocol, unknown_bet="refuse")
    begun = {
        rounds.begin(refusing, seed, table(seed), whole=False).messages[0].operation
        for seed in range(30)
    }
    assert "bet" in begun
    assert "settle" not in begun


def test_sud_plays_no_match_where_user_settle_pays() -> None:
    poker = simulator("sud", pays="user.settle")
    begun = {
        rounds.begin(poker, seed, table(seed), whole=False).messages[0].operation
        for seed in range(30)
    }
    assert begun == {"consume"}
