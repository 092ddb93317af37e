"""A provider's day at the desk of finance staff, in a browser: from its file down to one row."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reconciliation.matching import matching
from reconciliation.models import Case, Statement, StatementFormat, Total
from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.reconciliation.office.statements import days

REPORT = """Ticket;Member;Stake;Payout;Round;Date
272016;alice;1.000,50;0;r1;20/11/2026 21:30:00
272017;bob;5;12,25;r2;20/11/2026 21:31:00
272018;bob;5;oops;r2;20/11/2026 21:31:00
"""
COLUMNS = {
    "txId": "Ticket",
    "userId": "Member",
    "betAmount": "Stake",
    "winAmount": "Payout",
    "roundId": "Round",
    "betTime": "Date",
}
HEADINGS = "operation,reference,uid,currency,debit,credit,round_id,occurred_at"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\U0001f3b0"


@pytest.fixture
def boss(books: Books, providers: None, desk: Desk) -> Desk:
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    return desk


def file(folder: Path, *rows: str, name: str = "jdb.csv") -> Path:
    """A file of Cage's own format."""
    path = folder / name
    path.write_text("\n".join([HEADINGS, *rows, ""]))
    return path


def row(reference: str, uid: str, credit: str) -> str:
    return f"settle,{reference},{uid},USD,0,{credit},r1,2026-11-20T12:00:00Z"


def test_a_day_from_its_file_to_one_row(books: Books, boss: Desk, tmp_path: Path) -> None:
    days.book(books)
    page = boss.page
    page.click("text=Statements")
    page.click("text=Import a statement")
    page.select_option("#id_provider", "jdb")
    page.fill("#id_day", "2026-11-20")
    good = [row("272001", "alice", "1250.50"), row("272002", "bob", "99.75")]
    page.set_input_files("#id_file", file(tmp_path, *good, row("272006", "alice", "1e3")))
    boss.troubles.clear()
    page.click("text=Import and match")
    boss.sees("Nothing was imported. 1 row of 3 can't be read.")
    boss.sees("credit is not a decimal number: '1e3'")
    assert boss.troubles == [f"422 {boss.url}/admin/reconciliation/statement/import/"]
    boss.troubles.clear()

    page.set_input_files("#id_file", file(tmp_path, *good, row("272006", "alice", "45.25")))
    page.click("text=Import and match")
    boss.sees("3 rows imported and matched.")
    boss.sees("All of USD")
    expect(page.locator(".cage-piece")).to_have_count(4)
    page.click(".cage-piece[aria-label^='Amount differs']")
    boss.sees("Both sides have it, with other amounts.")
    words = page.locator(".cage-rows > tbody > tr").first.inner_text().split()
    assert words == [
        "3", "settle:272002", "bob", "0.00", "USD", "99.75", "USD", "0.00", "USD", "90.00", "USD",
    ]  # fmt: skip
    original = page.locator(".cage-rows .cage-table")
    expect(original).to_be_hidden()
    page.click("text=The row of the file")
    expect(original).to_be_visible()
    expect(original).to_contain_text("99.75")
    page.click("text=Case #")
    boss.sees("In the statement")
    page.click("text=Both sides beside each other")
    boss.sees("settle:272002")

    page.fill("#find", "272006")
    page.press("#find", "Enter")
    boss.sees("Only in the statement")
    expect(page.locator(".cage-rows > tbody")).to_have_count(1)


