"""The books before and after: filled in minutes, and held against what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from config.embedded.bench.orders import PLAYERS

# Settlements of 1 each, the players in turn: so the k-th entry of a wallet needs no sorting.
FILL = """
CREATE TEMPORARY TABLE made AS
SELECT i, w.id AS wallet, w.balance AS opening, w.sequence AS last,
       (i - 1) / %(players)s AS earlier,
       'settle:' || CASE WHEN %(random)s
           THEN ('x' || substr(md5(i::text), 1, 12))::bit(48)::bigint ELSE i END AS id,
       sha256(convert_to('0 1 USD ' || p.uid, 'UTF8')) AS terms, md5('fill' || i)::uuid AS delivery,
       now() - (%(until)s - i) * interval '0.2 s' AS moment
FROM generate_series(%(from)s::bigint, %(until)s::bigint) i
JOIN wallets_player p ON p.uid = 'p' || (i - 1) %% %(players)s
JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = 'USD';
WITH new AS (
    INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id,
        game, stake, details, refusal, origin, origin_id, occurred_at, posted_at)
    SELECT 'jdb', id, 'settlement', terms, i, i, '58-58016', 0.2, '{}', '', 'callback', delivery,
           moment, moment FROM made ORDER BY i
    RETURNING id, origin_id
)
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT new.id, wallet, last + earlier - %(turns)s + 1, 0, 1,
       opening + earlier - %(turns)s, opening + earlier - %(turns)s + 1
FROM new JOIN made ON made.delivery = new.origin_id;
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, address, headers, body, unwrapped, outcome, reason, reply_status, reply)
SELECT delivery, 'jdb', 'settle', id, moment, moment, '127.0.0.1', '{}',
       convert_to(repeat('x', 700), 'UTF8'), convert_to(repeat('y', 450), 'UTF8'), 'posted', '',
       200, convert_to(repeat('z', 60), 'UTF8') FROM made ORDER BY i;
UPDATE wallets_wallet w SET balance = e.balance_after, sequence = e.sequence
FROM (SELECT DISTINCT ON (wallet_id) wallet_id, sequence, balance_after FROM wallets_entry
      ORDER BY wallet_id, sequence DESC) e
WHERE e.wallet_id = w.id;
DROP TABLE made;
"""

STEP = 500_000  # Settlements in one commit; the players take turns, so a multiple of them.


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the books stand; `moved` and `held` are sums over everything."""

    last_id: int
    last_callback: int
    held: str


class Books:
    """The database of `env`, looked at as its owner."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._url = env["MIGRATE_DATABASE_URL"]
        self._filled = 0

    def fill(self, entries: int, *, random: bool = False) -> None:
        """Settlements, with their callbacks, until there are so many entries; then analyze."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            (there,) = connection.execute("SELECT count(*) FROM wallets_entry").fetchone() or (0,)
            last = self._filled + (entries - there) // PLAYERS * PLAYERS
            while self._filled < last:
                first, self._filled = self._filled, min(self._filled + STEP, last)
                values = {
                    "from": first + 1,
                    "until": self._filled,
                    "turns": first // PLAYERS,
                    "players": PLAYERS,
                    "random": random,
                }
                with psycopg.ClientCursor(connection) as cursor, connection.transaction():
                    cursor.execute(FILL, values)
            connection.execute("VACUUM ANALYZE")

    def state(self) -> State:
        """To be given to `faults` after the run."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "SELECT coalesce((SELECT max(id) FROM wallets_transaction), 0),"
                " coalesce((SELECT max(id) FROM providers_callback), 0),"
                " (SELECT sum(balance) FROM wallets_wallet)"
            ).fetchone()
        assert row is not None
        return State(last_id=row[0], last_callback=row[1], held=row[2])

    def faults(self, before: State, *, transactions: int, deliveries: int) -> list[str]:
        """What doesn't add up since then; nothing if all does."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "SELECT count(DISTINCT t.id), count(DISTINCT (t.provider, t.transaction_id)),"
                " coalesce(sum(e.credit - e.debit), 0), (SELECT sum(balance) FROM wallets_wallet),"
                " (SELECT count(*) FROM providers_callback WHERE id > %s)"
                " FROM wallets_transaction t JOIN wallets_entry e ON e.transaction_id = t.id"
                " WHERE t.id > %s",
                [before.last_callback, before.last_id],
            ).fetchone()
        assert row is not None
        booked, keys, moved, held, kept = row
        checks = {
            f"{booked} transactions instead of {transactions}": booked == keys == transactions,
            f"{kept} callbacks instead of {deliveries}": kept == deliveries,
            f"{moved} moved, and wallets hold {held - before.held} more": held - before.held
            == moved,
        }
        return [fault for fault, is_right in checks.items() if not is_right]

    def group_size(self, before: State) -> float:
        """Deliveries in one commit, on average: those of one group were decided at one moment."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "SELECT count(*)::float / greatest(count(DISTINCT decided_at), 1)"
                " FROM providers_callback WHERE id > %s",
                [before.last_callback],
            ).fetchone()
        assert row is not None
        return float(row[0])

    def settings(self) -> dict[str, str]:
        """What says how durable a commit is, and the server's version."""
        names = ["fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers"]
        with psycopg.connect(self._url) as connection:
            return {
                name: str((connection.execute(f"SHOW {name}").fetchone() or [""])[0])
                for name in ["server_version", *names]
            }
