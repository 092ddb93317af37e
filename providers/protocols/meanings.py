"""What a reply that was sent means to the provider that heard it: read from its bytes again."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

UNKNOWN = "this Cage sends no such code; it may have, under other settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """`code` as it stood in the reply ("" where there was none), what the provider takes it for,
    and where that is documented, or that it isn't."""

    code: str
    sentence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of a protocol: what it says, and what the provider then does."""

    says: str
    source: str
    then: str = ""


def code(body: bytes, field: str) -> str:
    """What stands in `field` of a reply, as text; "" where it has none, or is no JSON object."""
    try:
        stated = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    value = stated.get(field) if isinstance(stated, dict) else None
    return str(value) if isinstance(value, str | int) else ""


def meaning(body: bytes, status: int, *, field: str, codes: Mapping[str, Code]) -> Meaning:
    """By the table of a protocol; `codes[""]` is a reply without a code. Never raises."""
    named = code(body, field)
    found = codes.get(named)
    if found is None or (not named and status == 200):
        what = f"{field} {named}" if named else f"HTTP {status} without a {field}"
        return Meaning(code=named, sentence=f"Not known: {what}.", source=f"{UNKNOWN}.")
    return Meaning(code=named, sentence=f"{found.says} {found.then}".strip(), source=found.source)
