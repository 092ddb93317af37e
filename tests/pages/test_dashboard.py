"""The first page in a browser: pictures are drawn, numbers can be read without them."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from providers.models import Callback, Outcome
from reconciliation.models import Case
from reconciliation.office.rollups import keeping
from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.reconciliation.day import post, step
from wallets.instructions import Kind


def busy(books: Books) -> None:
    at = timezone.now() - timedelta(minutes=1)
    for uid, currency in [("alice", "USD"), ("zoe", "COIN")]:
        books.open(uid, currency, "100000")
    for hours in range(30):
        result = f"result:{uuid.uuid4()}"
        move = ("alice", "USD", "1234.50", "800")
        post(at - timedelta(hours=hours), step("besoft", result, Kind.BET_AND_SETTLEMENT, move))
    post(at, step("sud", "match:1", Kind.SETTLEMENT, ("zoe", "COIN", "3", "0")))
    for outcome in Outcome:
        Callback.objects.create(
            delivery_id=uuid.uuid4(),
            provider="besoft",
            received_at=at,
            decided_at=at,
            headers={},
            body=b"",
            outcome=outcome,
            reply_status=200,
            reply=b"",
        )
    Case.objects.create(
        kind="conflict",
        provider="besoft",
        subject="result:272017",
        reference="272017",
        amount=Decimal("12.50"),
        currency="USD",
        opened_at=at,
    )
    keeping.update(at=timezone.now())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dashboard_is_drawn_and_can_be_read_by_everybody(
    books: Books, providers: None, desk: Desk, scheme: str
) -> None:
    busy(books)
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    desk.log_in("boss")
    desk.sees("Money today")
    expect(page.locator("canvas")).to_have_count(4)
    drawn = page.evaluate(
        "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c).data.datasets.length)"
    )
    assert drawn == [2, 2, 3, 3]
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context="#content-main").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_from_the_dashboard_to_the_case_and_to_another_currency(
    books: Books, providers: None, desk: Desk
) -> None:
    busy(books)
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    desk.log_in("boss")
    desk.sees("Money, the last 24 hours, COIN")
    page.click("nav[aria-label=Currency] >> text=USD")
    desk.sees("Money, the last 24 hours, USD")
    page.click("summary >> nth=0")
    expect(page.locator("figure").first).to_contain_text("1,234.50")
    page.click("#content-main >> text=272017")
    page.wait_for_url("**/admin/reconciliation/case/*/change/")
    desk.sees("12.50")
    page.click("#nav-sidebar >> text=Dashboard")
    page.wait_for_url("**/admin/")
