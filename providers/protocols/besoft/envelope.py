"""BeSoft's two encodings: JSON, or a form that says the same."""

from urllib.parse import parse_qsl

import msgspec
from msgspec import Raw

from providers.protocols import amounts, base

NUMBERS = frozenset({"action", "mode", "bet", "spjpbet", "win", "ts"})
MOST_FIELDS = 100
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def opened(delivery: base.Delivery) -> bytes:
    """JSON, whichever of the two encodings the page names was used: a form becomes JSON."""
    body = delivery.body.removeprefix(BYTE_ORDER_MARK)
    kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.lstrip()[:1] == b"{" or kind == "application/json":
        return body
    return _from_form(body)


def _from_form(body: bytes) -> bytes:
    """A form's fields as a JSON object; those that are numbers verbatim, or else as strings, which
    the schema refuses. What is no form stays as it is, and is no JSON either."""
    try:
        fields = dict(
            parse_qsl(
                body.strip(b"\r\n").decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        )
    except ValueError:
        return body
    return msgspec.json.encode(
        {
            name: Raw(text.encode())
            if name in NUMBERS and amounts.NUMBER.fullmatch(text.encode())
            else text
            for name, text in fields.items()
        }
    )
