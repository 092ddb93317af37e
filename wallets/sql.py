"""The ledger's statements. Each takes a whole group, so their number never depends on its size.

Reads and locks are separate statements on purpose: at READ COMMITTED a single one that waited for
a lock would see the new balance and not the transaction id that was committed with it.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

from wallets.instructions import Key, Kind
from wallets.rows import Known, KnownTransaction, LockedWallet, Moved, NewTransaction

Wallet = tuple[str, str]  # uid, currency
Value = TypeVar("Value")
Answer = Callable[[], Value]  # To be called once what was sent `together` is answered.

LIMITS = """
SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)
"""

# Few rows of large tables are read and written, whatever the statistics say of how large they are.
BEGIN = """
SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),
       set_config('idle_in_transaction_session_timeout', '10000', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)
"""

# In the order of their ids, always: two groups with the same players can't deadlock.
LOCK_WALLETS = """
SELECT w.id, p.uid, w.currency, w.balance, w.sequence
FROM unnest(%b::text[], %b::text[]) AS named (uid, currency)
JOIN wallets_player p ON p.uid = named.uid
JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = named.currency
ORDER BY w.id
FOR NO KEY UPDATE OF w
"""

LOCK_FREE_WALLETS = LOCK_WALLETS + "SKIP LOCKED"

THESE_WALLETS = """
SELECT p.uid, w.currency
FROM unnest(%b::text[], %b::text[]) AS named (uid, currency)
JOIN wallets_player p ON p.uid = named.uid
JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = named.currency
"""

# A row for every name: a bet that is not known may be settled all the same. No plan may read a
# table for it, whatever the statistics say: what is asked of a row is asked of that row alone
# (LATERAL, and OFFSET 0, which no planner pulls up). What nobody reversed has no correction.
KNOWN_TRANSACTIONS = """
SELECT named.provider, named.transaction_id, t.kind, t.terms, t.refusal, m.wallets, m.debits,
       m.credits, cancel.kind, correction.terms, settled.is_so
FROM unnest(%b::text[], %b::text[]) AS named (provider, transaction_id)
LEFT JOIN LATERAL (SELECT t.id, t.kind, t.terms, t.refusal FROM wallets_transaction t
                   WHERE t.provider = named.provider AND t.transaction_id = named.transaction_id
                   OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT array_agg(e.wallet_id) AS wallets, array_agg(e.debit) AS debits,
                          array_agg(e.credit) AS credits
                   FROM wallets_entry e WHERE e.transaction_id = t.id) m ON t.id IS NOT NULL
LEFT JOIN LATERAL (SELECT r.transaction_id FROM wallets_reference r
                   WHERE r.provider = named.provider AND r.target = named.transaction_id
                     AND r.effect = 'cancels' OFFSET 0) by ON true
LEFT JOIN LATERAL (SELECT c.kind FROM wallets_transaction c WHERE c.id = by.transaction_id
                   OFFSET 0) cancel ON true
LEFT JOIN LATERAL (SELECT x.terms FROM wallets_transaction x
                   WHERE cancel.kind = 'adjustment'
                     AND x.provider = named.provider AND x.refusal = ''
                     AND x.transaction_id = 'corrected:' || named.transaction_id
                     AND NOT EXISTS (SELECT FROM wallets_reference r
                                     WHERE r.provider = x.provider AND r.target = x.transaction_id
                                       AND r.effect = 'cancels')
                   OFFSET 0) correction ON true
LEFT JOIN LATERAL (SELECT true AS is_so
                   FROM (SELECT r.transaction_id FROM wallets_reference r
                         WHERE r.provider = named.provider AND r.target = named.transaction_id
                           AND r.effect = 'settles' OFFSET 0) r
                   WHERE NOT EXISTS (SELECT FROM (SELECT s.provider, s.transaction_id
                                                  FROM wallets_transaction s
                                                  WHERE s.id = r.transaction_id OFFSET 0) s,
                                          LATERAL (SELECT FROM wallets_reference u
                                                   WHERE u.provider = s.provider
                                                     AND u.target = s.transaction_id
                                                     AND u.effect = 'cancels' OFFSET 0) u)
                   LIMIT 1) settled ON true
