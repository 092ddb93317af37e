"""Text of a file, line by line, decoded strictly: a byte that doesn't fit is found, not replaced.

Lines end with LF or CRLF. A carriage return anywhere else is refused: what some programs show as
two rows others read as one.
"""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from reconciliation.statements.cells import SURROGATE, BadFile

LONGEST = 2**20  # Bytes of a line; of encodings with wide characters, characters.

# Those in which a line feed is always the byte 10 and nothing else is.
NARROW = (
    "utf-8",
    "ascii",
    *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *(f"cp{page}" for page in (874, 932, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256)),
    *("cp1257", "cp1258", "big5", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "koi8-r"),
    *("koi8-u", "shift_jis", "tis-620"),
)
WIDE = ("utf-16", "utf-16-le", "utf-16-be")
# The longer mark first: that of UTF-16 is how that of UTF-32 begins.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def name(stated: str) -> str:
    """The one name of an encoding that can be read. Raises ValueError for any other."""
    try:
        found = codecs.lookup(stated).name
    except (LookupError, ValueError):
        found = ""
    if found not in NARROW and found not in WIDE:
        raise ValueError(f"{stated!r} is no encoding that can be read")
    return found


def of(start: bytes, *, stated: str) -> str:
    """The encoding of a file that begins like this: the stated one, unless its mark belies that.

    A byte order mark is accepted where it says the same. Raises BadFile.
    """
    encoding = name(stated)
    marked = next((found for mark, found in MARKS.items() if start.startswith(mark)), "")
    if not marked:
        return "utf-16-le" if encoding == "utf-16" else encoding
    if marked != encoding and not (encoding == "utf-16" and marked in WIDE):
        raise BadFile(f"The file looks like {marked}, and the format says {stated}.", row=1)
    return marked


def lines(handle: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines with their ends, the first without a byte order mark.

    Raises BadFile without a row: which one it is is known to whoever counts them.
    """
    decoded = _wide(handle, encoding) if encoding in WIDE else _narrow(handle, encoding)
    for line in decoded:
        if "\0" in line:
            raise BadFile("A NUL character: is it text, in the encoding that the format says?")
        if ("\r" in line and line.find("\r") < len(line) - 2) or line.endswith("\r"):
            raise BadFile("A carriage return alone: lines have to end with LF or CRLF.")
        yield line


def _narrow(handle: BinaryIO, encoding: str) -> Iterator[str]:
    first = True
    while raw := handle.readline(LONGEST + 1):
        if len(raw) > LONGEST:
            raise BadFile(f"The line is longer than {LONGEST:,} bytes.")
        try:
            line = raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise BadFile(
                f"The byte 0x{raw[error.start]:02X} (number {error.start + 1} of its line) is not "
                f"{encoding}, which the format says."
            ) from None
        yield line.removeprefix("\ufeff") if first else line
        first = False


def _wide(handle: BinaryIO, encoding: str) -> Iterator[str]:
    # Half a character is let through and found below, where the row is known.
    text = io.TextIOWrapper(handle, encoding, errors="surrogatepass", newline="\n")
    first = True
    try:
        while line := text.readline(LONGEST + 1):
            if len(line) > LONGEST:
                raise BadFile(f"The line is longer than {LONGEST:,} characters.")
            if SURROGATE.search(line):
                raise BadFile(f"Half a character: that is not {encoding}.")
            yield line.removeprefix("\ufeff") if first else line
            first = False
    except UnicodeDecodeError:
        raise BadFile(f"The file ends within a character: that is not {encoding}.") from None
    finally:
        text.detach()  # The handle stays open: it is somebody else's.
