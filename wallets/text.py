"""Text of others, made fit to be read."""

import re

# Control characters, and those that reorder or hide the text around them (bidi marks, zero width).
TREACHEROUS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)


def printable(text: str) -> str:
    """`text` with every character spelled out that would hide or reorder something."""
    return TREACHEROUS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
