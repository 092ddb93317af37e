"""A format made at the desk: try a file, choose columns, see its rows, then save."""

import base64
import io
import json
import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, override_settings
from openpyxl import Workbook

from reconciliation.models import StatementFormat
from reconciliation.office.statements import samples
from tests import staff
from tests.cast import Books
from tests.reconciliation.office.statements import days
from tests.reconciliation.office.statements.test_statements import HOSTILE, texts
from tests.staff import Staff

LIST = "reconciliation/statementformat/"
NEW = f"{LIST}new/"
REPORT = (
    "Ticket;Member;Stake;Payout;Round;Date\n"
    "272016;hrg-alice;1.000,50;0;r1;20/11/2026 21:30:00\n"
    "272017;hrg-bob;5;12,25;r2;20/11/2026 21:31:00\n"
    "272018;hrg-bob;5;oops;r2;20/11/2026 21:31:00\n"
)
COLUMNS: dict[str, Any] = {
    "column:txId": "Ticket",
    "column:userId": "Member",
    "column:betAmount": "Stake",
    "column:winAmount": "Payout",
    "column:roundId": "Round",
    "column:betTime": "Date",
}
ASKED: dict[str, Any] = {
    "name": "hotroad-daily",
    "protocol": "hotroad",
    "provider": "hotroad",
    "layout": "report",
    "encoding": "utf-8",
    "delimiter": ";",
    "zone": "",
    "style": "pattern",
    "pattern": "%d/%m/%Y %H:%M:%S",
    "decimal_mark": ",",
    "grouping": ".",
    "tolerance": "0",
}


@pytest.fixture
def boss(books: Books, configure: Any) -> Staff:
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"], "uid_prefix": "hrg-"})
    return staff.superuser()


def answer(who: Staff, path: str = NEW, file: bytes | None = None, **asked: Any) -> HttpResponse:
    form = {**ASKED, **asked}
    if file is not None:
        form["sample"] = SimpleUploadedFile("report.csv", file)
    return who.answer("post", path, form)


def tried(who: Staff, file: bytes | None = None, **asked: Any) -> str:
    """The page after the first rows were asked for."""
    response = answer(who, file=file, **{"try": "", **asked})
    assert response.status_code == 200
    return response.content.decode()


def preview(html: str) -> list[str]:
    table = html.partition('<table class="cage-grid cage-preview">')[2]
    return texts(table, r"<tr>(<td>.*?)</tr>")


def kept(html: str) -> str:
    (found,) = re.findall(r'name="kept" value="([^"]*)"', html)
    return str(found)


def save(who: Staff, **asked: Any) -> StatementFormat:
    response = answer(who, **{"save": "", **COLUMNS, **asked})
    assert response.status_code == 302, texts(response.content.decode(), r"role=.alert.>(.*?)</sec")
    return StatementFormat.objects.get(name=asked.get("name", ASKED["name"]))


def test_a_file_s_columns_are_offered(boss: Staff) -> None:
    html = tried(boss, REPORT.encode())
    (select,) = re.findall(r'<select name="column:txId".*?</select>', html, re.DOTALL)
    assert texts(select, r"<option[^>]*>(.*?)</option>") == [
        "—", "Ticket", "Member", "Stake", "Payout", "Round", "Date",
    ]  # fmt: skip
    assert "`userId` needs a column or a constant" in html
    assert not StatementFormat.objects.filter(name="hotroad-daily").exists()


def test_the_first_rows_are_shown_as_cage_reads_them(boss: Staff) -> None:
    """A row is a bet and its payout; hotroad's reports are of GMT+8."""
    html = tried(boss, REPORT.encode(), **COLUMNS)
    at = "2026-11-20 21:3"
    assert preview(html) == [
        f"2 bet:272016 alice 1,000.50 THB 0.00 THB {at}0:00 UTC+08:00 13:30:00 UTC",
        f"settle:272016 alice 0.00 THB 0.00 THB {at}0:00 UTC+08:00 13:30:00 UTC",
        f"3 bet:272017 bob 5.00 THB 0.00 THB {at}1:00 UTC+08:00 13:31:00 UTC",
        f"settle:272017 bob 0.00 THB 12.25 THB {at}1:00 UTC+08:00 13:31:00 UTC",
        "4 Payout : winAmount is not a decimal number: 'oops'",
    ]
    assert "1 of 3 can't be read." in unescape(html)


def test_a_file_is_carried_along_and_read_again_in_another_way(boss: Staff) -> None:
    first = tried(boss, REPORT.encode(), delimiter=",")
    assert "One column found: is the delimiter ';'?" in unescape(first)
    again = tried(boss, kept=kept(first), **COLUMNS)
    assert preview(again)[0].startswith("2 bet:272016 alice")