"""

PLAYERS = "SELECT uid, status FROM wallets_player WHERE uid = ANY(%b::text[])"

# A row for the player, with NULL where there is no wallet in that currency.
# One message, so one round trip; the server takes it as one transaction, which is what the limits
# are local to.
BALANCE = """
SET LOCAL lock_timeout = %s; SET LOCAL statement_timeout = %s;
SELECT w.balance
FROM wallets_player p
LEFT JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = %s
WHERE p.uid = %s
"""

TAKE_IDS = """
SELECT nextval(pg_get_serial_sequence('wallets_transaction', 'id')) FROM generate_series(1, %s)
"""

INSERT_TRANSACTIONS = """
INSERT INTO wallets_transaction (id, provider, transaction_id, kind, terms, reference, round_id,
    game, stake, details, refusal, origin, origin_id, occurred_at, posted_at)
SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[],
    %b::text[], %b::text[], %b::numeric[], %b::jsonb[], %b::text[], %b::text[], %b::uuid[],
    %b::timestamptz[], %b::timestamptz[])
ON CONFLICT (provider, transaction_id) DO NOTHING
"""

INSERT_ENTRIES = """
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::numeric[], %b::numeric[],
    %b::numeric[], %b::numeric[])
"""

INSERT_REFERENCES = """
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[])
"""

UPDATE_WALLETS = """
UPDATE wallets_wallet w SET balance = moved.balance, sequence = moved.sequence
FROM unnest(%b::bigint[], %b::numeric[], %b::bigint[]) AS moved (id, balance, sequence)
WHERE w.id = moved.id
"""


@contextmanager
def together() -> Iterator[None]:
    """What is executed in here goes out at once, and the answers are waited for once, at the end.

    Each is a statement of its own all the same, with a snapshot of its own.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def execute(statement: str, values: Sequence[Any]) -> CursorWrapper:
    """Values are bound in the server, so that the statement can be prepared."""
    cursor: Any = psycopg.Cursor(connection.connection)
    make = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    wrapped = make(cursor)
    wrapped.execute(statement, values)
    return wrapped


def begin(patience: float) -> None:
    """The transaction's first statement: `limit`, and plans by index only."""
    execute(BEGIN, [_milliseconds(patience)] * 2)


def limit(patience: float) -> None:
    """No further statement of this transaction waits or runs longer than so many seconds."""
    execute(LIMITS, [_milliseconds(patience)] * 2)


def lock_wallets(wallets: Collection[Wallet]) -> Answer[dict[Wallet, LockedWallet]]:
    """The rows of these (uid, currency), locked until the transaction ends."""
    return partial(_locked, execute(LOCK_WALLETS, _columns(wallets, width=2)))


def lock_free_wallets(wallets: Collection[Wallet]) -> Answer[dict[Wallet, LockedWallet]]:
    """The same of those that nobody holds."""
    return partial(_locked, execute(LOCK_FREE_WALLETS, _columns(wallets, width=2)))


def existing(wallets: Collection[Wallet]) -> set[Wallet]:
    """Those of these (uid, currency) that there are, whoever holds them."""
    return set(execute(THESE_WALLETS, _columns(wallets, width=2)).fetchall())


def _locked(cursor: CursorWrapper) -> dict[Wallet, LockedWallet]:
    return {
        (uid, currency): LockedWallet(id=id_, balance=balance, sequence=sequence)
        for id_, uid, currency, balance, sequence in cursor.fetchall()
    }


def read_players(uids: Collection[str]) -> Answer[dict[str, str]]:
    """uid -> status, of those that exist."""
    cursor = execute(PLAYERS, [list(uids)])
    return lambda: dict(cursor.fetchall())


def read_known(keys: Collection[Key]) -> Answer[Known]:
    """What the books know of `keys`."""
    return partial(_known, execute(KNOWN_TRANSACTIONS, _columns(keys, width=2)))


