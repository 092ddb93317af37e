"""One callback's trip: unwrap, decode, post, answer, keep.

Whatever happens, `receive` answers: success or refusal in the provider's dialect once that is
committed, and otherwise "no verdict", which makes no provider pay, cancel or forget.
"""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.utils import timezone

from providers import balances, callbacks, checks, metrics, opening, undecided
from providers.callbacks import AlreadyKept, Decided
from providers.models import SMOOTH, Outcome
from providers.opening import Fault, Opened
from providers.protocols.base import Delivery, Note, Reply, Unauthentic
from providers.registry import Provider
from wallets import ledger
from wallets.instructions import Receipt
from wallets.refusals import Conflict, Refusal

PAUSE = 0.05  # Seconds before a database that failed is asked again.

log = logging.getLogger("cage.inbox")

Clock = Callable[[], datetime]


def receive(provider: Provider, delivery: Delivery) -> Reply:
    """Settle one delivery and answer it, within settings.ANSWER_WITHIN. Never raises."""
    try:
        with metrics.ANSWER.labels(provider.name).time():
            return _receive(provider, delivery)
    except Exception:
        log.exception("a delivery was not decided", extra=delivery.names)
        connection.close()
        return _no_verdict(provider, delivery, why="a fault of ours")


def settle(
    opened: Sequence[Opened], *, deadline: float, clock: Clock = timezone.now
) -> list[Decided]:
    """Decide a group in one transaction, rows and money together; what was, after its commit.

    Raises AlreadyKept if one of the deliveries has a row, ledger.OutOfTime past the `deadline` (in
    time.monotonic), and whatever the database raises: then nothing is known about the COMMIT.
    """
    decided: list[Decided] = []

    def record(receipts: Sequence[Receipt]) -> None:
        answered, at = iter(receipts), clock()
        decided[:] = [
            _decide(one, list(islice(answered, len(one.instructions))), at) for one in opened
        ]
        callbacks.keep(decided)

    instructions = [instruction for one in opened for instruction in one.instructions]
    ledger.post(instructions, at=clock(), record=record, deadline=deadline)
    for one in decided:
        metrics.CALLBACKS.labels(one.delivery.provider, one.operation, one.outcome.value).inc()
    return decided


def _receive(provider: Provider, delivery: Delivery) -> Reply:
    deadline = time.monotonic() + settings.ANSWER_WITHIN.total_seconds()
    if not delivery.complete:
        # What was cut off may read as another order: nothing is concluded from it.
        return _no_verdict(provider, delivery, why="the body did not arrive whole", ours=False)
    if not checks.configuration_is_verified():
        return _no_verdict(provider, delivery, why="the configuration is not verified yet")
    try:
        opened = opening.open_(provider, delivery)
    except Unauthentic as refusal:
        return _turn_away(provider, delivery, refusal)
    if opened.only_asks:
        return balances.tell(opened, deadline=deadline)
    return _settle_until(opened, deadline=deadline)


def _settle_until(opened: Opened, *, deadline: float) -> Reply:
    """Try until it is decided or the time is up; a fault of ours is kept as a row of its own.

    After every failure the connection is left: a transaction whose COMMIT raised may still be open
    on it, and what is read there is not committed.
    """
    failure: object = "no time left"
    while time.monotonic() < deadline:
        try:
            (decided,) = settle([opened], deadline=deadline)
            undecided.write()
            return decided.reply
        except AlreadyKept:
            connection.close()
            return _kept(opened, deadline=deadline)
        except (OperationalError, InterfaceError, ledger.OutOfTime) as error:
            failure = error
        except Exception:
            log.exception("a delivery failed", extra=opened.delivery.names)
            failure = "a fault of ours, twice"
            if isinstance(opened.meaning, Fault):
                deadline = 0
            named = next((one.transaction_id for one in opened.instructions), "")
            text = traceback.format_exc()
            fault = Fault(text=text, transaction_id=named, terms=opened.terms)
            opened = replace(opened, meaning=fault)
        _start_over()
    return _no_verdict(opened.provider, opened.delivery, opened.operation, why=failure)


def _kept(opened: Opened, *, deadline: float) -> Reply:
    """The reply in the row that exists."""
    while time.monotonic() < deadline:
        try:
            return callbacks.kept_reply(opened.delivery)
        except (OperationalError, InterfaceError):
            _start_over()
    why = "the row that decides could not be read"
    return _no_verdict(opened.provider, opened.delivery, opened.operation, why=why)


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


def _turn_away(provider: Provider, delivery: Delivery, refusal: Unauthentic) -> Reply:
    """Count a stranger, outside every money transaction, and refuse."""
    metrics.UNAUTHENTIC.labels(provider.name).inc()
    try:
        callbacks.count_unauthentic(delivery, str(refusal))
    except Error as error:
        log.warning("unauthentic, not counted: %s", error, extra=delivery.names)
        connection.close()
    return provider.protocol.refuse("", refusal, at=delivery.received_at)


def _no_verdict(
    provider: Provider, delivery: Delivery, operation: str = "", *, why: object, ours: bool = True
) -> Reply:
    """The answer without a database row: a line and a counter are left of it, and where the reason
    is `ours`, staff are told as soon as the database can be."""
    metrics.NO_VERDICT.labels(provider.name).inc()
    if ours:
        undecided.count(provider.name, why=str(why), at=delivery.received_at)
    reply = provider.protocol.no_verdict(operation, at=delivery.received_at)
    stated = {"operation": operation, "status": reply.status, **delivery.names}
    log.error("answered without a row: %s", why, extra=stated)
    return reply


def _start_over() -> None:
    """Leave the connection; the next statement opens a new one."""
    connection.close()
    time.sleep(PAUSE)
