"""A real browser at a real server: Debian's Chromium, on the books that the tests can see."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from tests import staff
from tests.cast import Books

CHROMIUM = "/usr/bin/chromium"
# Without these Chromium asks Google's hosts for this and that at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# What the content security policy refuses on a page; the browser's own words follow in the console.
VIOLATIONS = """
window.addEventListener("securitypolicyviolation", event => console.error(
    `refused ${event.effectiveDirective} ${event.blockedURI} ${event.sample} at ${location.href}`
));
"""


class Desk:
    """A person's browser.

    `troubles` is what no page may do: throw, complain, miss a file, break the content security
    policy, or ask anybody but Cage.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        page.set_default_timeout(10_000)
        page.add_init_script(VIOLATIONS)
        page.on("pageerror", lambda error: self.troubles.append(f"threw {error}"))
        page.on("dialog", lambda dialog: self.troubles.append(f"dialog {dialog.message}"))
        page.context.on("console", self._listen)
        page.context.on("request", self._ask)
        page.context.on("response", self._look_at)

    def _listen(self, message: ConsoleMessage) -> None:
        # A missing file is told with its address when it is answered.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.troubles.append(f"complained {message.text}")

    def _ask(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:", "blob:")):
            self.troubles.append(f"asked {request.url}")

    def _look_at(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.url}")

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/admin/{path}")

    def log_in(self, username: str) -> None:
        """Logged in, at the first page."""
        self.open("login/")
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", staff.PASSWORD)
        with self.page.expect_navigation():
            self.page.click("#login-form button[type=submit]")
        if "/admin/one-time-password/" in self.page.url:
            self.page.fill("#id_code", staff.code_of(username))
            self.page.click("main button[type=submit]")
        self.page.wait_for_url(f"{self.url}/admin/")

    def search(self, path: str, term: str) -> None:
        self.open(path)
        self.page.fill("#searchbar", term)
        self.page.press("#searchbar", "Enter")
        self.page.wait_for_url("**q=*")

    def sees(self, text: str) -> None:
        """The page says so, now or in a moment."""
        expect(self.page.locator("body")).to_contain_text(text)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for the package. It is gone, with its event loop, before the next package."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in our thread.
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield browser
            browser.close()
            connections.close_all()  # Those that belong to this loop: nobody finds them later.
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def desk(
    books: Books, chromium: Browser, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Desk]:
    """A browser in front of the admin; at the end nothing may have gone wrong in it."""
    # By the fixture that tests change settings with: what is undone in another order stays.
    for name, value in {**staff.PLAIN, **staff.PLAIN_COOKIES}.items():
        setattr(settings, name, value)
    # The server's threads leave no connection behind that would keep the test database alive.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    server = LiveServer("127.0.0.1")
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    try:
        desk = Desk(context.new_page(), server.url)
        yield desk
        assert desk.troubles == []
    finally:
        context.close()
        server.stop()
