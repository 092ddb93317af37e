"""XLSX: the one sheet that has anything on it, read as text.

A number of a spreadsheet is a double. It becomes the decimal of at most 15 significant digits that
it stands for, and one that stands for none is refused, as is a formula, whose result is nobody's
word. A date becomes ISO text. The package is measured before anything of it is unpacked, and
entities are refused (defusedxml, which openpyxl uses where it is installed).
"""

import math
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

from reconciliation.statements import cells
from reconciliation.statements.cells import BadFile, BadRow, Read

MIB = 2**20
LARGEST = 4096 * MIB  # All of it, unpacked.
LARGEST_IN_MEMORY = 256 * MIB  # What isn't a sheet: above all its table of texts.
HARMLESS = 16 * MIB  # However well it was packed.
RATIO = 200  # Spreadsheets pack to a tenth or a fiftieth; nothing honest comes near this.
PARTS = 1000
ROWS = 1_048_576  # What a sheet can have, and more would be a trap.
COLUMNS = 16_384

DIGITS = 15
TOO_MANY_DIGITS = 10**DIGITS
# What double arithmetic adds to a decimal (0.1 + 0.2) is fewer units in the last place than this.
NOISE = 4
VALUE = f"{{{SHEET_MAIN_NS}}}v"
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)

UNREADABLE = "The XLSX can't be read: it is damaged, or is no workbook ({error})."
ENTITIES = "The XLSX declares entities of its own: it is no honest workbook."


class _Formula:
    """Stands where a formula does."""


