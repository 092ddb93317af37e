"""What two people take back or replace: once, exactly, and what a late delivery then hears."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import NOON, Books, deposit, instruction, post
from tests.conftest import empty_the_books
from tests.wallets.test_bets import alone, bet, cancel, settle, slot
from wallets import ledger
from wallets.instructions import Instruction, Kind, Receipt
from wallets.models import Entry, Reference, Transaction
from wallets.refusals import (
    AlreadyReversed,
    BalanceTooLarge,
    BetCancelled,
    BetSettled,
    Conflict,
    InsufficientFunds,
    NotBooked,
    NotReversed,
    NotReversible,
    PlayerClosed,
    UnknownPlayer,
)


def reverse(transaction_id: str, *, provider: str = "jdb", **options: Any) -> list[Receipt]:
    return ledger.reverse(
        provider=provider, transaction_id=transaction_id, request_id=uuid4(), at=NOON, **options
    )


def match(*movements: tuple[str, str, str, str]) -> Instruction:
    return instruction("m", *movements, provider="jdb")


def moved(transaction_id: str) -> set[tuple[str, Decimal, Decimal]]:
    rows = Entry.objects.filter(transaction__transaction_id=transaction_id)
    return set(rows.values_list("wallet__player__uid", "debit", "credit"))


# -- Reversals ---------------------------------------------------------------------------------


def test_a_settlement_is_taken_back_and_its_copy_is_a_conflict_for_good(books: Books) -> None:
    books.open("alice", "USD", "10")
    alone(settle("1", amount="25", needs_bets=False))
    (receipt,) = reverse("settle:1")
    assert (receipt.posted, receipt.balance) == (True, Decimal(10))
    assert moved("reversal:settle:1") == {("alice", Decimal(25), Decimal(0))}
    again = alone(settle("1", amount="25", needs_bets=False))
    assert (again.posted, type(again.refusal)) == (False, Conflict)
    assert str(again.refusal) == "The transaction was reversed."
    assert books.balance("alice", "USD") == 10
    assert books.violations() == []


def test_it_is_taken_back_once(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(settle("1", amount="25", needs_bets=False))
    reverse("settle:1")
    (again,) = reverse("settle:1")
    assert (again.posted, again.refusal) == (False, None)  # The same reversal, not another one.
    assert books.balance("alice", "USD") == 100


def test_nine_at_once_take_it_back_once(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(settle("1", amount="25", needs_bets=False))

    def attempt(_: int) -> bool:
        try:
            return reverse("settle:1")[0].posted
        finally:
            connections.close_all()

    with ThreadPoolExecutor(9) as threads:
        assert sorted(threads.map(attempt, range(9))) == [False] * 8 + [True]
    assert books.balance("alice", "USD") == 100
    assert books.violations() == []


def test_what_was_spent_since_is_not_taken_back(books: Books) -> None:
    books.open("alice", "USD")
    alone(settle("1", amount="25", needs_bets=False))
    books.spend("alice", "USD")
    (receipt,) = reverse("settle:1")
    assert isinstance(receipt.refusal, InsufficientFunds)
    assert books.balance("alice", "USD") == 0


def test_a_match_is_taken_back_from_all_its_players_or_from_none(books: Books) -> None:
    books.open("alice", "USD", "50")
    books.open("bob", "USD", "50")
    post(match(("alice", "USD", "50", "0"), ("bob", "USD", "0", "50")))
    books.spend("bob", "USD")
    assert isinstance(reverse("settle:m")[0].refusal, InsufficientFunds)
    assert books.balance("alice", "USD") == 0
    post(deposit("bob", "USD", "60"))
    assert reverse("settle:m")[0].posted
    assert books.balance("alice", "USD") == 50
    assert books.balance("bob", "USD") == 10
    assert books.violations() == []


def test_a_reversed_bet_is_refused_when_it_comes_again_and_settles_nothing(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(bet("1"))
    assert reverse("bet:1")[0].posted
    assert isinstance(alone(bet("1")).refusal, Conflict)
    assert isinstance(alone(settle("2", "1")).refusal, BetCancelled)
    assert alone(cancel("3", "1")).refusal is None  # Nothing of it stands, as the cancel wants.
    assert books.balance("alice", "USD") == 100
    assert books.violations() == []


def test_a_settled_bet_is_reversed_after_its_settlement(books: Books) -> None:
    books.open("alice", "USD", "100")
    post(bet("1"))
    post(settle("2", "1"))
    assert isinstance(reverse("bet:1")[0].refusal, BetSettled)
    assert reverse("settle:2")[0].posted
    assert reverse("bet:1")[0].posted
    assert books.balance("alice", "USD") == 100
    assert books.violations() == []


def test_a_bet_whose_settlement_was_reversed_can_be_settled_and_cancelled(books: Books) -> None:
    books.open("alice", "USD", "100")
    post(bet("1"))
    post(bet("2"))
    post(settle("1", "1"))
    post(settle("2", "2"))
    reverse("settle:1")
    reverse("settle:2")
    assert alone(settle("3", "1", amount="7")).posted
    assert alone(cancel("4", "2")).posted
    assert isinstance(alone(cancel("5", "1")).refusal, BetSettled)
    assert books.balance("alice", "USD") == 97
    assert books.violations() == []


@pytest.mark.parametrize(
    ("transaction_id", "error"),
    [("settle:unknown", NotBooked), ("bet:refused", NotBooked)],
)
def test_what_is_not_in_the_books_is_not_reversed(
    books: Books, transaction_id: str, error: type[Exception]
) -> None:
    books.open("alice", "USD", "1")
    alone(bet("refused", "10"))
    with pytest.raises(error):
        reverse(transaction_id)


def test_a_cancel_a_deposit_and_a_reversal_are_not_reversed(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(bet("1"))
    alone(cancel("1", "1"))
    assert isinstance(reverse("cancel:1")[0].refusal, NotReversible)
    assert isinstance(reverse("bet:1")[0].refusal, AlreadyReversed)
    paid_in = Transaction.objects.get(kind=Kind.DEPOSIT).transaction_id
    assert isinstance(reverse(paid_in, provider="house")[0].refusal, NotReversible)
    alone(settle("2", amount="1", needs_bets=False))
    reverse("settle:2")
    with pytest.raises(NotReversible):
        reverse("reversal:settle:2")


def test_nothing_is_taken_back_from_a_closed_player(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(settle("1", needs_bets=False))
    books.set_status("alice", "closed")
    assert isinstance(reverse("settle:1")[0].refusal, PlayerClosed)


# -- Corrections -------------------------------------------------------------------------------


def test_other_terms_stand_from_then_on(books: Books) -> None:
    books.open("alice", "USD", "10")
    first = settle("1", amount="25", needs_bets=False)
    theirs = settle("1", amount="20", needs_bets=False)
    alone(first)
    assert isinstance(alone(theirs).refusal, Conflict)
    receipts = reverse("settle:1", instead=theirs)
    assert [receipt.posted for receipt in receipts] == [True, True]
    assert books.balance("alice", "USD") == 30
    copy = alone(theirs)
    assert (copy.posted, copy.refusal) == (False, None)
    assert isinstance(alone(first).refusal, Conflict)
    assert str(alone(first).refusal) == "The transaction was corrected to other terms."
    assert Transaction.objects.get(transaction_id="corrected:settle:1").kind == Kind.SETTLEMENT
    assert books.violations() == []


@pytest.mark.parametrize(
    ("balance", "booked", "theirs", "after"),
    [
        ("0", ("0", "100"), ("0", "80"), "10"),  # 70 of the 100 were spent since.
        ("20", ("20", "0"), ("20", "5"), "5"),  # The stake comes back before it is taken again.
        ("30", ("30", "0"), ("0", "0"), "30"),
    ],
)
def test_a_wallet_covers_the_difference_only(
    books: Books, balance: str, booked: tuple[str, str], theirs: tuple[str, str], after: str
) -> None:
    books.open("alice", "USD", balance)
    alone(slot("1", *booked))
    if booked == ("0", "100"):
        post(bet("spent", "70"))
    receipts = reverse("slot:1", instead=slot("1", *theirs))
    assert [receipt.refusal for receipt in receipts] == [None, None]
    assert books.balance("alice", "USD") == Decimal(after)
    assert books.violations() == []


def test_players_of_a_match_need_different_orders_in_one_step(books: Books) -> None:
    books.open("alice", "USD", "0")
    books.open("bob", "USD", "100")
    post(match(("alice", "USD", "0", "100"), ("bob", "USD", "100", "0")))
    post(replace(bet("spent", "70"), transaction_id="bet:spent"))
    theirs = match(("alice", "USD", "0", "80"), ("bob", "USD", "80", "0"))
    assert reverse("settle:m", instead=theirs)[1].posted
    assert books.balance("alice", "USD") == 10
    assert books.balance("bob", "USD") == 20
    assert books.violations() == []


def test_another_player_is_paid_instead_or_nothing_happens(books: Books) -> None:
    books.open("alice", "USD")
    alone(settle("1", needs_bets=False))
    theirs = settle("1", uid="bob", needs_bets=False)
    assert isinstance(reverse("settle:1", instead=theirs)[0].refusal, UnknownPlayer)
    assert books.balance("alice", "USD") == 25
    books.open("bob", "USD")
    assert reverse("settle:1", instead=theirs)[0].posted
    assert books.balance("alice", "USD") == 0
    assert books.balance("bob", "USD") == 25
    assert alone(theirs).refusal is None
    assert books.violations() == []


def test_what_even_the_difference_does_not_cover_changes_nothing(books: Books) -> None:
    books.open("alice", "USD")
    alone(settle("1", amount="100", needs_bets=False))
    post(bet("spent", "90"))
    receipts = reverse("settle:1", instead=settle("1", amount="80", needs_bets=False))
    assert [type(receipt.refusal) for receipt in receipts] == [InsufficientFunds] * 2
    assert books.balance("alice", "USD") == 10
    assert Reference.objects.filter(effect="cancels").count() == 0


def test_what_was_reversed_before_takes_terms_of_the_provider_later(books: Books) -> None:
    books.open("alice", "USD")
    theirs = settle("1", amount="20", needs_bets=False)
    instead = replace(theirs, transaction_id="corrected:settle:1", corrects="settle:1")
    assert isinstance(alone(instead).refusal, NotReversed)
    alone(settle("1", needs_bets=False))
    assert isinstance(alone(instead).refusal, NotReversed)
    reverse("settle:1")
    assert alone(instead).posted
    assert alone(theirs).refusal is None
    assert books.balance("alice", "USD") == 20
    assert books.violations() == []


def test_a_correction_is_made_once_and_can_be_reversed_itself(books: Books) -> None:
    books.open("alice", "USD")
    alone(settle("1", needs_bets=False))
    theirs = settle("1", amount="20", needs_bets=False)
    reverse("settle:1", instead=theirs)
    third = settle("1", amount="15", needs_bets=False)
    assert isinstance(reverse("settle:1", instead=third)[0].refusal, AlreadyReversed)
    assert reverse("corrected:settle:1")[0].posted
    assert [type(alone(one).refusal) for one in (theirs, third)] == [Conflict, Conflict]
    assert books.balance("alice", "USD") == 0
    assert books.violations() == []


def test_a_cancel_of_what_was_corrected_hears_that_it_stands(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(slot("1", "10", "30"))
    reverse("slot:1", instead=slot("1", "10", "20"))
    receipt = alone(cancel("1", "slot:1", undoes_wins=True))
    assert isinstance(receipt.refusal, BetSettled)
    assert books.balance("alice", "USD") == 110


def test_a_cancel_of_what_was_reversed_succeeds_and_moves_nothing(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(slot("1", "10", "30"))
    reverse("slot:1")
    receipt = alone(cancel("1", "slot:1"))
    assert (receipt.refusal, books.balance("alice", "USD")) == (None, Decimal(100))
    assert books.violations() == []


def test_a_bets_terms_are_not_replaced(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(bet("1"))
    assert isinstance(reverse("bet:1", instead=bet("1", "12"))[0].refusal, NotReversible)
    assert books.balance("alice", "USD") == 90


def test_more_than_a_wallet_holds_is_not_exchanged(books: Books) -> None:
    books.open("alice", "USD", "99999999999999999999")
    alone(slot("1", "10", "0"))
    theirs = slot("1", "0", "10")
    assert isinstance(reverse("slot:1", instead=theirs)[0].refusal, BalanceTooLarge)


# -- In whatever order -----------------------------------------------------------------------


small = st.sampled_from(["0", "5", "20", "60"])
names = st.sampled_from("ab")
steps = st.one_of(
    st.tuples(st.just("slot"), names, small, small),
    st.tuples(st.just("settle"), names, small, names),
    st.tuples(st.just("bet"), names, st.sampled_from(["5", "60"])),
    st.tuples(st.just("cancel"), names, names),
    st.tuples(st.just("reverse"), st.sampled_from(["slot", "settle", "bet"]), names),
    st.tuples(st.just("correct"), names, small, small),
)


def play(what: str, *how: str) -> None:
    if what == "slot":
        post(slot(*how))
    elif what == "settle":
        post(settle(how[0], how[2], amount=how[1]))
    elif what == "bet":
        post(bet(*how))
    elif what == "cancel":
        post(cancel(how[0], how[1]))
    elif what == "correct":
        correct(*how)
    else:
        try:
            reverse(f"{how[0]}:{how[1]}")
        except NotBooked:
            return


def correct(name: str, debit: str, credit: str) -> None:
    """Afterwards the new terms hear success if they were taken, and move nothing more."""
    theirs = slot(name, debit, credit)
    try:
        receipts = reverse(f"slot:{name}", instead=theirs)
    except NotBooked:
        return
    if receipts[0].posted:
        copy = alone(theirs)
        assert (copy.posted, copy.refusal) == (False, None)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(steps, max_size=14))
def test_the_books_stay_right_in_whatever_order(
    books: Books, played: list[tuple[str, ...]]
) -> None:
    empty_the_books()
    books.open("alice", "USD", "100")
    for step in played:
        play(*step)
    assert books.violations() == []
