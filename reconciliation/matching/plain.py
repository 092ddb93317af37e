"""The plain cases, which are nearly all: one line, one movement, the same id, player, currency.

One full outer join of both sides. What it leaves over, or finds more than once, is looked at step
by step.
"""

from typing import Any

from django.db.backends.utils import CursorWrapper

from reconciliation.matching.run import Run
from wallets.instructions import CORRECTED

# The lines were imported a moment ago and nobody has analysed them: a full join is hashed all the
# same, where there is memory for it.
SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"

# What the window's transactions are numbered from and to, so that of a ledger of years only their
# own entries are read.
SPAN = """
SELECT coalesce(min(id), 0), coalesce(max(id), 0)
FROM wallets_transaction
WHERE provider = %(provider)s
  AND coalesce(occurred_at, posted_at) >= %(start)s AND coalesce(occurred_at, posted_at) < %(end)s
"""

# The entry's columns are only filled in where they differ from the line's. A row with a key isn't
# decided by this.
JOIN = """
CREATE TEMPORARY TABLE matching_result ON COMMIT DROP AS
SELECT l.id AS line_id, m.id AS entry_id,
       CASE WHEN m.id IS NULL THEN l.transaction_id
            WHEN l.id IS NULL THEN m.transaction_id END AS key,
       CASE WHEN l.debit = m.debit AND l.credit = m.credit THEN 'matched'
            WHEN NOT l.net_only AND abs(l.debit - m.debit) <= %(tolerance)s
             AND abs(l.credit - m.credit) <= %(tolerance)s THEN 'matched'
            WHEN l.net_only AND abs((l.credit - l.debit) - (m.credit - m.debit)) <= %(tolerance)s
            THEN 'matched'
            ELSE 'amount_differs' END COLLATE "C" AS bucket,
       l.currency, l.debit, l.credit,
       NULL::varchar COLLATE "C" AS entry_currency,
       CASE WHEN l.debit <> m.debit OR l.credit <> m.credit THEN m.debit END AS entry_debit,
       CASE WHEN l.debit <> m.debit OR l.credit <> m.credit THEN m.credit END AS entry_credit
FROM (SELECT id, transaction_id, uid, currency, debit, credit, net_only
      FROM reconciliation_line
      WHERE statement_id = %(statement)s AND error = '') l
FULL JOIN (SELECT e.id, t.transaction_id, p.uid COLLATE "C" AS uid,
                  w.currency COLLATE "C" AS currency, e.debit, e.credit
           FROM wallets_transaction t
           JOIN wallets_entry e ON e.transaction_id = t.id
           JOIN wallets_wallet w ON w.id = e.wallet_id
           JOIN wallets_player p ON p.id = w.player_id
           WHERE t.provider = %(provider)s
             AND coalesce(t.occurred_at, t.posted_at) >= %(start)s
             AND coalesce(t.occurred_at, t.posted_at) < %(end)s
             AND e.transaction_id BETWEEN %(first)s AND %(last)s) m
  ON m.transaction_id = l.transaction_id AND m.uid = l.uid AND m.currency = l.currency
"""

ENTRIES = """
SELECT coalesce(min(entry_id), 0), coalesce(max(entry_id), 0)
FROM matching_result
WHERE key IS NULL
"""

# What isn't plain: found on one side only, listed more than once, taken by another statement, or
# corrected by people at any time.
KEYS = """
CREATE TEMPORARY TABLE matching_key ON COMMIT DROP AS
SELECT DISTINCT CASE WHEN starts_with(key, %(corrected)s)
                     THEN substr(key, length(%(corrected)s) + 1) ELSE key END AS key
FROM (SELECT key FROM matching_result WHERE key IS NOT NULL
      UNION ALL
      SELECT t.transaction_id
      FROM (SELECT entry_id FROM matching_result WHERE key IS NULL
            GROUP BY entry_id HAVING count(*) > 1
            UNION ALL
            SELECT r.entry_id
            FROM (SELECT entry_id FROM reconciliation_match
                  WHERE entry_id BETWEEN %(first)s AND %(last)s AND line_id IS NOT NULL
                    AND statement_id <> %(statement)s) x
            JOIN matching_result r ON r.entry_id = x.entry_id AND r.key IS NULL) n
      JOIN wallets_entry e ON e.id = n.entry_id
      JOIN wallets_transaction t ON t.id = e.transaction_id
      UNION ALL
      SELECT transaction_id FROM wallets_transaction
      WHERE provider = %(provider)s
        AND transaction_id >= %(corrected)s AND transaction_id < %(after_corrected)s) named
"""


def join(cursor: CursorWrapper, run: Run) -> None:
    """Make `matching_result` of all that is plain, and `matching_key` of all that isn't."""
    cursor.execute(SETTINGS)
    cursor.execute(SPAN, run.parameters)
    cursor.execute(JOIN, _between(cursor, run))
    cursor.execute(ENTRIES)
    cursor.execute(KEYS, _between(cursor, run) | corrected())


def corrected() -> dict[str, str]:
    """The ids of corrections lie between these two, by code point."""
    return {"corrected": f"{CORRECTED}:", "after_corrected": f"{CORRECTED};"}


def _between(cursor: CursorWrapper, run: Run) -> dict[str, Any]:
    first, last = cursor.fetchone()
    return run.parameters | {"first": first, "last": last}
