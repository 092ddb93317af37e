"""What can be wrong with a JSON body, protocol by protocol the same list."""

import json
from collections.abc import Iterable

from tests.providers.senders import altered

DEEP = 40_000  # As deep as the largest body that is read to its end.


def bodies(body: bytes, *, required: Iterable[str]) -> dict[str, bytes]:
    """Bodies that no schema takes, and required fields missing, null or of another type."""
    cases = {
        "empty": b"",
        "truncated": body[: len(body) // 2],
        "not UTF-8": body.replace(b'":', b'\xff":', 1),
        "not UTF-8 in a field that nobody reads": body.replace(b"{", b'{"added": "\xff", ', 1),
        "an array": b"[" + body + b"]",
        "a number": b"7",
        "null": b"null",
        "nested deeply": b'{"a":' * DEEP,
        "nested deeply in a field that nobody reads": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
        "10 MB": body.rstrip() + b" " * 10_000_000,
    }
    for field in required:
        cases |= {
            f"{field} missing": altered(body, **{field: ...}),
            f"{field} null": altered(body, **{field: None}),
            f"{field} an object": altered(body, **{field: {}}),
            f"{field} true": altered(body, **{field: True}),
        }
    return cases


def ids(body: bytes, *, fields: Iterable[str]) -> dict[str, bytes]:
    """Ids that no database, log or spreadsheet should have to take."""
    return {
        f"{field} {what}": altered(body, **{field: value})
        for field in fields
        for what, value in {
            "empty": "",
            "of 5,000 characters": "x" * 5000,
            "with NUL": "a\0b",
            "with a newline": "a\n",
            "with half a surrogate pair": "a\ud800",
        }.items()
    }


AMOUNTS = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e400": "1e400",
    "-1": "-1",
    "Arabic digits": "١٢",
    "40 digits": "1" * 40,
    "an underscore": "1_0",
    "a leading space": " 1",
    "a plus": "+1",
    "hexadecimal": "0x10",
    "a comma": "1,5",
}


def numbers(body: bytes, *, field: str, decimals: int) -> dict[str, bytes]:
    """JSON numbers that are no amounts. (A leading space is JSON's own and fine.)"""
    wrong = {what: text for what, text in AMOUNTS.items() if what != "a leading space"}
    wrong["too many decimals"] = "0." + "1" * (decimals + 1)
    return {
        f"{field} {what}": _with_token(body, field, text.encode()) for what, text in wrong.items()
    }


def texts(body: bytes, *, field: str, decimals: int) -> dict[str, bytes]:
    """JSON strings that are no amounts."""
    wrong = {**AMOUNTS, "too many decimals": "0." + "1" * (decimals + 1), "empty": ""}
    return {
        f"{field} {what}": _with_token(body, field, json.dumps(text).encode())
        for what, text in wrong.items()
    }


def _with_token(body: bytes, field: str, token: bytes) -> bytes:
    """`field` with `token` written where its value stood, whether or not that is JSON."""
    return altered(body, **{field: "@@"}).replace(b'"@@"', token)
