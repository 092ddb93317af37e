"""Formats: what is wrong with one, how it travels as JSON, and what it makes of a file's rows."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.core.exceptions import ValidationError

from providers import registry
from providers.protocols import PROTOCOLS
from providers.protocols.reports import Expected
from reconciliation.models import Layout, StatementFormat
from reconciliation.statements import encodings, files, reading, totals
from reconciliation.statements.reading import Reader
from reconciliation.statements.totals import Summed
from wallets import money
from wallets.refusals import Refusal

GROUPINGS = ("", ",", ".", " ", "'", "\u00a0", "\u202f")
STYLES = ("iso", "seconds", "milliseconds")
SAMPLE = datetime(2026, 11, 21, 13, 14, 15)  # noqa: DTZ001  (a pattern has no zone)


class NotAFormat(Exception):
    """JSON that is no format; `sentences` say why."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


# -- What a format may say -------------------------------------------------------------------


def problems(format: StatementFormat, provider: str = "") -> list[str]:
    """What keeps the format from being used, by `provider` where that is said; sentences."""
    return [
        *_provider_problems(format, provider),
        *_column_problems(format),
        *_style_problems(format),
    ]


def _provider_problems(format: StatementFormat, provider: str) -> Iterator[str]:
    if format.protocol and format.protocol not in PROTOCOLS:
        yield f"There is no protocol {format.protocol!r}."
    elif format.layout == Layout.REPORT and not format.protocol:
        yield "A provider's report needs its protocol: whose report is it?"
    if not provider:
        return
    configured = registry.current().by_name.get(provider)
    if configured is None:
        yield f"No provider {provider!r} is configured."
    elif format.protocol and type(configured.protocol) is not PROTOCOLS.get(format.protocol):
        yield f"The format is of {format.protocol} reports, which {provider} doesn't send."


def _column_problems(format: StatementFormat) -> Iterator[str]:
    columns, constants = format.columns, format.constants
    for name, mapping in (("columns", columns), ("constants", constants)):
        if not _is_texts(mapping):
            yield f"`{name}` is not an object of texts that aren't empty."
            return
    known = reading.fields(format)
    if not known:
        return
    stated = [*columns, *constants]
    for name in stated:
        if name not in {field.name for field in known}:
            yield f"There is no field `{name}` in this layout."
    yield from (f"`{name}` has a column and a constant." for name in columns if name in constants)
    for field in known:
        if field.required and field.name not in stated:
            yield f"`{field.name}` needs a column or a constant: {field.sentence}"


def _is_texts(mapping: Any) -> bool:
    return isinstance(mapping, dict) and all(
        isinstance(text, str) and text for pair in mapping.items() for text in pair
    )


def _style_problems(format: StatementFormat) -> Iterator[str]:
    try:
        encodings.name(format.encoding)
    except ValueError as error:
        yield f"{error}."
    try:
        ZoneInfo(format.zone or "UTC")
    except (LookupError, ValueError, OSError):
        yield f"There is no zone {format.zone!r}."
    if not _can_delimit(format.delimiter):
        yield f"{format.delimiter!r} can't stand between the cells of a CSV."
    if format.decimal_mark not in (".", ","):
        yield "The decimal mark is a point or a comma."
    if format.grouping not in GROUPINGS:
        yield f"{format.grouping!r} can't stand between thousands."
    if format.grouping == format.decimal_mark:
        yield "The decimal mark and the grouping are the same."
    if format.dates not in STYLES and not _is_pattern(format.dates):
        yield f"{format.dates!r} is no pattern from which a day can be read."


def _can_delimit(text: str) -> bool:
    return len(text) == 1 and (
        text == "\t" or (text.isprintable() and not text.isalnum() and text not in "\"'-.+")
    )


def _is_pattern(pattern: str) -> bool:
    """True if a time that is written so is read as the same day and hour."""
    if "%" not in pattern:
        return False
    try:
        read = datetime.strptime(SAMPLE.strftime(pattern), pattern)  # noqa: DTZ007
    except ValueError:
        return False
    return read.date() == SAMPLE.date() and read.hour in (0, SAMPLE.hour)


# -- As JSON ---------------------------------------------------------------------------------


class _Stated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A format as its JSON says it. What it leaves out has the model's default."""

    name: str
    layout: str
    protocol: str = ""
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    encoding: str = "utf-8"
    delimiter: str = ","
    zone: str = ""
    dates: str = "iso"
    decimal_mark: str = "."
    grouping: str = ""
    shows_all_players: bool = False
    tolerance: Decimal = Decimal(0)


def as_json(format: StatementFormat) -> str:
    """All that a format says, for another Cage; `from_json` reads it."""
    stated = {name: getattr(format, name) for name in _Stated.__struct_fields__}
    places = {field.name: place for place, field in enumerate(reading.fields(format))}
    stated["columns"] = dict(
        sorted(format.columns.items(), key=lambda pair: (places.get(pair[0], len(places)), pair))
    )
    stated["tolerance"] = money.plain(Decimal(format.tolerance))
    return json.dumps(stated, indent=2, ensure_ascii=False)


def from_json(text: str | bytes) -> StatementFormat:
    """The format that the JSON says, checked and not saved: the one of that name, changed, where
    there is one. Raises NotAFormat."""
    try:
        stated = msgspec.json.decode(text, type=_Stated)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise NotAFormat([f"This is not a format: {error}."]) from None
    format = StatementFormat.objects.filter(name=stated.name).first() or StatementFormat()
    for name, value in msgspec.structs.asdict(stated).items():
        setattr(format, name, value)
    try:
        format.full_clean()
    except ValidationError as error:
        said = error.message_dict.items()
        raise NotAFormat([f"{field}: {' '.join(texts)}" for field, texts in said]) from None
    if found := problems(format):
        raise NotAFormat(found)
    return format


# -- Preview ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One row: its cells as they stand in the file, and what Cage reads: the movements that it
    expects, or its sums (of totals), or else `error`, about the column `column`."""

    number: int
    cells: files.Cells
    expected: tuple[Expected, ...] = ()
    summed: Summed | None = None
    error: str = ""
    column: str = ""


def preview(
    path: Path | str, format: StatementFormat, provider: str, rows: int = 20
) -> list[Preview]:
    """The first rows of a file as Cage reads them; nothing is kept.

    Raises BadFile, and NotAFormat where the format has problems.
    """
    if found := problems(format, provider):
        raise NotAFormat(found)
    reader = reading.reader(format, registry.current().by_name[provider])
    shown: list[Preview] = []
    for number, row in itertools.islice(files.rows(path, format=format), rows):
        if not shown and isinstance(row, dict):
            reader.check(list(row))
        shown.append(_preview(number, row, reader, format))
    return shown


def _preview(number: int, row: files.Read, reader: Reader, format: StatementFormat) -> Preview:
    if isinstance(row, files.BadRow):
        return Preview(number=number, cells=row.cells, error=row.sentence, column=row.column)
    try:
        if format.layout == Layout.TOTALS:
            return Preview(number=number, cells=row, summed=totals.summed(reader.row(row)))
        return Preview(number=number, cells=row, expected=reader.expected(row))
    except Refusal as error:
        sentence = str(error)
        return Preview(number=number, cells=row, error=sentence, column=reader.column(sentence))
