"""Bytes that somebody else sent, as text that a person can read, and that is only ever text."""

import msgspec
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wallets import pages

SHOWN = 20_000  # Characters; what is longer is said to be.
LINE = 16


def panel(body: bytes | memoryview | None) -> SafeString:
    """`body` in a box, with what it is and how long it is."""
    raw = bytes(body or b"")
    if not raw:
        return format_html('<div class="cage-note">{}</div>', "Empty.")
    form, text = read(raw)
    cut = f"; the first {SHOWN:,} characters are shown" if len(text) > SHOWN else ""
    return format_html(
        '<pre class="cage-body">{}</pre><div class="cage-note">{}, {} bytes{}</div>',
        text[:SHOWN],
        form,
        f"{len(raw):,}",
        cut,
    )


def read(raw: bytes) -> tuple[str, str]:
    """What `raw` is, and its text: JSON indented and otherwise literal, text, or hexadecimal."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "Not text, in hexadecimal", _dump(raw[: SHOWN // 4])
    try:
        # It moves the white space only: every number stays as it was written, to the last zero.
        indented = msgspec.json.format(raw, indent=2).decode()
    except (msgspec.MsgspecError, RecursionError):
        return "Text", pages.printable(text)
    return "JSON, indented", pages.printable(indented)


def _dump(raw: bytes) -> str:
    lines = []
    for start in range(0, len(raw), LINE):
        row = raw[start : start + LINE]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:06x}  {row.hex(' '):<{LINE * 3}} {letters}")
    return "\n".join(lines)
