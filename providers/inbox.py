"""One callback's trip: unwrap, decode, post, answer, keep.

Whatever happens, `receive` answers: success or refusal in the provider's dialect once that is
committed, and otherwise "no verdict", which makes no provider pay, cancel or forget.
"""

import logging
import time
import traceback
from dataclasses import replace

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from providers import (
    balances,
    callbacks,
    checks,
    instead,
    metrics,
    opening,
    settling,
    undecided,
    writer,
)
from providers.callbacks import AlreadyKept
from providers.opening import Fault, Opened
from providers.protocols.base import Delivery, Reply, Unauthentic
from providers.registry import Provider
from providers.waiting import GivenUp
from wallets import bounded, ledger

PAUSE = 0.05  # Seconds before a database that failed is asked again.
# What was prepared on a connection is gone, is there already, or is of a table that was altered.
STALE = frozenset({"26000", "42P05", "0A000"})
GRACE = 0.1  # Seconds past the deadline in which the database may still say that it is past.

log = logging.getLogger("cage.inbox")


def receive(provider: Provider, delivery: Delivery) -> Reply:
    """Settle one delivery and answer it, within settings.ANSWER_WITHIN. Never raises."""
    try:
        with metrics.ANSWER.labels(provider.name).time():
            deadline = time.monotonic() + settings.ANSWER_WITHIN.total_seconds()
            with bounded.until(deadline + GRACE):
                return _receive(provider, delivery, deadline=deadline)
    except Exception:
        log.exception("a delivery was not decided", extra=delivery.names)
        connection.close()
        return _no_verdict(provider, delivery, why="a fault of ours")


def _receive(provider: Provider, delivery: Delivery, *, deadline: float) -> Reply:
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
    return _settle(opened, deadline=deadline)


def _settle(opened: Opened, *, deadline: float) -> Reply:
    """In a group with what else waits; alone where no group decided it."""
    if settings.GROUP_COMMIT:
        try:
            reply = writer.settle(opened, deadline=deadline)
        except GivenUp as reason:
            return _no_verdict_yet(opened, why=reason)
        if reply is not None:
            return reply
    return _settle_until(opened, deadline=deadline)


def _settle_until(opened: Opened, *, deadline: float) -> Reply:
    """Try until it is decided or the time is up; a fault of ours is kept as a row of its own.

    After every failure the connection is left: a transaction whose COMMIT raised may still be open
    on it, and what is read there is not committed.
    """
    failure: object = "no time left"
    stale = False
    while time.monotonic() < deadline:
        try:
            (decided,) = settling.settle([opened], deadline=deadline)
            undecided.write()
            instead.write()
            return decided.reply
        except AlreadyKept:
            connection.close()
            return _kept(opened, deadline=deadline)
        except (OperationalError, InterfaceError, ledger.OutOfTime) as error:
            failure = str(error) or failure  # Rather what took the time than that it is over.
        except Exception as error:
            if getattr(error.__cause__, "sqlstate", None) in STALE and not stale:
                failure, stale = error, True  # Once more, on a new connection.
            else:
                log.exception("a delivery failed", extra=opened.delivery.names)
                failure = "a fault of ours, twice"
                if isinstance(opened.meaning, Fault):
                    deadline = 0
                opened = _failed(opened)
        _start_over()
    return _no_verdict_yet(opened, why=failure)


def _failed(opened: Opened) -> Opened:
    """The same, meaning the fault that was just met."""
    named = next((one.transaction_id for one in opened.instructions), "")
    text = traceback.format_exc()
    fault = Fault(text=text, transaction_id=named, terms=opened.terms)
    return replace(opened, meaning=fault)


def _kept(opened: Opened, *, deadline: float) -> Reply:
    """The reply in the row that exists."""
    while time.monotonic() < deadline:
        try:
            return callbacks.kept_reply(opened.delivery)
        except (OperationalError, InterfaceError):
            _start_over()
    return _no_verdict_yet(opened, why="the row that decides could not be read")


def _no_verdict_yet(opened: Opened, *, why: object) -> Reply:
    """The same where a COMMIT may be on its way: should it succeed, what was heard is on record."""
    reply = _no_verdict(opened.provider, opened.delivery, opened.operation, why=why)
    instead.remember(opened.delivery, reply)
    return reply


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
