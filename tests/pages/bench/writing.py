"""What the indexes of the lists cost: their size, and the time that a write takes without each.

    CAGE_HOME=/tmp/bench ./cage manage shell -v 0 \\
        -c "from tests.pages.bench import writing; writing.main()"

On a database that `timing` has filled. 200 batches of 64 rows are inserted in one transaction that
is rolled back, five times in turn with and without the index; the least of each is compared.
"""

import time
from typing import Any

from django.db import connections, transaction

INDEXES = {
    "wallets_transaction": ["transaction_listed"],
    "providers_callback": ["callback_listed"],
}
WRITES = {
    "wallets_transaction": """
        INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id,
            game, details, refusal, origin, posted_at)
        SELECT provider, transaction_id || '-again-' || %(batch)s, kind, terms, reference, round_id,
               game, details, refusal, origin, posted_at FROM wallets_transaction
        WHERE id > 500000 + 100 * %(batch)s ORDER BY id LIMIT 64""",
    "providers_callback": """
        INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id,
            received_at, decided_at, address, headers, body, unwrapped, outcome, reason,
            reply_status, reply, terms)
        SELECT gen_random_uuid(), provider, operation, transaction_id, received_at, decided_at,
               address, headers, body, unwrapped, outcome, reason, reply_status, reply, terms
        FROM providers_callback WHERE id > 500000 + 100 * %(batch)s ORDER BY id LIMIT 64""",
}
BATCHES, ROUNDS = 200, 5
SIZE = """
SELECT pg_size_pretty(sum(pg_relation_size(relid))) FROM (
    SELECT relid FROM pg_partition_tree(%(name)s::regclass) UNION SELECT %(name)s::regclass) tree
"""


def main() -> None:
    with connections["owner"].cursor() as cursor:
        for table, names in INDEXES.items():
            for name in names:
                cursor.execute(SIZE, {"name": name})
                (size,) = cursor.fetchone()
                pairs = [
                    (_written(cursor, table, name), _written(cursor, table, ""))
                    for _ in range(ROUNDS)
                ]
                without, with_it = (min(times) for times in zip(*pairs, strict=True))
                print(f"{table}: {without:.1f} µs a row, with {name} ({size}) {with_it:.1f}")


def _written(cursor: Any, table: str, dropped: str) -> float:
    """Microseconds a row; `dropped` is left out for that long."""
    with transaction.atomic(using="owner"):
        if dropped:
            cursor.execute(f"DROP INDEX {dropped}")
        started = time.perf_counter()
        for batch in range(BATCHES):
            cursor.execute(WRITES[table], {"batch": batch})
        seconds = time.perf_counter() - started
        transaction.set_rollback(True, using="owner")
    return seconds / (BATCHES * 64) * 1_000_000
