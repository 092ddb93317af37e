"""Files to rows of text: CSV, XLSX, JSON lines, and everything that is none of them."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reconciliation.statements import files
from reconciliation.statements.files import BadFile, BadRow
from tests.reconciliation.statements.sheets import PARTS, file, format, package, zipped


def read(folder: Path, content: str | bytes, **changes: Any) -> list[tuple[int, files.Read]]:
    return list(files.rows(file(folder, content), format=format(**changes)))


def refusal(folder: Path, content: str | bytes, **changes: Any) -> str:
    with pytest.raises(BadFile) as error:
        read(folder, content, **changes)
    return str(error.value)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


# -- CSV -------------------------------------------------------------------------------------


def test_a_csv_is_its_rows_with_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    assert read(tmp_path, 'id,who\n1,alice\n\n2,"bob, the ""second"""\n') == [
        (2, {"id": "1", "who": "alice"}),
        (4, {"id": "2", "who": 'bob, the "second"'}),
    ]


def test_a_cell_may_have_several_lines_and_is_still_one_row(tmp_path: Path) -> None:
    assert read(tmp_path, 'id,note\r\n1,"a\r\nb"\r\n2,c\r\n') == [
        (2, {"id": "1", "note": "a\r\nb"}),
        (3, {"id": "2", "note": "c"}),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "id,who\n1,alice",
        "id,who\r\n1,alice\r\n",
        "\ufeffid,who\n1,alice\n",
        "\n id , who\n1,alice\n,\n",
    ],
)
def test_line_ends_marks_and_empty_rows_do_not_matter(tmp_path: Path, content: str) -> None:
    assert [row for _, row in read(tmp_path, content)] == [{"id": "1", "who": "alice"}]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_where_the_format_says_so(tmp_path: Path, encoding: str) -> None:
    content = "id\twho\n1\t阿麗絲\n".encode(encoding)
    found = read(tmp_path, content, encoding=encoding, delimiter="\t")
    assert found == [(2, {"id": "1", "who": "阿麗絲"})]


def test_an_encoding_of_one_region_is_read_where_the_format_says_so(tmp_path: Path) -> None:
    content = "id,who\n1,阿麗絲\n".encode("big5")
    assert read(tmp_path, content, encoding="big5") == [(2, {"id": "1", "who": "阿麗絲"})]


def test_a_row_with_more_or_fewer_cells_is_a_bad_row_and_the_next_one_is_read(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "id,who\n1\n2,bob,9\n3,carol\n") == [
        (2, BadRow(sentence="The row has 1 cells, and there are 2 headings.", cells={"id": "1"})),
        (
            3,
            BadRow(
                sentence="The row has 3 cells, and there are 2 headings.",
                cells={"id": "2", "who": "bob", "(cell 3)": "9"},
            ),
        ),
        (4, {"id": "3", "who": "carol"}),
    ]


