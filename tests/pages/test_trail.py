"""The trail in a browser: an auditor finds what colleagues did, and takes it with them."""

import os

from django.contrib.auth.models import Group, User

from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.reconciliation.adjustments import people


def somebody(name: str, role: str) -> User:
    user = User.objects.create_user(name, password=staff.PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def picture(desk: Desk, name: str) -> None:
    """For whoever wants to look at it: CAGE_PICTURES names a folder."""
    folder = os.environ.get("CAGE_PICTURES")
    if folder:
        desk.page.screenshot(path=f"{folder}/{name}.png")
        desk.page.evaluate("document.documentElement.classList.toggle('dark')")
        desk.page.screenshot(path=f"{folder}/{name}-dark.png")
        desk.page.evaluate("document.documentElement.classList.toggle('dark')")


def happen() -> None:
    """A day: a settlement for somebody who isn't there is asked for and approved."""
    people.settle(25)
    owed = people.case("unsettled")
    Books().open("alice", "USD", "100")
    fay, ann = people.finance(), people.approver(USD="1000")
    people.approve(people.ask(owed, people.PAY, fay), ann)


def test_the_auditor_finds_an_adjustment_and_takes_it(desk: Desk, providers: None) -> None:
    happen()
    boss = staff.superuser()
    assert boss.post("auth/group/add/", name="<b>Night</b> shift") == 302
    somebody("audrey", "Auditor")
    desk.log_in("audrey")
    desk.page.get_by_role("link", name="Trail").click()
    desk.sees("Adjustment approved.")
    desk.sees("Requested → Approved")
    desk.sees("<b>Night</b> shift")
    picture(desk, "trail")
    desk.page.get_by_label("Person").fill("ann")
    desk.page.get_by_label("About").select_option("adjustments")
    desk.page.get_by_role("button", name="Find").click()
    desk.page.wait_for_url("**person=ann*")
    rows = desk.page.locator(".cage-trail tbody tr")
    assert rows.count() == 1
    desk.sees("Checked.")
    picture(desk, "trail-found")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name="Take as CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert "Adjustment approved." in text
    assert "fay" not in text.split("\n")[1]
    desk.open("admin/logentry/?kind=exports")
    desk.sees("Took out 1 rows: trail.")
    # Nothing of it runs over the edge at this width.
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert desk.page.evaluate(wide)


def test_a_viewer_has_no_trail_and_no_buttons(desk: Desk, providers: None) -> None:
    people.settle(25)
    owed = people.case("unsettled")
    somebody("vera", "Viewer")
    desk.log_in("vera")
    assert desk.page.get_by_role("link", name="Trail").count() == 0
    desk.open(f"reconciliation/case/{owed.pk}/change/")
    desk.sees("No such player.")
    assert desk.page.locator(".cage-deeds").count() == 0


def test_finance_is_told_who_settles_it_again(desk: Desk, providers: None) -> None:
    people.settle(25)
    owed = people.case("unsettled")
    Books().open("alice", "USD", "100")
    somebody("fay", "Finance")
    somebody("olga", "Operations")
    desk.log_in("fay")
    desk.open(f"reconciliation/case/{owed.pk}/change/")
    desk.sees("by those of your colleagues who may replay deliveries")
    assert desk.page.get_by_role("link", name="Settle it again").count() == 0
    desk.page.context.clear_cookies()
    desk.log_in("olga")
    desk.open(f"reconciliation/case/{owed.pk}/change/")
    picture(desk, "operations-case")
    desk.page.get_by_role("link", name="Settle it again").click()
    desk.page.fill("#id_why", "The player is there.")
    desk.page.locator(".cage-desk form button, form button.cage-main").first.click()
    desk.sees("It is settled.")
