"""What every kind of file is read to: numbered rows of text, and what can't be read at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

# A row as it stands in the file: heading -> text; an empty cell is "".
Cells = dict[str, str]

SURROGATE = re.compile("[\ud800-\udfff]")


class BadFile(Exception):
    """The file as a whole can't be read; `sentence` says why, for staff.

    `row` is where it was noticed, 0 where that is nowhere in particular; `column` its heading.
    """

    def __init__(self, sentence: str, *, row: int = 0, column: str = "") -> None:
        super().__init__(f"Row {row}: {sentence}" if row else sentence)
        self.sentence = sentence
        self.row = row
        self.column = column

    def at(self, row: int) -> "BadFile":
        """The same, with the row where it was noticed."""
        return BadFile(self.sentence, row=row, column=self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that can't be read, among others that can. `cells` is what there was of it."""

    sentence: str
    column: str = ""
    cells: Cells = field(default_factory=dict)


Read = Cells | BadRow


def headings(cells: Sequence[str], *, row: int) -> list[str]:
    """The names of the columns: without spaces around them, one that is empty by its place.

    Raises BadFile where two are the same.
    """
    names = [text.strip() or f"(cell {place})" for place, text in enumerate(cells, start=1)]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadFile(f"The heading {name!r} is there twice.", row=row, column=name)
        seen.add(name)
    return names


def of(names: Sequence[str], texts: Sequence[str]) -> Read:
    """The row of these texts; a BadRow where they are not as many as there are headings."""
    if len(texts) == len(names):
        return dict(zip(names, texts, strict=True))
    places = [*names, *(f"(cell {place})" for place in range(len(names) + 1, len(texts) + 1))]
    return BadRow(
        sentence=f"The row has {len(texts)} cells, and there are {len(names)} headings.",
        cells=dict(zip(places, texts, strict=False)),
    )
