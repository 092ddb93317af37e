"""JDB's rounds: cards that are bet on and settled, results that may be cancelled, fish games."""

import pytest

from providers.simulators import rounds
from providers.simulators.answers import Answer, refused
from providers.simulators.beliefs import Held
from tests.providers.simulators.cast import (
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

NOT_DECIDED = refused("9999", "not decided")


@pytest.mark.parametrize("answer", [SILENCE, UNREADABLE, refused("6006"), refused("9999")])
@pytest.mark.parametrize(
    ("bet", "cancel"), [("bet", "cancel_bet"), ("withdraw", "cancel_withdraw")]
)
def test_jdb_cancels_a_bet_unless_the_answer_is_correct(
    bet: str, cancel: str, answer: Answer
) -> None:
    round_ = begin("jdb", bet)
    hear(round_, bet, answer)
    assert due(round_) == [cancel]
    hear(round_, cancel, NOT_DECIDED, YES)
    assert (due(round_), held(round_)) == ([], {bet: "void"})


def test_jdb_gives_back_what_a_withdrawal_took_less_what_was_lost() -> None:
    round_ = begin("jdb", "withdraw")
    hear(round_, "withdraw", YES)
    (taken,), (given,) = find(round_, "withdraw").moves, find(round_, "deposit").moves
    fields = find(round_, "deposit").fields
    assert fields["amount"] == (
        find(round_, "withdraw").fields["amount"] - fields["totalBet"] + fields["totalWin"]
    )
    assert (taken.uid, taken.currency) == (given.uid, given.currency)


def test_jdb_settles_only_those_of_two_bets_that_stand() -> None:
    round_ = begin("jdb", "bet", "bet")
    first, second = round_.messages
    round_.hear(first, SILENCE)
    assert due(round_) == ["bet", "cancel_bet"]
    round_.hear(second, YES)
    assert due(round_)[:2] == ["cancel_bet", "settle"]
    settle = find(round_, "settle")
    assert settle.names == tuple(second.asks)
    assert settle.fields["bet"] == second.fields["amount"]


def test_jdb_settles_nothing_where_no_bet_stands() -> None:
    round_ = begin("jdb", "bet", "bet")
    for bet in round_.messages:
        round_.hear(bet, SILENCE)
    assert due(round_) == ["cancel_bet", "cancel_bet"]


def test_jdb_settles_an_open_round_twice_each_time_under_its_own_id() -> None:
    opened = []
    for seed in range(100):
        round_ = rounds.begin(simulator("jdb"), seed, table(seed), whole=True)
        for message in round_.messages:
            round_.hear(message, YES)
        opened.append([one.message for one in round_.due() if one.message.operation == "settle"])
    first, second = next(pair for pair in opened if len(pair) == 2)
    assert (first.fields["roundClosed"], second.fields["roundClosed"]) == (False, True)
    assert first.names == second.names
    assert first.key != second.key


def test_jdb_takes_a_clear_refusal_of_a_result_for_the_end() -> None:
    round_ = begin("jdb", "bet_and_settle")
    hear(round_, "bet_and_settle", refused("6006"))
    assert (due(round_), held(round_)) == ([], {"bet_and_settle": "void"})


@pytest.mark.parametrize("answer", [SILENCE, UNREADABLE])
def test_jdb_asks_for_the_cancel_of_a_result_that_was_not_answered(answer: Answer) -> None:
    round_ = begin("jdb", "bet_and_settle")
    hear(round_, "bet_and_settle", answer)
    hear(round_, "cancel_bet_and_settle", SILENCE, UNREADABLE, refused("9017"))
    assert due(round_) == ["cancel_bet_and_settle"]


@pytest.mark.parametrize(
    ("answer", "believed"),
    [(YES, "void"), (refused("6101"), "stands"), (refused("9999"), "void")],
)
def test_jdb_restores_a_result_at_6101_and_takes_any_other_status_for_a_cancel(
    answer: Answer, believed: str
) -> None:
    round_ = begin("jdb", "bet_and_settle")
    hear(round_, "bet_and_settle", SILENCE)
    hear(round_, "cancel_bet_and_settle", answer)
    assert (due(round_), held(round_)) == ([], {"bet_and_settle": believed})


def test_a_stranger_bets_in_vain_and_its_bet_is_cancelled() -> None:
    round_ = begin("jdb", "bet", stranger="nobody")
    hear(round_, "bet", refused("7501"))
    hear(round_, "cancel_bet", YES)
    (belief,) = round_.beliefs()
    assert (belief.held, belief.stranger) == (Held.VOID, True)