def test_a_format_from_a_file_nobody_knows(boss: Desk, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text(REPORT)
    page = boss.page
    boss.open("reconciliation/statementformat/")
    page.click("text=Make a format")
    page.fill("#id_name", "hotroad-daily")
    page.select_option("#id_protocol", "hotroad")
    page.select_option("#id_provider", "hotroad")
    page.check("input[name=layout][value=report]")
    page.set_input_files("#id_sample", report)
    page.click("text=Read its columns")
    boss.sees("One column found: is the delimiter ';'?")
    page.select_option("#id_delimiter", ";")
    page.click("text=Read its columns")
    for field, heading in COLUMNS.items():
        page.select_option(f"select[name='column:{field}']", heading)
    page.select_option("#id_style", "pattern")
    page.fill("#id_pattern", "%d/%m/%Y %H:%M:%S")
    page.select_option("#id_decimal_mark", ",")
    page.select_option("#id_grouping", ".")
    page.click("text=Show the first rows")
    boss.sees("1 of 3 can't be read.")
    boss.sees("winAmount is not a decimal number: 'oops'")
    first = page.locator(".cage-preview tbody").first
    expect(first).to_contain_text("bet:272016")
    expect(first).to_contain_text("1,000.50")
    page.click("button:has-text('Save')")
    boss.sees("The format was saved.")
    boss.sees("It was made.")
    one = StatementFormat.objects.get(name="hotroad-daily")
    assert one.columns == COLUMNS


def test_a_statement_is_withdrawn(books: Books, boss: Desk) -> None:
    days.book(books)
    one = days.statement()
    boss.open(f"reconciliation/statement/{one.pk}/change/")
    boss.page.click("text=Match again")
    boss.sees("It was matched again.")
    boss.page.click("text=Withdraw …")
    boss.page.click("button:has-text('Withdraw it')")
    boss.sees("This field is required.")
    boss.page.fill("#id_why", "Another day's file.")
    boss.page.click("button:has-text('Withdraw it')")
    boss.sees("It was taken back: nothing is matched with it.")
    boss.sees("Withdrawn. Another day's file.")


def test_hostile_rows_do_nothing(books: Books, boss: Desk) -> None:
    """Nothing runs, nothing is fetched, and nothing breaks out of its cell."""
    days.book(books)
    long = {HOSTILE: HOSTILE, "long": "x" * 10_000, "wide": "\U0001f3b0" * 3_000}
    one = days.statement(
        [*days.LISTED, ("9" * 100, "a" * 64, "USD", "0", "99999999999999999999.99999999")],
        more=long,
        rejected=[("x" * 10_000, HOSTILE * 100)],
        file_name=HOSTILE * 3,
    )
    for path in ("", f"{one.pk}/change/", f"{one.pk}/rows/", f"{one.pk}/rejected/"):
        boss.open(f"reconciliation/statement/{path}")
        for fold in boss.page.locator("details.cage-fold > summary").all():
            fold.click()
        assert width(boss.page) <= 1280, path
        assert "\u202e" not in boss.page.content()


def width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_statement_fits_a_desk_of_1280(
    books: Books, boss: Desk, scheme: Any
) -> None:
    days.book(books)
    wide = ("1795225637180000593", "alice", "USD", "1234567.5", "7654321.25")
    one = days.statement([*days.LISTED, wide], rejected=[("{}", "debit is empty")])
    sums = StatementFormat.objects.create(name="sums", layout="totals")
    two = days.statement([], format=sums, day=None, is_matched=False)
    Total.objects.create(statement=two, number=2, currency="USD", debit="1234567.5", count=4)
    matching.match(two, at=days.LATER)
    boss.page.emulate_media(color_scheme=scheme)
    case = Case.objects.filter(statement=one).order_by("id")[0]
    paths = ["statement/", "statement/import/", "statementformat/", "statementformat/new/"]
    paths += [f"statement/{one.pk}/{word}/" for word in ("change", "rows", "rejected", "withdraw")]
    paths += [f"statement/{two.pk}/{word}/" for word in ("change", "totals")]
    paths += [f"statement/{two.pk}/ours/?total=2", f"case/{case.pk}/change/"]
    paths += [f"statementformat/{sums.pk}/{word}/" for word in ("change", "edit")]
    for path in [*paths, "statementformat/import/"]:
        boss.open(f"reconciliation/{path}")
        table = boss.page.evaluate("document.querySelector('#result_list')?.scrollWidth ?? 0")
        grids = boss.page.evaluate(
            "[...document.querySelectorAll('.cage-grid')].every(one => one.offsetWidth <= 960)"
        )
        found = (width(boss.page) <= 1280, table <= 960, grids)
        assert found == (True, True, True), (path, width(boss.page), table)
    assert Statement.objects.count() == 2
