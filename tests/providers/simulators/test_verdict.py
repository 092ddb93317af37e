"""Beliefs against books, both made up: each fault is found where it is planted, and only there."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from providers.simulators import verdict
from providers.simulators.base import Kind, Move
from providers.simulators.beliefs import Belief, Held, Sent, back, open_bets
from providers.simulators.verdict import Booked, Evidence, FaultKind

ZERO = Decimal(0)
WON = Move("alice", "USD", Decimal("1.00"), Decimal("10.00"))
LOST = Move("bob", "USD", Decimal("2"), ZERO)
PAID = Belief(
    provider="besoft",
    transaction_id="result:t1",
    kind=Kind.PAYMENT,
    moves=(WON,),
    held=Held.STANDS,
)
VOID = replace(PAID, transaction_id="result:t2", moves=(LOST,), held=Held.VOID, reason="1009")
OWED = replace(PAID, held=Held.OWED, reason="9999")
BET = Belief(
    provider="jdb",
    transaction_id="bet:1",
    kind=Kind.BET,
    moves=(Move("carol", "CNY", Decimal(5), ZERO),),
    held=Held.STANDS,
    opens=True,
    settlements=("settle:2",),
)
SETTLED = Belief(
    provider="jdb",
    transaction_id="settle:2",
    kind=Kind.PAYMENT,
    moves=(Move("carol", "CNY", ZERO, Decimal(8)),),
    held=Held.STANDS,
)
ROUND = [BET, SETTLED]
CANCELLED = replace(BET, held=Held.VOID, settlements=(), cancels=("cancel_bet:3",))
FAILED = replace(BET, held=Held.VOID, settlements=(), reason="6006")


def row(belief: Belief, **changes: Any) -> Booked:
    booked = Booked(
        provider=belief.provider, transaction_id=belief.transaction_id, moves=belief.moves
    )
    return replace(booked, **changes)


def undone(belief: Belief) -> Booked:
    """What the books have where it was given back."""
    return row(belief, transaction_id=belief.cancels[0], moves=back(belief.moves))


def found(*rows: Booked, settled: Iterable[Belief] = (), open_: Iterable[Belief] = ()) -> Evidence:
    """Books of these rows, with balances that add up."""
    changes: dict[tuple[str, str], Decimal] = {}
    for move in (move for one in rows for move in one.moves):
        wallet = move.uid, move.currency
        changes[wallet] = changes.get(wallet, ZERO) + move.credit - move.debit
    return Evidence(
        booked=rows,
        changes=changes,
        settled=frozenset(belief.key for belief in settled),
        open_bets=frozenset(belief.key for belief in open_),
    )


def kinds(beliefs: list[Belief], evidence: Evidence, *sent: Sent) -> list[FaultKind]:
    return [fault.kind for fault in verdict.faults(beliefs, sent, evidence)]


# -- Payments ----------------------------------------------------------------------------------


def test_beliefs_and_books_that_agree_have_no_fault() -> None:
    assert kinds([PAID, VOID], found(row(PAID))) == []


def test_amounts_are_equal_whatever_their_number_of_zeros() -> None:
    stored = WON._replace(debit=Decimal("1.00000000"), credit=Decimal("10.00000000"))
    assert kinds([PAID], found(row(PAID, moves=(stored,)))) == []


def test_the_order_of_a_matchs_players_does_not_matter() -> None:
    belief = replace(PAID, moves=(WON, LOST))
    assert kinds([belief], found(row(PAID, moves=(LOST, WON)))) == []


def test_acknowledged_but_not_paid() -> None:
    assert kinds([PAID], found()) == [FaultKind.NOT_PAID]


def test_a_stranger_who_is_acknowledged_is_not_paid() -> None:
    assert kinds([replace(PAID, moves=(WON._replace(uid="nobody"),))], found()) == [
        FaultKind.NOT_PAID
    ]


def test_the_same_id_under_another_operation_is_something_that_nobody_asked_for() -> None:
    again = row(PAID, transaction_id="settle:t1")
    assert kinds([PAID], found(row(PAID), again)) == [FaultKind.PAID_WRONGLY]


def test_paid_twice_without_a_second_entry_is_seen_in_the_balance() -> None:
    books = replace(found(row(PAID)), changes={("alice", "USD"): Decimal("18.00")})
    (fault,) = verdict.faults([PAID], [], books)
    assert (fault.kind, fault.key) == (FaultKind.PAID_TWICE, ("alice", "USD"))


def test_a_top_up_and_another_run_are_not_a_second_payment() -> None:
    top_up = Booked(
        provider="house",
        transaction_id="deposit:1",
        moves=(Move("alice", "USD", ZERO, Decimal(100)),),
        ours=False,
    )
    assert kinds([PAID], found(row(PAID), top_up)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        WON._replace(credit=Decimal("10.01")),
        WON._replace(uid="bob"),
        WON._replace(currency="EUR"),
    ],
)
@pytest.mark.parametrize("belief", [PAID, OWED])
def test_paid_wrongly_another_amount_player_or_currency(belief: Belief, wrong: Move) -> None:
    assert kinds([belief], found(row(PAID, moves=(wrong,)))) == [FaultKind.PAID_WRONGLY]


def test_a_conflicting_copy_that_was_acknowledged() -> None:
    sent = Sent(key=PAID.key, wrong_copies=1)
    assert kinds([PAID], found(row(PAID)), sent) == [FaultKind.PAID_WRONGLY]


def test_something_paid_that_nobody_asked_for() -> None:
    assert kinds([], found(row(PAID))) == [FaultKind.PAID_WRONGLY]


def test_paid_although_the_provider_counts_it_void() -> None:
    assert kinds([VOID], found(row(VOID))) == [FaultKind.PAID_VOID]


@pytest.mark.parametrize("held", [Held.OWED, Held.UNKNOWN])
def test_what_is_in_doubt_may_be_paid_or_not_the_provider_will_ask_again(held: Held) -> None:
    doubtful = replace(PAID, held=held)
    assert kinds([doubtful], found(row(PAID))) == []
    assert kinds([doubtful], found()) == []


# -- Bets --------------------------------------------------------------------------------------


def test_a_round_that_is_settled_has_no_fault() -> None:
    assert kinds(ROUND, found(row(BET), row(SETTLED), settled=[BET])) == []


def test_a_bet_acknowledged_but_not_taken() -> None:
    assert kinds(ROUND, found(row(SETTLED), settled=[BET])) == [FaultKind.NOT_TAKEN]


def test_a_bet_that_stands_for_the_provider_and_was_given_back() -> None:
    stands = replace(CANCELLED, held=Held.STANDS)  # 6101: JDB restores it.
    (fault, *_) = verdict.faults([stands], [], found(row(BET), undone(CANCELLED)))
    assert fault.kind is FaultKind.NOT_TAKEN
    assert "given back" in fault.sentence


def test_a_bet_taken_although_it_failed() -> None:
    assert kinds([FAILED], found(row(BET), open_=[BET])) == [FaultKind.TAKEN_FAILED]


def test_a_failed_bet_that_was_not_taken_is_none() -> None:
    assert kinds([FAILED], found()) == []


def test_a_cancelled_bet_not_given_back() -> None:
    assert kinds([CANCELLED], found(row(BET), open_=[BET])) == [FaultKind.NOT_GIVEN_BACK]


def test_a_cancelled_bet_was_given_back_or_never_taken() -> None:
    assert kinds([CANCELLED], found(row(BET), undone(CANCELLED))) == []
    assert kinds([CANCELLED], found()) == []


def test_given_back_what_was_never_taken_or_another_amount() -> None:
    assert kinds([CANCELLED], found(undone(CANCELLED))) == [FaultKind.PAID_WRONGLY]
    less = row(CANCELLED, transaction_id="cancel_bet:3",
               moves=(Move("carol", "CNY", ZERO, Decimal(4)),))  # fmt: skip
    assert kinds([CANCELLED], found(row(BET), less)) == [FaultKind.PAID_WRONGLY]


def test_settled_although_cancelled() -> None:
    books = found(row(BET), undone(CANCELLED), settled=[BET])
    assert kinds([CANCELLED], books) == [FaultKind.SETTLED_VOID]


@pytest.mark.parametrize("rows", [[], [row(BET)], [row(BET), undone(CANCELLED)]])
def test_a_bet_of_which_the_provider_knows_nothing_may_be_anything(rows: list[Booked]) -> None:
    unknown = replace(CANCELLED, held=Held.UNKNOWN)
    assert kinds([unknown], found(*rows)) == []


# -- Open bets ---------------------------------------------------------------------------------


def test_a_bet_is_open_until_something_that_stands_settles_it() -> None:
    assert open_bets([replace(BET, settlements=())]) == ({BET.key}, set())
    assert open_bets(ROUND) == (set(), set())
    assert open_bets([CANCELLED]) == (set(), set())


@pytest.mark.parametrize("held", [Held.OWED, Held.UNKNOWN])
def test_of_a_bet_whose_settlement_is_in_doubt_the_provider_cannot_say(held: Held) -> None:
    assert open_bets([BET, replace(SETTLED, held=held)]) == (set(), {BET.key})


def test_a_bet_of_an_open_round_is_settled_by_the_first_of_its_settlements() -> None:
    bet = replace(BET, settlements=("settle:2", "settle:3"))
    later = replace(SETTLED, transaction_id="settle:3", held=Held.UNKNOWN)
    assert open_bets([bet, SETTLED, later]) == (set(), set())


def test_a_bet_that_is_open_on_both_sides_is_accounted_for() -> None:
    assert kinds([replace(BET, settlements=())], found(row(BET), open_=[BET])) == []


def test_a_bet_that_is_open_for_the_provider_only() -> None:
    open_ = replace(BET, settlements=())
    assert kinds([open_], found(row(BET), settled=[BET])) == [FaultKind.OPEN_ON_ONE_SIDE]


def test_a_bet_that_is_open_in_the_books_only() -> None:
    books = found(row(BET), row(SETTLED), open_=[BET])
    assert kinds(ROUND, books) == [FaultKind.OPEN_ON_ONE_SIDE]


def test_a_score_that_nothing_ever_names_is_no_open_bet() -> None:
    score = replace(BET, transaction_id="update_score:1c", opens=False, settlements=())
    assert kinds([score], found(row(score), open_=[score])) == []


def test_a_balance_below_zero() -> None:
    books = replace(found(), balances={("alice", "USD"): Decimal("-0.01")})
    assert kinds([], books) == [FaultKind.OVERDRAWN]
