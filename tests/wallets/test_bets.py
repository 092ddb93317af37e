"""What settlements and cancels do to bets, in whatever order they come."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections

from tests.cast import NOON, Books, post
from tests.wallets.test_verification import triggers_off
from wallets import ledger, reads
from wallets.instructions import Instruction, Kind, Movement, Origin, Receipt
from wallets.models import Reference, Transaction
from wallets.refusals import (
    BalanceTooLarge,
    BetCancelled,
    BetRefused,
    BetSettled,
    Conflict,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownBet,
)


def bet(reference: str, amount: str = "10", uid: str = "alice", **options: Any) -> Instruction:
    return step("bet", reference, Kind.BET, uid, debit=amount, refusal_stands=True, **options)


def settle(
    reference: str, *bets: str, amount: str = "25", uid: str = "alice", **options: Any
) -> Instruction:
    named = tuple(f"bet:{name}" for name in bets)
    options = {"needs_bets": True, **options}
    return step("settle", reference, Kind.SETTLEMENT, uid, credit=amount, settles=named, **options)


def cancel(
    reference: str, *bets: str, amount: str = "0", uid: str = "alice", **options: Any
) -> Instruction:
    named = tuple(name if ":" in name else f"bet:{name}" for name in bets)
    return step("cancel", reference, Kind.ROLLBACK, uid, credit=amount, cancels=named, **options)


def step(
    operation: str,
    reference: str,
    kind: Kind,
    uid: str,
    debit: str = "0",
    credit: str = "0",
    **options: Any,
) -> Instruction:
    movement = Movement(uid=uid, currency="USD", debit=Decimal(debit), credit=Decimal(credit))
    return Instruction(
        provider="jdb",
        transaction_id=f"{operation}:{reference}",
        reference=reference,
        kind=kind,
        movements=(movement,),
        origin=Origin.COMMAND,
        **options,
    )


def slot(reference: str, stake: str, win: str, **options: Any) -> Instruction:
    return step(
        "slot", reference, Kind.BET_AND_SETTLEMENT, "alice", debit=stake, credit=win, **options
    )


def alone(*instructions: Instruction) -> Receipt:
    """Each posted by itself; the last receipt."""
    return [receipt for one in instructions for receipt in post(one)][-1]


def together(*instructions: Instruction) -> Receipt:
    """All in one group; the last receipt."""
    return post(*instructions)[-1]


Way = Callable[..., Receipt]
ways = pytest.mark.parametrize("way", [alone, together])


@pytest.fixture
def alice(books: Books) -> Books:
    books.open("alice", "USD", "100")
    books.open("bob", "USD", "100")
    return books


def refused(receipt: Receipt) -> type[Refusal] | None:
    return type(receipt.refusal) if receipt.refusal else None


def effects(books: Books) -> list[tuple[str, str, str]]:
    rows = Reference.objects.order_by("id").values_list(
        "transaction__transaction_id", "effect", "target"
    )
    return list(rows)


@ways
def test_a_bet_is_taken_and_settled(alice: Books, way: Way) -> None:
    receipt = way(bet("1"), settle("2", "1"))
    assert (receipt.posted, receipt.balance) == (True, Decimal(115))
    assert effects(alice) == [("settle:2", "settles", "bet:1")]
    assert alice.violations() == []


@ways
def test_a_cancel_gives_back_what_the_bet_took_and_its_repetition_nothing(
    alice: Books, way: Way
) -> None:
    assert way(bet("1"), cancel("2", "1")).balance == Decimal(100)
    receipt = way(cancel("2", "1"))
    assert (receipt.posted, refused(receipt), receipt.balance) == (False, None, Decimal(100))
    assert alice.entries("cancel:2") == {("alice", Decimal(0), Decimal(10))}
    assert alice.violations() == []


@ways
def test_several_bets_are_cancelled_at_once(alice: Books, way: Way) -> None:
    receipt = way(bet("1"), bet("2", "5.5"), cancel("3", "1", "2", amount="15.5"))
    assert (refused(receipt), receipt.balance) == (None, Decimal(100))
    assert alice.violations() == []


@ways
def test_a_cancelled_bet_that_comes_again_is_refused_as_cancelled(alice: Books, way: Way) -> None:
    assert refused(way(bet("1"), cancel("2", "1"), bet("1"))) is BetCancelled
    assert refused(way(bet("1", "11"))) is Conflict
    assert alice.balance("alice", "USD") == 100


@ways
@pytest.mark.parametrize("uid", ["alice", "nobody"])
def test_a_bet_cancelled_before_it_came_is_never_taken(alice: Books, way: Way, uid: str) -> None:
    receipt = way(cancel("2", "1", uid=uid))
    assert (receipt.posted, refused(receipt)) == (True, None)
    assert refused(way(bet("1"), bet("1"))) is BetCancelled
    assert refused(way(bet("1", "99"))) is BetCancelled
    assert alice.entries("cancel:2") == alice.entries("bet:1") == set()
    assert Transaction.objects.get(transaction_id="bet:1").refusal == "BetCancelled"
    assert alice.violations() == []


@ways
def test_a_second_cancel_under_another_id_succeeds_and_gives_nothing(
    alice: Books, way: Way
) -> None:
    receipt = way(bet("1"), cancel("2", "1", amount="10"), cancel("3", "1", amount="10"))
    assert (receipt.posted, refused(receipt), receipt.balance) == (True, None, Decimal(100))
    assert effects(alice)[-1] == ("cancel:3", "mentions", "bet:1")
    assert way(cancel("4", "unseen"), cancel("5", "unseen")).posted
    assert alice.violations() == []


@ways
def test_a_refused_bet_stays_refused_and_its_cancel_succeeds(alice: Books, way: Way) -> None:
    assert refused(way(bet("1", "500"))) is InsufficientFunds
    assert way(cancel("2", "1")).posted
    assert refused(way(step("win", "9", Kind.REWARD, "alice", credit="900"), bet("1", "500"))) is (
        InsufficientFunds
    )
    assert alice.balance("alice", "USD") == 1000
    assert alice.violations() == []


@ways
def test_a_settled_bet_is_not_cancelled(alice: Books, way: Way) -> None:
    assert refused(way(bet("1"), settle("2", "1"), cancel("3", "1"))) is BetSettled
    assert refused(way(bet("4"), cancel("5", "4", "1"))) is BetSettled
    assert alice.balance("alice", "USD") == 105
    assert Transaction.objects.filter(kind=Kind.ROLLBACK).count() == 0


@ways
def test_a_settled_bet_that_never_came_is_not_cancelled_either(alice: Books, way: Way) -> None:
    assert refused(way(settle("2", "1", needs_bets=False), cancel("3", "1"))) is BetSettled


@ways
def test_an_open_round_is_settled_again(alice: Books, way: Way) -> None:
    assert way(bet("1"), settle("2", "1"), settle("3", "1")).balance == Decimal(140)
    assert alice.violations() == []


@ways
@pytest.mark.parametrize(
    ("before", "settlement", "refusal"),
    [
        ((), settle("2", "1"), UnknownBet),
        ((), settle("2"), UnknownBet),
        ((bet("1", uid="bob"),), settle("2", "1"), UnknownBet),
        ((bet("1", uid="bob"),), settle("2", "1", needs_bets=False), UnknownBet),
        ((bet("1"),), settle("2", "1", "unseen"), UnknownBet),
        ((bet("1", "500"),), settle("2", "1"), BetRefused),
        ((bet("1", "500"),), settle("2", "1", needs_bets=False), BetRefused),
        ((bet("1"), cancel("9", "1")), settle("2", "1"), BetCancelled),
        ((bet("1"), cancel("9", "1")), settle("2", "1", needs_bets=False), BetCancelled),
        ((cancel("9", "1"),), settle("2", "1", needs_bets=False), BetCancelled),
        ((bet("1"), bet("3"), cancel("9", "1")), settle("2", "1", "3"), BetCancelled),
    ],
)
def test_a_settlement_needs_bets_that_stand(
    alice: Books,
    way: Way,
    before: tuple[Instruction, ...],
    settlement: Instruction,
    refusal: type[Refusal],
) -> None:
    assert refused(way(*before, settlement)) is refusal
    assert alice.entries("settle:2") == set()
    assert alice.violations() == []


def test_a_settlement_that_was_refused_for_its_bet_is_paid_once_the_bet_is_there(
    alice: Books,
) -> None:
    assert refused(alone(settle("2", "1"))) is UnknownBet
    assert alone(bet("1"), settle("2", "1")).balance == Decimal(115)


@ways
def test_without_need_of_bets_an_unknown_one_is_settled_and_taken_when_it_comes(
    alice: Books, way: Way
) -> None:
    assert way(settle("2", "1", needs_bets=False)).balance == Decimal(125)
    assert way(bet("1")).balance == Decimal(115)
    assert alice.violations() == []


@ways
@pytest.mark.parametrize("amount", ["9.99", "10.01"])
def test_a_cancel_of_another_amount_than_was_taken_is_a_conflict(
    alice: Books, way: Way, amount: str
) -> None:
    assert refused(way(bet("1"), cancel("2", "1", amount=amount))) is Conflict
    assert way(cancel("2", "1", amount="10.00")).balance == Decimal(100)
    assert refused(way(cancel("2", "1", amount="11"))) is Conflict


@ways
def test_of_bets_that_came_and_bets_that_did_not_the_first_are_given_back(
    alice: Books, way: Way
) -> None:
    receipt = way(bet("1"), cancel("2", "1", "unseen", amount="30"))
    assert (refused(receipt), receipt.balance) == (None, Decimal(100))
    assert refused(way(bet("3"), cancel("4", "3", "unseen too", amount="9"))) is Conflict


@ways
def test_nobody_cancels_another_players_bet(alice: Books, way: Way) -> None:
    assert refused(way(bet("1"), cancel("2", "1", uid="bob"))) is UnknownBet
    assert refused(way(cancel("2", "1", uid="nobody"))) is UnknownBet
    assert alice.balance("alice", "USD") == 90


@ways
def test_a_suspended_player_gets_the_stake_back_and_can_not_bet(alice: Books, way: Way) -> None:
    way(bet("1"))
    alice.set_status("alice", "suspended")
    assert refused(way(bet("2"))) is PlayerSuspended
    assert way(cancel("3", "1")).balance == Decimal(100)


@ways
def test_a_closed_player_gets_nothing_back_but_a_cancel_of_nothing_succeeds(
    alice: Books, way: Way
) -> None:
    way(bet("1"))
    alice.set_status("alice", "closed")
    assert refused(way(cancel("2", "1"))) is PlayerClosed
    assert way(cancel("3", "unseen")).posted


@ways
def test_what_brought_its_own_win_stays_unless_that_may_be_undone(alice: Books, way: Way) -> None:
    assert refused(way(slot("1", "10", "4"), cancel("1", "slot:1"))) is BetSettled
    receipt = way(cancel("1", "slot:1", undoes_wins=True))
    assert (refused(receipt), receipt.balance) == (None, Decimal(100))
    assert alice.entries("cancel:1") == {("alice", Decimal(4), Decimal(10))}
    assert refused(way(slot("1", "10", "4"))) is BetCancelled
    assert alice.violations() == []


@ways
def test_a_win_that_was_spent_is_not_undone(alice: Books, way: Way) -> None:
    way(slot("1", "10", "60"), bet("2", "149"))
    assert refused(way(cancel("1", "slot:1", undoes_wins=True))) is InsufficientFunds
    assert alice.balance("alice", "USD") == 1


@ways
@pytest.mark.parametrize("target", ["settle:2", "cancel:3", "gift:4"])
def test_only_bets_are_cancelled(alice: Books, way: Way, target: str) -> None:
    """Of a cancelled cancel the bet would stay cancelled, and be taken all the same."""
    gift = step("gift", "4", Kind.REWARD, "alice", credit="5")
    way(bet("1"), settle("2", "1"), bet("5"), cancel("3", "5"), gift)
    assert refused(way(cancel("9", target, undoes_wins=True))) is BetSettled
    assert alice.balance("alice", "USD") == 120
    assert alice.violations() == []


@ways
def test_a_wallet_does_not_get_back_more_than_it_can_hold(alice: Books, way: Way) -> None:
    amount = "6" + "0" * 19
    gifts = [step("gift", name, Kind.REWARD, "alice", credit=amount) for name in "12"]
    way(gifts[0], bet("1", amount), gifts[1], bet("2", amount))
    assert refused(way(cancel("3", "1", "2"))) is BalanceTooLarge
    assert way(cancel("4", "1")).posted
    assert alice.violations() == []


@ways
def test_a_delivery_of_several_instructions_is_booked_whole_or_not_at_all(
    alice: Books, way: Way
) -> None:
    one, other = uuid4(), uuid4()
    won = [step("gift", name, Kind.REWARD, "alice", credit="5") for name in "123"]
    lost = step("gift", "4", Kind.REWARD, "nobody", credit="5")
    receipts = post(*(replace(each, origin_id=one) for each in [*won[:2], lost]))
    assert [refused(receipt) is None for receipt in receipts] == [False] * 3
    assert alice.transactions() == []
    receipts = post(*(replace(each, origin_id=other) for each in won))
    assert [receipt.posted for receipt in receipts] == [True] * 3
    receipts = post(*(replace(each, origin_id=one) for each in won))
    assert [(receipt.posted, receipt.refusal) for receipt in receipts] == [(False, None)] * 3
    assert alice.balance("alice", "USD") == 115
    assert alice.violations() == []


def test_a_whole_delivery_that_is_refused_leaves_its_neighbours_alone(alice: Books) -> None:
    gift = step("gift", "1", Kind.REWARD, "alice", credit="5")
    bad = [replace(gift, origin_id=uuid4()), step("gift", "2", Kind.REWARD, "nobody", credit="1")]
    bad[1] = replace(bad[1], origin_id=bad[0].origin_id)
    receipts = post(bet("1"), *bad, settle("2", "1"))
    assert [receipt.posted for receipt in receipts] == [True, False, False, True]
    assert alice.balance("alice", "USD") == 115
    assert alice.violations() == []


@ways
def test_a_bet_refused_with_its_delivery_stays_refused(alice: Books, way: Way) -> None:
    one = uuid4()
    bets = [
        replace(bet(name, amount), origin_id=one) for name, amount in [("1", "5"), ("2", "500")]
    ]
    assert [refused(receipt) for receipt in post(*bets)] == [InsufficientFunds] * 2
    assert refused(way(bet("1", "5"))) is InsufficientFunds
    assert way(cancel("3", "1", "2", amount="505")).posted
    assert alice.balance("alice", "USD") == 100
    assert alice.violations() == []


def test_a_bet_that_stands_is_untouched_by_a_delivery_that_is_refused(alice: Books) -> None:
    alone(bet("1"))
    one = uuid4()
    post(*(replace(each, origin_id=one) for each in [bet("1"), bet("2", "500")]))
    receipt = alone(bet("1"))
    assert (receipt.posted, receipt.refusal, receipt.balance) == (False, None, Decimal(90))
    assert alice.violations() == []


def test_a_bet_and_its_cancel_at_the_same_time_end_with_nothing_taken(alice: Books) -> None:
    """In another player's name too, where no lock is shared and only the key decides."""
    for number in range(40):
        uid = "nobody" if number % 2 else "alice"
        stories = [bet(str(number)), cancel(str(number), str(number), uid=uid)]
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(post_in_thread, stories)
        bet_stood = refused(first) is None
        assert refused(second) is (UnknownBet if uid == "nobody" and bet_stood else None)
        if refused(second) is UnknownBet:
            alone(cancel(f"again-{number}", str(number)))
    assert alice.balance("alice", "USD") == 100
    assert alice.violations() == []


