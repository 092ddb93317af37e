"""What isn't plain: each transaction id's lines and movements, paired step by step.

A movement is paired once, with the line that fits it best. Of equals the first in the file comes
first, and of movements that of a correction, which is what stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from reconciliation.matching import plain
from reconciliation.matching.run import Run

LINES = """
CREATE TEMPORARY TABLE matching_line ON COMMIT DROP AS
SELECT l.id AS line_id, l.transaction_id AS key, l.uid, l.currency, l.debit, l.credit,
       l.credit - l.debit AS net, l.net_only, l.number, l.part, l.occurred_at
FROM matching_key k
JOIN reconciliation_line l ON l.statement_id = %(statement)s AND l.transaction_id = k.key
WHERE l.error = ''
"""

# Whatever their time: an id is looked up before anything is called missing. `taken` ones satisfy
# a line of another statement.
MOVEMENTS = """
CREATE TEMPORARY TABLE matching_movement ON COMMIT DROP AS
SELECT e.id AS entry_id, t.id AS transaction, k.key, named.corrected,
       p.uid COLLATE "C" AS uid, w.currency COLLATE "C" AS currency, e.debit, e.credit,
       e.credit - e.debit AS net, coalesce(t.occurred_at, t.posted_at) AS moment,
       coalesce(t.occurred_at, t.posted_at) >= %(start)s
       AND coalesce(t.occurred_at, t.posted_at) < %(end)s AS inside,
       x.id IS NOT NULL AS taken
FROM matching_key k
CROSS JOIN LATERAL (VALUES (k.key, false), (%(corrected)s || k.key, true)) named (id, corrected)
JOIN wallets_transaction t
  ON t.provider = %(provider)s AND t.transaction_id = named.id COLLATE "C"
JOIN wallets_entry e ON e.transaction_id = t.id
JOIN wallets_wallet w ON w.id = e.wallet_id
JOIN wallets_player p ON p.id = w.player_id
LEFT JOIN reconciliation_match x
  ON x.entry_id = e.id AND x.line_id IS NOT NULL AND x.statement_id <> %(statement)s
"""

PAIRS = """
ANALYZE matching_line, matching_movement;
CREATE TEMPORARY TABLE matching_pair (line_id bigint, entry_id bigint, bucket text COLLATE "C")
ON COMMIT DROP
"""

STEP = """
INSERT INTO matching_pair (line_id, entry_id, bucket)
SELECT l.line_id, m.entry_id, {bucket}
FROM (SELECT *, row_number() OVER (PARTITION BY {same} ORDER BY number, part) AS turn
      FROM matching_line l
      WHERE {lines} AND NOT EXISTS (SELECT FROM matching_pair p WHERE p.line_id = l.line_id)) l
JOIN (SELECT *, row_number() OVER (PARTITION BY {same} ORDER BY corrected DESC, entry_id) AS turn
      FROM matching_movement m
      WHERE NOT taken
        AND NOT EXISTS (SELECT FROM matching_pair p WHERE p.entry_id = m.entry_id)) m
USING ({same}, turn)
"""

# All but one of the same wallet, and that one, too, where another statement has what it is about
# and nothing is left.
REPEATED = """
INSERT INTO matching_pair (line_id, bucket)
SELECT l.line_id, 'repeated_line'
FROM (SELECT l.*, p.line_id IS NOT NULL AS paired,
             row_number() OVER (PARTITION BY key, uid, currency
                                ORDER BY p.line_id IS NULL, number, part) AS turn
      FROM matching_line l
      LEFT JOIN matching_pair p ON p.line_id = l.line_id) l
WHERE NOT l.paired
  AND (l.turn > 1
       OR (l.key, l.uid, l.currency) IN (
           SELECT key, uid, currency
           FROM matching_movement m
           LEFT JOIN matching_pair p ON p.entry_id = m.entry_id
           GROUP BY key, uid, currency
           HAVING bool_or(m.taken) AND bool_and(m.taken OR p.entry_id IS NOT NULL)))
