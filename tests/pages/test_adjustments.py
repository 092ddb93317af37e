"""Two people at two desks: one asks for what is missing, another approves it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from reconciliation.models import Adjustment, Case
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.pages.conftest import Desk
from tests.reconciliation.adjustments import people
from tests.reconciliation.adjustments.people import CORRECT, ask, settle

LOOK = ["view_case", "view_adjustment", "view_transaction"]


def with_password(user: User) -> User:
    user.set_password(staff.PASSWORD)
    user.save()
    user.user_permissions.add(*Permission.objects.filter(codename__in=LOOK))
    return user


@pytest.fixture
def owed(books: Books, configure: Any) -> Case:
    configure(jdb={**PROVIDERS["jdb"], "unknown_bet": "refuse"})
    books.open("alice", "USD", "100")
    settle(1250.5, refTransferIds=[1])
    return people.case("unsettled")


def test_what_is_missing_is_booked_by_two(books: Books, owed: Case, desk: Desk) -> None:
    with_password(people.finance())
    with_password(people.approver("ann", USD="5000"))
    desk.log_in("fay")
    desk.open(f"reconciliation/case/{owed.pk}/change/")
    desk.page.click("a:has-text('Book what is missing')")
    desk.sees("Nothing is moved until somebody else approves it.")
    row = desk.page.locator(".cage-moves tbody").inner_text()
    assert row.split() == ["alice", "0.00", "USD", "1,250.50", "USD", "100.00", "USD"]
    desk.page.click("text=Ask for it")
    desk.sees("This field is required.")
    desk.page.fill("#id_text", "Their ticket 4711.")
    desk.page.click("text=Ask for it")
    desk.sees("It was asked for. Somebody else has to approve it.")
    desk.sees("Take it back")
    assert desk.page.locator("text=Approve and book").count() == 0

    desk.page.context.clear_cookies()
    desk.log_in("ann")
    desk.open("reconciliation/adjustment/")
    desk.page.click("#result_list >> text=#1")
    desk.sees("Their ticket 4711.")
    desk.page.fill("#id_text", "Seen in their back office.")
    desk.page.click("text=Approve and book")
    desk.sees("It was approved, and the money was moved.")
    assert books.transactions() == ["settle:272017"]
    assert Adjustment.objects.get().status == "approved"
    assert settle(1250.5, refTransferIds=[1]).json["status"] == "0000"
    assert books.transactions() == ["settle:272017"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_an_adjustment_fits_a_desk_of_1280(
    books: Books, providers: None, desk: Desk, scheme: Any
) -> None:
    books.open("alice", "USD", "100")
    settle(1250.5, transferId=1795225637180000593)
    settle(1350.25, transferId=1795225637180000593)
    about = people.case("conflict")
    asked = ask(about, CORRECT, people.finance())
    staff.superuser(password=staff.PASSWORD)
    desk.page.emulate_media(color_scheme=scheme)
    desk.log_in("boss")
    for path in (
        f"case/{about.pk}/change/",
        f"case/{about.pk}/adjust/correct/",
        f"case/{about.pk}/adjust/free/",
        "adjustment/",
        f"adjustment/{asked.pk}/change/",
        "adjustmentlimit/",
        "adjustmentlimit/add/",
    ):
        desk.open(f"reconciliation/{path}")
        width = desk.page.evaluate("document.documentElement.scrollWidth")
        table = desk.page.evaluate("document.querySelector('#result_list')?.scrollWidth ?? 0")
        assert (width <= 1280, table <= 960) == (True, True), (path, width, table)
