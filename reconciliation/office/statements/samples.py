"""The beginning of a file, carried along while a format is made of it: nothing of it is stored.

Text is kept as it is, so that it can be read again with another delimiter or encoding. Of a
workbook the first rows are kept as JSON lines: what stands in them as a number stays one.
"""

import base64
import binascii
import io
import itertools
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reconciliation.models import StatementFormat
from reconciliation.statements import encodings, files

ROWS = 20
LARGEST = 2**16  # Bytes of text.
LONGEST = 4 * LARGEST  # Characters of a form that carries one.


class NoSample(Exception):
    """Why nothing could be kept of a file; a sentence for staff."""


def keep(handle: BinaryIO, format: StatementFormat) -> bytes:
    """What is kept of a file. Raises NoSample, BadFile."""
    handle.seek(0)
    start = handle.read(LARGEST + 1)
    if not start:
        raise NoSample("The file is empty.")
    if start.startswith(files.ZIP):
        return _of_a_workbook(handle, format)
    return start if len(start) <= LARGEST else _whole_lines(start[:LARGEST], format)


def _whole_lines(start: bytes, format: StatementFormat) -> bytes:
    width, end = 1, b"\n"
    encoding = encodings.of(start, stated=format.encoding)
    if encoding in encodings.WIDE:
        width, end = 2, "\n".encode(encoding)
    last = start.rfind(end)
    while last % width:
        last = start.rfind(end, 0, last)
    if last < 0:
        raise NoSample("Its first row is too long to be shown.")
    return start[: last + width]


def _of_a_workbook(handle: BinaryIO, format: StatementFormat) -> bytes:
    """Each row in the line that has its number. A number is what depends on the decimal mark."""
    lines: dict[int, dict[str, object]] = {}
    for (number, point), (_, comma) in zip(
        _first(handle, format, "."), _first(handle, format, ","), strict=True
    ):
        lines[number] = {
            name: text if text == comma[name] else _Number(text) for name, text in point.items()
        }
    if not lines:
        raise NoSample("No row of it can be read.")
    texts = [_line(lines[number]) if number in lines else "" for number in range(1, max(lines) + 1)]
    kept = "".join(f"{text}\n" for text in texts).encode()
    if len(kept) > LARGEST:
        raise NoSample("Its first rows are too long to be shown.")
    return kept


class _Number(str):
    """Text that JSON writes as a number."""


def _line(row: dict[str, object]) -> str:
    pairs = (
        f"{json.dumps(name)}: {text if isinstance(text, _Number) else json.dumps(text)}"
        for name, text in row.items()
    )
    return "{" + ", ".join(pairs) + "}"


def _first(
    handle: BinaryIO, format: StatementFormat, mark: str
) -> list[tuple[int, dict[str, str]]]:
    read = StatementFormat(encoding=format.encoding, delimiter=format.delimiter, decimal_mark=mark)
    some = itertools.islice(files.read(handle, format=read), ROWS)
    return [(number, row) for number, row in some if isinstance(row, dict)]


# -- In a form -----------------------------------------------------------------------------------


def carried(kept: bytes) -> str:
    """As the text of a hidden field."""
    return base64.b64encode(kept).decode()


def brought(text: str) -> bytes:
    """What a form brought back; nothing where that was tampered with."""
    if len(text) > LONGEST:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def headings(kept: bytes, format: StatementFormat) -> list[str]:
    """The columns that its rows have, those that can't be read too. Raises BadFile."""
    rows = itertools.islice(files.read(io.BytesIO(kept), format=format), ROWS)
    cells = (row if isinstance(row, dict) else row.cells for _, row in rows)
    return list(dict.fromkeys(name for one in cells for name in one))


@contextmanager
def as_file(kept: bytes) -> Iterator[Path]:
    """For whatever reads paths."""
    with tempfile.NamedTemporaryFile(prefix="cage-sample-") as file:
        file.write(kept)
        file.flush()
        yield Path(file.name)
