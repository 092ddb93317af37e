"""Two deliveries of one id, field by field, as they were sent: 1.10 is not 1.1, and "1" is not 1.

Fields are those of the JSON bodies, after decryption.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from providers.models import Callback

MOST = 300  # Fields of one body.
DEEPEST = 20


class Number(str):
    """A number or a word of JSON's own, literally as it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One field on both sides; None where a side doesn't have it."""

    name: str
    booked: str | None
    other: str | None

    @property
    def differs(self) -> bool:
        return self.booked != self.other


def bodies(booked: Callback | None, other: Callback | None) -> list[Pair]:
    """The fields of both bodies in the order in which they stand there."""
    ours, theirs = fields(booked), fields(other)
    names = list(dict.fromkeys([*ours, *theirs]))
    return [_pair(name, ours.get(name), theirs.get(name)) for name in names]


def fields(callback: Callback | None) -> Mapping[str, str]:
    """Of a delivery's decrypted body, by their dotted path; nothing where it is no JSON object."""
    if callback is None:
        return {}
    raw = bytes(callback.body if callback.unwrapped is None else callback.unwrapped)
    try:
        body = json.loads(raw, parse_float=Number, parse_int=Number, parse_constant=Number)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for path, value in _walk(body, "", 0):
        if len(found) == MOST:
            break
        found[path] = value
    return found


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth < DEEPEST and isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif depth < DEEPEST and isinstance(value, list) and value:
        for position, inner in enumerate(value, start=1):
            yield from _walk(inner, f"{path} {position}".strip(), depth + 1)
    elif isinstance(value, Number):
        yield path, value
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, default=str)


def _pair(name: str, ours: str | None, theirs: str | None) -> Pair:
    """Both sides; a text is quoted where the other side has a number that reads the same."""
    if ours is not None and ours == theirs and type(ours) is not type(theirs):
        ours, theirs = _quoted(ours), _quoted(theirs)
    return Pair(name=name, booked=ours, other=theirs)


def _quoted(value: str) -> str:
    return value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
