"""Rows of a file into the database: lines by COPY, sums of a totals file as they are few."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from django.db import connection
from psycopg import sql

from providers.protocols.base import Malformed
from reconciliation.models import Line, Statement, Total
from reconciliation.statements import totals
from reconciliation.statements.cells import BadRow, Cells, Read
from reconciliation.statements.reading import Reader
from reconciliation.statements.tally import Tally
from wallets import money
from wallets.refusals import Refusal

# What is written on the line of a row that expects nothing (a robot's): it is neither a movement
# nor rejected, and is kept all the same.
NO_MOVEMENT = "Expects no movement."

COLUMNS = (
    *("statement_id", "number", "part", "transaction_id", "uid", "currency", "debit", "credit"),
    *("net_only", "round_id", "occurred_at", "original", "error"),
)
COPY = sql.SQL("COPY {} ({}) FROM STDIN").format(
    sql.Identifier(Line._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)
BATCH = 1000

Source = Iterable[tuple[int, Read]]


def lines(statement: Statement, source: Source, reader: Reader, *, skip_bad: bool) -> Tally:
    """Copy the lines of all rows, one COPY. With a bad row and without `skip_bad` the rest is only
    read, to count what else is wrong: the caller rolls back. Raises BadFile."""
    tally = Tally()
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for line in _lines(statement.pk, source, reader, tally):
            if skip_bad or not tally.bad:
                copy.write_row(line)
    return tally


def sums(statement: Statement, source: Source, reader: Reader) -> Tally:
    """Keep the sums of all rows. A bad row is counted, and not kept. Raises BadFile."""
    tally = Tally()
    rows = _totals(statement, source, reader, tally)
    while batch := list(itertools.islice(rows, BATCH)):
        Total.objects.bulk_create(batch)
    return tally


def _lines(
    statement_id: int, source: Source, reader: Reader, tally: Tally
) -> Iterator[tuple[Any, ...]]:
    for number, row in _checked(source, reader):
        tally.rows += 1
        try:
            expected = reader.expected(_good(row))
        except Refusal as error:
            sentence = _refuse(tally, reader, number, row, error)
            yield _without_movement(statement_id, number, row, sentence)
            continue
        if not expected:
            tally.idle += 1
            yield _without_movement(statement_id, number, row, NO_MOVEMENT)
            continue
        original = _as_json(row)
        for part, one in enumerate(expected, start=1):
            tally.accept(one)
            yield (
                *(statement_id, number, part, one.transaction_id, one.uid, one.currency),
                *(one.debit, one.credit, one.net_only, one.round_id, one.occurred_at),
                *(original if part == 1 else "", ""),
            )


def _totals(statement: Statement, source: Source, reader: Reader, tally: Tally) -> Iterator[Total]:
    for number, row in _checked(source, reader):
        tally.rows += 1
        try:
            found = totals.summed(reader.row(_good(row)))
        except Refusal as error:
            _refuse(tally, reader, number, row, error)
            continue
        yield Total(
            statement=statement,
            number=number,
            original=_as_json(row),
            **{name: getattr(found, name) for name in found.__slots__},
        )


def _checked(source: Source, reader: Reader) -> Iterator[tuple[int, Read]]:
    """The same rows, once the first one has shown that the columns are those of the format."""
    known = False
    for number, row in source:
        if not known and isinstance(row, dict):
            reader.check(list(row))
            known = True
        yield number, row


class _Unread(Malformed):
    """A row that was no row before anybody asked what it means."""

    def __init__(self, row: BadRow) -> None:
        super().__init__(row.sentence)
        self.column = row.column


def _good(row: Read) -> Cells:
    if isinstance(row, BadRow):
        raise _Unread(row)
    return row


def _refuse(tally: Tally, reader: Reader, number: int, row: Read, error: Refusal) -> str:
    sentence = str(error)
    column = error.column if isinstance(error, _Unread) else reader.column(sentence)
    tally.refuse(number, column, sentence)
    return sentence


def _without_movement(statement_id: int, number: int, row: Read, error: str) -> tuple[Any, ...]:
    original = _as_json(row)
    return (
        *(statement_id, number, 1, "", "", "", money.ZERO, money.ZERO, False, "", None),
        *(original, error),
    )


def _as_json(row: Read) -> str:
    cells = row.cells if isinstance(row, BadRow) else row
    return msgspec.json.encode(cells).decode()
