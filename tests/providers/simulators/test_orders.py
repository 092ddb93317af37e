"""What befalls the messages of a round on their way: waits, copies, losses, and their counts."""

from dataclasses import replace
from random import Random

from providers.simulators import orders
from providers.simulators.answers import Statement, nothing
from providers.simulators.orders import Copy, Fate, Order, Play, Shares
from providers.simulators.rounds import Due, Pace
from providers.simulators.sending import Heard, Loss
from tests.providers.simulators.cast import NO, SILENCE, YES, begin, find, simulator

HEARD = Heard(answer=YES, said=Statement.SUCCESS, seconds=0.01)
LOST = Heard(answer=nothing("reply lost"), said=Statement.SUCCESS, seconds=0.01)


def order() -> Order:
    return Order(message=begin("hotroad", "bet").messages[0], fate=Fate(), pending=1)


def play() -> Play:
    round_ = begin("hotroad", "bet")
    shares = Shares(conflicts=1)
    return Play(simulator=simulator("hotroad"), round=round_, luck=Random(1), shares=shares)


def waits(pace: Pace, times: int) -> list[float]:
    message = begin("hotroad", "bet").messages[0]
    return [
        orders.wait(Due(message=message, pace=pace, nth=nth), Random(1))
        for nth in range(1, times + 1)
    ]


def test_silence_is_followed_sooner_than_a_refusal() -> None:
    assert waits(Pace.SILENCE, 7) == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    assert waits(Pace.REFUSAL, 6) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_game_takes_its_time() -> None:
    assert 0 < waits(Pace.PLAYED, 1)[0] < orders.LONGEST_GAME


def test_a_lost_success_counts_as_said_by_the_server() -> None:
    one = order()
    one.count(Copy.FIRST, LOST)
    assert (one.deliveries, one.answered, one.successes, one.pending) == (1, 1, 1, 0)


def test_an_acknowledged_conflict_is_counted_even_if_its_reply_was_lost() -> None:
    one = order()
    one.count(Copy.CONFLICT, LOST)
    assert one.sent.wrong_copies == 1
    one.count(Copy.RESEND, HEARD)
    assert (one.sent.wrong_copies, one.sent.deliveries) == (1, 2)


def test_what_is_on_its_way_already_does_not_wait_to_be_sent() -> None:
    one = play()
    ((bet, _),) = one.waiting()
    bet.pending = 1
    assert one.waiting() == []
    one.round.hear(bet.message, SILENCE)
    assert [waiting.message.operation for waiting, _ in one.waiting()] == ["cancel_bet"]


def test_a_round_is_over_when_nothing_is_due_or_on_its_way() -> None:
    one = play()
    ((bet, _),) = one.waiting()
    bet.pending = 1
    one.round.hear(bet.message, replace(NO, code="8001"))
    assert not one.is_over
    bet.pending = 0
    assert one.is_over


def test_a_cancel_is_never_contradicted() -> None:
    one = play()
    one.round.hear(one.round.messages[0], SILENCE)
    assert one.can_conflict(one.order(find(one.round, "bet")))
    assert not one.can_conflict(one.order(find(one.round, "cancel_bet")))


def test_the_shares_decide_how_often_what_happens() -> None:
    shares = Shares(resends=0.1, conflicts=0.01, lost_replies=0.02)
    fates = [Fate.draw(shares, Random(number)) for number in range(5_000)]
    assert 400 < sum(fate.twin or fate.resend for fate in fates) < 600
    assert 20 < sum(fate.conflict for fate in fates) < 90
    assert 60 < sum(fate.loss is not Loss.NONE for fate in fates) < 150