"""

OPERATIONS = """
SELECT DISTINCT split_part(key, ':', 1)
FROM matching_line l
WHERE NOT EXISTS (SELECT FROM matching_pair p WHERE p.line_id = l.line_id)
"""

RESULT = """
INSERT INTO matching_result
SELECT p.line_id, p.entry_id, NULL, p.bucket, l.currency, l.debit, l.credit,
       m.currency, m.debit, m.credit
FROM matching_pair p
JOIN matching_line l ON l.line_id = p.line_id
LEFT JOIN matching_movement m ON m.entry_id = p.entry_id
UNION ALL
SELECT l.line_id, NULL, NULL,
       CASE WHEN split_part(l.key, ':', 1) = ANY(%(not_handled)s::text[]) THEN 'not_handled'
            WHEN %(lines_are_open)s AND l.occurred_at >= %(end)s - %(grace)s THEN 'in_flight'
            ELSE 'only_in_statement' END,
       l.currency, l.debit, l.credit, NULL, NULL, NULL
FROM matching_line l
WHERE NOT EXISTS (SELECT FROM matching_pair p WHERE p.line_id = l.line_id)
UNION ALL
SELECT NULL, m.entry_id, NULL,
       CASE WHEN %(start_is_open)s AND m.moment >= %(start)s - %(grace)s
             AND m.moment < %(start)s + %(grace)s THEN 'in_flight'
            WHEN %(end_is_open)s AND m.moment >= %(end)s - %(grace)s
             AND m.moment < %(end)s + %(grace)s THEN 'in_flight'
            ELSE 'only_in_ledger' END,
       NULL, NULL, NULL, m.currency, m.debit, m.credit
FROM matching_movement m
WHERE NOT m.taken
  AND NOT EXISTS (SELECT FROM matching_pair p WHERE p.entry_id = m.entry_id)
  AND (m.inside
       OR m.transaction IN (SELECT s.transaction
                            FROM matching_pair p
                            JOIN matching_movement s ON s.entry_id = p.entry_id))
"""

# What the full join said of these ids is decided anew.
UNDECIDED = """
DELETE FROM matching_result
WHERE key IS NOT NULL OR entry_id IN (SELECT entry_id FROM matching_movement)
"""

WITHIN_TOLERANCE = """
CASE WHEN NOT l.net_only AND abs(l.debit - m.debit) <= %(tolerance)s
      AND abs(l.credit - m.credit) <= %(tolerance)s THEN 'matched'
     WHEN l.net_only AND abs(l.net - m.net) <= %(tolerance)s THEN 'matched'
     ELSE 'amount_differs' END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Lines and movements that have these columns in common; in which bucket such a pair is."""

    same: str
    bucket: str
    lines: str = "true"

    @property
    def sql(self) -> str:
        return STEP.format(same=self.same, bucket=self.bucket, lines=self.lines)


EXACT = (
    Step(same="key, uid, currency, debit, credit", bucket="'matched'", lines="NOT net_only"),
    Step(same="key, uid, currency, net", bucket="'matched'", lines="net_only"),
)
ROUGH = (
    Step(same="key, uid, currency", bucket=WITHIN_TOLERANCE),
    Step(same="key, uid", bucket="'currency_differs'"),
    Step(same="key, currency", bucket="'player_differs'"),
    Step(same="key", bucket="'player_differs'"),
)


def pair(cursor: CursorWrapper, run: Run) -> None:
    """Bring into `matching_result` where everything stands that `matching_key` names."""
    cursor.execute("ANALYZE matching_key")
    cursor.execute(LINES, run.parameters)
    cursor.execute(MOVEMENTS, run.parameters | plain.corrected())
    cursor.execute(PAIRS)
    _take(cursor, run, EXACT)
    cursor.execute(REPEATED)
    _take(cursor, run, ROUGH)
    cursor.execute(UNDECIDED)
    cursor.execute(RESULT, run.parameters | {"not_handled": _not_handled(cursor, run)})


def _take(cursor: CursorWrapper, run: Run, steps: Sequence[Step]) -> None:
    for step in steps:
        cursor.execute(step.sql, run.parameters)


def _not_handled(cursor: CursorWrapper, run: Run) -> list[str]:
    """The operations of lines left over that don't pass through Cage."""
    cursor.execute(OPERATIONS)
    return [operation for (operation,) in cursor.fetchall() if not run.handles(operation)]
