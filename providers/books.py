"""What `verify_ledger` asks of callbacks and transactions together."""

from wallets import quick_checks
from wallets.verification import Check

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
    ),
    Check(
        name="each transaction of a delivery has exactly one posted callback",
        sql="""
        SELECT format('%s %s: %s posted callbacks',
                      t.provider, t.transaction_id, count(c.id))
        FROM wallets_transaction t
        LEFT JOIN providers_callback c
          ON c.delivery_id = t.origin_id AND c.outcome = 'posted'
        WHERE t.origin IN ('callback', 'replay') AND t.refusal = ''
        GROUP BY t.id, t.provider, t.transaction_id HAVING count(c.id) <> 1
        """,
        narrow=quick_checks.NEW_TRANSACTIONS,
    ),
]