class _Sheet(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's reader of a sheet, which takes no result of a formula and no odd number."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        kind = element.get("t", "n")
        value = element.findtext(VALUE)
        if kind == "n" and value and not NUMBER.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is no number")
        if kind == "d":
            element.set("t", "str")  # ISO text already; read as a date it would lose its zone.
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["data_type"] == "f":
            cell["value"] = _Formula()
        return cell


def read(handle: BinaryIO, *, decimal_mark: str) -> Iterator[tuple[int, Read]]:
    """(row number, row) of the workbook. Raises BadFile."""
    _check_package(handle)
    book = _open(handle)
    rows = _rows(book, _only_sheet(book))
    number, first = next(rows, (0, []))
    if not number:
        raise BadFile("The workbook is empty.")
    names = cells.headings([_heading(value, number) for value in first], row=number)
    for number, values in rows:
        yield number, _row(names, values, decimal_mark)


# -- The package -----------------------------------------------------------------------------


def _check_package(handle: BinaryIO) -> None:
    """Refuse what would unpack to more than an honest workbook does, without unpacking it."""
    try:
        with zipfile.ZipFile(handle) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise BadFile(_unreadable(error)) from None
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise BadFile("This is a zip file with no workbook in it: unpack it first.")
    if len(parts) > PARTS:
        raise BadFile(f"The XLSX has {len(parts):,} parts: it is no honest workbook.")
    _check_sizes(parts)


def _check_sizes(parts: Sequence[zipfile.ZipInfo]) -> None:
    for part in parts:
        if part.flag_bits & 1:
            raise BadFile("The XLSX is protected by a password: save it without one.")
        if part.file_size > HARMLESS and part.file_size > RATIO * part.compress_size:
            raise BadFile(
                f"The XLSX would unpack to {_mib(part.file_size)} from "
                f"{_mib(part.compress_size)}: it is no honest workbook."
            )
    if (size := sum(part.file_size for part in parts)) > LARGEST:
        raise BadFile(f"The XLSX would unpack to {_mib(size)}; {_mib(LARGEST)} are read.")
    kept = [part for part in parts if not part.filename.startswith("xl/worksheets/")]
    if (size := sum(part.file_size for part in kept)) > LARGEST_IN_MEMORY:
        raise BadFile(
            f"The XLSX has {_mib(size)} of texts beside its sheets; "
            f"{_mib(LARGEST_IN_MEMORY)} are read. Save it as CSV."
        )


def _unreadable(error: BaseException) -> str:
    forbidden = (error, error.__cause__)
    if any(isinstance(one, DefusedXmlException) for one in forbidden):
        return ENTITIES
    return UNREADABLE.format(error=type(error).__name__)


def _mib(size: int) -> str:
    return f"{math.ceil(size / MIB):,} MiB"


# -- Sheets and rows -------------------------------------------------------------------------


def _open(handle: BinaryIO) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of styles and extensions that nobody reads here.
        try:
            return openpyxl.load_workbook(handle, read_only=True, keep_links=False)
        except Exception as error:  # It raises whatever a damaged part leads to.
            raise BadFile(_unreadable(error)) from error


def _only_sheet(book: Any) -> Any:
    """The sheet to read. Raises BadFile where several have something on them: which one, and
    whether the others belong to it, is not for us to guess."""
    used = [sheet for sheet in book.worksheets if next(_rows(book, sheet), None)]
    if len(used) > 1:
        names = ", ".join(repr(sheet.title) for sheet in used)
        raise BadFile(f"Several sheets have rows ({names}): leave only the one to import.")
    if not used:
        raise BadFile("The workbook is empty.")
    return used[0]


def _rows(book: Any, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """(row number, values) of each row with something in it.

    Not by `sheet.iter_rows`: it would pass over a row whose number was there before.
    """
    last = 0
    try:
        with book._archive.open(sheet._worksheet_path) as source:
            parser = _Sheet(
                source,
                sheet._shared_strings,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            for number, found in parser.parse():
                if not last < number <= ROWS:
                    raise BadFile(f"The next row says that it is row {number}.", row=last)
                last = number
                if any(cell["value"] not in (None, "") for cell in found):
                    yield number, _in_places(found, number)
    except BadFile:
        raise
    except Exception as error:  # As above.
        raise BadFile(_unreadable(error), row=last + 1) from error


def _in_places(found: list[dict[str, Any]], number: int) -> list[Any]:
    values: list[Any] = []
    for cell in found:
        place = cell["column"]
        if not len(values) < place <= COLUMNS:
            raise BadFile("Its cells are out of order.", row=number)
        values += [None] * (place - 1 - len(values))
        values.append(None if cell["data_type"] == "e" else cell["value"])
        if cell["data_type"] == "e":
            values[-1] = BadRow(sentence=f"An error ({cell['value']}) stands in the cell.")
    while values and values[-1] in (None, ""):
        values.pop()
    return values


def _heading(value: Any, row: int) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadFile("A heading is no text.", row=row)


# -- Cells -----------------------------------------------------------------------------------


def _row(names: list[str], values: list[Any], decimal_mark: str) -> Read:
    """The row as text. A spreadsheet doesn't keep empty cells at the end: they may be missing."""
    texts = []
    wrong: tuple[str, str] | None = None
    for place, value in enumerate(values):
        try:
            texts.append(_text(value, decimal_mark))
        except ValueError as error:
            wrong = wrong or (names[place] if place < len(names) else "", str(error))
            texts.append("(not read)")
    texts += [""] * (len(names) - len(texts))
    row = cells.of(names, texts)
    if wrong and isinstance(row, dict):
        return BadRow(column=wrong[0], sentence=wrong[1], cells=row)
    return row


def _text(value: Any, decimal_mark: str) -> str:
    """A cell's text. Raises ValueError, with a sentence."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _decimal(value).replace(".", decimal_mark)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, _Formula):
        raise ValueError("A formula: only values are read. Paste it as a value.")
    if isinstance(value, BadRow):
        raise ValueError(value.sentence)
    raise ValueError("A time of day without its date.")


def _decimal(value: int | float) -> str:
    """The decimal that a double of a spreadsheet stands for. Raises ValueError."""
    if not math.isfinite(value) or abs(value) >= TOO_MANY_DIGITS:
        raise ValueError(
            f"A number of more than {DIGITS} digits: a spreadsheet keeps no more of it. "
            "Format the column as text before the numbers go in."
        )
    short = Decimal(f"{value:.{DIGITS}g}")
    if isinstance(value, float) and abs(Decimal(value) - short) > NOISE * Decimal(math.ulp(value)):
        raise ValueError(f"A number with more than {DIGITS} digits is not kept exactly.")
    plain = f"{short or Decimal(0):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
