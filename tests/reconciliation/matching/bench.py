"""How long matching takes, beside the least that any matching has to do.

    CAGE_HOME=/tmp/bench ./cage manage shell -v 0 \
        -c "from tests.reconciliation.matching import bench; bench.main(1_000_000)"

Makes a day of so many transactions and a statement with as many lines, 1 % of each lost, extra or
with other amounts, in an empty demo database; then, three times in turn: the statement matched for
the first time, matched again, and the baseline, one bare INSERT ... SELECT of the full outer join
of the same lines with the same movements into a table with the same columns and indexes. Medians.
The database is to be thrown away afterwards.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection, connections, transaction

from reconciliation.matching import doubts, matching, plain
from reconciliation.models import BucketSum, Case, Line, Statement
from wallets.models import DatabaseMark, Transaction

ROUNDS = 3
PLAYERS = 10_000
DAY, NEXT = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)

WALLETS = """
INSERT INTO wallets_player (uid, status, is_test, created_at)
SELECT 'player' || i, 'active', false, now() FROM generate_series(1, %(players)s) i;
INSERT INTO wallets_wallet (player_id, currency, balance, sequence, created_at)
SELECT id, 'USD', 1000000, 0, now() FROM wallets_player ORDER BY id
"""
LEDGER = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    details, refusal, origin, occurred_at, posted_at)
SELECT %(provider)s, 'settle:' || (100000000 + i), 'settlement', '\\x00', 100000000 + i, '', '',
       '{}', '', 'callback', %(day)s + i * interval '86399 s' / %(count)s,
       %(day)s + i * interval '86399 s' / %(count)s + interval '1 s'
FROM generate_series(1, %(count)s) i;
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT t.id, w.id, 1 + t.n / %(players)s, t.debit, t.credit, 1000000, 1000000 - t.debit + t.credit
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n,
             (abs(hashint8(id)) %% 10000) / 100.0 AS debit,
             (abs(hashint8(id + 7)) %% 12000) / 100.0 AS credit
      FROM wallets_transaction) t
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM wallets_wallet) w
  ON w.n = t.n %% %(players)s
"""
LINES = """
INSERT INTO reconciliation_line (statement_id, number, part, transaction_id, uid, currency, debit,
    credit, net_only, round_id, occurred_at, original, error)
SELECT %(statement)s, row_number() OVER (ORDER BY place) + 1, 1, id, uid, currency, debit, credit,
       false, '', moment, '{"operation": "settle", "reference": "' || id || '"}', ''
FROM (SELECT t.transaction_id AS id, p.uid, w.currency, e.debit,
             e.credit + CASE WHEN t.id %% 100 = 13 THEN 1 ELSE 0 END AS credit,
             t.occurred_at AS moment, t.id::numeric AS place
      FROM wallets_transaction t
      JOIN wallets_entry e ON e.transaction_id = t.id
      JOIN wallets_wallet w ON w.id = e.wallet_id
      JOIN wallets_player p ON p.id = w.player_id
      WHERE t.id %% 100 <> 7
      UNION ALL
      SELECT 'settle:' || (200000000 + i), 'player' || (1 + i %% %(players)s), 'USD', 1, 2,
             %(day)s + i * interval '86000 s' / (%(count)s / 100), i * 100 + 0.5
      FROM generate_series(1, %(count)s / 100) i) listed
"""
BASELINE = """
INSERT INTO matching_baseline (statement_id, bucket, line_id, entry_id)
SELECT %(statement)s,
       CASE WHEN m.id IS NULL THEN 'only_in_statement'
            WHEN l.id IS NULL THEN 'only_in_ledger'
            WHEN l.debit = m.debit AND l.credit = m.credit THEN 'matched'
            ELSE 'amount_differs' END, l.id, m.id
FROM (SELECT id, transaction_id, uid, currency, debit, credit FROM reconciliation_line
      WHERE statement_id = %(statement)s AND error = '') l
FULL JOIN (SELECT e.id, t.transaction_id, p.uid COLLATE "C" AS uid,
                  w.currency COLLATE "C" AS currency, e.debit, e.credit
           FROM wallets_transaction t
           JOIN wallets_entry e ON e.transaction_id = t.id
           JOIN wallets_wallet w ON w.id = e.wallet_id
           JOIN wallets_player p ON p.id = w.player_id
           WHERE t.provider = %(provider)s
             AND coalesce(t.occurred_at, t.posted_at) >= %(day)s
             AND coalesce(t.occurred_at, t.posted_at) < %(next)s) m
  ON m.transaction_id = l.transaction_id AND m.uid = l.uid AND m.currency = l.currency
"""