def test_a_cancel_is_raced_for_each_of_its_bets_and_decided_all_the_same(
    alice: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bet of a player without a wallet shares no lock, and is known as soon as it is refused."""
    read, names = reads.read_known, iter("123")

    def raced(keys: Any) -> Any:
        answer = read(keys)

        def answered() -> Any:
            known = answer()
            if threading.current_thread() is threading.main_thread():
                with ThreadPoolExecutor(1) as pool:
                    pool.map(post_in_thread, [bet(name, uid="nobody") for name in islice(names, 1)])
            return known

        return answered

    monkeypatch.setattr(reads, "read_known", raced)
    assert alone(cancel("9", "1", "2", "3", uid="nobody")).posted
    assert [effect for _, effect, _ in effects(alice)] == ["mentions"] * 3


def test_two_cancels_of_one_id_for_different_players_race_and_one_of_them_is_a_conflict(
    alice: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No wallet in common, the same bet that never came: the racer's rows collide with ours."""
    read, once = reads.read_known, iter([None])

    def raced(keys: Any) -> Any:
        answer = read(keys)

        def answered() -> Any:
            known = answer()
            if threading.current_thread() is threading.main_thread():
                with ThreadPoolExecutor(1) as pool:
                    list(pool.map(post_in_thread, [cancel("9", "1", uid="bob") for _ in once]))
            return known

        return answered

    monkeypatch.setattr(reads, "read_known", raced)
    receipt = alone(cancel("9", "1"))
    assert isinstance(receipt.refusal, Conflict)
    assert alice.transactions() == ["cancel:9"]
    assert alice.violations() == []


def test_cancels_under_many_ids_at_the_same_time_give_back_once(alice: Books) -> None:
    alone(bet("1"))
    cancels = [cancel(str(number), "1", amount="10") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(post_in_thread, cancels))
    assert [refused(receipt) for receipt in receipts] == [None] * 8
    assert alice.balance("alice", "USD") == 100
    assert alice.violations() == []


def test_a_settlement_and_a_cancel_at_the_same_time_do_not_both_succeed(alice: Books) -> None:
    for number in range(30):
        alone(bet(str(number)))
        stories = [settle(str(number), str(number)), cancel(str(number), str(number))]
        with ThreadPoolExecutor(2) as pool:
            receipts = list(pool.map(post_in_thread, stories))
        assert sorted(receipt.posted for receipt in receipts) == [False, True]
    assert alice.violations() == []


def post_in_thread(instruction: Instruction) -> Receipt:
    try:
        return ledger.post([instruction], at=NOON)[0]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("sql", "violation"),
    [
        ("UPDATE wallets_entry SET credit = 9, balance_after = balance_after - 1 "
         "WHERE credit = 10", "credit 9"),
        ("INSERT INTO wallets_reference (transaction_id, provider, target, effect) "
         "SELECT id, 'jdb', 'bet:1', 'settles' FROM wallets_transaction LIMIT 1", "cancelled by"),
        ("INSERT INTO wallets_reference (transaction_id, provider, target, effect) "
         "SELECT id, 'jdb', 'bet:77', 'cancels' FROM wallets_transaction LIMIT 1", "no row keeps"),
        ("INSERT INTO wallets_reference (transaction_id, provider, target, effect) "
         "SELECT id, 'sud', 'bet:7', 'settles' FROM wallets_transaction WHERE provider = 'jdb' "
         "LIMIT 1", "says that it is of sud"),
    ],
)  # fmt: skip
def test_verify_ledger_sees_what_is_wrong_with_a_bet(
    alice: Books, sql: str, violation: str
) -> None:
    alone(bet("1"), cancel("2", "1"))
    assert alice.violations() == []
    with triggers_off("wallets_entry"), connections["owner"].cursor() as cursor:
        cursor.execute(sql)
    assert any(violation in text for text in alice.violations())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Kind.BET, {"cancels": ("bet:1",)}),
        (Kind.ROLLBACK, {"cancels": ("bet:1",), "settles": ("bet:1",)}),
        (Kind.ROLLBACK, {"cancels": ("bet:1",), "debit": "1"}),
        (Kind.ROLLBACK, {"cancels": ("bet:1", "cancel:1")}),
    ],
)
def test_an_instruction_says_one_thing(kind: Kind, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rollback"):
        step("cancel", "1", kind, "alice", **options)
