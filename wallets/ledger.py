"""The only writer of balances: `post` decides a group of instructions and books them.

A transaction's `(provider, transaction_id)` is its idempotency key. The same id with the same
terms is a duplicate and moves nothing; the same id with other terms is a conflict and moves
nothing. Both are decided before anything about the present: a player who was closed since, or who
spent the money, does not turn a repetition into a refusal.
"""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from wallets import reads, reversals, sql, writes
from wallets.draft import Draft, deliveries
from wallets.instructions import CORRECTED, Instruction, Key, Receipt
from wallets.refusals import NotReversible, UnknownCurrency, UnknownPlayer
from wallets.rows import Locked, Wallet

PATIENCE = 10.0  # Seconds.
WAITED = 0.95  # Less than this share left: a lock was waited for, and the rest is limited anew.

# Sends what commits with the money. What it returns is called once all is answered, and is the last
# thing before the COMMIT; where that is nothing, the COMMIT is sent with the rest.
Then = Callable[[], None] | None
Record = Callable[[Sequence[Receipt]], Then]
RecordFree = Callable[[Sequence[Receipt | None]], Then]

Told = TypeVar("Told")  # A receipt, or None for one that was left out.
Lock = Callable[[Collection[Wallet]], reads.Answer[Locked]]

POSTED_ONCE = "transaction_posted_once"  # The constraint.
VANISHING = "transaction ids kept appearing and vanishing while a group was decided"


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
    `record(receipts)` sends, and what the function does that it returns, commits with the money or
    not at all. `at` is the time of posting.

    Past the `deadline` (in time.monotonic; PATIENCE from now where none is given) nothing is sent
    any more: OutOfTime. django.db.OperationalError where a statement waits for too long, or where
    the database went away; then nothing is known about the COMMIT, which is sent with the rows.

    The number of statements doesn't depend on the number of instructions.
    """
    deadline = time.monotonic() + PATIENCE if deadline is None else deadline
    return _post(instructions, reads.lock_wallets, Draft.decide_all, record, at, deadline)


def post_free(
    instructions: Sequence[Instruction],
    *,
    at: datetime,
    record: RecordFree,
    deadline: float,
) -> list[Receipt | None]:
    """As `post`, without waiting for a wallet: what one is held elsewhere for is left out.

    Its receipt is None. Instructions of one `origin_id` are left out together.
    """
    return _post(instructions, reads.lock_free_wallets, _decide_free, record, at, deadline)


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
        found = reads.read_balance(cursor, uid, currency, patience=patience)
    if found is None:
        raise UnknownPlayer
    if found[0] is None:
        raise UnknownCurrency
    return found[0]


def _post(
    instructions: Sequence[Instruction],
    lock: Lock,
    decide: Callable[[Draft, Sequence[Instruction]], list[Told]],
    record: Callable[[Sequence[Told]], Then] | None,
    at: datetime,
    deadline: float,
) -> list[Told]:
    keys, named = _keys(instructions), _wallets(instructions)
    for _ in range(len(keys) + 1):  # Each race makes one more of them known.
        try:
            with transaction.atomic(durable=True):
                patience = _left(deadline)
                draft = _read(keys, named, lock, at=at, patience=patience)
                told = decide(draft, instructions)
                left = _left(deadline)
                limit = left if left < patience * WAITED else None
                then = _write(draft, record and partial(record, told), limit)
                if then is not None:
                    then()
                    _left(deadline)
                return told
        except _Raced:
            continue  # Rolled back, locks released; the racer's id is known now. Decide again.
    raise RuntimeError(VANISHING)


def _read(
    keys: set[Key], named: set[Wallet], lock: Lock, *, at: datetime, patience: float
) -> Draft:
    """A draft of what is known behind the locks.

    Lock order everywhere: wallets -> transactions -> cases. Only behind the locks are the known ids
    read, so a repetition that waited for the first delivery finds it.
    """
    with sql.together():
        sql.begin(patience)
        locked = lock(named)
        players = reads.read_players({uid for uid, _ in named})
        known = reads.read_known(keys)
    return Draft(locked=locked(), players=players(), known=known(), decided_at=at)


def _decide_free(draft: Draft, instructions: Sequence[Instruction]) -> list[Receipt | None]:
    busy = draft.locked.busy
    groups = [(one, busy.isdisjoint(_wallets(one))) for one in deliveries(instructions)]
    receipts = iter(
        draft.decide_all(instruction for one, is_free in groups if is_free for instruction in one)
    )
    return [next(receipts) if is_free else None for one, is_free in groups for _ in one]


def _write(draft: Draft, record: Callable[[], Then] | None, limit: float | None) -> Then:
    """Send all of it, with the COMMIT unless there is something to be done before that."""
    new = draft.new
    ids = dict(zip((one.instruction.key for one in new), draft.known.ids, strict=False))
    committed = None
    try:
        with sql.together():
            if limit is not None:
                sql.limit(limit)
            writes.insert_transactions(new, ids, posted_at=draft.decided_at)
            writes.move(new, ids, draft.wallets.values())
            then = record() if record is not None else None
            if then is None:
                committed = sql.commit()
    except IntegrityError as error:
        if sql.violated(error) == POSTED_ONCE:
            raise _Raced from None
        raise
    if committed is not None:
        committed()
    return then


def _wallets(instructions: Sequence[Instruction]) -> set[Wallet]:
    return {movement.wallet for one in instructions for movement in one.movements}


def _keys(instructions: Sequence[Instruction]) -> set[Key]:
    """What is read of the books, and all that may be inserted there."""
    return {key for one in instructions for key in one.keys}


def _left(deadline: float) -> float:
    """Seconds until the deadline; raises OutOfTime where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime
    return left