@pytest.mark.parametrize(
    ("content", "changes", "sentence"),
    [
        (b"", {}, "The file is empty."),
        (b"\n \n\r\n", {}, "The file is empty."),
        (b"\n\n", {}, "The file is empty."),
        (b"id,id\n1,2\n", {}, "Row 1: The heading 'id' is there twice."),
        (
            b"id;who\n1;alice\n",
            {},
            "Row 1: One column found: is the delimiter ';'? The format says ','.",
        ),
        (
            b"id,who\n1,alice\n",
            {"delimiter": "\t"},
            "Row 1: One column found: is the delimiter ','? The format says a tab.",
        ),
        (
            b"id,who\n1,alice\n2,Jos\xe9\n",
            {},
            "Row 3: The byte 0xE9 (number 6 of its line) is not utf-8, which the format says.",
        ),
        (
            "id,who\n1,é\n".encode(),
            {"encoding": "ascii"},
            "Row 2: The byte 0xC3 (number 3 of its line) is not ascii, which the format says.",
        ),
        (
            "id,who\n1,alice\n".encode("utf-16"),
            {},
            "Row 1: The file looks like utf-16-le, and the format says utf-8.",
        ),
        (
            "\ufeffid,who\n1,alice\n".encode("utf-16-be"),
            {"encoding": "utf-16-le"},
            "Row 1: The file looks like utf-16-be, and the format says utf-16-le.",
        ),
        (
            "\ufeffid,who\n1,alice\n".encode(),
            {"encoding": "cp1252"},
            "Row 1: The file looks like utf-8, and the format says cp1252.",
        ),
        (
            "id,who\n1,alice\n".encode("utf-16-le"),
            {},
            "Row 1: A NUL character: is it text, in the encoding that the format says?",
        ),
        (
            "id,who\n1,al".encode("utf-16-le") + b"\x00\xd8i\0\n\0",
            {"encoding": "utf-16-le"},
            "Row 2: Half a character: that is not utf-16-le.",
        ),
        (
            "id,who\n1,alice\n2,al".encode("utf-16-le") + b"i",
            {"encoding": "utf-16-le"},
            "Row 3: The file ends within a character: that is not utf-16-le.",
        ),
        (
            b"id,who\n1,al\0ice\n",
            {},
            "Row 2: A NUL character: is it text, in the encoding that the format says?",
        ),
        (
            b"id,who\r1,alice\r",
            {},
            "Row 1: A carriage return alone: lines have to end with LF or CRLF.",
        ),
        (
            b"id,who\n1,al\rice\n",
            {},
            "Row 2: A carriage return alone: lines have to end with LF or CRLF.",
        ),
        (
            b"id,who\n1," + b"x" * 2**20 + b"\n",
            {},
            "Row 2: The line is longer than 1,048,576 bytes.",
        ),
        (
            b'id,who\n1,"alice\n2,bob\n',
            {},
            "Row 2: A quote that opens in this row is never closed.",
        ),
        (
            b'id,who\n1,"alice\n' + b"2,bob\n" * 30_000,
            {},
            "Row 2: A cell is longer than 131,072 characters: is a quote never closed?",
        ),
        (
            b'id,who\n1,"al"ice\n',
            {},
            "Row 2: After a closing quote comes neither the delimiter nor the row's end.",
        ),
    ],
)
def test_a_bad_csv_is_refused_with_its_row(
    tmp_path: Path, content: bytes, changes: dict[str, Any], sentence: str
) -> None:
    assert refusal(tmp_path, content, **changes) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html><table>", "This is a page (HTML or XML), and neither CSV, XLSX nor JSON lines."),
        (b"%PDF-1.7", "This is a PDF: it has no rows that can be read exactly."),
        (b"\x1f\x8b\x08", "The file is compressed (gzip): unpack it first."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "This is an old Excel file (.xls), or one with a password: "
            "save it as XLSX without one, or as CSV.",
        ),
        (
            b'[{"id": 1}]',
            "This is one JSON array. JSON lines are needed: one object in each line.",
        ),
        (
            zipped({"day.csv": "id,who\n1,alice\n"}),
            "This is a zip file with no workbook in it: unpack it first.",
        ),
    ],
)
def test_what_is_no_list_of_rows_is_called_by_its_name(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    assert refusal(tmp_path, content) == sentence


# -- JSON lines ------------------------------------------------------------------------------


def test_json_lines_keep_a_number_as_it_is_written(tmp_path: Path) -> None:
    content = (
        '{"id": 12345678901234567890, "amount": 1.10, "win": "2.50", "note": null}\n'
        '\n{"id": -1, "amount": 1.0E7, "test": true, "more": {"rate": 1.10, "tags": ["a"]}}\n'
    )
    assert read(tmp_path, content) == [
        (1, {"id": "12345678901234567890", "amount": "1.10", "win": "2.50", "note": ""}),
        (
            3,
            {
                "id": "-1",
                "amount": "10000000",
                "test": "true",
                "more": '{"rate": 1.10, "tags": ["a"]}',
            },
        ),
    ]


def test_a_json_number_has_the_decimal_mark_that_its_texts_have(tmp_path: Path) -> None:
    found = read(tmp_path, '{"amount": 1.10, "win": "2,50"}', decimal_mark=",")
    assert found == [(1, {"amount": "1,10", "win": "2,50"})]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"id": 1', "The line is not JSON."),
        ('{"id": 01}', "The line is not JSON."),
        ("1", "The line is no JSON object."),
        ('{"id": 1, "id": 2}', "The line says a key twice."),
        ('{"id": NaN}', "NaN is no number."),
        ('{"id": 1e999}', "1e999 is no number that is usual."),
        (r'{"id": "\ud800"}', "The line has half a character in it."),
        (r'{"\udc00": 1}', "The line has half a character in it."),
        ('{"id": ' + "[" * 100_000, "The line is not JSON."),
    ],
)
def test_a_bad_json_line_is_a_bad_row(tmp_path: Path, line: str, sentence: str) -> None:
    found = read(tmp_path, f'{{"id": 1}}\n{line}\n{{"id": 3}}\n')
    bad = BadRow(sentence=sentence, cells={"(line)": line})
    assert found == [(1, {"id": "1"}), (2, bad), (3, {"id": "3"})]


