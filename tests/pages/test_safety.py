"""Every page that can be reached by links: nothing refused, nobody else asked, usable by all."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Error, expect

from reconciliation import cases
from tests import staff
from tests.cast import Books
from tests.conftest import mark
from tests.pages.conftest import Desk
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.adjustments import people
from tests.reconciliation.office.statements import days

SETTLE = senders.verbatim("jdb", "settle")
# Pages that nothing leads to by a plain link, and those that end a session.
START = ["", "password_change/", "one-time-password/set-up/"]
NOT = ("/admin/logout/", "/admin/jsi18n/", "/admin/login/")
# Of axe's verdicts these keep somebody from working; `minor` and `moderate` are matters of taste.
GRAVE = {"serious", "critical"}
# Written by scripts that come with Django: not ours to mend. (Rule, part of what it is about.)
EXCUSED = [
    ("aria-input-field-name", "select2-"),  # Its boxes are named by the field they stand for,
    ("label", "select2-search__field"),  # but not in a way that axe reads;
    ("list", "select2-selection__rendered"),  # a list that holds the box to search in.
    ("aria-prohibited-attr", "search-label-icon"),  # The picture in a group's permissions filter.
]


def a_business(books: Books) -> None:
    """Something on every page: players, deliveries, cases, a statement, an adjustment."""
    days.book(books)
    days.statement()
    settle("1001", uid="alice", amount=1250.5)
    settle("1001", uid="alice", amount=1350.5)
    settle("1002", uid="nobody", amount=25)
    settle("1003", uid="nobody", amount=25, ago=75)
    cases.update(at=timezone.now())
    people.finance()
    people.approver("ann", USD="5000")


def settle(reference: str, *, ago: int = 0, **changes: Any) -> None:
    ts = int((timezone.now() - timedelta(minutes=ago)).timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, transferId=int(reference), ts=ts, **changes)))


def shape(path: str) -> str:
    """Pages of one kind have one shape: /admin/wallets/player/#/change/."""
    return re.sub(r"\d+", "#", path.partition("?")[0])


def walk(desk: Desk) -> Iterator[str]:
    """Open one page of each shape that links lead to; yield its path while it is open."""
    seen: set[str] = set()
    waiting = [f"/admin/{path}" for path in START]
    while waiting:
        path = waiting.pop(0)
        if shape(path) in seen or path.startswith(NOT):
            continue
        seen.add(shape(path))
        try:
            desk.page.goto(desk.url + path)
        except Error as download:
            assert "Download is starting" in str(download)  # noqa: PT017
            continue
        yield path
        links = desk.page.eval_on_selector_all(
            "a[href]", "links => links.map(link => link.href.split('#')[0])"
        )
        waiting += [link.removeprefix(desk.url) for link in links if link.startswith(desk.url)]


def grave(desk: Desk, path: str) -> list[str]:
    """What axe finds on the open page that keeps somebody from working."""
    found = Axe().run(desk.page).response["violations"]
    return [
        f"{path}: {violation['id']} {node['target']} {node['html'][:160]}"
        + f" {node['any'][0]['message'] if node['any'] else ''}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not any(violation["id"] == rule and part in node["html"] for rule, part in EXCUSED)
    ]


@pytest.mark.parametrize(("theme", "kind"), [("light", "production"), ("dark", "demo")])
def test_every_page_is_safe_and_usable_by_all(
    books: Books, providers: None, desk: Desk, production: None, theme: str, kind: str
) -> None:
    mark(kind)
    a_business(books)
    staff.superuser(password=staff.PASSWORD)
    desk.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    desk.log_in("boss")
    opened, found = [], []
    for path in walk(desk):
        opened.append(path)
        found += grave(desk, path)
    assert not [*desk.troubles, *found], "\n".join([*desk.troubles, *found])
    assert {"/admin/reconciliation/case/", "/admin/wallets/player/add/"} <= set(opened)
    assert len(opened) > 40


def test_what_opens_on_a_page_is_safe_too(
    books: Books, providers: None, desk: Desk, production: None
) -> None:
    """Menus, boxes to choose from, actions: what scripts write into a page that is open."""
    a_business(books)
    staff.superuser(password=staff.PASSWORD)
    page = desk.page
    desk.log_in("boss")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.click("div:has-text('boss') >> nth=-1")
    page.click("nav >> text=One-time password")
    desk.sees("The new app takes the place")
    desk.open()

    desk.open("reconciliation/case/?list=open")
    page.check("#result_list tbody input.action-select >> nth=0")
    expect(page.locator("#changelist-actions")).to_be_visible()
    page.select_option("select[name=action]", index=1)
    expect(page.locator("#changelist-actions button:has-text('Run')")).to_be_visible()

    desk.open("wallets/wallet/add/")
    page.click(".select2-selection")
    page.keyboard.type("ali")
    expect(page.locator(".select2-results__option")).to_have_text(["alice"])
    page.keyboard.press("Enter")
    expect(page.locator(".select2-selection__rendered")).to_contain_text("alice")

    desk.open("wallets/transaction/")
    page.click("text=Filters")
    page.wait_for_timeout(300)
