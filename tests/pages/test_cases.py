"""A doubt at the desk of finance staff, in a browser: the queue, two sides, a replay."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from reconciliation import cases, replaying
from reconciliation.models import Case
from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.providers import senders
from tests.providers.senders import altered, send

SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")
MATCH = senders.verbatim("sud", "match_settle")


def settle(reference: str, *, ago: int = 0, **changes: Any) -> None:
    """A settlement of JDB, played so many minutes ago."""
    ts = int((timezone.now() - timedelta(minutes=ago)).timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, transferId=int(reference), ts=ts, **changes)))


def bookkeeping() -> None:
    cases.update(at=timezone.now())


def case(kind: str) -> Case:
    return Case.objects.get(kind=kind)


def open_case(desk: Desk, kind: str) -> Case:
    found = case(kind)
    desk.open(f"reconciliation/case/{found.pk}/change/")
    return found


def test_the_queue(books: Books, providers: None, desk: Desk) -> None:
    """What needs a person stands on it by name, what heals by itself is one line."""
    settle("272018", ago=75, uid="carol", amount=25)
    for number in range(12):
        settle(str(3000 + number), uid="dora", amount=10)
    bookkeeping()
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.page.click("text=Cases")
    desk.sees("Overdue for 15 minutes")
    expect(desk.page.locator("#result_list tbody")).to_have_count(1)

    desk.page.click("text=12 wait for a resend")
    desk.sees("Only: jdb, No such player.")
    expect(desk.page.locator("#result_list tbody")).to_have_count(12)
    desk.page.click("#result_list >> text=3000")
    desk.sees("jdb resends every minute until")
    desk.sees("59 minutes left; 1 attempt so far.")

    for uid in ("carol", "dora"):
        books.open(uid, "USD")
    replaying.replay_owed(at=timezone.now())
    bookkeeping()
    desk.open("reconciliation/case/")
    desk.sees("Nothing needs a person")
    assert "wait for a resend" not in desk.page.inner_text("body")


def test_a_conflicts_two_sides(books: Books, providers: None, desk: Desk) -> None:
    books.open("alice", "USD", "100")
    settle("272017", uid="alice", amount=1250.5)
    settle("272017", uid="alice", amount=1350.5)
    bookkeeping()
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    open_case(desk, "conflict")
    rows = desk.page.locator(".cage-differs").all_inner_texts()
    assert "Credit\t1,250.50\t1,350.50" in rows
    assert "amount\t1250.5\t1350.5" in rows
    same = desk.page.locator(".cage-fold table")
    expect(same).to_be_hidden()
    desk.page.click("text=fields are the same")
    expect(same).to_be_visible()
    expect(same).to_contain_text("gameRoundSeqNo")


def test_a_replay_with_its_confirmation(books: Books, providers: None, desk: Desk) -> None:
    settle("272018", ago=75, uid="carol", amount=25)
    bookkeeping()
    books.open("carol", "USD", "1")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    one = open_case(desk, "unsettled")
    desk.page.click("text=Take")
    desk.sees("It is yours.")
    desk.page.click("a:has-text('Settle it again')")
    desk.sees("Booked as jdb settle:272018.")
    row = desk.page.locator(".cage-moves tbody").inner_text()
    assert row.split() == ["carol", "0.00", "USD", "25.00", "USD", "1.00", "USD"]

    desk.page.click("text=Settle it now")
    desk.sees("This field is required.")
    assert books.transactions() == []
    desk.page.fill("#id_why", "The player was made.")
    desk.page.click("text=Settle it now")
    desk.sees("It is settled.")
    desk.sees("Settled again by hand. The player was made.")
    assert books.balance("carol", "USD") == Decimal(26)
    one.refresh_from_db()
    assert (one.resolution, one.owner and one.owner.username) == ("replayed", "boss")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_case_fits_a_desk_of_1280(
    books: Books, providers: None, desk: Desk, scheme: Any
) -> None:
    books.open("alice", "USD", "100")
    settle("1795225637180000593", uid="alice", amount=1234567.5)
    settle("1795225637180000593", uid="alice", amount=7654321.25)
    settle("1795225637180000594", ago=75, uid="a-player-with-a-long-name", amount=1234567.5)
    settle("1795225637180000595", uid="dora", amount=1234567.5)
    bookkeeping()
    staff.superuser(password=staff.PASSWORD)
    desk.page.emulate_media(color_scheme=scheme)
    desk.log_in("boss")
    late = Case.objects.get(resend="overdue").pk
    paths = ["", "?list=open", "dispute/", f"{case('conflict').pk}/change/", f"{late}/change/"]
    paths += [f"{late}/replay/"]
    paths += [f"{late}/do/{slug}/" for slug in ("hand-over", "wait", "close", "notes")]
    for path in paths:
        desk.open(f"reconciliation/case/{path}")
        width = desk.page.evaluate("document.documentElement.scrollWidth")
        table = desk.page.evaluate("document.querySelector('#result_list')?.scrollWidth ?? 0")
        assert (width <= 1280, table <= 960) == (True, True), (path, width, table)
