"""Reversals and corrections against everything that may happen at the same time, or be planted."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from tests.cast import NOON, Books, post
from tests.wallets.test_bets import alone, bet, cancel, settle, step
from tests.wallets.test_verification import triggers_off
from wallets import ledger, reversals
from wallets.instructions import Instruction, Kind, Receipt
from wallets.models import Reference, Transaction
from wallets.refusals import (
    AlreadyReversed,
    BetSettled,
    Conflict,
    NotBooked,
    NotReversible,
    Refusal,
)


def reverse(transaction_id: str, **options: Any) -> list[Receipt]:
    return ledger.reverse(
        provider="jdb", transaction_id=transaction_id, request_id=uuid4(), at=NOON, **options
    )


def win(reference: str, amount: str, uid: str = "alice", **options: Any) -> Instruction:
    return settle(reference, amount=amount, uid=uid, needs_bets=False, **options)


def slot(reference: str, stake: str, won: str, uid: str = "alice", **options: Any) -> Instruction:
    return step("slot", reference, Kind.BET_AND_SETTLEMENT, uid, debit=stake, credit=won, **options)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each returned, or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


# -- In a group ------------------------------------------------------------------------------


def test_in_a_group_a_reversed_correction_stands_no_more(books: Books) -> None:
    """As one after the other: the copy with the corrected terms is a conflict."""
    books.open("alice", "USD", "100")
    theirs = win("1", "20")
    alone(win("1", "25"))
    reverse("settle:1", instead=theirs)
    back = reversals.reversal("jdb", "corrected:settle:1", uuid4())
    receipts = post(back, theirs)
    assert isinstance(receipts[1].refusal, Conflict)


def test_two_reversals_of_one_request_are_both_reversals(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"), win("2", "7"))
    request = uuid4()
    post(*(reversals.reversal("jdb", id_, request) for id_ in ("settle:1", "settle:2")))
    assert books.balance("alice", "USD") == 100
    assert books.violations() == []


# -- What the ledger is asked wrongly ----------------------------------------------------------


def test_what_stands_instead_has_the_id_of_what_is_reversed(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"), win("2", "7"))
    with suppress(Refusal, ValueError):
        reverse("settle:1", instead=win("2", "9"))
    assert books.violations() == []
    assert books.balance("alice", "USD") in (Decimal(132), Decimal(116))


def test_an_unknown_id_instead_is_refused_and_no_crash(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"))
    with pytest.raises((Refusal, ValueError)):
        reverse("settle:1", instead=win("unknown", "9"))


def test_another_providers_terms_are_not_booked_instead(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"))
    with pytest.raises((Refusal, ValueError)):
        reverse("settle:1", instead=replace(win("1", "9"), provider="besoft"))


def test_a_bet_is_not_replaced_after_it_was_reversed_either(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(bet("1"))
    reverse("bet:1")
    correction = reversals.correction(bet("1", "12"), uuid4())
    assert isinstance(alone(correction).refusal, NotReversible)


def test_a_bet_is_not_replaced_by_a_win(books: Books) -> None:
    """`update_score` is a stake or a gain under one operation."""
    books.open("alice", "USD", "100")
    alone(bet("1"))
    theirs = step("bet", "1", Kind.SETTLEMENT, "alice", credit="12")
    receipts = reverse("bet:1", instead=theirs)
    if receipts[0].posted:
        copy = alone(theirs)
        assert (copy.posted, copy.refusal) == (False, None)
    assert books.violations() == []


def test_what_was_corrected_is_not_said_to_be_reversed(books: Books) -> None:
    """Neither posted nor refused would read as "it was taken back", and 20 of it stand."""
    books.open("alice", "USD", "0")
    alone(win("1", "25"))
    reverse("settle:1", instead=win("1", "20"))
    (receipt,) = reverse("settle:1")
    assert books.balance("alice", "USD") == 20
    assert isinstance(receipt.refusal, AlreadyReversed)


def test_a_correction_that_was_corrected_is_what_stands(books: Books) -> None:
    """Either refused, or a cancel hears that money stands, and a copy that it is a duplicate."""
    books.open("alice", "USD", "100")
    alone(slot("1", "10", "30"))
    reverse("slot:1", instead=slot("1", "10", "20"))
    third = replace(slot("1", "10", "15"), transaction_id="corrected:slot:1")
    try:
        receipts = reverse("corrected:slot:1", instead=third)
    except Refusal:
        return
    if receipts[0].posted:
        assert books.balance("alice", "USD") == 105
        assert isinstance(alone(cancel("1", "slot:1", undoes_wins=True)).refusal, BetSettled)


def test_what_the_provider_cancelled_after_its_reversal_is_not_paid_instead(books: Books) -> None:
    """It was told that nothing of it stands, so it has cancelled the order on its side."""
    books.open("alice", "USD", "100")
    alone(slot("1", "10", "30"))
    reverse("slot:1")
    assert alone(cancel("1", "slot:1", undoes_wins=True)).refusal is None
    correction = reversals.correction(slot("1", "10", "20"), uuid4())
    assert alone(correction).refusal is not None
    assert books.balance("alice", "USD") == 100


def test_what_fails_before_its_commit_changed_nothing_and_is_asked_again(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"))

    def fail(_: object) -> None:
        raise ArithmeticError

    for instead in ({}, {"instead": win("1", "20")}):
        with pytest.raises(ArithmeticError):
            reverse("settle:1", record=fail, **instead)
    assert books.balance("alice", "USD") == 125
    assert alone(win("1", "25")).refusal is None
    assert reverse("settle:1", instead=win("1", "20"))[1].posted
    assert books.violations() == []


# -- At the same time --------------------------------------------------------------------------


@pytest.mark.parametrize("_", range(6))
def test_a_cancel_and_a_correction_in_anothers_name_at_once(books: Books, _: int) -> None:
    """slot:1 was reversed; the provider cancels it while it is booked for bob instead."""
    books.open("alice", "USD", "100")
    books.open("bob", "USD", "100")
    alone(slot("1", "10", "30"))
    reverse("slot:1")
    correction = reversals.correction(slot("1", "10", "20", uid="bob"), uuid4())
    cancelled, corrected = at_once(
        lambda: alone(cancel("1", "slot:1", undoes_wins=True)), lambda: alone(correction)
    )
    told_cancelled = cancelled.refusal is None
    assert not (told_cancelled and corrected.posted)


@pytest.mark.parametrize("seed", range(4))
def test_a_reversal_a_correction_and_late_deliveries_at_once(books: Books, seed: int) -> None:
    for uid in ("alice", "bob"):
        books.open(uid, "USD", "1000")
    alone(bet("1"), settle("1", "1", amount="25"))
    theirs, bobs = settle("1", "1", amount="20"), win("1", "20", uid="bob")
    calls: list[Callable[[], Any]] = [
        lambda: reverse("settle:1"),
        lambda: reverse("settle:1", instead=theirs),
        lambda: reverse("settle:1", instead=win("1", "20", uid="bob")),
        lambda: alone(theirs),
        lambda: alone(bobs),
        lambda: alone(settle("1", "1", amount="25")),
        lambda: alone(cancel("1", "1")),
        lambda: alone(settle("2", "1", amount="3")),
        lambda: reverse("bet:1"),
    ]
    random.Random(seed).shuffle(calls)
    results = at_once(*calls)
    assert [one for one in results if isinstance(one, Exception)] == []
    assert books.violations() == []
    assert standing("settle:1") <= 1
    assert Reference.objects.filter(target="settle:1", effect="cancels").count() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_hundreds_of_steps_of_many_threads(books: Books, seed: int) -> None:
    """No deadlock, no crash, nothing stands twice, and the books add up."""
    uids = ["alice", "bob", "carol"]
    for uid in uids:
        books.open(uid, "USD", "1000")

    def one(dice: random.Random) -> None:
        uid, id_ = dice.choice(uids), dice.choice("12345")
        amount, other = dice.choice(["5", "7"]), dice.choice(uids)
        match = replace(
            win(id_, amount, uid=uid),
            movements=(
                *win(id_, amount, uid=uid).movements,
                *((bet("x", "3", uid=other).movements) if other != uid else ()),
            ),
        )
        step_ = dice.randrange(9)
        try:
            if step_ == 0:
                post(bet(id_, amount, uid=uid))
            elif step_ == 1:
                post(settle(id_, id_, amount=amount, uid=uid))
            elif step_ == 2:
                post(match)
            elif step_ == 3:
                post(cancel(id_, id_, uid=uid))
            elif step_ == 4:
                reverse(dice.choice(["settle:", "bet:", "slot:", "corrected:settle:"]) + id_)
            elif step_ == 5:
                reverse(f"settle:{id_}", instead=match)
            elif step_ == 6:
                post(slot(id_, amount, "6", uid=uid))
                reverse(f"slot:{id_}", instead=slot(id_, "5", amount, uid=other))
            elif step_ == 7:
                post(*(win(n, amount, uid=dice.choice(uids)) for n in "54321"))
            else:
                post(reversals.correction(match, uuid4()))
        except (NotBooked, NotReversible):
            pass

    def play(number: int) -> list[Exception]:
        dice, errors = random.Random(seed * 100 + number), []
        try:
            for _ in range(60):
                try:
                    one(dice)
                except Exception as error:
                    errors.append(error)
            return errors
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        errors = [error for errors in threads.map(play, range(8)) for error in errors]
    assert [repr(error) for error in errors] == []
    assert books.violations() == []
    for operation in ("settle", "slot"):
        assert all(standing(f"{operation}:{id_}") <= 1 for id_ in "12345")


def standing(transaction_id: str) -> int:
    ids = (transaction_id, f"corrected:{transaction_id}")
    cancelled = Reference.objects.filter(effect="cancels").values("target")
    rows = Transaction.objects.filter(transaction_id__in=ids, refusal="")
    return rows.exclude(transaction_id__in=cancelled).count()


# -- What is planted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        # The reversal says that it took back another one, of the same amount.
        "UPDATE wallets_reference SET target = 'settle:2' WHERE target = 'settle:1'",
        # A cancel of the provider's, not of two people: its terms would count no more.
        "UPDATE wallets_transaction SET kind = 'rollback' WHERE kind = 'adjustment'",
        # The correction is of another transaction, which stands.
        "UPDATE wallets_transaction SET transaction_id = 'corrected:settle:2'"
        " WHERE transaction_id = 'corrected:settle:1'",
    ],
)
def test_a_planted_fault_of_a_correction_is_found(books: Books, sql: str) -> None:
    books.open("alice", "USD", "100")
    alone(win("1", "25"), win("2", "25"))
    reverse("settle:1", instead=win("1", "20"))
    assert books.violations() == []
    with (
        triggers_off("wallets_reference", "wallets_transaction"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(sql)
        assert cursor.rowcount
    assert books.violations() != []


def test_a_correction_of_what_the_provider_cancelled_is_found(books: Books) -> None:
    books.open("alice", "USD", "100")
    alone(slot("1", "10", "30"), cancel("1", "slot:1", undoes_wins=True))
    alone(replace(slot("1", "10", "30"), transaction_id="corrected:slot:1"))
    assert any("not reversed" in text for text in books.violations())
