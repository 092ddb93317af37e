"""A month of deliveries: one for each transaction, and 10 % repetitions, 1 % refused, few worse."""

CALLBACKS = """
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, address, headers, body, unwrapped, outcome, reason, reply_status, reply, terms)
SELECT CASE WHEN nth = 1 THEN md5('delivery' || i)::uuid ELSE gen_random_uuid() END,
       provider, what,
       what || ':' || 500000000 + pair + CASE outcome WHEN 'unknown' THEN 300000000 ELSE 0 END,
       moment - interval '15 ms', moment, ('10.20.30.' || i %% 40)::inet, %(headers)s::jsonb,
       convert_to(CASE WHEN provider = 'jdb' THEN 'x=' || repeat(md5(i::text), 14) ELSE body END,
                  'UTF8'),
       CASE WHEN provider = 'jdb' THEN convert_to(body, 'UTF8') END,
       CASE outcome WHEN 'unknown' THEN 'refused' ELSE outcome END,
       CASE outcome WHEN 'unknown' THEN 'UnknownPlayer: No such player.'
           WHEN 'refused' THEN 'InsufficientFunds: The balance does not cover it.'
           WHEN 'conflict' THEN 'Conflict: The transaction id is known with other terms.'
           WHEN 'failed' THEN 'RuntimeError: the disk is full' ELSE '' END,
       200, convert_to('{"status": 1, "balance": ' || 1000000 - debit + credit || '}', 'UTF8'),
       CASE WHEN outcome IN ('posted', 'duplicate') THEN NULL ELSE sha256('\\x00') END
FROM (SELECT *,
             '{"messageId": "' || md5(i::text) || '", "userId": "' || uid || '", "gameId": "Game '
             || pair %% 40 || '", "roundId": "R' || 10000000 + pair / 3 || '", "orderId": "'
             || 500000000 + pair || '", "bet": ' || debit || ', "win": ' || credit
             || ', "currency": "' || currency || '", "timestamp": '
             || (extract(epoch FROM moment) * 1000)::bigint || '}' AS body
      FROM made, LATERAL unnest(
          ARRAY[CASE WHEN refused THEN 'refused' ELSE 'posted' END]
          || CASE WHEN i %% 10 = 3 AND NOT refused THEN ARRAY['duplicate'] END
          || CASE WHEN i %% 100 = 41 THEN ARRAY['unknown'] END
          || CASE WHEN i %% 5000 = 44 THEN ARRAY['conflict'] END
          || CASE WHEN i %% 20000 = 46 THEN ARRAY['failed'] END) WITH ORDINALITY copy (outcome, nth)
     ) delivery
ORDER BY i, nth
"""
HEADERS = """{"content-type": "application/json", "user-agent": "okhttp/4.9.3", "accept": "*/*",
 "accept-encoding": "gzip", "x-request-id": "5f0c7a52-34bb-4d3e-8a52-0a9d5b1d4c11",
 "x-forwarded-for": "10.20.30.40", "connection": "keep-alive", "content-length": "412"}"""
UNAUTHENTIC = """
INSERT INTO providers_unauthentic (provider, address, minute, count, reason, sample)
SELECT (ARRAY['besoft', 'hotroad', 'jdb', 'sud'])[1 + i %% 4],
       ('198.51.' || i / 250 %% 250 || '.' || i %% 250)::inet,
       date_trunc('minute', %(start)s + i * (%(end)s - %(start)s) / %(count)s), 1 + i %% 60,
       'The signature does not fit.', '{"orderId": "1"}'
FROM generate_series(1, %(count)s / 100) i
"""
