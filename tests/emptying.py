"""Empties tables by the cheaper way: a new file for each table and index takes much longer than a
test's few rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

# Deleted rows stay in a table's file, and so do the positions of those that come after them.
MOST = 256 * 1024  # bytes

# TRUNCATE ... CASCADE reaches the same: partitions, and whatever refers to them.
REACHED = """
WITH RECURSIVE
depends(relation, dependent) AS (
    SELECT confrelid, conrelid FROM pg_constraint WHERE contype = 'f'
    UNION ALL
    SELECT inhparent, inhrelid FROM pg_inherits
),
reached(relation) AS (
    SELECT unnest(%s::regclass[])::oid
    UNION
    SELECT dependent FROM reached JOIN depends USING (relation)
)
SELECT relation::regclass::text, pg_relation_size(relation),
    coalesce(inhparent, relation) = ANY (%s::regclass[]), tgenabled IS DISTINCT FROM 'A'
FROM reached
JOIN pg_class ON oid = relation AND relkind IN ('r', 'p')
LEFT JOIN pg_inherits ON inhrelid = relation
LEFT JOIN pg_trigger ON tgrelid = relation AND tgname = 'append_only'
"""
RESTART = """
SELECT setval(seqrelid, seqstart, false)
FROM pg_sequence
JOIN pg_depend ON classid = 'pg_class'::regclass AND objid = seqrelid AND deptype IN ('a', 'i')
WHERE refobjid = ANY (%s::regclass[]) AND pg_sequence_last_value(seqrelid) IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    size: int  # of the file: it may hold deleted rows only
    guarded: bool
    loose: bool  # somebody has switched the trigger off


def empty(names: Collection[str], *, guarded: Collection[str], also: Iterable[str] = ()) -> None:
    """Remove every row of the tables `names` and of those that refer to them, as their owner.

    Numbers begin at 1 again. It waits for whoever still works on one of the tables. The triggers
    of the `guarded` ones are off for that moment and on afterwards, whatever they were before.
    `also` are statements that belong to it.
    """
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        tables = reached(cursor, names, guarded)
        if any(table.size > MOST for table in tables):
            changed = tables
            remove = [f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE"]
        else:
            changed = with_rows(cursor, tables)
            remove = [f"DELETE FROM {table.name}" for table in changed]
            cursor.execute(RESTART, [[table.name for table in tables]])
        held = [
            table.name for table in tables if table.guarded and (table in changed or table.loose)
        ]
        statements = [
            *(f"ALTER TABLE {name} DISABLE TRIGGER append_only" for name in held),
            *remove,
            *also,
            "SET CONSTRAINTS ALL IMMEDIATE",  # No trigger changes while a check is still to come.
            *(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER append_only" for name in held),
        ]
        cursor.execute("; ".join(statements))


def reached(cursor: CursorWrapper, names: Collection[str], guarded: Collection[str]) -> list[Table]:
    cursor.execute(REACHED, [list(names), list(guarded)])
    return [
        Table(name=name, size=size, guarded=held, loose=loose)
        for name, size, held, loose in cursor.fetchall()
    ]


def with_rows(cursor: CursorWrapper, tables: list[Table]) -> list[Table]:
    """Return those that hold a row; the others' files may still hold deleted ones."""
    used = [table for table in tables if table.size]
    if not used:
        return []
    cursor.execute(f"SELECT {', '.join(f'EXISTS (SELECT FROM {table.name})' for table in used)}")
    return [table for table, filled in zip(used, cursor.fetchone(), strict=True) if filled]
