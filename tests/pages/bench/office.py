"""What staff have done in that month: cases with history, adjustments, exports, statements."""

CASES = """
INSERT INTO reconciliation_case (kind, status, resend, resolution, provider, subject, operation,
    reference, player, amount, currency, reason, attempts, first_at, last_at, due_at, replays,
    owner_id, notes, tickets, opened_at, closed_at, alert, alerted)
SELECT (ARRAY['unsettled', 'conflict', 'only_in_statement', 'amount_differs', 'dispute']
        )[1 + n %% 5],
       CASE WHEN open THEN 'open' ELSE 'closed' END,
       CASE WHEN open AND n %% 2 = 0 THEN 'expected' ELSE 'none' END,
       CASE WHEN open THEN '' ELSE 'healed' END, provider, 'settle:' || 500000000 + pair, 'settle',
       500000000 + pair, uid, 12.5, currency, 'UnknownPlayer: No such player.', 3, moment, moment,
       moment + interval '1 hour', 0, CASE WHEN n %% 3 = 0 THEN %(user)s END, '', '', moment,
       CASE WHEN NOT open THEN moment + interval '2 hours' END, '', '[]'
FROM (SELECT *, n > %(cases)s * 0.985 AS open
      FROM (SELECT *, row_number() OVER (ORDER BY i) AS n FROM made
            WHERE i %% (%(count)s / (2 * %(cases)s)) = 0) picked) numbered
WHERE n <= %(cases)s ORDER BY n
"""
HISTORY = """
INSERT INTO reconciliation_historical{model} ({columns}, history_date, history_type,
    history_change_reason, history_user_id)
SELECT {columns}, {at} + step * interval '1 minute', CASE step WHEN 0 THEN '+' ELSE '~' END,
       'Taken', %(user)s
FROM reconciliation_{model}, generate_series(0, 2) step
"""
ADJUSTMENTS = """
INSERT INTO reconciliation_adjustment (request_id, kind, status, case_id, provider, transaction_id,
    moves, seal, seen, why, text, requested_by_id, requested_at, expires_at, decided_by_id,
    decided_at, decision)
SELECT gen_random_uuid(), 'free', stands, id, 'house', 'adjustment:' || id,
       jsonb_build_array(jsonb_build_object('uid', player, 'currency', currency, 'debit', '0',
           'credit', '12.5')), md5(id::text), md5(id::text), 'goodwill',
       'The player was promised it.', %(user)s, opened_at, opened_at + interval '1 day',
       CASE WHEN stands = 'rejected' THEN %(other)s WHEN stands = 'withdrawn' THEN %(user)s END,
       CASE WHEN stands <> 'requested' THEN opened_at + interval '1 hour' END,
       CASE WHEN stands = 'rejected' THEN 'It was not.' ELSE '' END
FROM (SELECT *, CASE WHEN n <= 50 THEN 'requested' ELSE
                 (ARRAY['rejected', 'withdrawn', 'expired'])[1 + n %% 3] END AS stands
      FROM (SELECT *, row_number() OVER (ORDER BY id DESC) AS n FROM reconciliation_case) c) picked
WHERE n <= %(cases)s / 4 ORDER BY id
"""
EXPORTS = """
INSERT INTO reconciliation_export
    (what, filters, file_name, rows, size, sha256, exported_at, exported_by_id)
SELECT (ARRAY['cases', 'transactions', 'player', 'journal'])[1 + i %% 4], '{"provider": "jdb"}',
       'export-' || i || '.csv', 1000 + i, 100000, encode(sha256(int8send(i)), 'hex'),
       %(start)s + i * interval '1 minute', %(user)s
FROM generate_series(1, %(cases)s / 4) i
"""
# Those of one provider in the order of time; 1 of 500 with another amount, 1 of 500 left out.
LINES = """
INSERT INTO reconciliation_line (statement_id, number, part, transaction_id, uid, currency, debit,
    credit, net_only, round_id, occurred_at, original, error)
SELECT %(statement)s, row_number() OVER (ORDER BY t.id) + 1, 1, t.transaction_id, p.uid, w.currency,
       e.debit, e.credit + CASE WHEN t.id %% 500 = 13 THEN 1 ELSE 0 END, false, t.round_id,
       t.occurred_at, '{"operation": "settle", "reference": "' || t.reference || '"}', ''
FROM wallets_transaction t
JOIN wallets_entry e ON e.transaction_id = t.id
JOIN wallets_wallet w ON w.id = e.wallet_id
JOIN wallets_player p ON p.id = w.player_id
WHERE t.provider = %(provider)s AND t.id %% 500 <> 7
  AND coalesce(t.occurred_at, t.posted_at) >= %(start)s
  AND coalesce(t.occurred_at, t.posted_at) < %(end)s
"""
