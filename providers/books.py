"""What `verify_ledger` asks of callbacks and transactions together."""

from wallets import quick_checks
from wallets.verification import Check

# Transactions of a time whose month was removed.
OF_REMOVED = """
               SELECT FROM providers_pruned p
               WHERE t.posted_at >= p.start_at
                 AND (t.posted_at < p.end_at OR t.posted_at <= p.last_posted_at)"""

CALLBACKS_AND_TRANSACTIONS = [
    Check(
        name="each posted callback has its transaction",
        sql="""
        SELECT format('callback %s: %s %s was answered as posted and is not in the ledger',
                      c.id, c.provider, c.transaction_id)
        FROM providers_callback c
        LEFT JOIN wallets_transaction t
          ON t.provider = c.provider AND t.transaction_id = c.transaction_id
         AND t.origin_id = c.delivery_id AND t.refusal = ''
        WHERE c.outcome = 'posted' AND t.id IS NULL
        """,
        kept=("providers_callback",),
    ),
    Check(
        name="each transaction of a delivery has exactly one posted callback",
        sql=f"""
        SELECT format('%s %s: %s posted callbacks',
                      t.provider, t.transaction_id, count(c.id))
        FROM wallets_transaction t
        LEFT JOIN providers_callback c
          ON c.delivery_id = t.origin_id AND c.outcome = 'posted'
        WHERE t.origin IN ('callback', 'replay') AND t.refusal = ''
        GROUP BY t.id, t.provider, t.transaction_id, t.posted_at HAVING count(c.id) <> 1
           -- One whose month was removed, which stands in a row of its own, is not missing.
           AND NOT (count(c.id) = 0 AND EXISTS ({OF_REMOVED}))
        """,
        narrow=quick_checks.NEW_TRANSACTIONS,
        kept=("providers_callback",),
    ),
    # The time alone excuses too much: what is missing near midnight, or after a clock's step. A
    # month that was put back has its deliveries again, or counts once.
    Check(
        name="as many deliveries are gone as were removed with their months",
        sql=f"""
        SELECT format('%s posted callbacks are gone, %s were removed with their months',
                      gone, removed)
        FROM (SELECT count(DISTINCT t.origin_id) AS gone FROM wallets_transaction t
              WHERE t.origin IN ('callback', 'replay') AND t.refusal = ''
                AND EXISTS ({OF_REMOVED})
                AND NOT EXISTS (SELECT FROM providers_callback c
                                WHERE c.delivery_id = t.origin_id AND c.outcome = 'posted')) t,
             (SELECT coalesce(sum(posted), 0) AS removed
              FROM (SELECT max(posted) AS posted FROM providers_pruned GROUP BY start_at) p) p
        WHERE gone > removed
        """,
        kept=("providers_callback",),
    ),
]
