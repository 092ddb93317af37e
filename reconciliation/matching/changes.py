"""What a run changes: only rows that differ are written, and the sums of the buckets follow."""

from django.db.backends.utils import CursorWrapper

from reconciliation.matching.run import Run

# An id or 0, so that rows with one side only can be hashed.
CHANGE = """
CREATE TEMPORARY TABLE matching_change ON COMMIT DROP AS
SELECT o.id AS gone, coalesce(o.line_id, r.line_id) AS line_id,
       coalesce(o.entry_id, r.entry_id) AS entry_id, coalesce(o.bucket, r.bucket) AS bucket
FROM ({old}) o
FULL JOIN matching_result r
  ON coalesce(r.line_id, 0) = coalesce(o.line_id, 0)
 AND coalesce(r.entry_id, 0) = coalesce(o.entry_id, 0)
 AND r.bucket = o.bucket
WHERE o.id IS NULL OR r.bucket IS NULL
"""

ALL = "SELECT * FROM reconciliation_match WHERE statement_id = %(statement)s"

NAMED = """
SELECT m.*
FROM matching_line l
JOIN reconciliation_match m ON m.line_id = l.line_id
UNION ALL
SELECT m.*
FROM reconciliation_match m
WHERE m.statement_id = %(statement)s AND m.bucket IN ('only_in_ledger', 'in_flight')
  AND m.line_id IS NULL AND m.entry_id IN (SELECT entry_id FROM matching_movement)
"""

DELETE = """
DELETE FROM reconciliation_match m USING matching_change c WHERE m.id = c.gone
"""

INSERT = """
INSERT INTO reconciliation_match (statement_id, bucket, line_id, entry_id)
SELECT %(statement)s, bucket, line_id, entry_id FROM matching_change WHERE gone IS NULL
"""

INSERT_ALL = """
INSERT INTO reconciliation_match (statement_id, bucket, line_id, entry_id)
SELECT %(statement)s, bucket, line_id, entry_id FROM matching_result
"""

# One pass over all rows; the few sums of it are then told apart by their side.
SUMS = """
WITH found AS (
    SELECT bucket, currency, coalesce(entry_currency, currency) AS entry_currency,
           count(line_id) AS lines, sum(debit) AS debit, sum(credit) AS credit,
           count(entry_id) AS entries,
           sum(coalesce(entry_debit, debit)) FILTER (WHERE entry_id IS NOT NULL) AS entry_debit,
           sum(coalesce(entry_credit, credit)) FILTER (WHERE entry_id IS NOT NULL) AS entry_credit
    FROM matching_result
    GROUP BY 1, 2, 3)
INSERT INTO matching_sum
SELECT bucket, currency, sum(lines), sum(line_debit), sum(line_credit),
       sum(entries), sum(entry_debit), sum(entry_credit)
FROM (SELECT bucket, currency, lines, debit AS line_debit, credit AS line_credit,
             0 AS entries, 0 AS entry_debit, 0 AS entry_credit
      FROM found WHERE lines > 0
      UNION ALL
      SELECT bucket, entry_currency, 0, 0, 0, entries, entry_debit, entry_credit
      FROM found WHERE entries > 0) sides
GROUP BY bucket, currency
"""

# What was, and what came and went since.
SUMS_CHANGED = """
WITH change AS (
    SELECT *, CASE WHEN gone IS NULL THEN 1 ELSE -1 END AS sign FROM matching_change)
INSERT INTO matching_sum
SELECT bucket, currency, sum(lines), sum(line_debit), sum(line_credit),
       sum(entries), sum(entry_debit), sum(entry_credit)
FROM (SELECT bucket COLLATE "C" AS bucket, currency COLLATE "C" AS currency,
             lines, line_debit, line_credit, entries, entry_debit, entry_credit
      FROM reconciliation_bucketsum
      WHERE statement_id = %(statement)s
      UNION ALL
      SELECT c.bucket, l.currency, c.sign, c.sign * l.debit, c.sign * l.credit, 0, 0, 0
      FROM change c
      JOIN reconciliation_line l ON l.id = c.line_id
      UNION ALL
      SELECT c.bucket, w.currency COLLATE "C", 0, 0, 0, c.sign, c.sign * e.debit, c.sign * e.credit
      FROM change c
      JOIN wallets_entry e ON e.id = c.entry_id
      JOIN wallets_wallet w ON w.id = e.wallet_id) sides
GROUP BY bucket, currency
HAVING sum(lines) <> 0 OR sum(entries) <> 0
"""

SUM = """
CREATE TEMPORARY TABLE matching_sum (bucket text COLLATE "C", currency text COLLATE "C",
    lines bigint, line_debit numeric, line_credit numeric,
    entries bigint, entry_debit numeric, entry_credit numeric) ON COMMIT DROP
"""

STALE = """
DELETE FROM reconciliation_bucketsum b
WHERE b.statement_id = %(statement)s
  AND NOT EXISTS (SELECT FROM matching_sum s
                  WHERE s.bucket = b.bucket COLLATE "C" AND s.currency = b.currency COLLATE "C")
"""

KEEP = """
INSERT INTO reconciliation_bucketsum AS b (statement_id, bucket, currency, lines, line_debit,
    line_credit, entries, entry_debit, entry_credit)
SELECT %(statement)s, s.* FROM matching_sum s
ON CONFLICT (statement_id, bucket, currency) DO UPDATE
SET lines = excluded.lines, line_debit = excluded.line_debit, line_credit = excluded.line_credit,
    entries = excluded.entries, entry_debit = excluded.entry_debit,
    entry_credit = excluded.entry_credit
WHERE (b.lines, b.line_debit, b.line_credit, b.entries, b.entry_debit, b.entry_credit)
   <> (excluded.lines, excluded.line_debit, excluded.line_credit, excluded.entries,
       excluded.entry_debit, excluded.entry_credit)
"""

MATCHED_BEFORE = """
SELECT EXISTS (SELECT FROM reconciliation_match WHERE statement_id = %(statement)s)
"""


def write_all(cursor: CursorWrapper, run: Run) -> int:
    """Everything of a statement, as `matching_result` has it; how many rows changed."""
    cursor.execute(MATCHED_BEFORE, run.parameters)
    (again,) = cursor.fetchone()
    if again:
        changed = _write_changes(cursor, run, ALL)
    else:
        cursor.execute(INSERT_ALL, run.parameters)
        changed = cursor.rowcount
    _keep_sums(cursor, run, SUMS)
    return changed


def write_named(cursor: CursorWrapper, run: Run) -> int:
    """The same of what `matching_key` names only."""
    changed = _write_changes(cursor, run, NAMED)
    if changed:
        _keep_sums(cursor, run, SUMS_CHANGED)
    return changed


def _write_changes(cursor: CursorWrapper, run: Run, old: str) -> int:
    cursor.execute(CHANGE.format(old=old), run.parameters)
    changed: int = cursor.rowcount
    if changed:
        cursor.execute(DELETE)
        cursor.execute(INSERT, run.parameters)
    return changed


def _keep_sums(cursor: CursorWrapper, run: Run, sums: str) -> None:
    cursor.execute(SUM)
    cursor.execute(sums, run.parameters)
    cursor.execute(STALE, run.parameters)
    cursor.execute(KEEP, run.parameters)
