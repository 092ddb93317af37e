"""What players, providers and files write is shown as text on every page, and in every export."""

import csv
import io
import re
from typing import Any

import openpyxl
import pytest

from tests import staff
from tests.cast import Books
from tests.pages import world
from tests.pages.bench import places
from tests.pages.conftest import Desk
from wallets import text

APPS = ["wallets_", "providers_", "reconciliation_case", "reconciliation_st", "reconciliation_", ""]
# What a page shows, beside the boxes that somebody is to edit: there a text is what it is.
LOOK = """() => {
  const seen = [document.title, document.body.innerText];
  for (const one of document.querySelectorAll('[title],[aria-label],[alt],[data-label]'))
    for (const name of ['title', 'aria-label', 'alt', 'data-label'])
      if (one.hasAttribute(name)) seen.push(one.getAttribute(name));
  const root = document.documentElement;
  const cells = [...document.querySelectorAll('#result_list td, #result_list th')];
  return {
    text: seen.join('\\n'),
    pwned: window.pwned === undefined ? null : window.pwned,
    over: root.scrollWidth - root.clientWidth,
    scripts: [...document.scripts].filter((one) => one.text.includes('pwned')).length,
    images: document.querySelectorAll('img[src="x"]').length,
    tallest: Math.max(0, ...cells.map((cell) => cell.getBoundingClientRect().height)),
    longest: Math.max(0, ...cells.map((cell) => cell.innerText.length)),
  };
}"""


def faults(looked: dict[str, Any]) -> list[str]:
    """What is wrong with a page."""
    found = []
    if looked["pwned"] is not None or looked["scripts"] or looked["images"]:
        found.append("their text became part of the page")
    if looked["over"] > 0:
        found.append(f"it is {looked['over']} pixels too wide")
    if left := text.TREACHEROUS.findall(looked["text"]):
        found.append(f"not spelled out: {sorted({hex(ord(one)) for one in left})}")
    if text.FLOOD.search(looked["text"]):
        found.append("a flood of marks")
    if looked["longest"] > 320 or looked["tallest"] > 200:
        found.append(f"a cell of {looked['longest']} characters, {looked['tallest']} pixels high")
    return found


def belongs(name: str, app: str) -> bool:
    """Whether a page is tested with this app: the first of APPS that its name begins with."""
    return next(one for one in APPS if name.startswith(one)) == app


@pytest.mark.parametrize("app", APPS)
def test_text_of_others_is_inert_and_fits_on_every_page(
    books: Books, providers: None, desk: Desk, app: str
) -> None:
    boss = staff.superuser(password=staff.PASSWORD)
    world.fill(books, boss.user)
    desk.log_in("boss")
    desk.page.route("**/x", lambda route: route.abort())
    wrong: dict[str, list[str]] = {}
    opened = 0
    for place in places.samples():
        if not belongs(place.name, app):
            continue
        response = desk.page.goto(f"{desk.url}{place.url}")
        assert response is not None
        if response.status != 200:
            continue
        opened += 1
        if found := faults(desk.page.evaluate(LOOK)):
            wrong[place.url] = found
    desk.troubles[:] = [one for one in desk.troubles if not re.match(r"40[345] ", one)]
    assert opened >= 3
    assert not wrong, "\n".join(f"{url}: {found}" for url, found in wrong.items())


@pytest.mark.parametrize("what", ["cases", "transactions", "player", "journal"])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "journal"])
def test_text_of_others_is_inert_in_every_export(
    books: Books, providers: None, what: str, ending: str
) -> None:
    if (what == "journal") != (ending == "journal"):
        return
    boss = staff.superuser()
    world.fill(books, boss.user)
    form = {"format": ending, **({"player": world.FORMULA} if what == "player" else {})}
    taken = boss.answer("post", f"take/{what}/", form)
    assert taken.status_code == 200
    raw = b"".join(taken.streaming_content)  # type: ignore[attr-defined]
    for row in rows(raw, ending):
        for cell in row:
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", cell.replace("\r\n", "\n"))
            assert not re.match(r"\s*[=+@]", cell)
            assert not re.match(r"\s*-(?![\d.]+$)", cell)


def rows(raw: bytes, ending: str) -> list[list[str]]:
    """The cells of a file; of a journal its lines."""
    if ending == "csv":
        read = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
        assert len({len(row) for row in read[1:]}) <= 2
        return read
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(raw)).worksheets[0]
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
        return [[str(cell.value) for cell in cells]]
    lines = raw.decode().splitlines()
    assert not [line for line in lines if "<" in line or "\u202e" in line]
    return [[line] for line in lines]
