"""The limit: the rows of a settlement written by pgbench, without HTTP and without Python.

The same tables with all their constraints, indexes and triggers, as the role that Cage runs as, and
the bytes of a delivery that Cage has kept. Limit A commits each settlement alone, limit B so many
at once as Cage's groups had on average, set-based.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from config.embedded import postgres
from config.embedded.bench.orders import PLAYERS
from config.embedded.processes import Failure

CLIENTS = (4, 8, 16, 32)

ALONE = r"""
\set number random(1, 1000000000000000)
\set player random(1, {players})
BEGIN;
SELECT p.uid AS uid, w.id AS wallet, w.balance AS balance, w.sequence AS sequence
FROM wallets_player p JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = 'USD'
WHERE p.id = :player FOR NO KEY UPDATE OF w \gset
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    stake, details, refusal, origin, origin_id, occurred_at, posted_at)
VALUES ('jdb', 'settle:' || CAST(:number AS text), 'settlement',
    sha256(convert_to('0 1 USD ' || CAST(:uid AS text), 'UTF8')), CAST(:number AS text),
    '5250228497993', '{game}', 0.2, '{details}', '', 'callback', gen_random_uuid(), now(), now())
RETURNING id AS transaction, origin_id AS delivery \gset
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
VALUES (:transaction, :wallet, CAST(:sequence AS bigint) + 1, 0, 1, CAST(:balance AS numeric),
    CAST(:balance AS numeric) + 1);
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
VALUES (:transaction, 'jdb', 'bet:' || CAST(:number AS text), 'settles');
UPDATE wallets_wallet SET balance = balance + 1, sequence = sequence + 1 WHERE id = :wallet;
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, address, headers, body, unwrapped, outcome, reason, reply_status, reply)
VALUES (CAST(:delivery AS uuid), 'jdb', 'settle', 'settle:' || CAST(:number AS text), now(),
    now(), '127.0.0.1', '{headers}', {body}, {unwrapped}, 'posted', '', 200, {reply});
COMMIT;
"""

GROUPS = r"""
\set number random(1, 1000000000000000)
WITH picked AS MATERIALIZED (
    SELECT DISTINCT (1 + random() * ({players} - 1))::int AS player FROM generate_series(1, {size})
), locked AS MATERIALIZED (
    SELECT p.uid, w.id, w.balance, w.sequence FROM picked
    JOIN wallets_player p ON p.id = picked.player
    JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = 'USD'
    ORDER BY w.id FOR NO KEY UPDATE OF w
), new AS (
    INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id,
        game, stake, details, refusal, origin, origin_id, occurred_at, posted_at)
    SELECT 'jdb', 'settle:' || (CAST(:number AS bigint) + id), 'settlement',
        sha256(convert_to('0 1 USD ' || uid, 'UTF8')), id, '5250228497993', '{game}', 0.2,
        '{details}', '', 'callback', gen_random_uuid(), now(), now() FROM locked
    RETURNING id, reference::bigint AS wallet, transaction_id, origin_id
), entries AS (
    INSERT INTO wallets_entry
        (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
    SELECT new.id, w.id, w.sequence + 1, 0, 1, w.balance, w.balance + 1
    FROM new JOIN locked w ON w.id = new.wallet
), refs AS (
    INSERT INTO wallets_reference (transaction_id, provider, target, effect)
    SELECT id, 'jdb', 'bet:' || (CAST(:number AS bigint) + wallet), 'settles' FROM new
), wallets AS (
    UPDATE wallets_wallet w SET balance = w.balance + 1, sequence = w.sequence + 1
    FROM locked WHERE locked.id = w.id
)
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, address, headers, body, unwrapped, outcome, reason, reply_status, reply)
SELECT origin_id, 'jdb', 'settle', transaction_id, now(), now(), '127.0.0.1',
    '{headers}', {body}, {unwrapped}, 'posted', '', 200, {reply} FROM new;
"""


class Limit:
    """Runs pgbench on the database of `env`, with the bytes of its latest JDB settlement."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env, self._folder = env, folder
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            row = connection.execute(
                "SELECT c.headers::text, c.body, c.unwrapped, c.reply, t.details::text,"
                " t.game FROM providers_callback c JOIN wallets_transaction t"
                " ON t.origin_id = c.delivery_id WHERE c.provider = 'jdb' AND c.outcome = 'posted'"
                " ORDER BY c.id DESC LIMIT 1"
            ).fetchone()
        assert row is not None
        headers, body, unwrapped, reply, details, game = row
        self._bytes = {
            "headers": headers,
            "details": details,
            "game": game,
            "body": _literal(body),
            "unwrapped": _literal(unwrapped),
            "reply": _literal(reply),
        }

    def alone(self, *, clients: int, seconds: int, durable: bool = True) -> float:
        """Settlements a second, each in a commit of its own."""
        return self._run(ALONE, clients=clients, seconds=seconds, durable=durable)

    def groups(self, *, size: int, clients: int, seconds: int) -> float:
        """Settlements a second, about `size` in each commit."""
        before = self._count()
        commits = self._run(GROUPS, clients=clients, seconds=seconds, size=size)
        done = commits * seconds
        return commits * (self._count() - before) / done if done else 0.0

    def _count(self) -> int:
        with psycopg.connect(self._env["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT max(id) FROM wallets_reference").fetchone()
        assert row is not None
        return int(row[0])

    def _run(
        self, script: str, *, clients: int, seconds: int, durable: bool = True, size: int = 0
    ) -> float:
        path = self._folder / "settlement.sql"
        path.write_text(script.format(players=PLAYERS, size=size, **self._bytes))
        address = psycopg.conninfo.conninfo_to_dict(self._env["DATABASE_URL"])
        where = [f"--{name}={address[name]}" for name in ("host", "port") if address.get(name)]
        argv = [
            str(postgres.binaries_folder() / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", "--jobs=1", f"--file={path}"),
            *(f"--client={clients}", f"--time={seconds}", *where),
            *(f"--username={address['user']}", str(address["dbname"])),
        ]
        careless = {} if durable else {"PGOPTIONS": "-c synchronous_commit=off"}
        done = subprocess.run(
            argv, env={**self._env, **careless}, capture_output=True, text=True, check=False
        )
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not found:
            raise Failure(f"{done.stdout}{done.stderr}pgbench failed.")
        return float(found[1])


def _literal(value: bytes) -> str:
    return f"'\\x{value.hex()}'"
