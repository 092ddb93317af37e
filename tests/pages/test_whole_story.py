"""One conflict and the five people who meet it, each with a role and a phone, in one browser."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.test import override_settings
from playwright.sync_api import Page, expect

from reconciliation.models import Adjustment, AdjustmentLimit, Case, Export
from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.reconciliation.adjustments import people
from tests.reconciliation.adjustments.people import settle

ROUND = 1795225637180000593


def person(name: str, *roles: str) -> User:
    """Somebody of these roles, as a superuser makes them."""
    with override_settings(**staff.PLAIN):
        user = User.objects.create_user(name, password=staff.PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    staff.Staff(user)  # With an app for one-time passwords.
    return user


def comes(desk: Desk, name: str) -> Page:
    """Another person sits down at the desk."""
    desk.page.context.clear_cookies()
    desk.log_in(name)
    return desk.page


@pytest.fixture
def conflict(books: Books, providers: None, production: None) -> Case:
    """alice was paid 1,250.50, and then the same settlement came with 1,350.25."""
    books.open("alice", "USD", "100")
    settle(1250.5, transferId=ROUND)
    settle(1350.25, transferId=ROUND)
    return people.case("conflict")


def test_from_the_doubt_to_the_auditor(books: Books, conflict: Case, desk: Desk) -> None:
    person("vic", "Viewer")
    person("fay", "Finance", "Approver")
    person("ann", "Approver")
    person("olga", "Auditor")
    approvers = Group.objects.get(name="Approver")
    AdjustmentLimit.objects.create(group=approvers, currency="USD", amount=Decimal(5000))
    page_of_case = f"reconciliation/case/{conflict.pk}/change/"

    page = comes(desk, "vic")  # Looks, and can touch nothing.
    desk.open(page_of_case)
    desk.sees("Booked")
    expect(page.locator("main form[method=post], .cage-deeds")).to_have_count(0)

    page = comes(desk, "fay")  # Takes it, compares, asks.
    desk.open("reconciliation/case/")
    page.click("#result_list >> text=Conflict")
    page.click("button:has-text('Take')")
    desk.sees("It is yours.")
    differing = page.locator(".cage-sides .cage-differs").all_inner_texts()
    assert any("1,250.50" in row and "1,350.25" in row for row in differing)
    page.click('a:has-text("Accept the provider\'s terms")')
    page.fill("#id_text", "Their ticket 4711.")
    page.click("text=Ask for it")
    desk.sees("It was asked for. Somebody else has to approve it.")
    asked = Adjustment.objects.get()
    desk.sees("Take it back")  # What is asked for by oneself can't be approved by oneself.
    expect(page.locator("text=Approve and book")).to_have_count(0)

    page = comes(desk, "ann")  # Approves.
    desk.open(f"reconciliation/adjustment/{asked.pk}/change/")
    desk.sees("Their ticket 4711.")
    page.fill("#id_text", "Seen in their back office.")
    page.click("text=Approve and book")
    desk.sees("It was approved, and the money was moved.")
    assert books.balance("alice", "USD") == Decimal("1450.25")
    assert books.violations() == []

    desk.open(page_of_case)  # The round tells all of it.
    page.click("text=Story of its round")
    page.wait_for_url("**/admin/rounds/jdb/**")
    story = page.locator(".cage-story").inner_text()
    for told in ("1,250.50", "1,350.25", "fay", "Their ticket 4711.", "ann", "Approved"):
        assert told in story, (told, story)

    page = comes(desk, "olga")  # Finds it in the trail, and takes it along.
    page.click("nav >> text=Trail")
    page.fill("input[name=person]", "ann")
    page.click("button:has-text('Find')")
    desk.sees("Seen in their back office.")
    with page.expect_download() as taking:
        page.click("text=Take as CSV")
    file = taking.value.path().read_text(encoding="utf-8-sig")
    assert "Seen in their back office." in file
    assert "Their ticket 4711." not in file  # That was fay.
    assert Export.objects.get().exported_by.username == "olga"  # type: ignore[union-attr]
