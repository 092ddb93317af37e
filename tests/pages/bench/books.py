"""A month of books by set-based SQL: what the ledger itself would take hours for, and consistent.

20,000 players have a wallet in each currency and an opening deposit. Every pair of transactions
is a bet and its settlement; one bet in fifty is never settled; one in a hundred is a refusal that
stands, of BeSoft, where that is final. One player in twenty thousand plays one round in twenty.
"""

PLAYERS = """
INSERT INTO wallets_player (uid, status, is_test, created_at)
SELECT 'player' || lpad(i::text, 5, '0'),
       CASE WHEN i %% 97 = 0 THEN 'suspended' WHEN i %% 89 = 0 THEN 'closed' ELSE 'active' END,
       i %% 500 = 0, %(start)s - interval '1 day'
FROM generate_series(1, %(players)s) i;
INSERT INTO wallets_wallet (player_id, currency, balance, sequence, created_at)
SELECT p.id, c.currency, 1000000, 1, p.created_at
FROM wallets_player p, unnest(ARRAY['USD', 'THB', 'COIN']) c (currency) ORDER BY p.id;
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    details, refusal, origin, posted_at)
SELECT 'house', 'deposit:' || w.id, 'deposit',
       sha256(convert_to('0 1000000 ' || w.currency || ' ' || p.uid, 'UTF8')), w.id, '', '', '{}',
       '', 'command', w.created_at
FROM wallets_wallet w JOIN wallets_player p ON p.id = w.player_id ORDER BY w.id;
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT t.id, w.id, 1, 0, 1000000, 0, 1000000
FROM wallets_transaction t JOIN wallets_wallet w ON t.transaction_id = 'deposit:' || w.id
"""
# `i` is the transaction's place, `pair` its round; amounts have two decimals, COIN none.
GAMES = """
CREATE TEMPORARY TABLE made AS
SELECT i, pair, what, provider, moment, uid, currency, refused,
       CASE WHEN what = 'bet' THEN amount ELSE 0 END AS debit,
       CASE WHEN what = 'bet' THEN 0 WHEN pair %% 3 = 0 THEN amount * 2.5 ELSE 0 END AS credit
FROM (SELECT i, (i + 1) / 2 AS pair, CASE WHEN i %% 2 = 1 THEN 'bet' ELSE 'settle' END AS what,
             (ARRAY['besoft', 'hotroad', 'jdb', 'sud'])[1 + (i + 1) / 2 %% 4] AS provider,
             (ARRAY['USD', 'THB', 'USD', 'COIN'])[1 + (i + 1) / 2 %% 4] AS currency,
             %(start)s + i * (%(end)s - %(start)s) / %(count)s AS moment,
             'player' || lpad(CASE WHEN (i + 1) / 2 %% 20 = 7 THEN '7' ELSE
                 (1 + (i + 1) / 2 * 7919::bigint %% %(players)s)::text END, 5, '0') AS uid,
             CASE WHEN (i + 1) / 2 %% 4 = 3 THEN 2 * (1 + hashint8((i + 1) / 2) & 63)
                 ELSE 2 * (1 + (hashint8((i + 1) / 2) & 8191)) / 100.0 END AS amount,
             (i + 1) / 2 %% 100 = 12 AS refused
      FROM generate_series(1, %(count)s) i) game
WHERE what = 'bet' OR NOT refused AND pair %% 50 <> 1;
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    stake, details, refusal, origin, origin_id, occurred_at, posted_at)
SELECT provider, what || ':' || 500000000 + pair,
       CASE WHEN what = 'bet' THEN 'bet' ELSE 'settlement' END,
       sha256(convert_to(trim_scale(debit) || ' ' || trim_scale(credit) || ' ' || currency || ' '
                         || uid, 'UTF8')),
       500000000 + pair, 'R' || 10000000 + pair / 3, 'Game ' || pair %% 40,
       NULLIF(debit, 0), '{"tax": "0.00"}', CASE WHEN refused THEN 'InsufficientFunds' ELSE '' END,
       CASE WHEN i %% 10000 = 2 THEN 'replay' ELSE 'callback' END,
       md5('delivery' || i)::uuid, moment - interval '1 s', moment
FROM made ORDER BY i;
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT t.id, t.provider, 'bet:' || t.reference, 'settles'
FROM wallets_transaction t WHERE t.kind = 'settlement' ORDER BY t.id;
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT id, wallet, 1 + row_number() OVER so_far, debit, credit,
       1000000 + sum(credit - debit) OVER so_far - credit + debit,
       1000000 + sum(credit - debit) OVER so_far
FROM (SELECT t.id, w.id AS wallet, made.debit, made.credit
      FROM made
      JOIN wallets_transaction t ON t.provider = made.provider
           AND t.transaction_id = made.what || ':' || 500000000 + made.pair
      JOIN wallets_player p ON p.uid = made.uid
      JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = made.currency
      WHERE NOT made.refused) moved
WINDOW so_far AS (PARTITION BY wallet ORDER BY id) ORDER BY id;
UPDATE wallets_wallet w SET balance = e.balance_after, sequence = e.sequence
FROM (SELECT DISTINCT ON (wallet_id) wallet_id, sequence, balance_after FROM wallets_entry
      ORDER BY wallet_id, sequence DESC) e
WHERE e.wallet_id = w.id
"""