def test_a_workbook_is_carried_along_with_its_numbers(boss: Staff) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Ticket", "Member", "Stake", "Payout", "Round", "Date"])
    sheet.append(["272016", "hrg-alice", 1000.5, 0, "r1", "20/11/2026 21:30:00"])
    sheet.append([])
    sheet.append(["272017", "hrg-bob", 5, "12,25", "r2", "20/11/2026 21:31:00"])
    file = io.BytesIO()
    book.save(file)
    first = tried(boss, file.getvalue())
    rows = preview(tried(boss, kept=kept(first), **COLUMNS))
    assert rows[0] == (
        "2 bet:272016 alice 1,000.50 THB 0.00 THB 2026-11-20 21:30:00 UTC+08:00 13:30:00 UTC"
    )
    assert rows[3] == (
        "settle:272017 bob 0.00 THB 12.25 THB 2026-11-20 21:31:00 UTC+08:00 13:31:00 UTC"
    )
    assert rows[2].startswith("4 ")


def test_it_is_saved_with_who_and_what(boss: Staff) -> None:
    one = save(boss)
    assert (one.layout, one.protocol, one.dates) == ("report", "hotroad", "%d/%m/%Y %H:%M:%S")
    assert one.columns == {name.partition(":")[2]: text for name, text in COLUMNS.items()}
    assert (one.decimal_mark, one.grouping, one.delimiter) == (",", ".", ";")
    answer(boss, f"{LIST}{one.pk}/edit/", **{"save": "", **COLUMNS, "tolerance": "0.01"})
    html = boss.get(f"{LIST}{one.pk}/change/")
    history = html.partition("<h2>Its history</h2>")[2].partition("</section>")[0]
    rows = [row.split(" UTC ")[1] for row in texts(history, r"<tr>(<td>.*?)</tr>")]
    assert rows[0].startswith("boss Tolerance: 0")
    assert rows[0].endswith("→ 0.01")
    assert rows[1] == "boss It was made."


def test_an_edit_begins_with_what_it_says(boss: Staff) -> None:
    one = save(boss)
    html = boss.get(f"{LIST}{one.pk}/edit/")
    assert not staff.missing(
        html,
        [
            'name="column:txId" class="cage-input" value="Ticket"',
            'name="pattern" value="%d/%m/%Y %H:%M:%S"',
            '<option value=";" selected>',
            '<option value="pattern" selected>',
            'name="tolerance" value="0"',
        ],
    )


