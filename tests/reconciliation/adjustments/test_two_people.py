"""Money that two people move: once, under the provider's own id, or not at all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from reconciliation import working
from reconciliation.adjustments import asking, deciding, guards, proposals
from reconciliation.models import Adjustment, AdjustmentLimit, Case, Why
from reconciliation.working import NotDone
from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS
from tests.reconciliation.adjustments.people import (
    CORRECT,
    PAY,
    REVERSE,
    approve,
    approver,
    ask,
    bookkeeping,
    case,
    finance,
    settle,
)
from wallets.models import Transaction

JDB = PROVIDERS["jdb"]
SUCCESS = {"status": "0000", "err_text": ""}


@pytest.fixture
def owed(books: Books, configure: Any) -> Case:
    """A settlement of 25 USD for alice that was refused because its bet is not known."""
    configure(jdb={**JDB, "unknown_bet": "refuse"})
    books.open("alice", "USD", "100")
    assert settle(refTransferIds=[1]).json["status"] == "9999"
    return case("unsettled")


@pytest.fixture
def conflict(books: Books, providers: None) -> Case:
    """Booked with 25 USD, and sent again with 20."""
    books.open("alice", "USD", "100")
    settle(25)
    assert settle(20).json["status"] == "9999"
    return case("conflict")


# -- Booking what is missing ---------------------------------------------------------------------


def test_what_is_missing_is_booked_under_the_providers_id_and_its_copy_succeeds(
    books: Books, owed: Case
) -> None:
    asked = ask(owed, PAY, finance())
    assert (asked.provider, asked.transaction_id, asked.status) == (
        "jdb",
        "settle:272017",
        "requested",
    )
    assert asked.moves == [{"uid": "alice", "currency": "USD", "debit": "0", "credit": "25"}]
    assert books.balance("alice", "USD") == 100
    assert approve(asked, approver()).status == "approved"
    assert books.balance("alice", "USD") == 125
    booked = Transaction.objects.get(transaction_id="settle:272017")
    assert (booked.origin, booked.origin_id, booked.kind) == (
        "adjustment",
        asked.request_id,
        "settlement",
    )
    assert settle(refTransferIds=[1]).json == {**SUCCESS, "balance": "125.00"}
    assert books.transactions() == ["settle:272017"]
    owed.refresh_from_db()
    assert (owed.status, owed.resolution) == ("closed", "adjusted")
    assert books.violations() == []


def test_whoever_asks_can_t_approve(books: Books, owed: Case) -> None:
    both = User.objects.create_superuser("boss")
    asked = ask(owed, PAY, both)
    with pytest.raises(NotDone, match=r"^Whoever asked for it can't approve it\.$"):
        approve(asked, both)
    with pytest.raises(NotDone, match="take it back instead"):
        deciding.reject(asked.pk, text="No.", by=both, at=timezone.now())
    assert books.transactions() == []


def test_an_expired_request_books_nothing_and_makes_room(books: Books, owed: Case) -> None:
    fay, ann = finance(), approver()
    asked = ask(owed, PAY, fay)
    with pytest.raises(NotDone, match=r"^Nothing was done: the request has expired. Ask anew\.$"):
        approve(asked, ann, later=timedelta(days=3))
    with pytest.raises(NotDone, match=rf"^Adjustment #{asked.pk} of this id is still undecided"):
        ask(owed, PAY, fay)
    later = timezone.now() + timedelta(days=3, minutes=1)
    again = ask(owed, PAY, fay, at=later)
    asked.refresh_from_db()
    assert (asked.status, again.status) == ("expired", "requested")
    assert books.transactions() == []


def test_what_healed_meanwhile_is_not_booked_again(
    books: Books, owed: Case, configure: Any
) -> None:
    asked = ask(owed, PAY, finance())
    configure(jdb={**JDB, "unknown_bet": "pay"})
    assert settle(refTransferIds=[1]).json["status"] == "0000"
    ann = approver()
    with pytest.raises(NotDone, match="something was posted for its reference since"):
        approve(asked, ann)
    bookkeeping()
    with pytest.raises(NotDone, match=r"the case was closed meanwhile \(healed\)"):
        approve(asked, ann)
    assert books.balance("alice", "USD") == 125
    assert Adjustment.objects.get().status == "requested"


def test_a_resend_that_races_with_the_approval_is_paid_once(
    books: Books, owed: Case, configure: Any
) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()
    configure(jdb={**JDB, "unknown_bet": "pay"})
    start = threading.Barrier(9)

    def attempt(number: int) -> str:
        start.wait()
        try:
            if number:
                return str(settle(refTransferIds=[1]).json["status"])
            return str(approve(asked, ann).status)
        except NotDone as reason:
            return str(reason)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(9) as threads:
        heard = list(threads.map(attempt, range(9)))
    assert heard[1:] == ["0000"] * 8
    assert heard[0] == "approved" or heard[0].startswith("Nothing was done")
    assert books.transactions() == ["settle:272017"]
    assert books.balance("alice", "USD") == 125
    assert books.violations() == []


def test_two_approvers_at_once_book_it_once(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    people = [approver(name) for name in ("ann", "ben", "cid", "dan")]
    start = threading.Barrier(4)

    def attempt(by: User) -> str:
        start.wait()
        try:
            return str(approve(asked, by).status)
        except NotDone:
            return "not done"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, people)) == ["approved"] + ["not done"] * 3
    assert books.transactions() == ["settle:272017"]


def test_a_crash_at_the_last_line_books_nothing(
    books: Books, owed: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()

    def crash(*_: Any, **__: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(working, "write", crash)
        with pytest.raises(MemoryError):
            approve(asked, ann)
    assert (books.transactions(), Adjustment.objects.get().status) == ([], "requested")
    owed.refresh_from_db()
    assert owed.status == "open"
    assert approve(asked, ann).status == "approved"


def test_a_case_that_is_being_changed_holds_no_wallet(books: Books, owed: Case) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=owed.pk)
            locked.set()
            done.wait(10)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    try:
        with pytest.raises(NotDone, match=r"the case is being changed\. Try again"):
            approve(asked, ann)
    finally:
        done.set()
        holder.join()
    assert approve(asked, ann).status == "approved"


# -- Who may, and how much -----------------------------------------------------------------------


def test_a_limit_is_per_currency_and_without_one_nobody_approves(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    with pytest.raises(NotDone, match="it moves 25 USD, and you may approve none"):
        approve(asked, approver("ann", CNY="1000"))
    with pytest.raises(NotDone, match=r"it moves 25 USD, and you may approve up to 24.99"):
        approve(asked, approver("ben", USD="24.99"))
    assert approve(asked, approver("cid", USD="25")).status == "approved"


def test_the_highest_limit_of_ones_groups_counts(books: Books, owed: Case) -> None:
    ann = approver("ann", USD="1")
    ann.groups.add(approver("ben", USD="50").groups.get())
    assert approve(ask(owed, PAY, finance()), ann).status == "approved"


def test_nobody_asks_or_approves_without_the_right(books: Books, owed: Case) -> None:
    fay, ann = finance(), approver()
    with pytest.raises(NotDone, match="You may not ask for adjustments"):
        ask(owed, PAY, ann)
    asked = ask(owed, PAY, fay)
    other = finance("flo")
    with pytest.raises(NotDone, match="You may not approve adjustments"):
        approve(asked, other)
    assert books.transactions() == []


def test_it_is_rejected_or_taken_back_and_asked_for_anew(books: Books, owed: Case) -> None:
    fay, ann = finance(), approver()
    asked = ask(owed, PAY, fay)
    with pytest.raises(NotDone, match="Say why"):
        deciding.reject(asked.pk, text=" ", by=ann, at=timezone.now())
    rejected = deciding.reject(asked.pk, text="Ask JDB first.", by=ann, at=timezone.now())
    assert (rejected.status, rejected.decision) == ("rejected", "Ask JDB first.")
    with pytest.raises(NotDone, match=r"decided already \(rejected\)"):
        approve(asked, ann)
    second = ask(owed, PAY, fay)
    with pytest.raises(NotDone, match="Only whoever asked"):
        deciding.withdraw(second.pk, text="", by=ann, at=timezone.now())
    assert deciding.withdraw(second.pk, text="", by=fay, at=timezone.now()).status == "withdrawn"
    assert books.transactions() == []


def test_another_seal_than_what_was_asked_for_books_nothing(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    with pytest.raises(NotDone, match="that is not what was asked for"):
        deciding.approve(asked.pk, seal="x", text="", by=approver(), at=timezone.now())


def test_what_would_move_something_else_by_now_is_not_booked(
    books: Books, owed: Case, configure: Any
) -> None:
    asked = ask(owed, PAY, finance())
    tenfold = {"XX": {"currency": "USD", "factor": 10}}
    configure(jdb={**JDB, "unknown_bet": "refuse", "currencies": tenfold})
    with pytest.raises(NotDone, match="it would move something else by now"):
        approve(asked, approver())
    assert books.transactions() == []


# -- Reversals -----------------------------------------------------------------------------------


def test_paid_reversed_and_delivered_again_is_a_conflict_and_a_case(
    books: Books, conflict: Case
) -> None:
    asked = ask(conflict, REVERSE, finance())
    assert asked.moves == [{"uid": "alice", "currency": "USD", "debit": "25", "credit": "0"}]
    assert approve(asked, approver()).status == "approved"
    assert books.balance("alice", "USD") == 100
    assert settle(25).json["status"] == "9999"
    assert books.outcomes()[-1] == "conflict"
    bookkeeping()
    again = Case.objects.exclude(status="closed").get()
    assert (again.kind, again.subject) == ("conflict", "settle:272017")
    assert "The transaction was reversed." in again.reason
    with_other_terms = proposals.of(again, REVERSE)
    assert with_other_terms.refused == "Nothing of this id stands in the books."
    assert books.violations() == []


def test_a_balance_that_no_longer_allows_it_refuses(books: Books, conflict: Case) -> None:
    asked = ask(conflict, REVERSE, finance())
    books.spend("alice", "USD")
    with pytest.raises(NotDone, match=r"^Nothing was done: The balance does not cover it\.$"):
        approve(asked, approver())
    assert Adjustment.objects.get().status == "requested"
    post(deposit("alice", "USD", "30"))
    assert approve(asked, approver("ben")).status == "approved"
    assert books.balance("alice", "USD") == 5


# -- Accepting their terms -----------------------------------------------------------------------


def test_accepted_terms_stand_and_their_next_copy_hears_success(
    books: Books, conflict: Case
) -> None:
    asked = ask(conflict, CORRECT, finance())
    assert asked.moves == [{"uid": "alice", "currency": "USD", "debit": "25", "credit": "20"}]
    assert approve(asked, approver("ann", USD="5")).status == "approved"  # The difference.
    assert books.balance("alice", "USD") == 120
    assert settle(20).json == {**SUCCESS, "balance": "120.00"}
    assert settle(25).json["status"] == "9999"
    assert books.outcomes() == ["posted", "conflict", "duplicate", "conflict"]
    assert books.balance("alice", "USD") == 120
    bookkeeping()
    again = Case.objects.exclude(status="closed").get()
    assert proposals.of(again, CORRECT).refused.startswith("It was corrected before")
    assert books.violations() == []


def test_after_a_reversal_the_providers_terms_can_still_be_accepted(
    books: Books, conflict: Case
) -> None:
    fay, ann = finance(), approver()
    approve(ask(conflict, REVERSE, fay), ann)
    settle(20)
    bookkeeping()
    again = Case.objects.exclude(status="closed").get()
    assert approve(ask(again, CORRECT, fay), ann).status == "approved"
    assert settle(20).json == {**SUCCESS, "balance": "120.00"}
    assert books.balance("alice", "USD") == 120
    assert books.violations() == []


def test_their_terms_for_another_player(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    books.open("bob", "USD", "1")
    settle(25, "alice")
    settle(25, "bob")
    asked = ask(case("conflict"), CORRECT, finance())
    assert approve(asked, approver()).status == "approved"
    assert (books.balance("alice", "USD"), books.balance("bob", "USD")) == (
        Decimal(100),
        Decimal(26),
    )
    assert settle(25, "bob").json["status"] == "0000"
    assert books.violations() == []


# -- By hand -------------------------------------------------------------------------------------


def by_hand(about: Case, by: User, **amounts: Any) -> Adjustment:
    return asking.request_by_hand(
        about.pk,
        request_id=uuid4(),
        seen=guards.seen(about),
        uid="alice",
        currency="USD",
        why=Why.GOODWILL,
        text="For the trouble.",
        by=by,
        at=timezone.now(),
        **amounts,
    )


def test_money_is_moved_by_hand_as_the_houses_own(books: Books, conflict: Case) -> None:
    asked = by_hand(conflict, finance(), credit=Decimal(3))
    approve(asked, approver())
    booked = Transaction.objects.get(provider="house", kind="adjustment")
    assert (booked.transaction_id, booked.reference) == (
        f"adjustment:{asked.request_id}",
        f"case-{conflict.pk}",
    )
    assert books.balance("alice", "USD") == 128
    assert books.violations() == []


def test_by_hand_nothing_is_given_that_the_provider_may_still_be_paid_for(
    books: Books, owed: Case
) -> None:
    with pytest.raises(NotDone, match="Book it under the provider's own id"):
        by_hand(owed, finance(), credit=Decimal(25))


def test_by_hand_one_amount_is_moved_that_is_there(books: Books, conflict: Case) -> None:
    fay = finance()
    for amounts in ({}, {"debit": Decimal(1), "credit": Decimal(1)}):
        with pytest.raises(NotDone, match="Say one amount"):
            by_hand(conflict, fay, **amounts)
    asked = by_hand(conflict, fay, debit=Decimal(126))
    with pytest.raises(NotDone, match="The balance does not cover it"):
        approve(asked, approver())


# -- What the database insists on ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'approved', decided_at = now(), decided_by_id = requested_by_id", "two_people"),
        ("status = 'approved', decided_at = now()", "who_and_when"),
        ("status = 'withdrawn'", "who_and_when"),
        ("status = 'requested', decided_at = now()", "who_and_when"),
    ],
)
def test_one_person_alone_can_t_even_in_sql(
    books: Books, owed: Case, change: str, constraint: str
) -> None:
    ask(owed, PAY, finance())
    with (
        pytest.raises(IntegrityError, match=f"adjustment_.*{constraint}"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE reconciliation_adjustment SET {change}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [({"kind": "theft"}, "kind_is_known"), ({"text": ""}, "says_why")],
)
def test_a_request_says_what_and_why(
    books: Books, owed: Case, change: dict[str, str], constraint: str
) -> None:
    asked = ask(owed, PAY, finance())
    deciding.withdraw(asked.pk, text="", by=asked.requested_by, at=timezone.now())
    asked.pk, asked.request_id, asked.status = None, uuid4(), "requested"
    for name, value in change.items():
        setattr(asked, name, value)
    with pytest.raises(IntegrityError, match=f"adjustment_{constraint}"):
        asked.save()


def test_one_request_of_an_id_even_in_sql(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    asked.pk, asked.request_id = None, uuid4()
    with pytest.raises(IntegrityError, match="adjustment_requested_once"):
        asked.save()


def test_a_limit_is_said_once_and_is_an_amount(books: Books) -> None:
    group = approver("ann", USD="5").groups.get()
    with pytest.raises(IntegrityError, match="adjustment_limit_once"):
        AdjustmentLimit.objects.create(group=group, currency="USD", amount=Decimal(1))
    with pytest.raises(IntegrityError, match="adjustment_limit_in_range"):
        AdjustmentLimit.objects.create(group=group, currency="CNY", amount=Decimal(-1))


def test_what_nobody_decided_in_time_is_over(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    assert deciding.expire(at=asked.expires_at - timedelta(seconds=1)) == 0
    assert deciding.expire(at=asked.expires_at) == 1
    asked.refresh_from_db()
    assert (asked.status, asked.decided_at) == ("expired", asked.expires_at)


def test_an_open_dispute_is_told_that_what_was_given_by_hand_was_delivered_too(
    books: Books, providers: None
) -> None:
    """Given in a dispute about an id that nobody had delivered yet."""
    books.open("alice", "USD", "100")
    by = finance()
    about = working.dispute(
        provider="jdb",
        named="settle:272017",
        player="alice",
        amount=None,
        currency="",
        why="The player says so.",
        by=by,
        at=timezone.now(),
    )
    asked = by_hand(about, by, credit=Decimal(25))
    approve(asked, approver())
    settle(25)
    for _ in range(2):
        bookkeeping()
        told = Case.objects.get(kind="dispute")
        assert told.pk == about.pk
        assert told.reason == (
            f"It was delivered and booked, and given by hand before: adjustment #{asked.pk}."
        )
    assert Case.history.filter(id=about.pk).count() == 4  # type: ignore[attr-defined]
