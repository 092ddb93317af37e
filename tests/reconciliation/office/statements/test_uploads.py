"""A file becomes a statement at the desk, or is refused with its bad rows."""

from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, override_settings

from reconciliation.models import Line, Match, Statement, StatementFormat
from tests import staff
from tests.cast import Books
from tests.reconciliation.office.statements import days
from tests.reconciliation.office.statements.test_statements import HOSTILE, texts
from tests.staff import Staff

UPLOAD = "reconciliation/statement/import/"
HEADINGS = "operation,reference,uid,currency,debit,credit,round_id,occurred_at"
GOOD = "settle,272001,alice,USD,0,1250.50,r1,2026-11-20T12:00:00Z"
BAD = "settle,272002,bob,USD,0,12e3,r2,2026-11-20T12:00:00Z"
NO_SUMS = {"sums-TOTAL_FORMS": "4", "sums-INITIAL_FORMS": "0"}


@pytest.fixture
def boss(books: Books, providers: None) -> Staff:
    days.book(books)
    return staff.superuser()


def upload(who: Staff, *rows: str, name: str = "jdb.csv", **asked: Any) -> HttpResponse:
    """What comes of posting a file of Cage's own format with these rows."""
    content = "\n".join([HEADINGS, *rows, ""]).encode()
    format = StatementFormat.objects.get(name="cage")
    form = {"provider": "jdb", "format": format.pk, "day": "2026-11-20", **NO_SUMS, **asked}
    form["file"] = SimpleUploadedFile(name, content)
    return who.answer("post", UPLOAD, form)


def page(response: HttpResponse) -> str:
    return unescape(response.content.decode())


def test_a_file_is_imported_and_matched(boss: Staff) -> None:
    response = upload(boss, GOOD)
    one = Statement.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/admin/reconciliation/statement/{one.pk}/change/"
    assert (one.rows, one.rejected, one.day, one.imported_by) == (
        1,
        0,
        date(2026, 11, 20),
        boss.user,
    )
    assert one.start_at == datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert Match.objects.filter(statement=one, bucket="matched").count() == 1
    shown = boss.get(f"reconciliation/statement/{one.pk}/change/")
    assert not staff.missing(shown, ["1 row imported and matched.", "Imported.", "jdb.csv"])


def test_a_bad_row_refuses_the_file_by_row_column_and_sentence(boss: Staff) -> None:
    response = upload(boss, GOOD, BAD)
    assert response.status_code == 422
    said = page(response)
    assert "Nothing was imported. 1 row of 2 can't be read." in said
    (row,) = texts(said, r"<tr><td>(3<.*?)</tr>")
    assert row == "3 credit credit is not a decimal number: '12e3'"
    assert not Statement.objects.exists()
    assert not Line.objects.exists()
    # What was asked stays in the form, but for the file, which a browser does not keep.
    assert 'value="2026-11-20"' in said


def test_of_many_bad_rows_the_first_are_shown_and_all_are_counted(boss: Staff) -> None:
    said = page(upload(boss, *[BAD] * 70))
    assert "70 rows of 70 can't be read." in said
    assert "These are the first 50 of 70." in said
    assert said.count("credit is not a decimal number") == 100  # Each also in its tooltip.


def test_bad_rows_may_be_kept_as_rejected_ones(boss: Staff) -> None:
    assert upload(boss, GOOD, BAD, skip_bad="on").status_code == 302
    one = Statement.objects.get()
    assert (one.rows, one.rejected) == (2, 1)
    shown = boss.get(f"reconciliation/statement/{one.pk}/change/")
    assert "credit is not a decimal number: &#x27;12e3&#x27;" in shown


def test_the_same_file_twice_is_refused(boss: Staff) -> None:
    upload(boss, GOOD)
    assert "already imported as statement #1" in page(upload(boss, GOOD))
    assert Statement.objects.count() == 1


def test_what_the_provider_states_is_checked(boss: Staff) -> None:
    assert "1 row, and 2 were stated" in page(upload(boss, GOOD, rows="2"))
    sums = {"sums-0-currency": "USD", "sums-0-debit": "0", "sums-0-credit": "1250.51"}
    said = page(upload(boss, GOOD, **sums))
    assert "The credit in USD is 1250.5, and 1250.51 was stated." in said
    said = page(upload(boss, GOOD, **{"sums-0-currency": "USD"}))
    assert "A sum needs its currency, its debit and its credit." in said
    assert not Statement.objects.exists()
    sums["sums-0-credit"] = "1250.50"
    assert upload(boss, GOOD, rows="1", **sums).status_code == 302


def test_a_time_is_of_the_provider_s_zone(boss: Staff) -> None:
    """jdb's reports are of GMT-4."""
    asked = {"day": "", "start": "2026-11-20T00:00", "end": "2026-11-20T12:00:00"}
    assert upload(boss, GOOD, **asked).status_code == 302
    one = Statement.objects.get()
    assert one.start_at == datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert one.end_at == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert one.day is None
    assert "Enter a day and a time." in page(upload(boss, GOOD, day="", start="x", end="y"))


def test_a_form_that_lacks_something_says_what(boss: Staff) -> None:
    said = page(upload(boss, GOOD, provider="", format=""))
    assert said.count("This field is required.") == 2
    assert not Statement.objects.exists()


def test_a_hostile_file_is_inert(boss: Staff) -> None:
    hostile = HOSTILE.replace(",", " ")
    response = upload(boss, f"settle,1,{hostile},USD,0,{hostile}{'x' * 10_000},,", name=hostile)
    raw = response.content.decode()
    assert response.status_code == 422
    assert "<script>window" not in raw
    assert "\u202e" not in raw
    assert "x" * 3_000 not in raw


def test_other_files_are_refused_with_a_sentence(boss: Staff) -> None:
    assert "Nothing was imported." in page(upload(boss))
    form: dict[str, Any] = {
        "provider": "jdb",
        "format": StatementFormat.objects.get().pk,
        **NO_SUMS,
    }
    for content in (b"%PDF-1.7", b"\x1f\x8b\x08", b"<html>", b"\xff\xfe\x00", b"PK\x03\x04broken"):
        form["file"] = SimpleUploadedFile("x.csv", content)
        response = boss.answer("post", UPLOAD, form)
        assert response.status_code == 422, content
        assert "Nothing was imported." in page(response)


def test_a_large_upload_is_read_from_the_disk(boss: Staff) -> None:
    rows = [
        f"settle,{300_000 + number},alice,USD,0,1,{'r' * 100},2026-11-20T12:00:00Z"
        for number in range(18_000)
    ]
    assert upload(boss, *rows).status_code == 302
    assert Statement.objects.get().rows == 18_000


def test_who_may_not_import_is_refused(boss: Staff) -> None:
    viewer = staff.viewer("view_statement", "change_statement")
    assert upload(viewer, GOOD).status_code == 403
    assert viewer.answer("get", UPLOAD, {}).status_code == 403
    assert "Import a statement" not in viewer.get("reconciliation/statement/")
    assert not Statement.objects.exists()
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss.user)
    with override_settings(**staff.PLAIN):
        assert client.post(f"/admin/{UPLOAD}", {}).status_code == 403
