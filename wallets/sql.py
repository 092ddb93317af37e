"""The ledger's statements. Each takes a whole group, so their number never depends on its size.

Reads and locks are separate statements on purpose: at READ COMMITTED a single one that waited for
a lock would see the new balance and not the transaction id that was committed with it.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.backends.utils import CursorWrapper

from wallets.instructions import Key, Kind
from wallets.rows import Known, KnownTransaction, LockedWallet, Moved, NewTransaction

LIMITS = """
SELECT set_config('lock_timeout', %(ms)s, true),
       set_config('statement_timeout', %(ms)s, true),
       set_config('idle_in_transaction_session_timeout', '10000', true)
"""

# In the order of their ids, always: two groups with the same players can't deadlock.
LOCK_WALLETS = """
SELECT w.id, p.uid, w.currency, w.balance, w.sequence
FROM unnest(%s::text[], %s::text[]) AS named (uid, currency)
JOIN wallets_player p ON p.uid = named.uid
JOIN wallets_wallet w ON w.player_id = p.id AND w.currency = named.currency
ORDER BY w.id
FOR NO KEY UPDATE OF w
"""

# A row for every name: a bet that is not known may be settled all the same. What is asked of each
# row alone is written so that no planner reads a whole table for it (LIMIT), nor looks for a
# correction of what no two people reversed (the kind in its WHERE).
KNOWN_TRANSACTIONS = """
SELECT named.provider, named.transaction_id, t.kind, t.terms, t.refusal, m.wallets, m.debits,
       m.credits, cancel.kind, correction.terms,
       coalesce((SELECT true FROM wallets_reference r
                 JOIN wallets_transaction s ON s.id = r.transaction_id
                 WHERE r.provider = named.provider AND r.target = named.transaction_id
                   AND r.effect = 'settles'
                   AND NOT EXISTS (SELECT FROM wallets_reference u
                                   WHERE u.provider = s.provider AND u.target = s.transaction_id
                                     AND u.effect = 'cancels')
                 LIMIT 1), false)
FROM unnest(%s::text[], %s::text[]) AS named (provider, transaction_id)
LEFT JOIN wallets_transaction t
  ON t.provider = named.provider AND t.transaction_id = named.transaction_id
LEFT JOIN LATERAL (SELECT array_agg(e.wallet_id) AS wallets, array_agg(e.debit) AS debits,
                          array_agg(e.credit) AS credits
                   FROM wallets_entry e WHERE e.transaction_id = t.id) m ON t.id IS NOT NULL
LEFT JOIN LATERAL (SELECT c.kind
                   FROM wallets_reference r JOIN wallets_transaction c ON c.id = r.transaction_id
                   WHERE r.provider = named.provider AND r.target = named.transaction_id
                     AND r.effect = 'cancels') cancel ON true
LEFT JOIN LATERAL (SELECT x.terms FROM wallets_transaction x
                   WHERE cancel.kind = 'adjustment'
                     AND x.provider = named.provider AND x.refusal = ''
                     AND x.transaction_id = 'corrected:' || named.transaction_id
                     AND NOT EXISTS (SELECT FROM wallets_reference r
                                     WHERE r.provider = x.provider AND r.target = x.transaction_id
                                       AND r.effect = 'cancels')
                  ) correction ON true
"""

PLAYERS = "SELECT uid, status FROM wallets_player WHERE uid = ANY(%s::text[])"

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

INSERT_TRANSACTIONS = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    stake, details, refusal, origin, origin_id, occurred_at, posted_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[],
    %s::text[], %s::numeric[], %s::jsonb[], %s::text[], %s::text[], %s::uuid[],
    %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (provider, transaction_id) DO NOTHING
RETURNING provider, transaction_id, id
"""

INSERT_ENTRIES = """
INSERT INTO wallets_entry
    (transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[])
"""

INSERT_REFERENCES = """
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
"""

UPDATE_WALLETS = """
UPDATE wallets_wallet w SET balance = moved.balance, sequence = moved.sequence
FROM unnest(%s::bigint[], %s::numeric[], %s::bigint[]) AS moved (id, balance, sequence)
WHERE w.id = moved.id
"""


def limit(cursor: CursorWrapper, patience: float) -> None:
    """No further statement of this transaction waits or runs longer than so many seconds."""
    cursor.execute(LIMITS, {"ms": str(max(1, int(patience * 1000)))})


def lock_wallets(
    cursor: CursorWrapper, wallets: Collection[tuple[str, str]]
) -> dict[tuple[str, str], LockedWallet]:
    """The rows of these (uid, currency), locked until the transaction ends."""
    cursor.execute(LOCK_WALLETS, _columns(wallets, width=2))
    return {
        (uid, currency): LockedWallet(id=id_, balance=balance, sequence=sequence)
        for id_, uid, currency, balance, sequence in cursor.fetchall()
    }


def read_players(cursor: CursorWrapper, uids: Collection[str]) -> dict[str, str]:
    """uid -> status, of those that exist."""
    cursor.execute(PLAYERS, [list(uids)])
    return dict(cursor.fetchall())


def read_known(cursor: CursorWrapper, keys: Collection[Key]) -> Known:
    """What the books know of `keys`."""
    cursor.execute(KNOWN_TRANSACTIONS, _columns(keys, width=2))
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
    milliseconds = max(1, int(patience * 1000))
    cursor.execute(BALANCE, [milliseconds, milliseconds, currency, uid])
    while cursor.nextset():
        pass  # The last of the three has the row.
    row: tuple[Decimal | None] | None = cursor.fetchone()
    return row


def insert_transactions(
    cursor: CursorWrapper, new: Sequence[NewTransaction], *, posted_at: datetime
) -> dict[Key, int]:
    """Key -> id of those inserted. A key that another process inserted meanwhile is missing.

    Inserted in the order of their keys, so that two groups that share some can't deadlock.
    """
    ordered = sorted(new, key=lambda transaction: transaction.instruction.key)
    cursor.execute(
        INSERT_TRANSACTIONS,
        _columns([_row(row, posted_at) for row in ordered], width=14),
    )
    return {(provider, transaction_id): id_ for provider, transaction_id, id_ in cursor.fetchall()}


def insert_entries(
    cursor: CursorWrapper, new: Sequence[NewTransaction], ids: dict[Key, int]
) -> None:
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
    cursor.execute(INSERT_ENTRIES, _columns(rows, width=7))


def insert_references(
    cursor: CursorWrapper, new: Sequence[NewTransaction], ids: dict[Key, int]
) -> None:
    """What every new transaction does to others; no statement where none does anything."""
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
        cursor.execute(INSERT_REFERENCES, _columns(rows, width=4))


def update_wallets(cursor: CursorWrapper, wallets: Collection[LockedWallet]) -> None:
    """Balance and sequence as the draft left them."""
    rows = [(wallet.id, wallet.balance, wallet.sequence) for wallet in wallets if wallet.moved]
    cursor.execute(UPDATE_WALLETS, _columns(rows, width=3))


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
