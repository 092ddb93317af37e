"""The trail as a file. That it was taken stands in it, before the file is out."""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO

from django.contrib.auth.models import User
from django.http import FileResponse
from django.utils import timezone

from reconciliation.exporting import cells, sending, taking, writing
from reconciliation.models import Export
from reconciliation.office.trail import reading
from reconciliation.office.trail.records import KINDS, Asked, Record

WHAT = "trail"
MOST = 200_000
HEADINGS = ["At", "Who", "Kind", "What", "On", "Changed", "Why", "From"]


class TooMany(Exception):
    """More than a file holds: a sentence."""


def response(asked: Asked, *, by: User) -> FileResponse:
    """The file as a download. Raises TooMany; then nothing is noted and nothing leaves."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    try:
        taken = write(asked, file, by=by, at=timezone.now())
    except BaseException:
        file.close()
        raise
    file.seek(0)
    answer = FileResponse(
        file, as_attachment=True, filename=taken.file_name, content_type=sending.TYPES["csv"]
    )
    answer["Cache-Control"] = "no-store"
    return answer


def write(asked: Asked, file: IO[bytes], *, by: User, at: datetime) -> Export:
    """Write all records that are asked for and note it."""
    count = 0

    def lines() -> Iterator[list[str]]:
        nonlocal count
        for record in reading.everything(asked):
            count += 1
            if count > MOST:
                raise TooMany(f"There are more than {MOST:,} records: choose a shorter time.")
            yield line(record)

    writing.write_csv(HEADINGS, lines(), file)
    return taking.note(WHAT, _stated(asked), "csv", file, rows=count, by=by, at=at)


def line(record: Record) -> list[str]:
    """A record as cells, harmless in a spreadsheet."""
    changed = "; ".join(
        f"{one.field}: {one.before or '(none)'} -> {one.after or '(none)'}"
        for one in record.changes
    )
    kind = KINDS.get(record.kind, record.kind)
    told = [record.who, kind, record.what, record.on, changed, record.why, record.address]
    return [cells.moment(record.at), *(cells.text(text) for text in told)]


def _stated(asked: Asked) -> Mapping[str, str]:
    """With the first moment that was looked at, where it was not said."""
    begins = asked.begins
    since = {"since": timezone.localtime(begins).isoformat()} if begins else {}
    return {**asked.stated, **since}
