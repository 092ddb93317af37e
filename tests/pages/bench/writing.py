"""What each index of the books and the inbox costs: its bytes, and what a write pays for it.

    CAGE_HOME=/tmp/bench ./cage manage shell -v 0 \\
        -c "from tests.pages.bench import writing; writing.main()"

On a database that `timing` has filled. 12,800 rows are inserted in one transaction that is rolled
back, with all indexes and without one of them, taking turns, eight times; the median of what is
spared is told, so that whatever else the machine does meanwhile hits both alike. The time is of
the insert alone, without its commit, and still no better than half a microsecond; the bytes of the
log (WAL) are the same on any machine, but for pages that are written whole after a checkpoint.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connections, transaction

# The rows to be written lie ready, 64 to a batch: reading them costs the same each time.
SOURCES = {
    "wallets_transaction": """
        SELECT provider, 'settle:' || 600000000 + n AS transaction_id, kind, terms,
               (600000000 + n)::text AS reference, 'R' || 20000000 + n / 3 AS round_id, game,
               details, refusal, origin, now() AS posted_at, n / 64 AS batch
        FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM wallets_transaction
              WHERE provider <> 'house' ORDER BY id LIMIT %(rows)s) t""",
    "wallets_reference": """
        SELECT transaction_id, provider, 'bet:' || 600000000 + n AS target, effect, n / 64 AS batch
        FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM wallets_reference
              ORDER BY id LIMIT %(rows)s) r""",
    # Of wallets here and there, as players are.
    "wallets_entry": """
        SELECT transaction_id, 1 + n * 7919 %% (SELECT count(*) FROM wallets_wallet) AS wallet_id,
               1000000 + n AS sequence, debit, credit, balance_before, balance_after,
               n / 64 AS batch
        FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM wallets_entry
              WHERE sequence > 1 ORDER BY id LIMIT %(rows)s) e""",
    "providers_callback": """
        SELECT gen_random_uuid() AS delivery_id, provider, operation,
               'settle:' || 600000000 + n AS transaction_id, now() AS received_at,
               now() AS decided_at, address, headers, body, unwrapped, outcome, reason,
               reply_status, reply, terms, n / 64 AS batch
        FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM providers_callback
              ORDER BY id LIMIT %(rows)s) c""",
}
BATCHES, ROUNDS = 200, 8
ROWS = BATCHES * 64

INDEXES = """
SELECT i.relname, c.conname,
       (SELECT sum(pg_relation_size(relid)) FROM (
            SELECT relid FROM pg_partition_tree(i.oid) UNION SELECT i.oid) tree)::bigint
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u')
WHERE x.indrelid = %s::regclass
ORDER BY i.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """`drop` is how it is left out."""

    name: str
    size: int
    drop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one row: microseconds, and bytes of the log."""

    time: float
    log: float


def main(rounds: int = ROUNDS) -> None:
    heading = f"{'bytes a row':>12}{'µs a row':>10}{'share':>8}{'log':>8}"
    with connections["owner"].cursor() as cursor:
        for table in SOURCES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            (rows,) = cursor.fetchone()
            indexes = list(_indexes(cursor, table))
            cursor.execute(f"CREATE TEMP TABLE ready AS {SOURCES[table]}", {"rows": ROWS})
            cursor.execute("CREATE INDEX ON ready (batch)")
            cursor.execute("ANALYZE ready")
            whole, spared = _measure(cursor, table, indexes, rounds)
            cursor.execute("DROP TABLE ready")
            print(f"\n{table + f', {rows:,} rows':<44}{heading}")
            print(f"{'all of it':<44}{'':>12}{whole.time:>10.1f}{'':>8}{whole.log:>8.0f}")
            for index in indexes:
                one = spared[index.name]
                print(
                    f"  {index.name:<42}{index.size / rows:>12.1f}{one.time:>10.1f}"
                    f"{one.time / whole.time:>8.0%}{one.log:>8.0f}"
                )


def _indexes(cursor: Any, table: str) -> Iterator[Index]:
    cursor.execute(INDEXES, [table])
    for name, constraint, size in cursor.fetchall():
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE"
        yield Index(name=name, size=size, drop=drop if constraint else f"DROP INDEX {name}")


def _measure(
    cursor: Any, table: str, indexes: list[Index], rounds: int
) -> tuple[Cost, dict[str, Cost]]:
    """With all of them, and what is spared without each: of neighbours in time, the median."""
    whole: list[Cost] = []
    spared: dict[str, list[Cost]] = {index.name: [] for index in indexes}
    for number in range(rounds):
        for index in indexes:
            # Whichever comes first finds other pages in memory: they take turns.
            pair = {drop: _written(cursor, table, drop) for drop in _turns(index.drop, number)}
            whole.append(pair[""])
            spared[index.name].append(
                Cost(
                    time=pair[""].time - pair[index.drop].time,
                    log=pair[""].log - pair[index.drop].log,
                )
            )
        cursor.execute(f"VACUUM {table}")  # What was rolled back takes no room in the next round.
    return _middle(whole), {name: _middle(costs) for name, costs in spared.items()}


def _turns(drop: str, number: int) -> list[str]:
    return ["", drop] if number % 2 else [drop, ""]


def _middle(costs: list[Cost]) -> Cost:
    return Cost(time=median(one.time for one in costs), log=median(one.log for one in costs))


def _written(cursor: Any, table: str, drop: str) -> Cost:
    with transaction.atomic(using="owner"):
        if drop:
            cursor.execute(drop)
        columns = _columns(cursor)
        insert = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ready WHERE batch = %s"
        begun, started = _log(cursor), perf_counter()
        for batch in range(BATCHES):
            cursor.execute(insert, [batch])
        seconds, log = perf_counter() - started, _log(cursor) - begun
        transaction.set_rollback(True, using="owner")
    return Cost(time=seconds / ROWS * 1_000_000, log=log / ROWS)


def _columns(cursor: Any) -> str:
    """Those of the rows that lie ready."""
    cursor.execute("SELECT * FROM ready LIMIT 0")
    return ", ".join(column.name for column in cursor.description if column.name != "batch")


def _log(cursor: Any) -> int:
    """How many bytes were ever written to it."""
    cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
    return int(cursor.fetchone()[0])
