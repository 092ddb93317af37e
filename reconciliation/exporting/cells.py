"""What stands in a cell: always text, exact, and never something that a spreadsheet computes."""

import re
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from wallets import money

# What spreadsheets take for the beginning of a formula, some also behind spaces and in a wide form.
# Where a semicolon separates cells (Excel in half of Europe, whatever is quoted) a cell may also
# begin behind one. Text that begins with an apostrophe gets another one: taking one away from each
# such place gives back what was there.
FORMULA = re.compile(r"(^|;)(?=\s*['=+\-@＝＋－＠]|[\t\r\n])")  # noqa: RUF001
# Neither XML nor a person can read these; a table of lines keeps its line breaks and tabs.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def cell(value: object) -> str:
    """`value` of the database as the text of a cell.

    Money and numbers are plain decimals, `-1234.50`: no exponent, no grouping, never rounded. A
    time is ISO 8601 with the offset of the zone of Cage. Only text of others can be a formula:
    there an apostrophe stands before `=`, `+`, `-` and `@`, as it does before an apostrophe.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return amount(value)
        case datetime():
            return moment(value)
        case str():
            return text(value)
        case _:
            return str(value)


def amount(value: Decimal) -> str:
    """`value` exactly, with at least two decimals: 1234.50."""
    whole, _, decimals = money.plain(value).partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def moment(value: datetime) -> str:
    """2026-11-21T12:00:00+01:00, in the active zone; with microseconds where there are some."""
    return timezone.localtime(value).isoformat()


def text(value: str) -> str:
    """`value` with nothing in it that is computed or that can't be written."""
    readable = CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    return FORMULA.sub(r"\1'", readable)
