"""What a run means for other statements of the provider: movements that it took, or gave free."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from reconciliation.matching import plain
from reconciliation.matching.run import Run
from reconciliation.models import Statement, StatementStatus

# Ids of one statement that are looked at one by one; with more of them all of it is faster.
MANY = 20_000

# Others wait for a movement that we have now, or were waiting for this very statement; and what
# was ours and isn't any more is theirs, if anybody's.
CONCERNED = """
CREATE TEMPORARY TABLE matching_concerned ON COMMIT DROP AS
SELECT s.id AS statement_id, t.transaction_id
FROM reconciliation_statement s
JOIN reconciliation_match m
  ON m.statement_id = s.id AND m.bucket IN ('only_in_ledger', 'in_flight') AND m.line_id IS NULL
JOIN wallets_entry e ON e.id = m.entry_id
JOIN wallets_transaction t ON t.id = e.transaction_id
WHERE s.provider = %(provider)s AND s.id <> %(statement)s AND s.status = 'imported'
  AND (m.entry_id IN (SELECT entry_id FROM matching_result
                      WHERE line_id IS NOT NULL AND entry_id IS NOT NULL)
       OR m.bucket = 'in_flight' AND s.start_at <= %(end)s AND s.end_at >= %(start)s)
UNION
SELECT NULL, t.transaction_id
FROM matching_change c
JOIN wallets_entry e ON e.id = c.entry_id
JOIN wallets_transaction t ON t.id = e.transaction_id
WHERE c.gone IS NOT NULL AND c.line_id IS NOT NULL
"""

COUNTED = """
SELECT statement_id, count(*) FROM matching_concerned GROUP BY statement_id
"""
IDS = """
SELECT DISTINCT transaction_id
FROM matching_concerned
WHERE statement_id IS NULL OR statement_id <> ALL(%s)
"""

NO_CHANGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS matching_change
    (gone bigint, line_id bigint, entry_id bigint, bucket text) ON COMMIT DROP
"""

# Those that were matched before and list one of these ids, or cover its time.
AFFECTED = """
SELECT s.id
FROM reconciliation_statement s
JOIN reconciliation_statementformat f ON f.id = s.format_id
WHERE s.provider = %(provider)s AND s.status = 'imported' AND s.matched_at IS NOT NULL
  AND f.layout <> 'totals'
  AND (EXISTS (SELECT FROM reconciliation_line l
               WHERE l.statement_id = s.id AND l.transaction_id = ANY(%(ids)s::text[]))
       OR EXISTS (SELECT FROM wallets_transaction t
                  WHERE t.provider = s.provider AND t.transaction_id = ANY(%(named)s::text[])
                    AND coalesce(t.occurred_at, t.posted_at) >= s.start_at
                    AND coalesce(t.occurred_at, t.posted_at) < s.end_at))
ORDER BY s.id
"""

# What cancels these, and what these cancel: only together they say what is missing.
RELATED = """
SELECT x.transaction_id
FROM wallets_reference r
JOIN wallets_transaction x ON x.id = r.transaction_id
WHERE r.provider = %(provider)s AND r.target = ANY(%(named)s::text[]) AND r.effect = 'cancels'
UNION
SELECT r.target
FROM wallets_transaction x
JOIN wallets_reference r ON r.transaction_id = x.id AND r.effect = 'cancels'
WHERE x.provider = %(provider)s AND x.transaction_id = ANY(%(named)s::text[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """By which ids other statements stand otherwise, and which of them are better matched whole."""

    ids: tuple[str, ...] = ()
    statements: tuple[int, ...] = ()


def concerned(cursor: CursorWrapper, run: Run) -> Concerned:
    """What follows from this run."""
    cursor.execute(NO_CHANGE)
    cursor.execute(CONCERNED, run.parameters)
    cursor.execute(COUNTED)
    whole = [id_ for id_, count in cursor.fetchall() if id_ is not None and count > MANY]
    cursor.execute(IDS, [whole])
    ids = {bare(id_) for (id_,) in cursor.fetchall()}
    return Concerned(ids=tuple(sorted(ids)), statements=tuple(sorted(whole)))


def affected(cursor: CursorWrapper, provider: str, ids: Sequence[str]) -> list[Statement]:
    """The statements that have to be looked at because of these ids, the oldest first."""
    parameters: dict[str, Any] = {"provider": provider, "ids": list(ids), "named": named(ids)}
    cursor.execute(AFFECTED, parameters)
    found = [id_ for (id_,) in cursor.fetchall()]
    statements = Statement.objects.select_related("format")
    return list(statements.filter(pk__in=found, status=StatementStatus.IMPORTED).order_by("pk"))


def related(cursor: CursorWrapper, provider: str, ids: Collection[str]) -> list[str]:
    """These ids, and those of what cancels them or is cancelled by them."""
    cursor.execute(RELATED, {"provider": provider, "named": named(ids)})
    return sorted({bare(id_) for id_ in (*ids, *(id_ for (id_,) in cursor.fetchall()))})


def named(ids: Collection[str]) -> list[str]:
    """What stands for these ids in the books."""
    prefix = plain.corrected()["corrected"]
    return [*ids, *(f"{prefix}{id_}" for id_ in ids)]


def bare(transaction_id: str) -> str:
    """The id that a statement would list."""
    return transaction_id.removeprefix(plain.corrected()["corrected"])
