"""Text of others, made fit to be read."""

import re

# Control characters, and those that reorder, hide or fake the text around them: bidi marks, zero
# widths, soft hyphens, separators of lines, fillers that look like nothing, tags.
TREACHEROUS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
# Marks that stand on the letter before them. Nobody's language piles up more than a few; a flood
# of them paints over the lines around it.
MARKS = (
    r"[\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
FLOOD = re.compile(rf"({MARKS}{{4}})({MARKS}+)")


def printable(text: str) -> str:
    """`text` with every character spelled out that would hide or reorder something, and no more
    than four marks on one letter."""
    spelled = TREACHEROUS.sub(lambda match: _code(match[0]), text)
    return FLOOD.sub(lambda match: f"{match[1]}[{len(match[2])} more marks]", spelled)


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