def test_a_byte_of_another_encoding_in_json_lines_has_its_row(tmp_path: Path) -> None:
    assert refusal(tmp_path, b'{"id": 1}\n{"id": "\xe9"}\n') == (
        "Row 2: The byte 0xE9 (number 9 of its line) is not utf-8, which the format says."
    )


# -- XLSX ------------------------------------------------------------------------------------


def test_a_workbook_is_read_as_text_numbers_exactly_and_dates_as_dates(tmp_path: Path) -> None:
    content = workbook(
        ["id", "who", "amount", "at", "test"],
        ["272017", "alice", 10.1, datetime(2026, 11, 21, 13, 14, 15), True],  # noqa: DTZ001
        [272018, None, 0.1 + 0.2, "2026-11-21", None],
        [None, None, None, None, None],
        ["=text", "bob", 10000000, None, False],
    )
    assert read(tmp_path, content) == [
        (
            2,
            {
                "id": "272017",
                "who": "alice",
                "amount": "10.1",
                "at": "2026-11-21T13:14:15",
                "test": "true",
            },
        ),
        (3, {"id": "272018", "who": "", "amount": "0.3", "at": "2026-11-21", "test": ""}),
        (
            5,
            BadRow(
                column="id",
                sentence="A formula: only values are read. Paste it as a value.",
                cells={
                    "id": "(not read)",
                    "who": "bob",
                    "amount": "10000000",
                    "at": "",
                    "test": "false",
                },
            ),
        ),
    ]


def cell(xml: str) -> str:
    """A sheet with the headings id and amount, and one row whose amount is this cell."""
    return (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>amount</t></is></c></row>'
        f'<row r="2"><c r="A2"><v>1</v></c>{xml}</row>'
    )


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ('<c r="B2"><v>1.1E3</v></c>', "1100"),
        ('<c r="B2"><v>-0.5</v></c>', "-0.5"),
        ('<c r="B2"><v>-0</v></c>', "0"),
        ('<c r="B2"><v>0.30000000000000004</v></c>', "0.3"),
        ('<c r="B2"><v>123456789012345</v></c>', "123456789012345"),
        ('<c r="B2"><v>1E-8</v></c>', "0.00000001"),
        ('<c r="B2" t="inlineStr"><is><t>=1+1</t></is></c>', "=1+1"),
        ('<c r="B2" t="str"><v>1E5</v></c>', "1E5"),
        ('<c r="B2" t="d"><v>2026-11-21T12:00:00+08:00</v></c>', "2026-11-21T12:00:00+08:00"),
        ("", ""),
    ],
)
def test_a_cell_of_a_workbook(tmp_path: Path, xml: str, text: str) -> None:
    assert read(tmp_path, package(cell(xml))) == [(2, {"id": "1", "amount": text})]


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (
            '<c r="B2"><f>1+1</f><v>2</v></c>',
            "A formula: only values are read. Paste it as a value.",
        ),
        (
            '<c r="B2"><f t="shared" si="0"/><v>2</v></c>',
            "A formula: only values are read. Paste it as a value.",
        ),
        (
            '<c r="B2"><f t="array" ref="B2">SUM(A2)</f><v>2</v></c>',
            "A formula: only values are read. Paste it as a value.",
        ),
        ('<c r="B2" t="e"><v>#N/A</v></c>', "An error (#N/A) stands in the cell."),
        (
            '<c r="B2"><v>1234567890123456789</v></c>',
            "A number of more than 15 digits: a spreadsheet keeps no more of it. "
            "Format the column as text before the numbers go in.",
        ),
        (
            '<c r="B2"><v>1.23456789012346E+18</v></c>',
            "A number of more than 15 digits: a spreadsheet keeps no more of it. "
            "Format the column as text before the numbers go in.",
        ),
        (
            '<c r="B2"><v>12345678901.123456</v></c>',
            "A number with more than 15 digits is not kept exactly.",
        ),
    ],
)
def test_a_cell_that_says_no_value_is_refused_with_its_column(
    tmp_path: Path, xml: str, sentence: str
) -> None:
    found = read(tmp_path, package(cell(xml)))
    bad = BadRow(column="amount", sentence=sentence, cells={"id": "1", "amount": "(not read)"})
    assert found == [(2, bad)]


