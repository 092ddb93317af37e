"""An order's life: what it hears, when it goes again, and what the provider believes at last."""

from dataclasses import replace
from random import Random

from providers.simulators.base import Answer, Statement
from providers.simulators.orders import Copy, Order, Plan, Shares
from providers.simulators.sending import Loss
from tests.providers.simulators.cast import simulator, table

YES = Answer(statement=Statement.SUCCESS)
NO = Answer(statement=Statement.REFUSED, reason="1009")
SILENCE = Answer(statement=Statement.NOTHING, reason="timed out")


def order(protocol: str, *, stranger: bool = False) -> Order:
    one = simulator(protocol)
    plan = Plan(stranger=stranger, conflict=False, twin=False, resend=False, loss=Loss.NONE)
    settlement = one.settle(0, table())
    return Order(simulator=one, settlement=settlement, plan=plan, luck=Random(1))


def hear(one: Order, answer: Answer, copy: Copy = Copy.FIRST) -> float | None:
    one.hear(copy, answer, said=answer.statement)
    return one.next_try(answer.statement)


def test_success_ends_it() -> None:
    jdb = order("jdb")
    assert hear(jdb, YES) is None
    assert jdb.belief().acknowledged


def test_besoft_counts_a_refused_order_void_and_does_not_resend() -> None:
    besoft = order("besoft")
    assert hear(besoft, NO) is None
    assert besoft.belief().void


def test_besoft_counts_it_void_when_one_repetition_of_a_good_one_is_refused() -> None:
    besoft = order("besoft")
    hear(besoft, YES)
    hear(besoft, NO, Copy.RESEND)
    assert besoft.belief().void


def test_besoft_does_not_count_it_void_when_a_conflicting_copy_is_refused() -> None:
    besoft = order("besoft")
    hear(besoft, YES)
    hear(besoft, NO, Copy.CONFLICT)
    assert not besoft.belief().void


def test_besoft_resends_what_got_no_answer() -> None:
    besoft = order("besoft")
    assert hear(besoft, SILENCE) == 0.2
    assert not besoft.belief().void


def test_owed_ones_are_resent_some_times_and_then_given_up() -> None:
    jdb = order("jdb")
    assert [hear(jdb, NO) for _ in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, None]
    assert jdb.given_up
    assert not jdb.belief().void


def test_an_owed_one_can_still_be_paid_after_a_refusal() -> None:
    sud = order("sud")
    hear(sud, NO)
    hear(sud, YES, Copy.RETRY)
    assert sud.belief().acknowledged


def test_a_stranger_is_given_up_soon() -> None:
    jdb = order("jdb", stranger=True)
    assert [hear(jdb, NO) for _ in range(3)] == [0.5, 1.0, None]


def test_silence_is_resent_for_as_long_as_it_lasts() -> None:
    jdb = order("jdb")
    assert [hear(jdb, SILENCE) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def test_an_acknowledged_conflict_is_remembered_even_if_its_reply_was_lost() -> None:
    jdb = order("jdb")
    jdb.hear(Copy.CONFLICT, SILENCE, said=Statement.SUCCESS)
    assert jdb.belief().wrong_copies == 1


def test_the_shares_decide_how_often_what_happens() -> None:
    shares = Shares(resends=0.1, conflicts=0.01, lost_replies=0.02, unknown_players=0.05, polls=0.3)
    plans = [Plan.draw(shares, Random(number)) for number in range(5_000)]
    assert 400 < sum(plan.twin or plan.resend for plan in plans) < 600
    assert 20 < sum(plan.conflict for plan in plans) < 90
    assert 60 < sum(plan.loss is not Loss.NONE for plan in plans) < 150
    assert 180 < sum(plan.stranger for plan in plans) < 320
    assert 1400 < sum(plan.poll for plan in plans) < 1600


def test_asking_for_balances_changes_nothing_else_that_a_seed_decides() -> None:
    for seed in range(200):
        luck, other = Random(seed), Random(seed)
        silent, asking = Plan.draw(Shares(), luck), Plan.draw(Shares(polls=1.0), other)
        assert asking == replace(silent, poll=True)
        assert luck.random() == other.random()
