"""How a group's statements are sent: together, with limits, many rows as one JSON value."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from django.db import DEFAULT_DB_ALIAS, IntegrityError, OperationalError, connections

Row = Mapping[str, object]  # Values by the names of their columns.

LIMITS = """
SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)
"""

# Few rows of large tables are read and written, whatever the statistics say of how large they are:
# each statement has one plan, by index, made once in a connection and not at each execution.
BEGIN = """
SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),
       set_config('idle_in_transaction_session_timeout', '10000', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('enable_memoize', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
"""


def inserting(table: str, columns: str) -> str:
    """The statement that inserts the rows of one JSON value, read as the table's own types."""
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns}"
        f" FROM json_populate_recordset(NULL::{table}, %b::json)"
    )


_encoder = msgspec.json.Encoder(decimal_format="string")


@contextmanager
def together() -> Iterator[None]:
    """What is executed in here goes out at once, and the answers are waited for once, at the end.

    Each is a statement of its own all the same, with a snapshot of its own.
    """
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    with own.wrap_database_errors, own.connection.pipeline():
        yield


def execute(statement: str, values: Sequence[Any]) -> Any:
    """A cursor. Values are bound in the server, so that the statement can be prepared."""
    own = connections[DEFAULT_DB_ALIAS]
    cursor: Any = psycopg.Cursor(own.connection)
    if own.queries_logged:
        cursor = own.make_debug_cursor(cursor)
    elif own.execute_wrappers:
        cursor = own.make_cursor(cursor)
    with own.wrap_database_errors:
        cursor.execute(statement, values)
    return cursor


def write(statement: str, *tables: Iterable[Row]) -> None:
    """Execute it with the rows of each table, if there are any at all, as one JSON value each."""
    values = [list(rows) for rows in tables]
    if any(values):
        execute(statement, [_encoder.encode(rows).decode() for rows in values])


def in_hex(value: bytes | None) -> str | None:
    """As bytea is written in JSON."""
    return None if value is None else f"\\x{value.hex()}"


def commit() -> Callable[[], None]:
    """Send the COMMIT after what was sent `together`: a statement that fails ends all of it.

    What it returns, called once all is answered, raises OperationalError where it was rolled back.
    Django's own COMMIT finds no transaction then and sends nothing.
    """
    connections[DEFAULT_DB_ALIAS].validate_no_broken_transaction()
    cursor = execute("COMMIT", [])

    def committed() -> None:
        if cursor.statusmessage != "COMMIT":
            raise OperationalError(f"COMMIT was answered by {cursor.statusmessage}")

    return committed


def violated(error: IntegrityError) -> str:
    """The constraint that was, by its name."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""


def begin(patience: float) -> None:
    """The transaction's first statement: `limit`, and plans by index only."""
    execute(BEGIN, [milliseconds(patience)] * 2)


def limit(patience: float) -> None:
    """No further statement of this transaction waits or runs longer than so many seconds."""
    execute(LIMITS, [milliseconds(patience)] * 2)


def milliseconds(patience: float) -> str:
    """As PostgreSQL takes it: never 0, which would be no limit."""
    return str(max(1, int(patience * 1000)))