def _known(cursor: CursorWrapper) -> Known:
    known = Known()
    for row in cursor.fetchall():
        provider, id_, kind, terms, refusal, *moved, cancelled_by, corrected, settled = row
        key = provider, id_
        if settled:
            known.settled.add(key)
        if kind is not None:
            known.transactions[key] = KnownTransaction(
                kind=Kind(kind),
                terms=bytes(terms),
                refusal=refusal,
                moved=_moved(*moved),
                cancelled_by=Kind(cancelled_by) if cancelled_by else None,
                corrected=None if corrected is None else bytes(corrected),
            )
    return known


def read_balance(
    cursor: CursorWrapper, uid: str, currency: str, *, patience: float
) -> tuple[Decimal | None] | None:
    """(balance,); (None,) where the player has no such wallet; None where there is no player.

    Waits for no more than `patience` seconds.
    """
    milliseconds = _milliseconds(patience)
    cursor.execute(BALANCE, [milliseconds, milliseconds, currency, uid])
    while cursor.nextset():
        pass  # The last of the three has the row.
    row: tuple[Decimal | None] | None = cursor.fetchone()
    return row


def take_ids(count: int) -> Answer[list[int]]:
    """So many ids for new transactions; what isn't used is a gap."""
    cursor = execute(TAKE_IDS, [count])
    return lambda: [id_ for (id_,) in cursor.fetchall()]


def insert_transactions(
    new: Sequence[NewTransaction], ids: Mapping[Key, int], *, posted_at: datetime
) -> Answer[int]:
    """How many were inserted: those whose key another process inserted meanwhile are missing.

    In the order of their keys, so that two groups that share some can't deadlock.
    """
    if not new:
        return lambda: 0
    ordered = sorted(new, key=lambda transaction: transaction.instruction.key)
    rows = [(ids[row.instruction.key], *_row(row, posted_at)) for row in ordered]
    cursor = execute(INSERT_TRANSACTIONS, _columns(rows, width=15))
    return lambda: cursor.rowcount


def insert_entries(new: Sequence[NewTransaction], ids: Mapping[Key, int]) -> None:
    """The entries of every new transaction."""
    rows = [
        (
            ids[transaction.instruction.key],
            entry.wallet_id,
            entry.sequence,
            entry.debit,
            entry.credit,
            entry.balance_before,
            entry.balance_after,
        )
        for transaction in new
        for entry in transaction.entries
    ]
    if rows:
        execute(INSERT_ENTRIES, _columns(rows, width=7))


def insert_references(new: Sequence[NewTransaction], ids: Mapping[Key, int]) -> None:
    """What every new transaction does to others."""
    rows = [
        (
            ids[transaction.instruction.key],
            transaction.instruction.provider,
            target,
            effect.value,
        )
        for transaction in new
        for target, effect in transaction.effects
    ]
    if rows:
        execute(INSERT_REFERENCES, _columns(rows, width=4))


def update_wallets(wallets: Collection[LockedWallet]) -> None:
    """Balance and sequence as the draft left them."""
    rows = [(wallet.id, wallet.balance, wallet.sequence) for wallet in wallets if wallet.moved]
    if rows:
        execute(UPDATE_WALLETS, _columns(rows, width=3))


def _milliseconds(patience: float) -> str:
    return str(max(1, int(patience * 1000)))


def _row(new: NewTransaction, posted_at: datetime) -> tuple[Any, ...]:
    instruction = new.instruction
    return (
        instruction.provider,
        instruction.transaction_id,
        instruction.kind.value,
        new.terms,
        instruction.reference,
        instruction.round_id,
        instruction.game,
        instruction.stake,
        json.dumps(dict(instruction.details)),
        new.refusal,
        instruction.origin.value,
        instruction.origin_id,
        instruction.occurred_at,
        posted_at,
    )


def _moved(
    wallet_ids: list[int] | None, debits: list[Decimal], credits: list[Decimal]
) -> tuple[Moved, ...]:
    if wallet_ids is None:
        return ()
    rows = zip(wallet_ids, debits, credits, strict=True)
    return tuple(Moved(wallet_id=id_, debit=debit, credit=credit) for id_, debit, credit in rows)


def _columns(rows: Any, *, width: int) -> list[list[Any]]:
    """Rows turned into `width` columns, for unnest."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
