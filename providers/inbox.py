"""One callback's trip: unwrap, decode, post, answer, keep.

Whatever happens, `receive` answers: success or refusal in the provider's dialect once that is
committed, and otherwise "no verdict", which makes no provider pay, cancel or forget.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from functools import partial

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
NO_THREAD = "no thread was free in time"
GRACE = 0.1  # Seconds past the deadline in which the database may still say that it is past.

log = logging.getLogger("cage.inbox")

Step = Callable[[], Reply]


def receive(provider: Provider, delivery: Delivery) -> Reply:
    """Settle one delivery and answer it, within settings.ANSWER_WITHIN. Never raises."""
    deadline = time.monotonic() + settings.ANSWER_WITHIN.total_seconds()
    with metrics.ANSWER.labels(provider.name).time():
        step = partial(_receive, provider, delivery, deadline=deadline)
        return _answer(provider, delivery, step, deadline=deadline)


async def receive_on_loop(
    provider: Provider, delivery: Delivery, *, threads: Executor, strangers: Executor
) -> Reply:
    """As `receive`, for a coroutine: what a group settles needs no thread of its own.

    All else takes the same steps in one of `threads`, or of those for `strangers`; where none is
    free in time it is no verdict.
    """
    deadline = time.monotonic() + settings.ANSWER_WITHIN.total_seconds()
    opened: Opened | None = None
    with metrics.ANSWER.labels(provider.name).time():
        try:
            if not delivery.complete:
                return _cut_off(provider, delivery)
            if not checks.was_verified():
                step = partial(_receive, provider, delivery, deadline=deadline)
                reply = await _aside(threads, provider, delivery, step, deadline=deadline)
                return reply or _no_verdict(provider, delivery, why=NO_THREAD)
            opened = opening.open_(provider, delivery)
            return await _settle_on_loop(opened, threads, deadline=deadline)
        except Unauthentic as refusal:
            step = partial(_turn_away, provider, delivery, refusal)
            reply = await _aside(strangers, provider, delivery, step, deadline=deadline)
            return reply or _uncounted(provider, delivery, refusal, why=NO_THREAD)
        except Exception:
            log.exception("a delivery was not decided", extra=delivery.names)
            if opened is None:
                return _no_verdict(provider, delivery, why="a fault of ours")
            return _no_verdict_yet(opened, why="a fault of ours")


async def _settle_on_loop(opened: Opened, threads: Executor, *, deadline: float) -> Reply:
    provider, delivery = opened.provider, opened.delivery
    if opened.only_asks:
        step = partial(balances.tell, opened, deadline=deadline)
        reply = await _aside(threads, provider, delivery, step, deadline=deadline)
        return reply or _no_verdict(provider, delivery, opened.operation, why=NO_THREAD)
    if settings.GROUP_COMMIT:
        try:
            reply = await writer.settle_on_loop(opened, deadline=deadline)
        except GivenUp as reason:
            return _no_verdict_yet(opened, why=reason)
        if reply is not None:
            return reply
    step = partial(_settle_until, opened, deadline=deadline)
    reply = await _aside(threads, provider, delivery, step, deadline=deadline)
    return reply or _no_verdict_yet(opened, why=NO_THREAD)


async def _aside(
    threads: Executor, provider: Provider, delivery: Delivery, step: Step, *, deadline: float
) -> Reply | None:
    """What `step` says, in a thread. None where none was free until the deadline: then it doesn't
    happen later either."""
    future: Future[Reply] = Future()

    def run() -> None:
        if time.monotonic() >= deadline or not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(_answer(provider, delivery, step, deadline=deadline))
        except BaseException as error:
            future.set_exception(error)

    with suppress(RuntimeError):  # No more threads can be started: one that there is may take it.
        threads.submit(run)
    answer = asyncio.wrap_future(future)
    await asyncio.wait((answer,), timeout=max(0.0, deadline - time.monotonic()))
    return None if future.cancel() else await answer  # At work it has the same deadline.


def _answer(provider: Provider, delivery: Delivery, step: Step, *, deadline: float) -> Reply:
    """What `step` says, and no verdict where it raises."""
    try:
        with bounded.until(deadline + GRACE):
            return step()
    except Exception:
        log.exception("a delivery was not decided", extra=delivery.names)
        connection.close()
        return _no_verdict(provider, delivery, why="a fault of ours")


def _receive(provider: Provider, delivery: Delivery, *, deadline: float) -> Reply:
    if not delivery.complete:
        return _cut_off(provider, delivery)
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
    try:
        callbacks.count_unauthentic(delivery, str(refusal))
    except Error as error:
        connection.close()
        return _uncounted(provider, delivery, refusal, why=error)
    metrics.UNAUTHENTIC.labels(provider.name).inc()
    return provider.protocol.refuse("", refusal, at=delivery.received_at)


def _uncounted(
    provider: Provider, delivery: Delivery, refusal: Unauthentic, *, why: object
) -> Reply:
    metrics.UNAUTHENTIC.labels(provider.name).inc()
    log.warning("unauthentic, not counted: %s", why, extra=delivery.names)
    return provider.protocol.refuse("", refusal, at=delivery.received_at)


def _cut_off(provider: Provider, delivery: Delivery) -> Reply:
    """What was cut off may read as another order: nothing is concluded from it."""
    return _no_verdict(provider, delivery, why="the body did not arrive whole", ours=False)


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
