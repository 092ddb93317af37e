"""Taking an export: read at one instant, written to a file, noted, and only then out.

The note comes before the first byte leaves, so that no export is invisible, however its way to the
person ends: who broke it off may have had all of it. Nothing leaves that could not be noted.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.contrib.auth.models import User
from django.utils import timezone

from reconciliation.exporting import cells, filters, journal, reading, tables, writing
from reconciliation.exporting.filters import BadFilter
from reconciliation.exporting.tables import Table
from reconciliation.models import Export, Layout, Statement

TABLES: Mapping[str, Table] = {
    "cases": tables.CASES,
    "statement": tables.STATEMENT,
    "transactions": tables.TRANSACTIONS,
    "player": tables.PLAYER,
}
JOURNAL = "journal"
WHAT = (*TABLES, JOURNAL)
ENDINGS: Mapping[str, Callable[[Sequence[str], writing.Lines, IO[bytes]], None]] = {
    "csv": writing.write_csv,
    "xlsx": writing.write_xlsx,
}
Watch = Callable[[int], None]


def export(
    what: str,
    stated: Mapping[str, str],
    ending: str,
    file: IO[bytes],
    *,
    by: User | None,
    at: datetime,
    name: str = "",
    watch: Watch = lambda rows: None,
) -> Export:
    """Write `what` (one of WHAT), limited by the filters `stated`, and note that it was taken.

    `file` is empty and can be read and sought; it is at its end afterwards. `ending` is one of
    `endings(what)`. `by` is None for a command. Raises BadFilter before anything is
    written; where something else is raised nothing is noted, and `file` must not be given to
    anybody. `watch` hears now and then how many rows there are.
    """
    rows = _write(what, stated, ending, file, at=at, watch=watch)
    return note(what, stated, ending, file, rows=rows, by=by, at=at, name=name)


def note(
    what: str,
    stated: Mapping[str, str],
    ending: str,
    file: IO[bytes],
    *,
    rows: int,
    by: User | None,
    at: datetime,
    name: str = "",
) -> Export:
    """Keep on record that `file`, which is complete, leaves. It is at its end afterwards."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Export.objects.create(
        what=what,
        filters={word: value for word, value in stated.items() if value},
        file_name=name or file_name(what, ending, at=at),
        rows=rows,
        size=file.seek(0, os.SEEK_END),
        sha256=digest,
        exported_at=at,
        exported_by=by,
    )


def endings(what: str) -> tuple[str, ...]:
    """What the file can be."""
    return (JOURNAL,) if what == JOURNAL else tuple(ENDINGS)


def file_name(what: str, ending: str, *, at: datetime) -> str:
    """transactions-20261121-120000.csv"""
    return f"{what}-{timezone.localtime(at):%Y%m%d-%H%M%S}.{ending}"


@dataclass(slots=True)
class _Counter:
    """Counts what passes."""

    watch: Watch
    rows: int = 0

    def count(self, lines: Iterator[Any]) -> Iterator[Any]:
        for line in lines:
            yield line
            self.rows += 1
            if self.rows % reading.BATCH == 0:
                self.watch(self.rows)


def _write(
    what: str,
    stated: Mapping[str, str],
    ending: str,
    file: IO[bytes],
    *,
    at: datetime,
    watch: Watch,
) -> int:
    counter = _Counter(watch)
    if what not in WHAT:
        raise BadFilter(f"{what!r} is none of {', '.join(WHAT)}.")
    if ending not in endings(what):
        raise BadFilter(f"{ending!r} is none of {', '.join(endings(what))}.")
    if what == JOURNAL:
        _write_journal(journal.span(stated, at=at), file, counter)
    else:
        _write_table(what, stated, ending, file, counter)
    return counter.rows


def _write_table(
    what: str, stated: Mapping[str, str], ending: str, file: IO[bytes], counter: _Counter
) -> None:
    table = TABLES[what]
    chosen = filters.choose(stated, table.filters)
    if what == "statement" and _has_totals_only(chosen.by_name["statement"]):
        table = tables.TOTALS
        chosen = filters.choose(stated, table.filters)
    with reading.instant():
        rows = counter.count(reading.rows(table.sql(chosen.where), chosen.values))
        ENDINGS[ending](
            list(table.columns), ([cells.cell(value) for value in row] for row in rows), file
        )


def _has_totals_only(statement: int) -> bool:
    return Statement.objects.filter(pk=statement, format__layout=Layout.TOTALS).exists()


def _write_journal(span: journal.Span, file: IO[bytes], counter: _Counter) -> None:
    with reading.instant():
        for paragraph in counter.count(journal.entries(span)):
            file.write(f"{paragraph}\n".encode())
