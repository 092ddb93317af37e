"""Formats: numbers and times as they are written, what is wrong with one, JSON, the preview."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reconciliation.models import Layout, StatementFormat
from reconciliation.statements import formats, reading
from reconciliation.statements.formats import NotAFormat
from tests.cast import Books
from tests.reconciliation.statements.sheets import HEADINGS, file, format

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

# -- Numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "grouping", "text", "plain"),
    [
        (".", "", "1234.50", "1234.50"),
        (".", "", "-0.00000001", "-0.00000001"),
        (",", "", "1234,50", "1234.50"),
        (".", ",", "1,234,567.50", "1234567.50"),
        (".", ",", "-12,345", "-12345"),
        (".", ",", "1234567", "1234567"),
        (",", ".", "1.234.567,50", "1234567.50"),
        (",", "\u00a0", "1\u00a0234,5", "1234.5"),
        (".", "'", "1'234", "1234"),
    ],
)
def test_a_number_becomes_plain_decimal_text(
    mark: str, grouping: str, text: str, plain: str
) -> None:
    assert reading.number(mark, grouping)(text) == plain


@pytest.mark.parametrize(
    ("mark", "grouping", "text"),
    [
        (".", "", "1,234"),
        (".", "", "1E5"),
        (".", "", "1_000"),
        (".", "", "+1"),
        (".", "", " 1"),
        (".", "", "1."),
        (".", "", ".5"),
        (".", "", "--1"),
        (".", "", "(1.00)"),
        (".", "", "NaN"),
        (".", "", "١٢"),
        (".", "", "\uff11\uff12"),
        (".", "", "1\n"),
        (",", "", "1.5"),
        (".", ",", "1,23"),
        (".", ",", "1,2345"),
        (".", ",", "0,123"),
        (".", ",", "1234,567"),
        (".", ",", "1,234567"),
        (".", ",", ",123"),
        (".", ",", "1.234,5"),
        (",", ".", "1.23,5"),
    ],
)
def test_what_is_no_number_of_the_format_is_refused(mark: str, grouping: str, text: str) -> None:
    with pytest.raises(ValueError):
        reading.number(mark, grouping)(text)


# -- Times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "zone", "text", "moment"),
    [
        ("iso", UTC, "2026-11-21", "2026-11-21T00:00Z"),
        ("iso", SHANGHAI, "2026-11-21 08:30", "2026-11-21T00:30Z"),
        ("iso", SHANGHAI, "2026-11-21T08:30:15.5Z", "2026-11-21T08:30:15.5Z"),
        ("iso", UTC, "2026-11-21T08:30:15-0400", "2026-11-21T12:30:15Z"),
        ("iso", UTC, "2026-11-21T08:30:15.123456789", "2026-11-21T08:30:15.123456Z"),
        ("seconds", SHANGHAI, "1795264200", "2026-11-21T12:30Z"),
        ("seconds", UTC, "1795264200.25", "2026-11-21T12:30:00.25Z"),
        ("milliseconds", UTC, "1795264200250", "2026-11-21T12:30:00.25Z"),
        ("%d-%m-%Y %H:%M:%S", SHANGHAI, "21-11-2026 08:30:15", "2026-11-21T00:30:15Z"),
        ("%d/%m/%Y %I:%M %p", UTC, "21/11/2026 01:30 PM", "2026-11-21T13:30Z"),
        # A date cell of a spreadsheet arrives so.
        ("%d-%m-%Y", UTC, "2026-11-21T08:30:15", "2026-11-21T08:30:15Z"),
        # 02:30 happens twice: the first of them. 02:30 doesn't happen: as if clocks were not moved.
        ("iso", BERLIN, "2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("iso", BERLIN, "2026-03-29T02:30", "2026-03-29T01:30Z"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_format(
    dates: str, zone: Any, text: str, moment: str
) -> None:
    assert reading.moment(dates, zone)(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        ("iso", "21-11-2026"),
        ("iso", "2026-W47-6"),
        ("iso", "20261121"),
        ("iso", "2026-13-01"),
        ("iso", "2026-11-21T25:00"),
        ("iso", "٢٠٢٦-11-21"),
        ("iso", "0001-01-01"),
        ("iso", "9999-01-01"),
        ("seconds", "-1"),
        ("seconds", "1e9"),
        ("seconds", "9999999999999"),
        ("milliseconds", "17952642xx"),
        ("%d-%m-%Y", "2026-11-21"),
        ("%Y-%d-%m", "2026-11-21"),
        ("%d-%m-%Y", "٢١-11-2026"),
        ("%d-%m-%Y", "21-11-2026 "),
        ("%d-%m-%Y", "31-02-2026"),
    ],
)
def test_what_is_no_time_of_the_format_is_refused(dates: str, text: str) -> None:
    with pytest.raises(ValueError):
        reading.moment(dates, UTC)(text)


# -- What is wrong with a format -------------------------------------------------------------


def test_cages_own_format_has_no_problems(providers: None) -> None:
    assert formats.problems(format(), "jdb") == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"columns": {"uid": "Player"}}, "`operation` needs a column or a constant: "),
        ({"constants": {"colour": "red"}}, "There is no field `colour` in this layout."),
        ({"constants": {"currency": "USD"}}, "`currency` has a column and a constant."),
        ({"columns": {"uid": 1}}, "`columns` is not an object of texts that aren't empty."),
        ({"constants": {"currency": ""}}, "`constants` is not an object of texts that"),
        ({"encoding": "rot13"}, "'rot13' is no encoding that can be read."),
        ({"encoding": "utf-7"}, "'utf-7' is no encoding that can be read."),
        ({"encoding": "\0"}, r"'\x00' is no encoding that can be read."),
        ({"zone": "Mars/Base"}, "There is no zone 'Mars/Base'."),
        ({"zone": "../../etc/passwd"}, "There is no zone '../../etc/passwd'."),
        ({"delimiter": "1"}, "'1' can't stand between the cells of a CSV."),
        ({"delimiter": '"'}, "'\"' can't stand between the cells of a CSV."),
        ({"decimal_mark": "x"}, "The decimal mark is a point or a comma."),
        ({"grouping": "0"}, "'0' can't stand between thousands."),
        ({"grouping": "."}, "The decimal mark and the grouping are the same."),
        ({"dates": "%H:%M"}, "'%H:%M' is no pattern from which a day can be read."),
        ({"dates": "%d-%m-%Y %I:%M"}, "'%d-%m-%Y %I:%M' is no pattern from which a day"),
        ({"dates": "%q"}, "'%q' is no pattern from which a day can be read."),
        ({"dates": "yesterday"}, "'yesterday' is no pattern from which a day can be read."),
        ({"protocol": "hotroad"}, "The format is of hotroad reports, which jdb doesn't send."),
        ({"protocol": "nobody"}, "There is no protocol 'nobody'."),
        ({"layout": Layout.REPORT}, "A provider's report needs its protocol: whose report is it?"),
    ],
)
def test_what_is_wrong_with_a_format_is_said_in_a_sentence(
    providers: None, changes: dict[str, Any], sentence: str
) -> None:
    found = formats.problems(format(**changes), "jdb")
    assert any(problem.startswith(sentence) for problem in found), found


def test_a_provider_that_nobody_configured_reads_nothing(providers: None) -> None:
    assert formats.problems(format(), "acme") == ["No provider 'acme' is configured."]


# -- As JSON ---------------------------------------------------------------------------------

TABBED = """{
  "name": "jdb-tabbed",
  "layout": "cage",
  "protocol": "jdb",
  "columns": {
    "operation": "Type",
    "reference": "No.",
    "uid": "Player",
    "debit": "Out",
    "credit": "In"
  },
  "constants": {
    "currency": "USD"
  },
  "encoding": "gb18030",
  "delimiter": "\\t",
  "zone": "Asia/Shanghai",
  "dates": "%d-%m-%Y %H:%M:%S",
  "decimal_mark": ",",
  "grouping": ".",
  "shows_all_players": false,
  "tolerance": "0.01"
}"""


def test_a_format_goes_out_as_json_and_comes_back_the_same(books: Books) -> None:
    formats.from_json(TABBED).save()
    kept = StatementFormat.objects.get(name="jdb-tabbed")
    assert (kept.columns["reference"], kept.delimiter, kept.tolerance) == (
        "No.",
        "\t",
        Decimal("0.01"),
    )
    assert formats.as_json(kept) == TABBED


def test_a_format_of_the_same_name_is_changed_and_its_history_stays(books: Books) -> None:
    formats.from_json(TABBED).save()
    formats.from_json(TABBED.replace("Asia/Shanghai", "UTC")).save()
    kept = StatementFormat.objects.get(name="jdb-tabbed")
    zones = [old.zone for old in kept.history.all()]  # type: ignore[attr-defined]
    assert zones == ["UTC", "Asia/Shanghai"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "This is not a format: Object contains unknown field `colour`."),
        ({"columns": {"uid": 1}}, "This is not a format: Expected `str`, got `int`"),
        ({"name": "a b"}, "name: Enter a valid"),
        ({"layout": "pages"}, "layout: Value 'pages' is not a valid choice."),
        ({"delimiter": ""}, "delimiter: This field cannot be blank."),
        ({"zone": "Mars/Base"}, "There is no zone 'Mars/Base'."),
    ],
)
def test_json_that_is_no_format_is_refused(
    books: Books, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NotAFormat) as error:
        formats.from_json(json.dumps({**json.loads(TABBED), **change}))
    assert str(error.value).startswith(sentence)


# -- Preview ---------------------------------------------------------------------------------


def test_a_preview_shows_the_rows_as_cage_reads_them_and_keeps_nothing(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(
        tmp_path,
        f"{HEADINGS}\n"
        "settle,272017,alice,USD,10,25.50,R1,2026-11-21T12:00Z\n"
        "settle,272018,alice,USD,ten,0,,\n"
        "settle,272019\n",
    )
    first, second, third = formats.preview(path, format(), "jdb")
    (expected,) = first.expected
    assert (first.number, first.cells["credit"], expected.transaction_id) == (
        2,
        "25.50",
        "settle:272017",
    )
    assert (expected.debit, expected.credit) == (Decimal(10), Decimal("25.50"))
    assert expected.occurred_at == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert (second.number, second.column, second.error) == (
        3,
        "debit",
        "debit is not a decimal number: 'ten'",
    )
    assert third.error == "The row has 2 cells, and there are 8 headings."
    assert [row.number for row in formats.preview(path, format(), "jdb", rows=1)] == [2]


def test_a_preview_of_totals_shows_the_sums(books: Books, providers: None, tmp_path: Path) -> None:
    path = file(tmp_path, "currency,count,net\nUSD,3,-1.50\nCNY,x,2\nMYR,,\n")
    names = ("currency", "count", "net")
    totals = format(layout=Layout.TOTALS, columns={name: name for name in names})
    first, second, third = formats.preview(path, totals, "jdb")
    assert first.summed is not None
    assert (first.summed.currency, first.summed.count, first.summed.net) == (
        "USD",
        3,
        Decimal("-1.50"),
    )
    assert (second.error, second.column) == ("count is not a whole number: 'x'", "count")
    assert third.error == "The row has no sum: one of count, debit, credit, net is needed"


def test_a_preview_with_a_format_that_can_not_be_used_says_why(
    books: Books, providers: None, tmp_path: Path
) -> None:
    with pytest.raises(NotAFormat, match=r"There is no zone 'Mars/Base'\."):
        formats.preview(file(tmp_path, ""), format(zone="Mars/Base"), "jdb")
