"""Whole stories at the desk of finance staff, in a browser."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from providers.models import Callback, Outcome
from tests import staff
from tests.cast import NOON, Books, instruction, post
from tests.pages.conftest import Desk
from wallets.models import Player, Transaction

SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"

PAGES = [
    "",
    "wallets/player/",
    "wallets/player/add/",
    "wallets/wallet/",
    "wallets/wallet/add/",
    "wallets/transaction/",
    "wallets/entry/",
    "providers/callback/",
    "providers/unauthentic/",
    "auth/user/",
    "auth/user/add/",
    "auth/group/",
    "django_celery_beat/periodictask/",
]


def deliver(reference: str, **changes: Any) -> Callback:
    row: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "provider": "besoft",
        "operation": "settle",
        "transaction_id": f"settle:{reference}",
        "received_at": NOON,
        "decided_at": NOON,
        "headers": {"content-type": "application/json"},
        "body": b'{"win":1250.750}',
        "outcome": Outcome.POSTED,
        "reply_status": 200,
        "reply": b"{}",
    }
    return Callback.objects.create(**{**row, **changes})


def test_from_a_reference_to_the_exact_request_and_back(
    books: Books, providers: None, desk: Desk
) -> None:
    books.open("alice", "USD", "1000")
    post(instruction("272017", ("alice", "USD", "100", "1250.75")))
    deliver("272017")
    deliver("272017", outcome=Outcome.DUPLICATE, received_at=NOON + timedelta(minutes=1))
    staff.superuser(password=staff.PASSWORD)
    page = desk.page

    desk.log_in("boss")
    desk.search("wallets/transaction/", "272017")
    page.click("text=settle:272017")
    desk.sees("2,150.75")
    page.click("text=Its deliveries")
    expect(page.locator("#result_list tbody")).to_have_count(2)
    page.click("#result_list tbody:last-of-type th a")
    desk.sees('"win": 1250.750')
    desk.sees("Delivered 2 times.")
    page.click("text=besoft settle:272017")
    transaction = Transaction.objects.get(transaction_id="settle:272017")
    page.wait_for_url(f"**/admin/wallets/transaction/{transaction.pk}/change/")


def test_a_player_is_suspended_at_the_desk(books: Books, desk: Desk) -> None:
    books.open("alice", "USD", "1000")
    books.open("alice", "THB", "5")
    staff.superuser(password=staff.PASSWORD)

    desk.log_in("boss")
    desk.search("wallets/player/", "alice")
    desk.page.click("#result_list >> text=alice")
    desk.page.click("text=Suspended: Can't stake; what was won is still paid.")
    desk.page.click("button[name=_save], input[name=_save]")
    desk.sees("was changed successfully")
    assert Player.objects.get(uid="alice").status == "suspended"


def test_a_viewer_finds_nothing_to_press(books: Books, desk: Desk) -> None:
    books.open("alice", "USD", "1000")
    staff.viewer("view_player", "view_transaction", password=staff.PASSWORD)

    desk.log_in("viewer")
    desk.sees("Transactions")
    assert "Callbacks" not in desk.page.inner_text("body")
    desk.open(f"wallets/player/{Player.objects.get().pk}/change/")
    desk.sees("alice")
    assert desk.page.locator("[name^=_save], [name=status]").count() == 0
    desk.open(f"wallets/transaction/{Transaction.objects.get().pk}/change/")
    assert desk.page.locator("[name^=_save]").count() == 0


def test_a_name_keeps_its_capitals(books: Books, desk: Desk) -> None:
    """alice and Alice are two players."""
    books.open("alice", "USD")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open(f"wallets/player/{Player.objects.get().pk}/change/")
    assert "alice" in desk.page.inner_text("h1")


def test_text_of_others_runs_nowhere(books: Books, desk: Desk) -> None:
    uid = SCRIPT[:64]
    wallet = books.open(uid, "USD", "100")
    post(instruction(SCRIPT, (uid, "USD", "1", "0"), round_id=SCRIPT, details={SCRIPT: SCRIPT}))
    hostile = deliver(
        SCRIPT, body=SCRIPT.encode(), reason=SCRIPT, headers={SCRIPT: SCRIPT}, reply=SCRIPT.encode()
    )
    transaction = Transaction.objects.latest("id")
    staff.superuser(password=staff.PASSWORD)

    desk.log_in("boss")
    for path in [
        *PAGES,
        f"wallets/player/{wallet.player_id}/change/",
        f"wallets/wallet/{wallet.pk}/change/",
        f"wallets/transaction/{transaction.pk}/change/",
        f"providers/callback/{hostile.pk}/change/",
        "wallets/transaction/?q=%3Cscript%3Ewindow.pwned=1%3C/script%3E",
    ]:
        desk.open(path)
        assert desk.page.evaluate("window.pwned") is None, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_desk_of_1280(books: Books, desk: Desk, scheme: Any) -> None:
    books.open("alice", "USD", "1234567.5")
    post(instruction("1795225637180000593", ("alice", "USD", "100", "0")))
    deliver("1795225637180000593", outcome=Outcome.CONFLICT, reason="Conflict: " + "long " * 20)
    deliver("1795225637180000593")
    staff.superuser(password=staff.PASSWORD)
    desk.page.emulate_media(color_scheme=scheme)

    desk.log_in("boss")
    for path in PAGES:
        desk.open(path)
        width = desk.page.evaluate("document.documentElement.scrollWidth")
        table = desk.page.evaluate("document.querySelector('#result_list')?.scrollWidth ?? 0")
        assert (width <= 1280, table <= 960) == (True, True), (path, width, table)
    assert desk.page.evaluate("document.documentElement.classList.contains('dark')") is (
        scheme == "dark"
    )


def test_amounts_stand_to_the_right(books: Books, desk: Desk) -> None:
    books.open("alice", "USD", "1234567.5")
    books.open("bob", "USD", "8")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open("wallets/wallet/")
    boxes = [box.bounding_box() for box in desk.page.locator(".cage-money").all()]
    edges = {round(box["x"] + box["width"]) for box in boxes if box}
    assert len(boxes) == 2
    assert len(edges) == 1