def test_a_format_that_was_used_says_so(boss: Staff, books: Books) -> None:
    one = save(boss)
    days.statement([], format=one, is_matched=False, provider="hotroad")
    for page in ("edit", "change"):
        assert "hotroad 2026-11-20" in boss.get(f"{LIST}{one.pk}/{page}/")
    assert "Their lines stay as they were read" in boss.get(f"{LIST}{one.pk}/edit/")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"column:userId": ""}, "`userId` needs a column or a constant"),
        ({"constant:userId": "x"}, "`userId` has a column and a constant."),
        ({"zone": "Nowhere/City"}, "There is no zone 'Nowhere/City'."),
        ({"pattern": "%H:%M"}, "is no pattern from which a day can be read."),
        ({"pattern": ""}, "Which one?"),
        ({"grouping": ","}, "The decimal mark and the grouping are the same."),
        ({"protocol": ""}, "A provider's report needs its protocol"),
        ({"protocol": "nonsense"}, "Select a valid choice."),
        ({"tolerance": "-1"}, "greater than or equal to 0"),
        ({"name": "a b"}, "Enter a valid"),
        ({"name": "cage"}, "already exists"),
        ({"column:nonsense": "Ticket"}, "There is no field `nonsense` in this layout."),
    ],
)
def test_what_cannot_be_is_not_saved(boss: Staff, asked: dict[str, Any], sentence: str) -> None:
    response = answer(boss, **{"save": "", **COLUMNS, **asked})
    assert response.status_code == 200
    html = unescape(response.content.decode())
    assert "It was not saved." in html
    assert sentence in html
    assert StatementFormat.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"%PDF-1.7", "This is a PDF"),
        (b"a;b\n", "It has headings and no row that can be read."),
        (b"x" * 70_000, "Its first row is too long to be shown."),
        ("Ticket;é\n1;2\n".encode("latin-1"), "is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_shown_says_why(boss: Staff, file: bytes, sentence: str) -> None:
    assert sentence in unescape(tried(boss, file))


def test_of_a_large_file_the_first_lines_are_carried(boss: Staff) -> None:
    row = "272017;hrg-bob;5;12,25;r2;20/11/2026 21:31:00\n"
    html = tried(boss, (REPORT + row * 20_000).encode(), **COLUMNS)
    carried = base64.b64decode(kept(html))
    assert 60_000 < len(carried) <= samples.LARGEST
    assert carried.endswith(b"21:31:00\n")
    wide = (REPORT + row * 20_000).encode("utf-16")
    carried = base64.b64decode(kept(tried(boss, wide, encoding="utf-16", **COLUMNS)))
    assert carried.decode("utf-16").endswith("21:31:00\n")


def test_what_was_tampered_with_is_no_sample(boss: Staff) -> None:
    assert kept(tried(boss, kept="not base64!")) == ""
    assert kept(tried(boss, kept="A" * (samples.LONGEST + 4))) == ""


def test_a_hostile_sample_is_inert(boss: Staff) -> None:
    hostile: dict[str, Any] = {"column:txId": HOSTILE, "column:userId": "Member"}
    file = f"Member;{HOSTILE}\nx;{HOSTILE}{'x' * 10_000}\n".encode()
    html = tried(boss, file, **hostile)
    assert "<script>window" not in html
    assert "x" * 3_000 not in html
    assert re.findall(r"<option[^>]*>[^<]*pwned[^<]*u202e", html)


def test_totals_are_tried_too(boss: Staff) -> None:
    file = b"cur,n,out\nUSD,3,12.50\nUSD,x,1\n"
    asked: dict[str, Any] = {"layout": "totals", "protocol": "", "style": "iso"}
    asked |= {"delimiter": ",", "decimal_mark": ".", "grouping": ""}
    asked |= {"column:currency": "cur", "column:count": "n", "column:credit": "out"}
    rows = preview(tried(boss, file, **asked))
    dash = "–"  # noqa: RUF001
    assert rows == [f"2 All 3 {dash} 12.50 USD {dash}", "3 n : count is not a whole number: 'x'"]


# -- From and to other Cages -----------------------------------------------------------------------


def test_a_format_travels_as_json(boss: Staff) -> None:
    one = save(boss)
    response = boss.answer("get", f"{LIST}{one.pk}/json/", {})
    assert response["Content-Disposition"] == 'attachment; filename="hotroad-daily.json"'
    told = json.loads(response.content)
    told["tolerance"] = "0.5"
    file = SimpleUploadedFile("f.json", json.dumps(told).encode())
    assert boss.answer("post", f"{LIST}import/", {"file": file}).status_code == 302
    one.refresh_from_db()
    assert str(one.tolerance.normalize()) == "0.5"
    assert one.history.count() == 2  # type: ignore[attr-defined]

    told["name"] = "another"
    file = SimpleUploadedFile("f.json", json.dumps(told).encode())
    boss.answer("post", f"{LIST}import/", {"file": file})
    assert StatementFormat.objects.get(name="another").columns == one.columns


@pytest.mark.parametrize("content", [b"{}", b"\xff", b'{"name": "x", "layout": "cage"}', b"[1]"])
def test_what_is_no_format_is_not_imported(boss: Staff, content: bytes) -> None:
    file = SimpleUploadedFile("f.json", content)
    response = boss.answer("post", f"{LIST}import/", {"file": file})
    assert response.status_code == 200
    assert "cage-is-bad" in response.content.decode() or "errors" in response.content.decode()
    assert StatementFormat.objects.count() == 1


# -- Who may ---------------------------------------------------------------------------------------


def test_who_may_only_look_changes_nothing(boss: Staff) -> None:
    one = save(boss)
    viewer = staff.viewer("view_statementformat")
    assert answer(viewer, f"{LIST}{one.pk}/edit/", **{"save": "", **COLUMNS}).status_code == 403
    assert answer(viewer, **{"save": "", **COLUMNS, "name": "x"}).status_code == 403
    assert viewer.post(f"{LIST}import/") == 403
    assert "Change …" not in viewer.get(f"{LIST}{one.pk}/change/")
    assert "Make a format" not in viewer.get(LIST)
    assert viewer.answer("get", f"{LIST}{one.pk}/json/", {}).status_code == 200
    viewer.user.user_permissions.clear()
    nobody = Staff(viewer.user)
    for path in (f"{one.pk}/json/", f"{one.pk}/change/", "", f"{one.pk}/edit/", "new/"):
        assert nobody.answer("get", f"{LIST}{path}", {}).status_code == 403, path


def test_who_may_make_one_may_not_change_another_by_importing_its_name(boss: Staff) -> None:
    one = save(boss)
    told = boss.answer("get", f"{LIST}{one.pk}/json/", {}).content.replace(b'"0"', b'"7"')
    maker = staff.viewer("add_statementformat", "view_statementformat")
    file = SimpleUploadedFile("f.json", told)
    assert maker.answer("post", f"{LIST}import/", {"file": file}).status_code == 403
    one.refresh_from_db()
    assert not one.tolerance


def test_a_post_without_a_token_changes_nothing(boss: Staff) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss.user)
    with override_settings(**staff.PLAIN):
        assert client.post(f"/admin/{NEW}", {**ASKED, **COLUMNS, "save": ""}).status_code == 403
        assert client.post(f"/admin/{LIST}import/", {}).status_code == 403
    assert StatementFormat.objects.count() == 1
