"""From any id to the whole story, in a browser: search, round, player, callback."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from providers.models import Callback
from tests import staff
from tests.cast import Books, instruction, post
from tests.pages.conftest import Desk
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.adjustments import people
from wallets.models import Player, Transaction

HOSTILE = "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"


def look_for(desk: Desk, term: str) -> None:
    """By the keyboard: a stroke, the term, Enter."""
    desk.page.locator("h1").first.click()
    desk.page.keyboard.press("/")
    expect(desk.page.locator("#cage-search-box")).to_be_focused()
    desk.page.keyboard.type(term)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_load_state()


def test_from_the_keyboard_to_the_story_and_back(
    books: Books, configure: Callable[..., None], desk: Desk
) -> None:
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("alice", "THB", "1000")
    stated = {"userId": "alice", "roundId": "R7", "txId": "T7"}
    bet = altered(senders.verbatim("hotroad", "place_bet"), **stated)
    settle = altered(senders.verbatim("hotroad", "settle"), winAmount="500.00", **stated)
    send(senders.hotroad(bet, operation="place_bet"))
    send(senders.hotroad(settle))
    send(senders.hotroad(settle))
    staff.superuser(password=staff.PASSWORD)
    page = desk.page

    desk.log_in("boss")
    look_for(desk, "R7")
    page.wait_for_url("**/admin/rounds/hotroad/?round=R7")
    desk.sees("What was taken is settled.")
    expect(page.locator(".cage-story > li")).to_have_count(8)
    expect(page.locator(".cage-story-sums")).to_contain_text("500.00")
    desk.sees("UTC+08:00")
    page.click(".cage-story >> text=Transaction #2")
    page.wait_for_url("**/admin/wallets/transaction/2/change/")
    page.click("text=Story of its round")
    page.wait_for_url("**/admin/rounds/hotroad/?round=R7")
    page.click(".cage-story-sums >> text=alice")
    page.wait_for_url(f"**/admin/wallets/player/{Player.objects.get().pk}/change/")
    page.click("text=hotroad R7")
    page.wait_for_url("**/admin/rounds/hotroad/?round=R7")


def test_an_id_that_is_not_known_says_what_can_be_looked_for(
    books: Books, providers: None, desk: Desk
) -> None:
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    look_for(desk, "no such thing")
    desk.sees("Nothing was found for no such thing")
    desk.sees("a player's name, or how it begins")


def test_a_stroke_in_a_field_stays_a_stroke(books: Books, desk: Desk) -> None:
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open("wallets/player/")
    desk.page.click("#searchbar")
    desk.page.keyboard.type("a/b")
    assert desk.page.input_value("#searchbar") == "a/b"


def test_a_story_prints_without_its_frame(books: Books, providers: None, desk: Desk) -> None:
    books.open("alice", "USD", "100")
    post(instruction("1", ("alice", "USD", "10", "0"), round_id="R"))
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    page.emulate_media(color_scheme="dark")
    desk.log_in("boss")
    desk.open("rounds/besoft/?round=R")
    page.evaluate("window.print = () => { window.printed = true }")
    page.click("[data-print]")
    assert page.evaluate("window.printed") is True
    page.emulate_media(media="print")
    for hidden in ("#nav-sidebar", "#header-inner", "[data-print]"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".cage-printed")).to_contain_text("Cage. Printed by boss")
    colours = "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    assert page.locator(".cage-story-what").first.evaluate(colours) == [
        "rgb(0, 0, 0)",
        "rgb(255, 255, 255)",
    ]


def test_a_callback_explains_its_reply_and_its_difference(
    books: Books, providers: None, desk: Desk
) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    look_for(desk, f"#{Callback.objects.latest('id').pk}")
    desk.sees("It failed. They send it again every minute for an hour until 0000.")
    expect(desk.page.locator(".cage-difference .cage-differs")).to_have_count(2)
    desk.page.click("text=fields are the same")
    desk.sees("gameRoundSeqNo")


def test_the_days_of_a_statement_are_chosen_at_the_desk(books: Books, desk: Desk) -> None:
    books.open("alice", "USD", "1000")
    books.open("alice", "THB", "5")
    post(instruction("1", ("alice", "USD", "10", "4"), round_id="R"))
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    desk.log_in("boss")
    look_for(desk, "alice")
    page.fill("[name=since]", "2026-11-22")
    page.fill("[name=until]", "2026-11-30")
    page.click(".cage-days >> text=Show")
    desk.sees("Nothing moved in these days.")
    desk.sees("Balance before 2026-11-22")
    page.fill("[name=since]", "2026-11-21")
    page.click(".cage-days >> text=Show")
    expect(page.locator(".cage-statement tbody tr")).to_have_count(2)
    page.click(".cage-tabs >> text=THB")
    expect(page.locator(".cage-statement tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.click(".cage-days >> text=CSV")
    assert download.value.suggested_filename.startswith("player-")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 834])
def test_hostile_and_long_text_runs_nowhere_and_fits(
    books: Books, providers: None, desk: Desk, scheme: Any, width: int
) -> None:
    uid = HOSTILE[:64]
    books.open(uid, "USD", "1234567890.5")
    long_id = (HOSTILE + "W" * 200)[:128]
    post(instruction(long_id[:120], (uid, "USD", "1", "0"), round_id=long_id, game=long_id))
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    desk.log_in("boss")
    booked = Transaction.objects.latest("id")
    desk.open(f"wallets/transaction/{booked.pk}/change/")
    page.click("text=Story of its round")
    page.wait_for_load_state()
    paths = [page.url, f"{desk.url}/admin/wallets/player/{Player.objects.get().pk}/change/"]
    paths += [f"{desk.url}/admin/search/?q=%3Cscript%3Ewindow.pwned=1%3C/script%3E"]
    for path in paths:
        page.goto(path)
        assert page.evaluate("window.pwned") is None, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
