"""One callback's trip: unwrap, decode, post, answer, keep.

Whatever happens, `receive` answers: success or refusal in the provider's dialect once that is
committed, and otherwise "no verdict", which makes no provider pay, cancel or forget.
"""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from providers import callbacks, metrics
from providers.callbacks import AlreadyKept, Decided
from providers.models import Outcome
from providers.protocols.base import Delivery, Malformed, Note, Reply, Unauthentic
from providers.registry import Provider
from wallets import ledger
from wallets.instructions import Instruction, Receipt
from wallets.refusals import Conflict, Declined, Refusal

LARGEST_BODY = 256 * 1024
PAUSE = 0.05  # Seconds before a database that failed is asked again.

log = logging.getLogger("cage.inbox")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Our own bug, met while a delivery was decided; `text` is the traceback."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An authentic delivery, and what it means."""

    provider: Provider
    delivery: Delivery
    unwrapped: bytes
    operation: str
    meaning: Instruction | Note | Refusal | Fault


def receive(provider: Provider, delivery: Delivery) -> Reply:
    """Settle one delivery and answer it, within settings.ANSWER_WITHIN. Never raises."""
    deadline = time.monotonic() + settings.ANSWER_WITHIN.total_seconds()
    try:
        opened = _open(provider, delivery)
    except Unauthentic as refusal:
        return _turn_away(provider, delivery, refusal)
    except Exception:
        log.exception("a delivery could not be opened", extra=_names(delivery))
        return _no_verdict(provider, delivery, why="it could not be opened")
    return _settle_until(opened, deadline=deadline)


def settle(
    opened: Sequence[Opened], *, patience: timedelta, clock: Clock = timezone.now
) -> list[Reply]:
    """Decide a group in one transaction, rows and money together; the replies, after its commit.

    Raises AlreadyKept if one of the deliveries has a row, and whatever the database raises: then
    nothing is known about the COMMIT.
    """
    decided: list[Decided] = []

    def record(receipts: Sequence[Receipt]) -> None:
        answered, at = iter(receipts), clock()
        decided[:] = [
            _decide(
                one,
                next(answered) if isinstance(one.meaning, Instruction) else None,
                at,
            )
            for one in opened
        ]
        callbacks.keep(decided)

    instructions = [one.meaning for one in opened if isinstance(one.meaning, Instruction)]
    ledger.post(instructions, at=clock(), record=record, patience=patience)
    for one in decided:
        metrics.CALLBACKS.labels(one.delivery.provider, one.operation, one.outcome.value).inc()
    return [one.reply for one in decided]


def _open(provider: Provider, delivery: Delivery) -> Opened:
    """Raises Unauthentic, and nothing else for whatever a stranger may send."""
    if not provider.allows(delivery.address):
        raise Unauthentic("The address is not in allowed_ips.")
    protocol = provider.protocol
    unwrapped = protocol.unwrap(delivery)
    operation = ""
    meaning: Instruction | Note | Refusal | Fault
    try:
        if len(delivery.body) > LARGEST_BODY:
            raise Malformed("The body is too large.")
        operation = protocol.operation(delivery, unwrapped)
        meaning = _of_provider(provider, delivery, protocol.decode(operation, unwrapped))
    except Refusal as refusal:
        meaning = refusal
    except Exception:
        log.exception("a delivery could not be decoded", extra=_names(delivery))
        meaning = Fault(text=traceback.format_exc())
    return Opened(
        provider=provider,
        delivery=delivery,
        unwrapped=unwrapped,
        operation=operation,
        meaning=meaning,
    )


def _of_provider(
    provider: Provider, delivery: Delivery, meaning: Instruction | Note
) -> Instruction | Note:
    """The meaning, under the delivery's id; a retired provider's new instructions are declined."""
    retired = Declined("The provider is retired.") if provider.retired else None
    if isinstance(meaning, Instruction):
        return replace(
            meaning,
            origin_id=delivery.delivery_id,
            declined=retired or meaning.declined,
        )
    if retired is not None:
        raise retired
    return meaning


def _settle_until(opened: Opened, *, deadline: float) -> Reply:
    """Try until it is decided or the time is up; a fault of ours is kept as a row of its own."""
    failure = "no time left"
    while (left := deadline - time.monotonic()) > 0:
        try:
            return settle([opened], patience=timedelta(seconds=left))[0]
        except AlreadyKept:
            return _kept(opened, deadline=deadline)
        except (OperationalError, InterfaceError) as error:
            failure = str(error)
            _start_over()
        except Exception:
            log.exception("a delivery failed", extra=_names(opened.delivery))
            if isinstance(opened.meaning, Fault):
                break
            opened = replace(opened, meaning=Fault(text=traceback.format_exc()))
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


def _decide(opened: Opened, receipt: Receipt | None, at: datetime) -> Decided:
    """The row and the reply of one delivery of a group."""
    outcome, reason, reply = _verdict(opened, receipt, at)
    meaning = opened.meaning
    return Decided(
        delivery=opened.delivery,
        unwrapped=opened.unwrapped,
        operation=opened.operation,
        transaction_id=meaning.transaction_id if isinstance(meaning, Instruction) else "",
        outcome=outcome,
        reason=reason,
        reply=reply,
        decided_at=at,
    )


def _verdict(opened: Opened, receipt: Receipt | None, at: datetime) -> tuple[Outcome, str, Reply]:
    protocol, operation, meaning = (
        opened.provider.protocol,
        opened.operation,
        opened.meaning,
    )
    if isinstance(meaning, Fault):
        return Outcome.FAILED, meaning.text, protocol.no_verdict(operation, at=at)
    if isinstance(meaning, Note):
        return Outcome.ACKNOWLEDGED, meaning.text, protocol.reply(operation, meaning, at=at)
    refusal = meaning if isinstance(meaning, Refusal) else receipt.refusal if receipt else None
    if refusal is not None:
        outcome = Outcome.CONFLICT if isinstance(refusal, Conflict) else Outcome.REFUSED
        reason = f"{refusal.name}: {refusal}"
        return outcome, reason, protocol.refuse(operation, refusal, at=at)
    assert receipt is not None
    outcome = Outcome.POSTED if receipt.posted else Outcome.DUPLICATE
    return outcome, "", protocol.reply(operation, receipt, at=at)


def _turn_away(provider: Provider, delivery: Delivery, refusal: Unauthentic) -> Reply:
    """Count a stranger, outside every money transaction, and refuse."""
    metrics.UNAUTHENTIC.labels(provider.name).inc()
    try:
        callbacks.count_unauthentic(delivery, str(refusal))
    except DatabaseError as error:
        log.warning("unauthentic, not counted: %s", error, extra=_names(delivery))
        connection.close()
    return provider.protocol.refuse("", refusal, at=delivery.received_at)


def _no_verdict(provider: Provider, delivery: Delivery, operation: str = "", *, why: str) -> Reply:
    """The answer without a database row: one line and a counter are all that is left of it."""
    metrics.NO_VERDICT.labels(provider.name).inc()
    reply = provider.protocol.no_verdict(operation, at=delivery.received_at)
    log.error(
        "answered without a row: %s",
        why,
        extra={"operation": operation, "status": reply.status, **_names(delivery)},
    )
    return reply


def _start_over() -> None:
    """Leave the broken connection; the next statement opens a new one."""
    connection.close()
    time.sleep(PAUSE)


def _names(delivery: Delivery) -> dict[str, str]:
    return {"provider": delivery.provider, "delivery_id": str(delivery.delivery_id)}
