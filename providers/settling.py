"""Deciding a group of deliveries: their rows, their replies and their money in one commit."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from django.db import IntegrityError
from django.utils import timezone

from providers import callbacks, metrics
from providers.callbacks import AlreadyKept, Decided
from providers.models import SMOOTH, Outcome
from providers.opening import Fault, Opened
from providers.protocols.base import Note, Reply
from wallets import ledger
from wallets.instructions import Receipt
from wallets.refusals import Conflict, Refusal

Clock = Callable[[], datetime]
Post = Callable[..., Sequence[Receipt | None]]


def settle(
    opened: Sequence[Opened], *, deadline: float, clock: Clock = timezone.now
) -> list[Decided]:
    """Decide a group in one transaction, rows and money together; what was, after its commit.

    Raises AlreadyKept if one of the deliveries has a row, ledger.OutOfTime past the `deadline` (in
    time.monotonic), and whatever the database raises: then nothing is known about the COMMIT.
    """
    return list(_settle(ledger.post, opened, deadline, clock).values())


def settle_free(
    opened: Sequence[Opened], *, deadline: float, clock: Clock = timezone.now
) -> dict[int, Decided]:
    """As `settle`, of those whose wallets nobody holds, by their places in the group.

    The others are left as if they hadn't been there.
    """
    return _settle(ledger.post_free, opened, deadline, clock)


def _settle(
    post: Post, opened: Sequence[Opened], deadline: float, clock: Clock
) -> dict[int, Decided]:
    decided: dict[int, Decided] = {}

    def record(receipts: Sequence[Receipt | None]) -> None:
        answered, at = iter(receipts), clock()
        decided.clear()
        for place, one in enumerate(opened):
            its = list(islice(answered, len(one.instructions)))
            if None not in its:
                decided[place] = _decide(one, [receipt for receipt in its if receipt], at)
        callbacks.keep(list(decided.values()))

    instructions = [instruction for one in opened for instruction in one.instructions]
    try:
        post(instructions, at=clock(), record=record, deadline=deadline)
    except IntegrityError as error:
        if callbacks.is_kept(error):
            raise AlreadyKept from error
        raise
    for one in decided.values():
        metrics.CALLBACKS.labels(one.delivery.provider, one.operation, one.outcome.value).inc()
    return decided


def _decide(opened: Opened, receipts: Sequence[Receipt], at: datetime) -> Decided:
    """The row and the reply of one delivery of a group."""
    outcome, reason, reply = _verdict(opened, receipts, at)
    return Decided(
        delivery=opened.delivery,
        unwrapped=opened.unwrapped,
        operation=opened.operation,
        transaction_id=_named(opened, receipts),
        terms=None if outcome in SMOOTH else opened.terms,  # Only for a replay of it.
        outcome=outcome,
        reason=reason,
        reply=reply,
        decided_at=at,
    )


def _named(opened: Opened, receipts: Sequence[Receipt]) -> str:
    """The transaction under which the row is found: of several the first that changed the books."""
    if isinstance(opened.meaning, Fault):
        return opened.meaning.transaction_id
    posted = [receipt for receipt in receipts if receipt.posted]
    return next((one.instruction.transaction_id for one in [*posted, *receipts]), "")


def _verdict(
    opened: Opened, receipts: Sequence[Receipt], at: datetime
) -> tuple[Outcome, str, Reply]:
    protocol, operation, meaning = opened.provider.protocol, opened.operation, opened.meaning
    if isinstance(meaning, Fault):
        return Outcome.FAILED, meaning.text, protocol.no_verdict(operation, at=at)
    if isinstance(meaning, Note):
        return Outcome.ACKNOWLEDGED, meaning.text, protocol.reply(operation, (), at=at)
    refused = (receipt.refusal for receipt in receipts if receipt.refusal)
    refusal = meaning if isinstance(meaning, Refusal) else next(refused, None)
    if refusal is not None:
        outcome = Outcome.CONFLICT if isinstance(refusal, Conflict) else Outcome.REFUSED
        reason = f"{refusal.name}: {refusal}"
        return outcome, reason, protocol.refuse(operation, refusal, at=at)
    posted = any(receipt.posted for receipt in receipts)
    outcome = Outcome.POSTED if posted else Outcome.DUPLICATE
    return outcome, "", protocol.reply(operation, receipts, at=at)
