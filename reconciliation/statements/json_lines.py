"""JSON lines: one object a line, its keys being the headings.

A number is kept as it is written: 1.10 stays 1.10. Only an exponent, which is a number's own
spelling, is written out, exactly, and a decimal mark becomes the format's, as in its texts.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from reconciliation.statements.cells import SURROGATE, BadFile, BadRow, Cells, Read

EXPONENT = re.compile(r"[eE][+-]?0*[0-9]{1,2}\Z", re.ASCII)
WORDS = {None: "", True: "true", False: "false"}


class _Number(str):
    """The token of a number, as it stands in the line."""

    __slots__ = ()


class _Unreadable(ValueError):
    """Why a line is no row; a sentence."""


def read(lines: Iterator[str], *, decimal_mark: str) -> Iterator[tuple[int, Read]]:
    """(row number, row); the first line is row 1. Raises BadFile."""
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                yield number, _row(line, decimal_mark)
    except BadFile as error:
        raise error.at(number + 1) from None


def _row(line: str, decimal_mark: str) -> Read:
    try:
        found = _DECODER.decode(line.strip())
        if not isinstance(found, dict):
            raise _Unreadable("The line is no JSON object.")
        texts = {key: _text(key, value, line, decimal_mark) for key, value in found.items()}
        if "\\u" in line and SURROGATE.search("".join([*texts, *texts.values()])):
            raise _Unreadable("The line has half a character in it.")
        return texts
    except _Unreadable as error:
        return BadRow(sentence=str(error), cells=_whole(line))
    except (json.JSONDecodeError, msgspec.DecodeError, RecursionError):
        return BadRow(sentence="The line is not JSON.", cells=_whole(line))


def _text(key: str, value: Any, line: str, decimal_mark: str) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is _Number:
        return _plain(value).replace(".", decimal_mark)
    if kind is dict or kind is list:
        return _nested(line, key)
    return WORDS[value]


def _plain(token: str) -> str:
    if "e" not in token and "E" not in token:
        return str(token)
    if not EXPONENT.search(token):
        raise _Unreadable(f"{token[:40]} is no number that is usual.")
    return f"{Decimal(token):f}"


def _nested(line: str, key: str) -> str:
    """What stands within, as it is written: nobody asks for it, but it is kept."""
    return bytes(msgspec.json.decode(line, type=dict[str, msgspec.Raw])[key]).decode()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unreadable("The line says a key twice.")
    return found


def _no_number(word: str) -> NoReturn:
    raise _Unreadable(f"{word} is no number.")


def _whole(line: str) -> Cells:
    return {"(line)": line.rstrip("\r\n")}


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_float=_Number,
    parse_int=_Number,
    parse_constant=_no_number,
)
