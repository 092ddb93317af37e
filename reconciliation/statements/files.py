"""A statement's file, whatever kind it is: CSV, XLSX or JSON lines, told apart by the content.

A file is streamed: one row is in memory at a time, so its size doesn't matter (of an XLSX also
its table of texts, which has a limit). Rows have the number that a spreadsheet shows: the headings
are row 1, and rows that say nothing are passed over and still count.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from reconciliation.models import StatementFormat
from reconciliation.statements import delimited, encodings, json_lines, workbooks
from reconciliation.statements.cells import BadFile as BadFile
from reconciliation.statements.cells import BadRow as BadRow
from reconciliation.statements.cells import Cells as Cells
from reconciliation.statements.cells import Read as Read

ZIP = b"PK\x03\x04"
# How files start that people take for one of the three.
OTHERS = {
    b"\xd0\xcf\x11\xe0": "This is an old Excel file (.xls), or one with a password: "
    "save it as XLSX without one, or as CSV.",
    b"\x1f\x8b": "The file is compressed (gzip): unpack it first.",
    b"7z\xbc\xaf": "The file is compressed (7z): unpack it first.",
    b"Rar!": "The file is compressed (RAR): unpack it first.",
    b"%PDF": "This is a PDF: it has no rows that can be read exactly.",
    b"PK\x05\x06": "This is a zip file with nothing in it.",
}
MARKUP = "This is a page (HTML or XML), and neither CSV, XLSX nor JSON lines."
ARRAY = "This is one JSON array. JSON lines are needed: one object in each line."


def rows(path: Path | str, *, format: StatementFormat) -> Iterator[tuple[int, Read]]:
    """(row number, row) of each row that says something, in order.

    Raises BadFile, possibly in the middle, where what follows can't be trusted either.
    """
    with Path(path).open("rb") as handle:
        yield from read(handle, format=format)


def read(handle: BinaryIO, *, format: StatementFormat) -> Iterator[tuple[int, Read]]:
    """The same of an open file; `handle.tell()` says roughly how far it is read."""
    handle.seek(0)
    start = handle.read(512)
    handle.seek(0)
    if start.startswith(ZIP):
        return workbooks.read(handle, decimal_mark=format.decimal_mark)
    for signature, sentence in OTHERS.items():
        if start.startswith(signature):
            raise BadFile(sentence)
    encoding = encodings.of(start, stated=format.encoding)
    return _text(encodings.lines(handle, encoding), _first_word(start, encoding), format)


def _first_word(start: bytes, encoding: str) -> str:
    """The first character that says anything; "" where there is none."""
    text = start.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    return text[:1]


def _text(lines: Iterator[str], first: str, format: StatementFormat) -> Iterator[tuple[int, Read]]:
    if first == "<":
        raise BadFile(MARKUP)
    if first == "[":
        raise BadFile(ARRAY)
    if first == "{":
        return json_lines.read(lines, decimal_mark=format.decimal_mark)
    return delimited.read(lines, delimiter=format.delimiter)
