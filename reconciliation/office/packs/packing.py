"""A pack as a ZIP: the same content is the same bytes, and every file is in its SHA256SUMS."""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from reconciliation.exporting import cells
from reconciliation.models import Attachment
from reconciliation.office.packs import deliveries, redacting, story, tables
from reconciliation.office.packs.collecting import Material
from reconciliation.office.packs.deliveries import File
from reconciliation.office.packs.editions import Edition
from wallets import pages

WHEN = (1980, 1, 1, 0, 0, 0)  # Of every file: when it was taken stands in the README.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
SUMS, README = "SHA256SUMS", "README.txt"


class BadPath(Exception):
    """No file of a pack may be called so."""


def write(material: Material, edition: Edition, file: IO[bytes], *, at: datetime, by: str) -> int:
    """The ZIP, from the beginning of `file`; how many files are in it."""
    sums: list[str] = []
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for path, content in _checked(files(material, edition, at=at, by=by), edition):
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
            _put(archive, path, content)
        _put(archive, SUMS, "".join(sums).encode())
    return len(sums) + 1


def files(material: Material, edition: Edition, *, at: datetime, by: str) -> Iterator[File]:
    """All but the sums, in their order."""
    yield README, _readme(material, edition, at=at, by=by)
    yield "story.html", story.html(material, edition)
    yield "story.txt", story.text(material, edition)
    for callback in material.callbacks:
        yield from deliveries.files(callback, edition)
    yield "transactions.csv", tables.transactions(material, edition)
    yield "statement_rows.csv", tables.statement_rows(material, edition)
    yield "adjustments.csv", tables.adjustments(material, edition)
    if edition.is_whole:
        yield "history.csv", tables.history(material)
        yield "comments.csv", tables.comments(material)
        yield "attachments.csv", tables.attachments(material, attached)
        for one in material.attachments:
            content = Attachment.objects.values_list("content", flat=True).get(pk=one.pk)
            yield attached(one), bytes(content)


def attached(one: Attachment) -> str:
    """Its number, and of its name what is a name everywhere."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", one.name)[-80:].lstrip("._-")
    return f"attachments/{one.pk:06}-{plain or 'file'}"


def _put(archive: ZipFile, path: str, content: bytes) -> None:
    if not SAFE.fullmatch(path) or ".." in path:
        raise BadPath(path)
    info = ZipInfo(path, date_time=WHEN)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def _checked(found: Iterable[File], edition: Edition) -> Iterator[File]:
    """The last net of a player's edition: a file that names another one doesn't leave."""
    fixed = README_TEXT.lower()
    names = [
        name
        for name in sorted(edition.redactor.others)
        if len(name) >= redacting.SHORT
        and name.lower() not in fixed
        and not any(name in own for own in edition.redactor.own)
    ]
    spelled = {form.encode(errors="backslashreplace") for name in names for form in _forms(name)}
    for path, content in found:
        if path != README and any(form in content for form in spelled):
            yield f"{path}.left-out.txt", f"{redacting.LEFT_OUT}\n".encode()
        else:
            yield path, content


def _forms(name: str) -> set[str]:
    """How a name may stand in one of our files."""
    return {
        name,
        pages.printable(name),
        html.escape(name),
        html.escape(pages.printable(name)),
        json.dumps(name)[1:-1],
        json.dumps(name, ensure_ascii=False)[1:-1],
        cells.text(name),
        name.replace(chr(34), chr(34) * 2),
    }


README_TEXT = """\
What is in here
  story.html, story.txt   what happened, in order; the first one prints well and loads nothing
  deliveries/             one folder for each delivery: its number and what became of it
    request.raw           the body as it came
    request.unwrapped     the body after its decryption, the same where there is none
    headers.json          the headers, without what proves who sent it
    reply.raw             what was answered, to the last byte
    meta.json             times, outcome, and the SHA-256 of each body as it was
  transactions.csv        what was booked, one row for each player's movement
  statement_rows.csv      what the provider's own statements list of it
  adjustments.csv         money that two people moved
  history.csv, comments.csv, attachments.csv, attachments/
                          what staff did, said and attached; in the whole pack only
  SHA256SUMS              check all of it with: sha256sum -c SHA256SUMS

Tables are UTF-8. Amounts are exact texts. An apostrophe stands before text that a spreadsheet
would compute: = + - @ and the apostrophe itself. Every file has the date 1980-01-01 on purpose: the
same content is the same bytes. A time has the offset of its zone.
"""
FOR_A_PLAYER = """\
This is a player's edition. Left out are other players, whoever they are: their names, amounts and
movements, whole deliveries and rows that are about them only, and whatever can't be read and so
can't be told whom it concerns. A body that names several players is written anew without the
others' objects and marked "left out"; meta.json has the SHA-256 of the original. What staff say and
do among themselves is left out too.
"""


def _readme(material: Material, edition: Edition, *, at: datetime, by: str) -> bytes:
    counted = f"{len(material.callbacks):,} deliveries, {len(material.transactions):,} transactions"
    lines = [
        f"Evidence pack: {pages.printable(edition.text(material.title))}",
        f"Taken at {cells.moment(at)}" + (f" by {pages.printable(by)}" if edition.is_whole else ""),
        f"Holds {counted}, {len(material.lines):,} rows of statements.",
    ]
    if material.left_out and edition.is_whole:
        lines.append(
            f"LEFT OUT: {material.left_out:,} deliveries between the first and the last ones. They "
            "are in the inbox under the same transaction ids."
        )
    elif material.left_out:
        lines.append("LEFT OUT: deliveries between the first and the last ones.")
    if material.removed:
        lines.append(material.removed)
    if not edition.is_whole:
        lines += [f"For player {pages.printable(edition.uid)}.", "", FOR_A_PLAYER.rstrip()]
    return ("\n".join([*lines, "", README_TEXT])).encode(errors="backslashreplace")
