"""What the ledger reads and locks. Each statement takes a whole group.

Reads and locks are separate statements on purpose: at READ COMMITTED a single one that waited for
a lock would see the new balance, and not the transaction id that was committed with it, nor that
the player was suspended before that.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from django.db.backends.utils import CursorWrapper

from wallets import sql
from wallets.instructions import Key, Kind
from wallets.rows import Known, KnownTransaction, Locked, LockedWallet, Moved, Wallet

Value = TypeVar("Value")
Answer = Callable[[], Value]  # To be called once what was sent `together` is answered.

# No plan may read a table for these, whatever the statistics say: what is asked of a row is asked
# of that row alone (LATERAL, and OFFSET 0, which no planner pulls up).
# A row for every wallet that there is, without a balance where it is left out because somebody else
# holds it. In the order of their ids, always: two groups with the same players can't deadlock.
LOCK_WALLETS = """
SELECT these.uid, these.currency, these.id, w.balance, w.sequence
FROM (SELECT p.uid, named.currency, w.id
      FROM unnest(%b::text[], %b::text[]) AS named (uid, currency),
           LATERAL (SELECT p.id, p.uid FROM wallets_player p WHERE p.uid = named.uid OFFSET 0) p,
           LATERAL (SELECT w.id FROM wallets_wallet w
                    WHERE w.player_id = p.id AND w.currency = named.currency OFFSET 0) w
      ORDER BY w.id OFFSET 0) these
LEFT JOIN LATERAL (SELECT w.balance, w.sequence FROM wallets_wallet w WHERE w.id = these.id
                   FOR NO KEY UPDATE) w ON true
"""

LOCK_FREE_WALLETS = LOCK_WALLETS.replace("FOR NO KEY UPDATE", "FOR NO KEY UPDATE SKIP LOCKED")

# A row for every name, with an id for it should it be new: what isn't used is a gap. A bet that is
# not known may be settled all the same. What nobody reversed has no correction.
KNOWN_TRANSACTIONS = """
SELECT named.provider, named.transaction_id, t.kind, t.terms, t.refusal, m.wallets, m.debits,
       m.credits, cancel.kind, correction.terms, settled.is_so,
       nextval(pg_get_serial_sequence('wallets_transaction', 'id'))
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


def lock_wallets(wallets: Collection[Wallet]) -> Answer[Locked]:
    """These (uid, currency), locked until the transaction ends."""
    return partial(_locked, sql.execute(LOCK_WALLETS, _columns(wallets, width=2)))


def lock_free_wallets(wallets: Collection[Wallet]) -> Answer[Locked]:
    """The same, without those that somebody holds."""
    return partial(_locked, sql.execute(LOCK_FREE_WALLETS, _columns(wallets, width=2)))


def _locked(cursor: Any) -> Locked:
    locked = Locked()
    for uid, currency, id_, balance, sequence in cursor.fetchall():
        if balance is None:
            locked.busy.add((uid, currency))
        else:
            wallet = LockedWallet(id=id_, balance=balance, sequence=sequence)
            locked.wallets[uid, currency] = wallet
    return locked


def read_players(uids: Collection[str]) -> Answer[dict[str, str]]:
    """uid -> status, of those that exist."""
    cursor = sql.execute(PLAYERS, [list(uids)])
    return lambda: dict(cursor.fetchall())


def read_known(keys: Collection[Key]) -> Answer[Known]:
    """What the books know of `keys`."""
    return partial(_known, sql.execute(KNOWN_TRANSACTIONS, _columns(keys, width=2)))


def _known(cursor: Any) -> Known:
    known = Known()
    for row in cursor.fetchall():
        provider, name, kind, terms, refusal, *moved, cancelled_by, corrected, settled, id_ = row
        key = provider, name
        known.ids.append(id_)
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
    milliseconds = sql.milliseconds(patience)
    cursor.execute(BALANCE, [milliseconds, milliseconds, currency, uid])
    while cursor.nextset():
        pass  # The last of the three has the row.
    row: tuple[Decimal | None] | None = cursor.fetchone()
    return row


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
