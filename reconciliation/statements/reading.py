"""Rows of one kind of file, read as its format says: which cell is what, and how it is written.

A number is rewritten to plain decimal text, never to a float. A time without a zone is one of the
format's zone, else of the provider's reports. Where clocks are put back it is the earlier of the
two instants that it may mean; where they are put forward over it, it is read as if they had not
been yet (both is Python's `fold=0`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from providers.protocols import PROTOCOLS, reports
from providers.protocols.base import Malformed
from providers.protocols.reports import Expected, Field, Row
from providers.registry import Provider
from reconciliation.models import Layout, StatementFormat
from reconciliation.statements.cells import BadFile, Cells
from wallets import money

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = range(1970, 2200)
ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
SINCE_1970 = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,6})?")

# What a line has room for.
LONGEST = {"uid": 64, "currency": 10, "round_id": 128, "transaction_id": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Of the rows of one format and provider. `columns` is (our field, heading).

    `needed` are the headings that a file has to have.
    """

    columns: tuple[tuple[str, str], ...]
    constants: Mapping[str, str]
    needed: tuple[str, ...]
    number: Callable[[str], str]
    moment: Callable[[str], datetime]
    expect: Callable[[Row], tuple[Expected, ...]]

    def check(self, found: Sequence[str]) -> None:
        """Raises BadFile where a heading is missing among those `found`."""
        missing = [heading for heading in self.needed if heading not in found]
        if missing:
            raise BadFile(
                f"The file has no {_listed(missing)}. What it has: {_listed(list(found))}."
            )

    def row(self, cells: Cells) -> Row:
        """The cells by our names of the fields."""
        values = {field: text for field, heading in self.columns if (text := cells.get(heading))}
        if self.constants:
            values.update(self.constants)
        return Row(values=values, number=self.number, moment=self.moment)

    def expected(self, cells: Cells) -> tuple[Expected, ...]:
        """The movements that a row expects, each of which a line holds. Raises Refusals."""
        expected = self.expect(self.row(cells))
        for one in expected:
            _check_room(one)
        return expected

    def column(self, sentence: str) -> str:
        """The heading that a refusal's sentence is about; "" where it is about none."""
        field = sentence.partition(" ")[0]
        return next((heading for name, heading in self.columns if name == field), "")


def reader(format: StatementFormat, provider: Provider) -> Reader:
    """What reads this provider's files of `format`, which has to be without problems."""
    protocol = provider.protocol
    zone = ZoneInfo(format.zone) if format.zone else protocol.zone
    columns = tuple(format.columns.items())

    def cage(row: Row) -> tuple[Expected, ...]:
        return (reports.cage_row(row, protocol=protocol),)

    return Reader(
        columns=columns,
        constants=format.constants,
        needed=_needed(format),
        number=number(format.decimal_mark, format.grouping),
        moment=moment(format.dates, zone),
        expect=protocol.expected if format.layout == Layout.REPORT else cage,
    )


def fields(format: StatementFormat) -> tuple[Field, ...]:
    """What a row may say in this layout; nothing where nobody knows whose reports they are."""
    if format.layout == Layout.CAGE:
        return reports.CAGE_FIELDS
    if format.layout == Layout.TOTALS:
        return reports.TOTALS_FIELDS
    protocol = PROTOCOLS.get(format.protocol)
    return protocol.report_fields if protocol else ()


def _needed(format: StatementFormat) -> tuple[str, ...]:
    """The headings that have to be there. Whoever chose the columns of a report meant each one;
    of Cage's own layouts what isn't required may be left out."""
    is_report = format.layout == Layout.REPORT
    stated = [field for field in fields(format) if field.name in format.columns]
    needed = (format.columns[field.name] for field in stated if is_report or field.required)
    return tuple(dict.fromkeys(needed))


def _check_room(expected: Expected) -> None:
    for field, longest in LONGEST.items():
        if len(getattr(expected, field)) > longest:
            raise Malformed(f"{field} is longer than {longest} characters")
    if not (money.fits(expected.debit) and money.fits(expected.credit)):
        raise Malformed("An amount of it is none that a wallet can hold")


def _listed(headings: Sequence[str]) -> str:
    shown = ", ".join(f"`{heading[:64]}`" for heading in headings[:50])
    return shown + (f" and {len(headings) - 50} more" if len(headings) > 50 else "")


# -- Numbers and times -----------------------------------------------------------------------


def number(decimal_mark: str, grouping: str) -> Callable[[str], str]:
    """What rewrites a number to plain decimal text; raises ValueError for anything else.

    Thousands are grouped right or not at all: neither 1,23 nor 0,123 is a number.
    """
    whole = "[0-9]+"
    if grouping:
        whole = f"(?:[1-9][0-9]{{0,2}}(?:{re.escape(grouping)}[0-9]{{3}})+|[0-9]+)"
    pattern = re.compile(f"-?{whole}(?:{re.escape(decimal_mark)}[0-9]+)?")

    def plain(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        if grouping:
            text = text.replace(grouping, "")
        return text if decimal_mark == "." else text.replace(decimal_mark, ".")

    return plain


def moment(dates: str, zone: tzinfo) -> Callable[[str], datetime]:
    """What reads a time, to one of UTC; raises ValueError. `dates` is a format's."""
    if dates == "iso":
        return lambda text: _aware(_iso(text), zone)
    if dates == "seconds":
        return lambda text: _since_1970(text, 1)
    if dates == "milliseconds":
        return lambda text: _since_1970(text, 1000)
    return lambda text: _aware(_pattern(text, dates), zone)


def _iso(text: str) -> datetime:
    if not ISO.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _pattern(text: str, pattern: str) -> datetime:
    if any(character.isdecimal() and character > "9" for character in text):
        raise ValueError(text)  # Another script's digits, which strptime would take.
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  (its zone comes with _aware)
    except ValueError:
        if "T" not in text:
            raise
        return _iso(text)  # A date cell of a spreadsheet, whatever its pattern on the screen.


def _since_1970(text: str, units: int) -> datetime:
    if not SINCE_1970.fullmatch(text):
        raise ValueError(text)
    whole, _, fraction = text.partition(".")
    microseconds = int(whole + fraction.ljust(6, "0")) // units
    try:
        return _aware(EPOCH + timedelta(microseconds=microseconds), UTC)
    except OverflowError:
        raise ValueError(text) from None


def _aware(value: datetime, zone: tzinfo) -> datetime:
    if value.year not in YEARS:
        raise ValueError(value)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
