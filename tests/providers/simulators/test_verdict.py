"""Beliefs against books, both made up: each of the four faults is found where it is planted."""

from dataclasses import replace
from decimal import Decimal

from providers.simulators import verdict
from providers.simulators.base import Move
from providers.simulators.verdict import Belief, Booked, FaultKind

WON = Move("alice", "USD", Decimal("1.00"), Decimal("10.00"))
LOST = Move("bob", "USD", Decimal("2"), Decimal(0))
PAID = Belief(
    provider="besoft", reference="t1", moves=(WON,), acknowledged=True, sent=1, successes=1,
    answered=1,
)  # fmt: skip
VOID = Belief(provider="besoft", reference="t2", moves=(LOST,), void=True, reason="1009")
ROW = Booked(provider="besoft", transaction_id="settle:t1", moves=(WON,))
CHANGES = {("alice", "USD"): Decimal("9.00"), ("bob", "USD"): Decimal(0)}


def kinds(*args: object) -> list[FaultKind]:
    return [fault.kind for fault in verdict.faults(*args)]  # type: ignore[arg-type]


def test_beliefs_and_books_that_agree_have_no_fault() -> None:
    assert kinds([PAID, VOID], [ROW], CHANGES) == []


def test_amounts_are_equal_whatever_their_number_of_zeros() -> None:
    stored = WON._replace(debit=Decimal("1.00000000"), credit=Decimal("10.00000000"))
    assert kinds([PAID], [replace(ROW, moves=(stored,))], CHANGES) == []


def test_the_order_of_a_matchs_players_does_not_matter() -> None:
    belief = replace(PAID, moves=(WON, LOST))
    changes = CHANGES | {("bob", "USD"): Decimal("-2")}
    assert kinds([belief], [replace(ROW, moves=(LOST, WON))], changes) == []


def test_acknowledged_but_not_paid() -> None:
    assert kinds([PAID], [], {("alice", "USD"): Decimal(0)}) == [FaultKind.NOT_PAID]


def test_a_stranger_who_is_acknowledged_is_not_paid() -> None:
    stranger = replace(PAID, moves=(WON._replace(uid="nobody"),))
    assert kinds([stranger], [], {}) == [FaultKind.NOT_PAID]


def test_paid_twice_under_two_keys() -> None:
    again = replace(ROW, transaction_id="result:t1")
    changes = {("alice", "USD"): Decimal("18.00")}
    assert kinds([PAID], [ROW, again], changes) == [FaultKind.PAID_TWICE]


def test_paid_twice_without_a_second_entry_is_seen_in_the_balance() -> None:
    (fault,) = verdict.faults([PAID], [ROW], {("alice", "USD"): Decimal("18.00")})
    assert fault.kind is FaultKind.PAID_TWICE
    assert fault.key == ("alice", "USD")


def test_a_top_up_and_another_run_are_not_a_second_payment() -> None:
    top_up = Booked(
        provider="house",
        transaction_id="deposit:1",
        moves=(Move("alice", "USD", Decimal(0), Decimal(100)),),
        ours=False,
    )
    assert kinds([PAID], [ROW, top_up], {("alice", "USD"): Decimal("109.00")}) == []


def test_paid_wrongly_another_amount_player_or_currency() -> None:
    for wrong in (
        WON._replace(credit=Decimal("10.01")),
        WON._replace(uid="bob"),
        WON._replace(currency="EUR"),
    ):
        changes = {(wrong.uid, wrong.currency): wrong.credit - wrong.debit}
        assert kinds([PAID], [replace(ROW, moves=(wrong,))], changes) == [FaultKind.PAID_WRONGLY]


def test_paid_wrongly_although_nobody_acknowledged_it() -> None:
    owed = replace(PAID, acknowledged=False)
    wrong = replace(ROW, moves=(WON._replace(credit=Decimal(11)),))
    assert kinds([owed], [wrong], {}) == [FaultKind.PAID_WRONGLY]


def test_a_conflicting_copy_that_was_acknowledged() -> None:
    assert kinds([replace(PAID, wrong_copies=1)], [ROW], CHANGES) == [FaultKind.PAID_WRONGLY]


def test_something_paid_that_nobody_asked_for() -> None:
    stray = replace(ROW, transaction_id="settle:t9")
    assert kinds([], [stray], CHANGES) == [FaultKind.PAID_WRONGLY]


def test_paid_although_the_provider_counts_it_void() -> None:
    row = replace(ROW, transaction_id="settle:t2", moves=(LOST,))
    assert kinds([VOID], [row], {("bob", "USD"): Decimal("-2")}) == [FaultKind.PAID_VOID]


def test_void_after_it_was_acknowledged_is_a_fault_too() -> None:
    assert kinds([replace(PAID, void=True)], [ROW], CHANGES) == [FaultKind.PAID_VOID]


def test_paid_without_any_answer_is_no_fault_the_provider_will_ask_again() -> None:
    assert kinds([replace(PAID, acknowledged=False)], [ROW], CHANGES) == []


def test_one_inbox_row_per_delivery() -> None:
    twice = replace(PAID, sent=3, successes=2, answered=2)
    inbox = verdict.inbox([twice], {PAID.key: 2})
    assert (inbox.missing, inbox.surplus, inbox.unrecorded) == ((), (), 0)
    assert verdict.inbox([twice], {PAID.key: 1}).missing == (PAID.key,)
    assert verdict.inbox([twice], {PAID.key: 4}).surplus == (PAID.key,)
