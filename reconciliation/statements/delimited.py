"""CSV: the first row that says something has the headings, all others as many cells.

Cells may stand in double quotes, doubled within them. Nothing is guessed: not the delimiter, not
the quote, not how many cells a row should have had.
"""

import csv
from collections.abc import Iterator

from reconciliation.statements import cells
from reconciliation.statements.cells import BadFile, Read

USUAL = (",", ";", "\t", "|")
NAMES = {"\t": "a tab"}
# What Python's reader says, and what we say.
SENTENCES = {
    "unexpected end of data": "A quote that opens in this row is never closed.",
    "field larger": "A cell is longer than {limit:,} characters: is a quote never closed?",
    "expected after": "After a closing quote comes neither the delimiter nor the row's end.",
}


def read(lines: Iterator[str], *, delimiter: str) -> Iterator[tuple[int, Read]]:
    """(row number, row) of a CSV. Raises BadFile."""
    records = _records(lines, delimiter)
    number, texts = next(records, (0, []))
    if not number:
        raise BadFile("The file is empty.")
    names = cells.headings(texts, row=number)
    _check_delimiter(names, delimiter, row=number)
    for number, texts in records:
        yield number, cells.of(names, texts)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that isn't empty. Its number counts rows, not lines: a cell may have several."""
    number = 0
    try:
        for number, texts in enumerate(
            csv.reader(lines, delimiter=delimiter, strict=True), start=1
        ):
            if any(map(str.strip, texts)):
                yield number, texts
    except csv.Error as error:
        raise BadFile(_sentence(error), row=number + 1) from None
    except BadFile as error:
        raise error.at(number + 1) from None


def _check_delimiter(names: list[str], delimiter: str, *, row: int) -> None:
    if len(names) > 1:
        return
    for other in USUAL:
        if other != delimiter and other in names[0]:
            raise BadFile(
                f"One column found: is the delimiter {NAMES.get(other, repr(other))}? "
                f"The format says {NAMES.get(delimiter, repr(delimiter))}.",
                row=row,
            )


def _sentence(error: csv.Error) -> str:
    said = str(error)
    for part, sentence in SENTENCES.items():
        if part in said:
            return sentence.format(limit=csv.field_size_limit())
    return f"The row can't be read as CSV: {said}."