def main(count: int = 1_000_000, *, provider: str = "jdb") -> None:
    """Print the medians; exit status 1 if matching takes more than 1.5 times the baseline."""
    statement = _prepare(count, provider)
    _told(f"{Line.objects.count():,} lines, {Transaction.objects.count():,} transactions")
    first, again, bare = [], [], []
    with _without_cases():
        for _ in range(ROUNDS):
            bare.append(_timed("baseline", lambda: _baseline(statement)))
            _forget(statement)
            first.append(_timed("first run", lambda: matching.match(statement, at=NEXT)))
            again.append(_timed("second run", lambda: matching.match(statement, at=NEXT)))
    cases = _timed("its cases", lambda: doubts.update(statement, at=NEXT))
    for one in BucketSum.objects.filter(statement=statement).order_by("bucket"):
        _told(f"  {one.bucket:<20}{one.lines:>10,} lines {one.entries:>10,} movements")
    ratio = median(first) / median(bare)
    _told(
        f"median: baseline {median(bare):.2f} s, first run {median(first):.2f} s, "
        f"ratio {ratio:.2f}, second run {median(again):.2f} s\n"
        f"{Case.objects.count():,} cases in {cases:.1f} s\n"
        f"peak memory: this process {_own_peak():.0f} MB, its server process {_peak():.0f} MB"
    )
    if ratio > 1.5:
        sys.exit(1)


def _prepare(count: int, provider: str) -> Statement:
    """As the owner, in one go: what the ledger itself would take an hour for."""
    if not DatabaseMark.is_demo() or Transaction.objects.exists():
        sys.exit("This is for an empty demo database: choose a CAGE_HOME that can be deleted.")
    known: dict[str, Any] = {"players": PLAYERS, "count": count, "provider": provider, "day": DAY}
    statement = Statement.objects.create(
        provider=provider,
        format_id=1,
        file_name="bench.csv",
        sha256="bench",
        size=1,
        start_at=DAY,
        end_at=NEXT,
        rows=count,
        imported_at=NEXT,
    )
    with connections["owner"].cursor() as cursor:
        _timed("players", lambda: cursor.execute(WALLETS, known))
        _timed("ledger", lambda: cursor.execute(LEDGER, known))
        cursor.execute("VACUUM ANALYZE wallets_transaction")
        cursor.execute("VACUUM ANALYZE wallets_entry")
        _timed("lines", lambda: cursor.execute(LINES, known | {"statement": statement.pk}))
        cursor.execute(
            "CREATE TABLE matching_baseline (LIKE reconciliation_match INCLUDING ALL);"
            f"GRANT ALL ON matching_baseline TO {connection.settings_dict['USER']}"
        )
    return statement


def _baseline(statement: Statement) -> None:
    window: dict[str, Any] = {"day": DAY, "next": NEXT}
    known = window | {"statement": statement.pk, "provider": statement.provider}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(plain.SETTINGS)
        cursor.execute(BASELINE, known)


def _forget(statement: Statement) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE matching_baseline, reconciliation_match, reconciliation_bucketsum")


@contextmanager
def _without_cases() -> Iterator[None]:
    """They follow in commits of their own, and are timed apart."""
    update = doubts.update
    doubts.update = lambda statement, *, at: doubts.Summary()
    try:
        yield
    finally:
        doubts.update = update


def _timed(what: str, do: Callable[[], object]) -> float:
    started = time.monotonic()
    do()
    seconds = time.monotonic() - started
    _told(f"{what:<12}{seconds:>8.2f} s")
    return seconds


def _told(text: str) -> None:
    print(text, flush=True)


def _own_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _peak() -> float:
    """Of the server's process that worked for us, in MB; 0 where it can't be looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status")
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
