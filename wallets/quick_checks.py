"""What `verification` asks of what was posted since a time only: SQL that follows indexes from
there, so its cost is that of the time and of the number of wallets, not of the whole books.

`:since` stands for the time. A WITH that is put before a whole check narrows the tables it names.
"""

NEW_TRANSACTIONS = """
        WITH wallets_transaction AS (SELECT * FROM wallets_transaction WHERE posted_at >= :since)
"""
NEW_ENTRIES = """
        WITH wallets_transaction AS (SELECT * FROM wallets_transaction WHERE posted_at >= :since),
             wallets_entry AS (
                 SELECT e.* FROM wallets_entry e
                 JOIN wallets_transaction n ON n.id = e.transaction_id)
"""
NEW_REFERENCES = """
        WITH wallets_reference AS (
            SELECT r.* FROM wallets_reference r
            JOIN wallets_transaction n ON n.id = r.transaction_id WHERE n.posted_at >= :since)
"""

NUMBERED = """
        SELECT format('wallet %s: no entry %s before entry %s, or wallet says %s',
                      e.wallet_id, e.sequence - 1, e.sequence, w.sequence)
        FROM wallets_transaction t
        JOIN wallets_entry e ON e.transaction_id = t.id
        JOIN wallets_wallet w ON w.id = e.wallet_id
        LEFT JOIN wallets_entry l ON l.wallet_id = e.wallet_id AND l.sequence = e.sequence - 1
        WHERE t.posted_at >= :since
          AND (e.sequence > w.sequence OR (l.id IS NULL AND e.sequence <> 1))
"""
CONTINUED = """
        SELECT format('wallet %s entry %s: starts at %s, the entry before ended at %s',
                      e.wallet_id, e.sequence, e.balance_before, coalesce(l.balance_after, 0))
        FROM wallets_transaction t
        JOIN wallets_entry e ON e.transaction_id = t.id
        LEFT JOIN wallets_entry l ON l.wallet_id = e.wallet_id AND l.sequence = e.sequence - 1
        WHERE t.posted_at >= :since AND e.balance_before <> coalesce(l.balance_after, 0)
"""
# Of every wallet: each balance was read and written since, or nothing has happened to it.
BALANCES = """
        SELECT format('wallet %s: balance %s, last entry %s', w.id, w.balance,
                      coalesce(l.balance_after::text, 'missing'))
        FROM wallets_wallet w
        LEFT JOIN wallets_entry l ON l.wallet_id = w.id AND l.sequence = w.sequence
        WHERE w.balance <> coalesce(l.balance_after, 0) OR (l.id IS NULL AND w.sequence <> 0)
"""
GIVEN_BACK = """
        SELECT format('%s %s, wallet %s: debit %s and credit %s, should be %s and %s',
                      t.provider, t.transaction_id, wallet_id, coalesce(given.debit, 0),
                      coalesce(given.credit, 0), coalesce(due.debit, 0), coalesce(due.credit, 0))
        FROM (SELECT e.transaction_id, e.wallet_id, e.debit, e.credit
              FROM wallets_transaction t JOIN wallets_entry e ON e.transaction_id = t.id
              WHERE t.posted_at >= :since AND (t.kind = 'rollback' OR (
                  t.kind = 'adjustment' AND EXISTS (
                      SELECT FROM wallets_reference r
                      WHERE r.transaction_id = t.id AND r.effect = 'cancels')))) given
        FULL JOIN (SELECT r.transaction_id, e.wallet_id, sum(e.credit) AS debit,
                          sum(e.debit) AS credit
                   FROM wallets_transaction n
                   JOIN wallets_reference r ON r.transaction_id = n.id AND r.effect = 'cancels'
                   JOIN wallets_transaction b
                     ON b.provider = r.provider AND b.transaction_id = r.target
                   JOIN wallets_entry e ON e.transaction_id = b.id
                   WHERE n.posted_at >= :since
                   GROUP BY r.transaction_id, e.wallet_id) due
          USING (transaction_id, wallet_id)
        JOIN wallets_transaction t ON t.id = coalesce(given.transaction_id, due.transaction_id)
        WHERE (given.debit, given.credit) IS DISTINCT FROM (due.debit, due.credit)
"""
SETTLED_OR_CANCELLED = """
        SELECT format('%s %s: cancelled by %s, settled by %s',
                      c.provider, c.target, c.transaction_id, s.transaction_id)
        FROM (SELECT DISTINCT r.provider, r.target
              FROM wallets_transaction n JOIN wallets_reference r ON r.transaction_id = n.id
              WHERE n.posted_at >= :since) named
        JOIN wallets_reference c
          ON c.provider = named.provider AND c.target = named.target AND c.effect = 'cancels'
        JOIN wallets_reference s
          ON s.provider = named.provider AND s.target = named.target AND s.effect = 'settles'
        WHERE NOT EXISTS (
            SELECT FROM wallets_transaction t
            JOIN wallets_reference u
              ON u.provider = t.provider AND u.target = t.transaction_id AND u.effect = 'cancels'
            WHERE t.id = s.transaction_id)
"""
