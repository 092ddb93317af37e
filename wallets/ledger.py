"""The only writer of balances: `post` decides a group of instructions and books them.

A transaction's `(provider, transaction_id)` is its idempotency key. The same id with the same
terms is a duplicate and moves nothing; the same id with other terms is a conflict and moves
nothing. Both are decided before anything about the present: a player who was closed since, or who
spent the money, does not turn a repetition into a refusal.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from wallets import sql
from wallets.draft import Draft
from wallets.instructions import Instruction, Receipt

PATIENCE = timedelta(seconds=10)

Record = Callable[[Sequence[Receipt]], None]


class _Raced(Exception):
    """Another process inserted one of our transaction ids after we had read the known ones."""


def post(
    instructions: Sequence[Instruction],
    *,
    at: datetime,
    record: Record | None = None,
    patience: timedelta = PATIENCE,
) -> list[Receipt]:
    """Book `instructions` in their order; one receipt each, in the same order.

    All is one database transaction, opened here: raises RuntimeError inside somebody else's. What
    `record(receipts)` writes commits with the money, or not at all. `patience` bounds every single
    statement's wait; django.db.OperationalError says that it ran out, or that the database went
    away, and then nothing is known about the COMMIT. `at` is the time of posting.

    The number of statements doesn't depend on the number of instructions.
    """
    for _ in range(len(instructions) + 1):
        try:
            with transaction.atomic(durable=True):
                receipts = _post(instructions, at=at, patience=patience)
                if record is not None:
                    record(receipts)
                return receipts
        except _Raced:
            continue  # Rolled back, locks released; the racer's id is known now. Decide again.
    raise RuntimeError("transaction ids kept appearing and vanishing while a group was decided")


def _post(
    instructions: Sequence[Instruction], *, at: datetime, patience: timedelta
) -> list[Receipt]:
    movements = [movement for instruction in instructions for movement in instruction.movements]
    with connection.cursor() as cursor:
        sql.limit(cursor, patience)
        # Lock order everywhere: wallets -> transactions -> cases. Only behind the locks are the
        # known ids read, so a repetition that waited for the first delivery finds it.
        wallets = sql.lock_wallets(cursor, {movement.wallet for movement in movements})
        draft = Draft(
            wallets=wallets,
            players=sql.read_players(cursor, {movement.uid for movement in movements}),
            known=sql.read_known(cursor, {instruction.key for instruction in instructions}),
            decided_at=at,
        )
        receipts = [draft.decide(instruction) for instruction in instructions]
        ids = sql.insert_transactions(cursor, draft.new, posted_at=at)
        if len(ids) < len(draft.new):
            raise _Raced
        sql.insert_entries(cursor, draft.new, ids)
        sql.update_wallets(cursor, wallets.values())
    return receipts
