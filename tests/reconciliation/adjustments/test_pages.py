"""The pages of the two people, by posting them: who may do what, and what is said."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from reconciliation.adjustments import guards, proposals
from reconciliation.models import Adjustment, Case
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.reconciliation.adjustments.people import (
    CORRECT,
    PAY,
    approver,
    ask,
    bookkeeping,
    case,
    finance,
    settle,
)
from tests.staff import Staff

LOOK = ["view_case", "view_adjustment", "view_transaction"]


def desk(user: User) -> Staff:
    user.user_permissions.add(*Permission.objects.filter(codename__in=LOOK))
    return Staff(user)


@pytest.fixture
def owed(books: Books, configure: Any) -> Case:
    configure(jdb={**PROVIDERS["jdb"], "unknown_bet": "refuse"})
    books.open("alice", "USD", "100")
    settle(refTransferIds=[1])
    return case("unsettled")


def ask_for(who: Staff, about: Case, word: str, **form: str) -> int:
    return who.post(f"reconciliation/case/{about.pk}/adjust/{word}/", **form)


def decide(who: Staff, asked: Adjustment, word: str, **form: str) -> int:
    form = {"seal": asked.seal, "text": "Checked.", **form}
    return who.post(f"reconciliation/adjustment/{asked.pk}/do/{word}/", **form)


def test_one_asks_and_another_approves(books: Books, owed: Case) -> None:
    fay, ann = desk(finance()), desk(approver())
    page = fay.get(f"reconciliation/case/{owed.pk}/change/")
    assert not staff.missing(
        page, ["Book what is missing …", "Move money by hand …", "Nothing of this id stands"]
    )
    form = fay.get(f"reconciliation/case/{owed.pk}/adjust/pay/")
    assert not staff.missing(form, ["alice", "25.00", "settle:272017", "Read from: Delivery #1."])
    seal = proposals.of(owed, PAY).seal
    assert ask_for(fay, owed, "pay", seal=seal, why="unreported", text="JDB says so.") == 302
    asked = Adjustment.objects.get()
    own = fay.get(f"reconciliation/adjustment/{asked.pk}/change/")
    assert not staff.missing(
        own, ["Take it back", "Somebody else has to approve it", "JDB says so"]
    )
    assert "Approve and book" not in own
    other = ann.get(f"reconciliation/adjustment/{asked.pk}/change/")
    assert not staff.missing(other, ["Approve and book", "Reject"])
    assert decide(ann, asked, "approve") == 302
    done = ann.get(f"reconciliation/adjustment/{asked.pk}/change/")
    assert not staff.missing(done, ["It was approved, and the money was moved.", "Checked."])
    assert books.balance("alice", "USD") == 125
    told = ann.get(f"reconciliation/case/{owed.pk}/change/")
    assert not staff.missing(told, ["Its adjustments", "Adjustment #1 approved. Checked."])


def test_direct_posts_without_the_right_do_nothing(books: Books, owed: Case) -> None:
    fay, ann, viewer = desk(finance()), desk(approver()), staff.viewer(*LOOK)
    seal = proposals.of(owed, PAY).seal
    form = {"seal": seal, "why": "unreported", "text": "x"}
    assert [ask_for(who, owed, "pay", **form) for who in (ann, viewer)] == [403, 403]
    asked = ask(owed, PAY, fay.user)
    assert [decide(who, asked, "approve") for who in (fay, viewer)] == [403, 403]
    assert [decide(who, asked, "reject") for who in (fay, viewer)] == [403, 403]
    assert decide(ann, asked, "withdraw") == 403
    assert decide(ann, asked, "elope") == 404
    assert (
        ann.answer("get", f"reconciliation/adjustment/{asked.pk}/do/approve/", {}).status_code
        == 404
    )
    assert books.transactions() == []
    page = viewer.get(f"reconciliation/case/{owed.pk}/change/")
    assert "cage-deeds cage-adjust" not in page
    assert "Move money by hand" not in page


def test_a_superuser_who_asked_is_told_why_not(books: Books, owed: Case) -> None:
    boss = staff.superuser()
    asked = ask(owed, PAY, boss.user)
    assert decide(boss, asked, "approve") == 302
    page = boss.get(f"reconciliation/adjustment/{asked.pk}/change/")
    assert "Whoever asked for it can&#x27;t approve it." in page
    assert books.transactions() == []


def test_an_old_page_asks_for_nothing(books: Books, owed: Case) -> None:
    fay = desk(finance())
    assert ask_for(fay, owed, "pay", seal="old", why="unreported", text="x") == 302
    assert "it would move something else by now" in fay.get(
        f"reconciliation/case/{owed.pk}/change/"
    )
    assert (
        ask_for(fay, owed, "pay", seal=proposals.of(owed, PAY).seal, why="theft", text="x") == 200
    )
    assert ask_for(fay, owed, "pay", seal=proposals.of(owed, PAY).seal, why="void", text="") == 200
    assert ask_for(fay, owed, "elope") == 404
    assert Adjustment.objects.count() == 0


def test_money_is_moved_by_hand(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    settle(25)
    settle(20)
    about = case("conflict")
    fay, ann = desk(finance()), desk(approver())
    form = {
        "seen": guards.seen(about),
        "request_id": str(uuid4()),
        "uid": "alice",
        "currency": "USD",
        "direction": "credit",
        "amount": "3.50",
        "why": "goodwill",
        "text": "For the trouble.",
    }
    for wrong in ({"amount": "-1"}, {"amount": "0"}, {"amount": "NaN"}, {"direction": "both"}):
        assert ask_for(fay, about, "free", **{**form, **wrong}) == 200
    assert ask_for(fay, about, "free", **form) == 302
    assert decide(ann, Adjustment.objects.get(), "approve") == 302
    assert books.balance("alice", "USD") == Decimal("128.50")


def test_a_correction_shows_both_terms(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    settle(25)
    settle(20)
    about = case("conflict")
    page = desk(finance()).get(f"reconciliation/case/{about.pk}/adjust/correct/")
    assert not staff.missing(page, ["Takes back", "settle:272017", "25.00", "20.00"])
    assert proposals.of(about, CORRECT).refused == ""


def test_a_post_from_elsewhere_does_nothing(books: Books, owed: Case) -> None:
    ann = desk(approver())
    asked = ask(owed, PAY, finance())
    ann.client = Client(enforce_csrf_checks=True)
    ann.client.force_login(ann.user)
    assert decide(ann, asked, "approve") == 403
    assert books.transactions() == []


def test_the_list_costs_the_same_however_long_it_is(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    boss, fay = staff.superuser(), finance()
    counts = []
    for number in (1, 6):
        for reference in range(number, number + number):
            settle(25, transferId=reference)
            settle(20, transferId=reference)
            about = [one for one in _conflicts() if one.reference == str(reference)]
            ask(about[0], CORRECT, fay)
        counts.append(len(boss.queries("reconciliation/adjustment/")))
    assert counts[0] == counts[1]


def _conflicts() -> list[Case]:
    bookkeeping()
    return list(Case.objects.filter(kind="conflict"))


def test_limits_are_set_in_the_admin_and_keep_their_history(books: Books) -> None:
    boss, group = staff.superuser(), approver("ann", CNY="1").groups.get()
    form = {"group": str(group.pk), "currency": "USD", "amount": "50"}
    assert boss.post("reconciliation/adjustmentlimit/add/", **form) == 302
    page = boss.get("reconciliation/adjustmentlimit/")
    assert not staff.missing(page, ["50.00", "USD"])
    assert boss.post("reconciliation/adjustmentlimit/add/", **{**form, "currency": "usd"}) == 200
