"""What makes the admin pleasant: zones, keys, empty lists, words instead of constants, room."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import TextChoices
from django.urls import reverse
from playwright.sync_api import Browser, expect

from tests import staff
from tests.cast import Books, instruction, post
from tests.pages import world
from tests.pages.bench import places
from tests.pages.conftest import Desk
from tests.pages.test_books import deliver
from wallets import text
from wallets.models import DatabaseMark, Transaction

APPS = ["wallets", "providers", "reconciliation"]
MIDDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


# -- Words ---------------------------------------------------------------------------------------


def enums() -> Iterator[type[TextChoices]]:
    """Every TextChoices of the three apps, wherever it is written."""
    found: dict[str, type[TextChoices]] = {}
    for app in APPS:
        package = importlib.import_module(app)
        names = [one.name for one in pkgutil.walk_packages(package.__path__, f"{app}.")]
        for name in names:
            if ".migrations" in name or ".management" in name:
                continue
            for _, one in _classes(importlib.import_module(name)):
                found[f"{one.__module__}.{one.__qualname__}"] = one
    yield from found.values()


def _classes(holder: Any) -> Iterator[tuple[str, type[TextChoices]]]:
    for name, one in inspect.getmembers(holder, inspect.isclass):
        if not one.__module__.startswith(tuple(APPS)):
            continue
        if issubclass(one, TextChoices):
            yield name, one
        elif not isinstance(holder, type):
            yield from _classes(one)


def test_every_enum_has_a_label_and_a_sentence_for_each_member() -> None:
    checked = [one for one in enums() if one is not DatabaseMark.Kind]
    assert len(checked) >= 12
    for one in checked:
        for member in one:
            assert member.label, member
            assert member.label != member.value, f"{one.__qualname__}.{member.name} has no label"
            sentence = getattr(member, "sentence", "")
            assert sentence, f"{one.__qualname__}.{member.name} has no sentence"
            assert re.match(r"[A-Z].*\.$", sentence), sentence


def test_no_page_shows_a_bare_constant(books: Books, providers: None) -> None:
    """`only_in_statement` has an underscore that no label has; `posted` would stand alone."""
    boss = staff.superuser()
    world.fill(books, boss.user)
    constants = {member.value for one in enums() for member in one} - {"cage"}  # A name too.
    opened = 0
    for place in places.samples():
        answer = boss.client.get(place.url, secure=True)
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        opened += 1
        body = re.sub(
            r"(?s)<(script|style|pre|option|code)\b.*?</\1>", " ", answer.content.decode()
        )
        alone = set(re.findall(r">\s*([a-z_]+)\s*<", body))
        within = set(re.findall(r"[a-z]+(?:_[a-z]+)+", re.sub(r"<[^>]*>", " ", body)))
        shown = constants & (alone | within)
        assert not shown, f"{place.url} shows {shown}"
    assert opened > 50


# -- Times ---------------------------------------------------------------------------------------


@pytest.fixture
def booked(books: Books, providers: None) -> Transaction:
    """One of hotroad, whose clock is GMT+8, at noon in UTC."""
    books.open("alice", "THB", "1000")
    post(instruction("1", ("alice", "THB", "1", "2"), provider="hotroad", occurred_at=MIDDAY))
    return Transaction.objects.latest("id")


@pytest.mark.parametrize(
    ("cookie", "shown"),
    [
        ("Asia/Tokyo", "2026-11-20 21:00:00.000 JST"),
        ("Asia/Dubai", "2026-11-20 16:00:00.000 UTC+04"),
        ("", "2026-11-20 12:00:00.000 UTC"),
        ("Mars/Olympus", "2026-11-20 12:00:00.000 UTC"),
        ("../../etc/passwd", "2026-11-20 12:00:00.000 UTC"),
        ("A" * 5_000, "2026-11-20 12:00:00.000 UTC"),
    ],
)
def test_times_are_told_in_a_zone_that_exists(booked: Transaction, cookie: str, shown: str) -> None:
    boss = staff.superuser()
    boss.client.cookies["cage_zone"] = cookie
    page = boss.get(f"wallets/transaction/{booked.pk}/change/")
    assert shown in page
    assert "hotroad, by its clock: 2026-11-20 20:00:00 UTC+08:00" in page


def test_the_viewers_zone_ends_where_the_business_begins(
    booked: Transaction, settings: Any
) -> None:
    """What is exported, and what is not a page, knows no viewer."""
    boss = staff.superuser()
    boss.client.cookies["cage_zone"] = "Asia/Tokyo"
    taken = boss.answer("post", "take/transactions/", {"format": "csv"})
    rows = b"".join(taken.streaming_content)  # type: ignore[attr-defined]
    assert b"2026-11-20T12:00:00+00:00" in rows
    assert b"+09:00" not in rows


def test_a_browser_names_its_zone_and_another_one_can_be_chosen(
    booked: Transaction, desk: Desk, chromium: Browser
) -> None:
    staff.superuser(password=staff.PASSWORD)
    context = chromium.new_context(timezone_id="America/New_York")
    try:
        there = Desk(context.new_page(), desk.url)
        there.log_in("boss")
        there.open(f"wallets/transaction/{booked.pk}/change/")
        there.sees("2026-11-20 07:00:00.000 EST")
        expect(there.page.locator("#cage-zone")).to_have_value("own")
        there.page.select_option("#cage-zone", "UTC")
        there.sees("2026-11-20 12:00:00.000 UTC")
        there.open("wallets/transaction/")
        expect(there.page.locator("#cage-zone")).to_have_value("UTC")
        cookie = next(one for one in context.cookies() if one["name"] == "cage_zone")
        assert (cookie["sameSite"], cookie["path"]) == ("Strict", "/admin/")
        assert there.troubles == []
    finally:
        context.close()


# -- Keys ----------------------------------------------------------------------------------------


def test_a_list_is_read_by_the_keyboard(books: Books, providers: None, desk: Desk) -> None:
    for name in ("alice", "bob", "carol"):
        books.open(name, "USD")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open("wallets/player/")
    page = desk.page
    focused = "document.activeElement.innerText"
    page.keyboard.press("j")
    assert "carol" in page.evaluate(focused)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert "alice" in page.evaluate(focused)
    page.keyboard.press("j")
    assert "alice" in page.evaluate(focused)
    page.keyboard.press("k")
    assert "bob" in page.evaluate(focused)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"

    page.keyboard.press("?")
    expect(page.locator("#cage-keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#cage-keys")).to_be_hidden()

    page.keyboard.press("f")
    page.keyboard.type("jk?")
    assert page.input_value("#searchbar") == "jk?"
    expect(page.locator("#cage-keys")).to_be_hidden()
    page.fill("#searchbar", "")
    page.locator("#searchbar").blur()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/**")
    desk.sees("alice")


# -- Room ----------------------------------------------------------------------------------------


SCREENS = [(1280, 800), (820, 1180)]


def test_no_page_is_wider_than_the_screen(books: Books, providers: None, desk: Desk) -> None:
    books.open("alice", "USD", "1234567.5")
    post(instruction("1795225637180000593", ("alice", "USD", "100", "0")))
    deliver("1795225637180000593", reason="Conflict: " + "long " * 20)
    boss = staff.superuser(password=staff.PASSWORD)
    world.fill(books, boss.user)
    desk.log_in("boss")
    wide = {}
    for place in places.samples():
        answer = desk.page.goto(f"{desk.url}{place.url}")
        if answer is None or answer.status != 200:
            continue
        for width, height in SCREENS:
            desk.page.set_viewport_size({"width": width, "height": height})
            root = "document.documentElement"
            over = desk.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
            if over > 0:
                wide[place.url, width] = over
    desk.troubles[:] = [one for one in desk.troubles if not re.match(r"40[345] ", one)]
    assert not wide


# -- Empty lists ---------------------------------------------------------------------------------

SAY = ["wallets", "providers", "reconciliation"]


def test_an_empty_list_says_what_to_do(books: Books, providers: None) -> None:
    boss = staff.superuser()
    spoken = set()
    for model, page in admin.site._registry.items():
        if model._meta.app_label not in SAY or model._default_manager.exists():
            continue
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        body = boss.get(url.removeprefix("/admin/"))
        said = getattr(page, "when_empty", "") or "Nothing needs a person"
        assert text.printable(said).replace("'", "&#x27;") in body, url
        spoken.add(said)
    assert len(spoken) >= 9


def test_what_is_searched_in_vain_is_not_called_empty(books: Books) -> None:
    page = staff.superuser().get("wallets/player/", q="nobody")
    assert "Nothing found" in page
    assert "A player has to be here" not in page
