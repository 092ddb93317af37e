"""The only writer of balances: `post` decides a group of instructions and books them.

A transaction's `(provider, transaction_id)` is its idempotency key. The same id with the same
terms is a duplicate and moves nothing; the same id with other terms is a conflict and moves
nothing. Both are decided before anything about the present: a player who was closed since, or who
spent the money, does not turn a repetition into a refusal.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from wallets import reversals, sql
from wallets.draft import Draft
from wallets.instructions import CORRECTED, Instruction, Key, Receipt
from wallets.refusals import NotReversible, UnknownCurrency, UnknownPlayer

PATIENCE = 10.0  # Seconds.
WAITED = 0.95  # Less than this share left: a lock was waited for, and the rest is limited anew.

Record = Callable[[Sequence[Receipt]], None]


class OutOfTime(Exception):
    """The deadline passed before everything was decided; nothing was committed."""


class _Raced(Exception):
    """Another process inserted one of our transaction ids after we had read the known ones."""


def post(
    instructions: Sequence[Instruction],
    *,
    at: datetime,
    record: Record | None = None,
    deadline: float | None = None,
) -> list[Receipt]:
    """Book `instructions` in their order; one receipt each, in the same order.

    All is one database transaction, opened here: raises RuntimeError inside somebody else's. What
    `record(receipts)` writes commits with the money, or not at all. `at` is the time of posting.

    Past the `deadline` (in time.monotonic; PATIENCE from now where none is given) nothing is
    decided any more: OutOfTime, or django.db.OperationalError where a statement was waiting. The
    latter also says that the database went away, and then nothing is known about the COMMIT.

    The number of statements doesn't depend on the number of instructions.
    """
    deadline = time.monotonic() + PATIENCE if deadline is None else deadline
    for _ in range(len(_keys(instructions)) + 1):  # Each race makes one more of them known.
        try:
            with transaction.atomic(durable=True):
                receipts = _post(instructions, at=at, deadline=deadline)
                if record is not None:
                    record(receipts)
                _left(deadline)  # Past it nothing is committed, whatever took so long.
                return receipts
        except _Raced:
            continue  # Rolled back, locks released; the racer's id is known now. Decide again.
    raise RuntimeError("transaction ids kept appearing and vanishing while a group was decided")


def reverse(
    *,
    provider: str,
    transaction_id: str,
    request_id: UUID,
    at: datetime,
    instead: Instruction | None = None,
    record: Record | None = None,
) -> list[Receipt]:
    """Take back what one transaction moved, whatever it was, once and for all.

    `instead` stands in its place from then on, in the same step: a delivery under the old id with
    these terms is a duplicate. Without it every such delivery is a conflict. A receipt for the
    reversal, and one for what stands instead; all else as `post`. Raises NotBooked, NotReversible.
    """
    reversal = reversals.reversal(provider, transaction_id, request_id)
    if instead is None:
        return post([reversal], at=at, record=record)
    if instead.key != (provider, transaction_id):
        raise ValueError(f"{instead.transaction_id} does not stand instead of {transaction_id}")
    if transaction_id.startswith(f"{CORRECTED}:"):
        raise NotReversible("It was corrected once already.")
    correction = reversals.correction(instead, request_id)
    return post([reversal, correction], at=at, record=record)


def balance(*, uid: str, currency: str, deadline: float | None = None) -> Decimal:
    """What is in the player's wallet, whatever the player's status: one round trip, no locks.

    Raises UnknownPlayer, UnknownCurrency, OutOfTime past the `deadline` (as in `post`), and
    whatever the database raises.
    """
    patience = PATIENCE if deadline is None else _left(deadline)
    with connection.cursor() as cursor:
        found = sql.read_balance(cursor, uid, currency, patience=patience)
    if found is None:
        raise UnknownPlayer
    if found[0] is None:
        raise UnknownCurrency
    return found[0]


def _post(instructions: Sequence[Instruction], *, at: datetime, deadline: float) -> list[Receipt]:
    movements = [movement for instruction in instructions for movement in instruction.movements]
    with connection.cursor() as cursor:
        patience = _left(deadline)
        sql.limit(cursor, patience)
        # Lock order everywhere: wallets -> transactions -> cases. Only behind the locks are the
        # known ids read, so a repetition that waited for the first delivery finds it.
        wallets = sql.lock_wallets(cursor, {movement.wallet for movement in movements})
        draft = Draft(
            wallets=wallets,
            players=sql.read_players(cursor, {movement.uid for movement in movements}),
            known=sql.read_known(cursor, _keys(instructions)),
            decided_at=at,
        )
        receipts = draft.decide_all(instructions)
        left = _left(deadline)
        if left < patience * WAITED:
            sql.limit(cursor, left)
        ids = sql.insert_transactions(cursor, draft.new, posted_at=at)
        if len(ids) < len(draft.new):
            raise _Raced
        sql.insert_entries(cursor, draft.new, ids)
        sql.insert_references(cursor, draft.new, ids)
        sql.update_wallets(cursor, draft.wallets.values())
    return receipts


def _keys(instructions: Sequence[Instruction]) -> set[Key]:
    """What is read of the books, and all that may be inserted there."""
    return {key for one in instructions for key in one.keys}


def _left(deadline: float) -> float:
    """Seconds until the deadline; raises OutOfTime where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime
    return left
