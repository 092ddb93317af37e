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
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from wallets import reversals, sql
from wallets.draft import Draft, deliveries
from wallets.instructions import CORRECTED, Instruction, Key, Receipt
from wallets.refusals import NotReversible, UnknownCurrency, UnknownPlayer
from wallets.rows import LockedWallet

PATIENCE = 10.0  # Seconds.
WAITED = 0.95  # Less than this share left: a lock was waited for, and the rest is limited anew.

# Sends what commits with the money; what it returns is called once that is answered.
Record = Callable[[Sequence[Receipt]], Callable[[], None]]
RecordFree = Callable[[Sequence[Receipt | None]], Callable[[], None]]

Lock = Callable[[Collection[sql.Wallet]], sql.Answer[dict[sql.Wallet, LockedWallet]]]

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

    Past the `deadline` (in time.monotonic; PATIENCE from now where none is given) nothing is
    decided any more: OutOfTime, or django.db.OperationalError where a statement was waiting. The
    latter also says that the database went away, and then nothing is known about the COMMIT.

    The number of statements doesn't depend on the number of instructions.
    """
    deadline = time.monotonic() + PATIENCE if deadline is None else deadline
    for _ in range(len(_keys(instructions)) + 1):  # Each race makes one more of them known.
        try:
            with transaction.atomic(durable=True):
                patience = _left(deadline)
                draft, ids = _read(instructions, sql.lock_wallets, at=at, patience=patience)
                receipts = draft.decide_all(instructions)
                left = _left(deadline)
                if left < patience * WAITED:
                    sql.limit(left)
                _write(draft, ids, record and partial(record, receipts))
                _left(deadline)  # Past it nothing is committed, whatever took so long.
                return receipts
        except _Raced:
            continue  # Rolled back, locks released; the racer's id is known now. Decide again.
    raise RuntimeError(VANISHING)


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
    for _ in range(len(_keys(instructions)) + 1):
        try:
            with transaction.atomic(durable=True):
                patience = _left(deadline)
                draft, ids = _read(instructions, sql.lock_free_wallets, at=at, patience=patience)
                receipts = _decide_free(draft, instructions)
                _write(draft, ids, partial(record, receipts))
                _left(deadline)
                return receipts
        except _Raced:
            continue
    raise RuntimeError(VANISHING)


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


def _read(
    instructions: Sequence[Instruction], lock: Lock, *, at: datetime, patience: float
) -> tuple[Draft, list[int]]:
    """A draft of what is known behind the locks, and ids for what it will add.

    Lock order everywhere: wallets -> transactions -> cases. Only behind the locks are the known ids
    read, so a repetition that waited for the first delivery finds it.
    """
    keys = _keys(instructions)
    with sql.together():
        sql.begin(patience)
        wallets = lock(_wallets(instructions))
        players = sql.read_players({uid for uid, _ in _wallets(instructions)})
        known = sql.read_known(keys)
        ids = sql.take_ids(len(keys))
    draft = Draft(wallets=wallets(), players=players(), known=known(), decided_at=at)
    return draft, ids()


def _decide_free(draft: Draft, instructions: Sequence[Instruction]) -> list[Receipt | None]:
    missing = _wallets(instructions) - draft.wallets.keys()
    busy = sql.existing(missing) if missing else set()
    groups = [(one, busy.isdisjoint(_wallets(one))) for one in deliveries(instructions)]
    receipts = iter(
        draft.decide_all(instruction for one, is_free in groups if is_free for instruction in one)
    )
    return [next(receipts) if is_free else None for one, is_free in groups for _ in one]


def _write(
    draft: Draft, ids: Sequence[int], record: Callable[[], Callable[[], None]] | None
) -> None:
    new = draft.new
    taken = dict(zip((one.instruction.key for one in new), ids, strict=False))
    try:
        with sql.together():
            inserted = sql.insert_transactions(new, taken, posted_at=draft.decided_at)
            sql.insert_entries(new, taken)
            sql.insert_references(new, taken)
            sql.update_wallets(draft.wallets.values())
            then = record() if record is not None else None
    except IntegrityError:
        if 0 <= inserted() < len(new):  # The racer's row refers to the same, too.
            raise _Raced from None
        raise
    if inserted() < len(new):
        raise _Raced
    if then is not None:
        then()


def _wallets(instructions: Sequence[Instruction]) -> set[sql.Wallet]:
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
