"""JSON as providers send it: what a schema insists on, and what is only read if it can be."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from providers.protocols.base import Malformed

# What a provider may name a thing: no control characters, so PostgreSQL, CSV and logs take it.
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"\A[^\x00-\x1f\x7f-\x9f]+\Z")]
Uid = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[^\x00-\x1f\x7f-\x9f]+\Z")]
StructT = TypeVar("StructT", bound=msgspec.Struct)

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Long = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NOTHING = msgspec.Raw(b"")  # The default of a field that only informs.


class Schema(Generic[StructT]):
    """A msgspec struct that JSON must fit: unknown fields are ignored, used ones insisted on."""

    def __init__(self, struct: type[StructT]) -> None:
        self._decoder = msgspec.json.Decoder(struct)

    def read(self, body: bytes) -> StructT:
        """Raises Malformed, with the path of the field that is wrong."""
        try:
            body.decode()  # msgspec skips unknown fields without looking at their encoding.
            return self._decoder.decode(body)
        except UnicodeDecodeError:
            raise Malformed("The body is not UTF-8.") from None
        except RecursionError:
            raise Malformed("The body is nested too deeply.") from None
        except msgspec.MsgspecError as error:
            raise Malformed(str(error)[:200]) from None


def memo(token: msgspec.Raw, *, longest: int = 64) -> str:
    """What a field says that only informs: a string or number as short printable text, else "".

    A payout is never refused because of such a field, so whatever it holds is fine.
    """
    raw = bytes(token)
    if raw[:1] in (b"{", b"[", b"n"):
        return ""
    try:
        text = msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else raw.decode()
    except ValueError:
        return ""
    return printable(text, longest=longest)


def printable(text: str, *, longest: int = 64) -> str:
    """`text` without control characters, cut to `longest`."""
    return UNPRINTABLE.sub("", text)[:longest].strip()


def memo_list(token: msgspec.Raw, *, most: int = 10_000) -> tuple[str, ...]:
    """The ids in a list that only informs, as texts; none where it is no list of ids."""
    try:
        ids = msgspec.json.decode(bytes(token), type=list[int | str])
    except (ValueError, RecursionError):
        return ()
    return tuple(filter(None, (printable(str(id_)) for id_ in ids[:most])))


def memos(**tokens: msgspec.Raw) -> dict[str, str]:
    """The memos of those fields that say something, under their own names."""
    texts = {name: memo(token) for name, token in tokens.items()}
    return {name: text for name, text in texts.items() if text}


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
MILLISECONDS = re.compile(r"[0-9]{12,13}", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2200


def at_epoch(text: str) -> datetime | None:
    """The moment of a Unix time in seconds (up to 11 digits) or milliseconds (12 or 13).

    None for anything else, and after the year 2200: a time only informs.
    """
    if SECONDS.fullmatch(text):
        moment = EPOCH + timedelta(seconds=int(text))
    elif MILLISECONDS.fullmatch(text):
        moment = EPOCH + timedelta(milliseconds=int(text))
    else:
        return None
    return moment if moment.year <= LAST_YEAR else None
