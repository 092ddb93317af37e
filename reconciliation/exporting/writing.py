"""Files of rows of text: CSV, and XLSX with nothing but text cells."""

import codecs
import csv
from collections.abc import Iterable, Sequence
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES

SHEET_ROWS = 1_048_576  # What a spreadsheet holds; more go on in the next sheet.
CELL_CHARACTERS = 32_767  # What a cell holds; openpyxl would cut the rest off without a word.
CUT = "… (too long for a cell)"

Lines = Iterable[Sequence[str]]


def write_csv(headings: Sequence[str], lines: Lines, file: IO[bytes]) -> None:
    """UTF-8 with a mark, which Excel needs to read it as such; CRLF, as RFC 4180 has it."""
    file.write(codecs.BOM_UTF8)
    text = codecs.getwriter("utf-8")(file)
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(lines)


def write_xlsx(headings: Sequence[str], lines: Lines, file: IO[bytes]) -> None:
    """Every cell is text, money too: a number of a spreadsheet is a float.

    openpyxl writes each row to a file of its own on the disk and packs it at the end, so memory
    doesn't grow with the rows.
    """
    workbook = Workbook(write_only=True)
    sheet: Any = None
    room = 0
    try:
        for line in lines:
            if not room:
                sheet, room = _sheet(workbook, headings), SHEET_ROWS - 1
            sheet.append([_text(sheet, text) for text in line])
            room -= 1
        if sheet is None:
            _sheet(workbook, headings)
    except BaseException:
        _clear_away(workbook)
        raise
    workbook.save(file)


def _sheet(workbook: Workbook, headings: Sequence[str]) -> Any:
    sheet = workbook.create_sheet(f"{len(workbook.worksheets) + 1}")
    sheet.freeze_panes = "A2"
    sheet.append(headings)
    return sheet


def _text(sheet: Any, text: str) -> Any:
    """openpyxl takes text for text, but for what begins with `=`, which no cell of ours does, and
    for the names of errors."""
    if text in ERROR_CODES:
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        return cell
    if len(text) > CELL_CHARACTERS:
        return text[: CELL_CHARACTERS - len(CUT)] + CUT
    return text


def _clear_away(workbook: Workbook) -> None:
    """The rows on the disk that nobody will pack; else they stay there while the process lives."""
    for sheet in workbook.worksheets:
        sheet.close()
        sheet._writer.cleanup()