def test_the_numbers_of_a_workbook_have_the_decimal_mark_of_its_texts(tmp_path: Path) -> None:
    found = read(tmp_path, package(cell('<c r="B2"><v>1.234</v></c>')), decimal_mark=",")
    assert found == [(2, {"id": "1", "amount": "1,234"})]


def test_more_cells_than_headings_are_a_bad_row(tmp_path: Path) -> None:
    found = read(tmp_path, package(cell('<c r="B2"><v>2</v></c><c r="D2"><v>3</v></c>')))
    assert found == [
        (
            2,
            BadRow(
                sentence="The row has 4 cells, and there are 2 headings.",
                cells={"id": "1", "amount": "2", "(cell 3)": "", "(cell 4)": "3"},
            ),
        )
    ]


def damaged(error: str, row: int = 0) -> str:
    where = f"Row {row}: " if row else ""
    return f"{where}The XLSX can't be read: it is damaged, or is no workbook ({error})."


BOMB = package(cell('<c r="B2"><v>2</v></c>'), **{"xl/media/bomb": "0" * (17 * 2**20)})
ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (package(""), "The workbook is empty."),
        (package('<row r="1"><c r="A1"/></row>'), "The workbook is empty."),
        (
            BOMB,
            "The XLSX would unpack to 17 MiB from 1 MiB: it is no honest workbook.",
        ),
        (
            package(ENTITY, **{"xl/worksheets/sheet1.xml": ENTITY}),
            "The XLSX declares entities of its own: it is no honest workbook.",
        ),
        (b"PK\x03\x04 and nothing more", damaged("BadZipFile")),
        (package(cell("<c"))[:900], damaged("BadZipFile")),
        (package(cell('<c r="B2"><v>2')), damaged("ParseError")),
        (package(cell('<c r="B2"><v>1_000</v></c>')), damaged("ValueError", 2)),
        (package(cell('<c r="B2"><v>NaN</v></c>')), damaged("ValueError", 2)),
        (zipped({**PARTS, "xl/workbook.xml": "<a/>"}), "The workbook is empty."),
        (
            package(cell("") + '<row r="2"><c r="A2"><v>9</v></c></row>'),
            "Row 2: The next row says that it is row 2.",
        ),
        (
            package(cell("") + '<row r="2000000"><c r="A2000000"><v>9</v></c></row>'),
            "Row 2: The next row says that it is row 2000000.",
        ),
        (
            package(cell('<c r="A2"><v>9</v></c>')),
            "Row 2: Its cells are out of order.",
        ),
    ],
)
def test_a_bad_workbook_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert refusal(tmp_path, content) == sentence


def test_of_several_sheets_nobody_guesses_the_right_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.create_sheet("Empty")
    written = io.BytesIO()
    book.save(written)
    assert read(tmp_path, written.getvalue()) == []
    book.create_sheet("More").append(["id"])
    written = io.BytesIO()
    book.save(written)
    assert refusal(tmp_path, written.getvalue()) == (
        "Several sheets have rows ('Sheet', 'More'): leave only the one to import."
    )
