"""A day's work on cases in a browser: taken, spoken of, closed together, and packed."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from reconciliation.models import Attachment, Case, Comment, Export, SavedFilter
from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk
from tests.reconciliation.office.packs.matches import play
from tests.reconciliation.office.work.keeping_cases import LIST, keep

HOUR = timedelta(hours=1)


def test_a_case_is_taken_spoken_of_and_packed(
    books: Books, providers: None, desk: Desk, tmp_path: Path
) -> None:
    case = play(books, {"alice": 40, "bob": -40})
    keep("next one")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open(LIST)
    desk.page.click("#result_list >> text=m1")
    desk.page.click("button:has-text('Take')")
    desk.sees("It is yours.")
    expect(desk.page.locator("a:has-text('My cases')")).to_contain_text("1")

    desk.page.fill("#say", "Alice wrote to us.\nHer mail is attached.")
    desk.page.click("text=Add the comment")
    desk.sees("Her mail is attached.")

    mail = tmp_path / "mail.txt"
    mail.write_text("Where is my win?")
    desk.page.click("a:has-text('Attach a file')")
    desk.page.set_input_files("input[type=file]", mail)
    desk.page.fill("#id_why", "What alice wrote.")
    desk.page.click("button:has-text('Attach a file')")
    desk.sees("mail.txt is attached.")
    with desk.page.expect_download() as download:
        desk.page.click(".cage-files a:has-text('mail.txt')")
    assert Path(download.value.path()).read_text() == "Where is my win?"

    desk.page.click("a:has-text('Evidence pack')")
    with desk.page.expect_download() as download:
        desk.page.click("button:has-text('Take it')")
    with ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert f"attachments/{Attachment.objects.get().pk:06}-mail.txt" in archive.namelist()
        assert "Her mail is attached." in archive.read("story.txt").decode()
    assert Export.objects.get().filters == {"case": str(case.pk)}

    desk.page.click("text=Back, do nothing")
    desk.page.click("text=Next case in this list")
    desk.sees("next one")
    assert Comment.objects.get().said_by.username == "boss"


def test_many_are_closed_together_from_a_list_that_is_kept(
    books: Books, providers: None, desk: Desk
) -> None:
    shown = [keep(f"{number}", at=timezone.now() - number * 9 * HOUR) for number in range(4)]
    keep("other", provider="sud")
    staff.superuser(password=staff.PASSWORD)
    desk.log_in("boss")
    desk.open(f"{LIST}?provider=jdb")
    desk.page.click("text=Keep this list")
    desk.page.fill(".cage-keep [name=name]", "JDB only")
    desk.page.click("button:has-text('Keep it')")
    desk.sees("The list is kept as “JDB only”.")
    desk.open(LIST)
    expect(desk.page.locator("#result_list tbody")).to_have_count(5)
    desk.page.click("a:has-text('JDB only')")
    expect(desk.page.locator("#result_list tbody")).to_have_count(4)
    desk.sees("Old")

    boxes = desk.page.locator("#result_list input.action-select")
    for number in range(3):
        boxes.nth(number).check()
    desk.page.select_option("select[name=action]", "close_many")
    desk.page.click("button[name=index]")
    desk.sees("Close 3 cases")
    desk.sees("37.50 USD at risk in 3 cases")
    assert Case.objects.filter(status="closed").count() == 0
    desk.page.click("text=Accepted difference")
    desk.page.fill("#id_why", "Agreed with JDB.")
    desk.page.click("button:has-text('Close 3 cases')")
    desk.sees("3 cases were closed.")
    expect(desk.page.locator("#result_list tbody")).to_have_count(1)
    assert {case.pk for case in Case.objects.filter(status="closed")} == {
        case.pk for case in shown[:3]
    }

    desk.page.click("[aria-label='Delete the list JDB only']")
    desk.sees("was deleted; no case was.")
    assert not SavedFilter.objects.exists()


def test_a_reader_sees_it_all_and_finds_nothing_to_press(
    books: Books, providers: None, desk: Desk
) -> None:
    case = keep("1")
    staff.viewer("view_case", password=staff.PASSWORD)
    desk.log_in("viewer")
    desk.open(LIST)
    expect(desk.page.locator("input[name=_selected_action]")).to_have_count(0)
    desk.open(f"{LIST}{case.pk}/change/")
    desk.sees("Nobody has said anything yet.")
    for button in ("Take", "Comment", "Add the comment", "Attach a file", "Evidence pack"):
        expect(desk.page.locator(f"#content-main >> text='{button}'")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_work_fit_a_desk_of_1280(
    books: Books, providers: None, desk: Desk, scheme: Any
) -> None:
    boss = staff.superuser(password=staff.PASSWORD)
    case = play(books, {"alice": 40, "bob": -40})
    for number in range(3):
        keep(f"179522563718000059{number}", player="a-player-with-a-long-name",
             at=timezone.now() - number * 20 * HOUR, owner=boss.user)  # fmt: skip
    desk.page.emulate_media(color_scheme=scheme)
    desk.log_in("boss")
    paths = ["", "?list=mine&provider=jdb", "round_pack/"]
    paths += [f"{case.pk}/{word}/" for word in ("change", "attach", "pack", "do/comment")]
    for path in paths:
        desk.open(f"{LIST}{path}")
        width = desk.page.evaluate("document.documentElement.scrollWidth")
        table = desk.page.evaluate("document.querySelector('#result_list')?.scrollWidth ?? 0")
        assert (width <= 1280, table <= 960) == (True, True), (path, width, table)
