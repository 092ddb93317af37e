"""What of somebody else's bytes may be shown to one player: pure, and in doubt nothing.

Three nets, each of which would do: a field that is named like a player's and holds another's
name; every name of another player that the pack's own sources know; and what can't be read at all
is left out. An object of a list that is another player's goes with everything in it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

NUMBERS = msgspec.json.Encoder(decimal_format="number")
LEFT_OUT = "(left out: it concerns another player)"
UNREAD = "(left out: it can't be told whom it concerns)"
SHORT = 4  # A name with fewer characters is looked for as a word of its own only.
NAMED_LIKE_A_PLAYER = re.compile(r"uid|user|player|account|member", re.I)
NO_NAME = re.compile(r"count|number|total|status|type|level|size|balance|amount|score", re.I)


class Unreadable(Exception):
    """Nobody can tell what it says of whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """`own` is what the player is called, on the wire too; `others` are all others known."""

    own: frozenset[str]
    others: frozenset[str]

    def text(self, value: str) -> str:
        """`value`, or that it names somebody else."""
        return LEFT_OUT if self.names_another(value) else value

    def names_another(self, value: str) -> bool:
        without = value
        for own in sorted(self.own, key=len, reverse=True):
            without = without.replace(own, "\0")
        return any(
            _holds(value if any(own in other for own in self.own) else without, other)
            for other in self.others
        )

    def body(self, raw: bytes) -> tuple[bytes, bool]:
        """A JSON body without the others, and whether anything was taken out: where nothing was,
        it is `raw` itself. Raises Unreadable."""
        stated = _read(raw)
        shown = self._value(stated, "")
        if shown == stated:
            return raw, False
        return _written(shown), True

    def _value(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [self._value(one, name) for one in value]
        return LEFT_OUT if self._is_anothers(name, value) else self._inner(value)

    def _inner(self, value: Any) -> Any:
        """A text that is JSON itself is read too."""
        if not (isinstance(value, str) and value.lstrip()[:1] in ("{", "[")):
            return value
        try:
            inner = _read(value.encode())
        except Unreadable:
            return UNREAD
        shown = self._value(inner, "")
        return value if shown == inner else _written(shown).decode()

    def _object(self, stated: Mapping[str, Any]) -> Any:
        foreign = {name for name, one in stated.items() if self._is_anothers(name, one)}
        if foreign and not self._mentions_own(stated):
            return {"left out": LEFT_OUT}
        # Lists beside each other hold one place for each player.
        beside = any(self._holds_anothers(name, one) for name, one in stated.items())
        is_mixed = bool(foreign) and not any(_text(one) in self.own for one in stated.values())
        shown: dict[str, Any] = {}
        for name, one in stated.items():
            if self.names_another(name):
                shown[LEFT_OUT] = LEFT_OUT
            elif name in foreign or (beside and _is_flat(one)) or (is_mixed and _is_number(one)):
                shown[name] = LEFT_OUT
            else:
                shown[name] = self._value(one, name)
        return shown

    def _is_anothers(self, name: str, value: Any) -> bool:
        if isinstance(value, (dict, list, bool)) or value in (None, ""):
            return False
        text = _text(value)
        if text in self.own:
            return False
        return _is_named(name) or self.names_another(text)

    def _holds_anothers(self, name: str, value: Any) -> bool:
        return _is_flat(value) and any(self._is_anothers(name, one) for one in value)

    def _mentions_own(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(name in self.own for name in value) or any(
                map(self._mentions_own, value.values())
            )
        if isinstance(value, list):
            return any(map(self._mentions_own, value))
        return _text(value) in self.own


def names_in(raw: bytes) -> set[str]:
    """What stands in a JSON body where players are named; nothing where it can't be read."""
    try:
        return set(_names(_read(raw), ""))
    except Unreadable:
        return set()


def _names(value: Any, name: str) -> Iterable[str]:
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _names(one, inner)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one, name)
    elif _is_named(name) and not isinstance(value, bool) and value not in (None, ""):
        yield _text(value)


def _is_named(field: str) -> bool:
    """Whether a field is named as one that holds a player."""
    return bool(NAMED_LIKE_A_PLAYER.search(field)) and not NO_NAME.search(field)


def _read(raw: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Unreadable  # One of two would be shown, and the other one be there.
        return dict(pairs)

    def no_number(_: str) -> None:
        raise Unreadable

    try:
        return json.loads(
            raw.decode(), object_pairs_hook=once, parse_float=Decimal, parse_constant=no_number
        )
    except (ValueError, RecursionError):
        raise Unreadable from None


def _written(value: Any) -> bytes:
    """Every number as it stood there, to the last zero."""
    try:
        return msgspec.json.format(NUMBERS.encode(value), indent=2)
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise Unreadable from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str).strip('"')


def _is_flat(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    text = _text(value).strip()
    return bool(re.fullmatch(r"[+-]?[0-9][0-9.,eE+-]*", text))


def _holds(text: str, name: str) -> bool:
    if name not in text:
        return False
    if len(name) >= SHORT:
        return True
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])", text) is not None
