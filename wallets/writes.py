"""What the ledger writes: a whole group's rows of one table in one statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from wallets import sql
from wallets.instructions import Key
from wallets.rows import LockedWallet, NewTransaction

# By their places: no plan may read the table for it, and rows that we hold stay where they are.
UPDATE_WALLETS = """
UPDATE wallets_wallet w SET balance = moved.balance, sequence = moved.sequence
FROM json_populate_recordset(NULL::wallets_wallet, %b::json) moved,
     LATERAL (SELECT held.ctid FROM wallets_wallet held WHERE held.id = moved.id OFFSET 0) held
WHERE w.ctid = held.ctid
"""

INSERT_TRANSACTIONS = sql.inserting(
    "wallets_transaction",
    "id, provider, transaction_id, kind, terms, reference, round_id, game, stake, details,"
    " refusal, origin, origin_id, occurred_at, posted_at",
)
INSERT_ENTRIES = sql.inserting(
    "wallets_entry",
    "transaction_id, wallet_id, sequence, debit, credit, balance_before, balance_after",
)
INSERT_REFERENCES = sql.inserting("wallets_reference", "transaction_id, provider, target, effect")

# What follows from new transactions, in one message.
MOVE = f"WITH entries AS ({INSERT_ENTRIES}), mentioned AS ({INSERT_REFERENCES}) {UPDATE_WALLETS}"


def insert_transactions(
    new: Sequence[NewTransaction], ids: Mapping[Key, int], *, posted_at: datetime
) -> None:
    """Their rows: an IntegrityError where another process inserted one of their keys meanwhile.

    In the order of their keys, so that two groups that share some can't deadlock.
    """
    ordered = sorted(new, key=lambda transaction: transaction.instruction.key)
    sql.write(
        INSERT_TRANSACTIONS, (_row(one, ids[one.instruction.key], posted_at) for one in ordered)
    )


def move(
    new: Sequence[NewTransaction], ids: Mapping[Key, int], wallets: Collection[LockedWallet]
) -> None:
    """The entries of every new transaction, what it does to others, and the wallets after it."""
    entries = [
        {
            "transaction_id": ids[transaction.instruction.key],
            "wallet_id": entry.wallet_id,
            "sequence": entry.sequence,
            "debit": entry.debit,
            "credit": entry.credit,
            "balance_before": entry.balance_before,
            "balance_after": entry.balance_after,
        }
        for transaction in new
        for entry in transaction.entries
    ]
    references = [
        {
            "transaction_id": ids[transaction.instruction.key],
            "provider": transaction.instruction.provider,
            "target": target,
            "effect": effect.value,
        }
        for transaction in new
        for target, effect in transaction.effects
    ]
    moved = [
        {"id": wallet.id, "balance": wallet.balance, "sequence": wallet.sequence}
        for wallet in wallets
        if wallet.moved
    ]
    sql.write(MOVE, entries, references, moved)


def _row(new: NewTransaction, id_: int, posted_at: datetime) -> sql.Row:
    instruction = new.instruction
    return {
        "id": id_,
        "provider": instruction.provider,
        "transaction_id": instruction.transaction_id,
        "kind": instruction.kind.value,
        "terms": sql.in_hex(new.terms),
        "reference": instruction.reference,
        "round_id": instruction.round_id,
        "game": instruction.game,
        "stake": instruction.stake,
        "details": dict(instruction.details),
        "refusal": new.refusal,
        "origin": instruction.origin.value,
        "origin_id": instruction.origin_id,
        "occurred_at": instruction.occurred_at,
        "posted_at": posted_at,
    }
