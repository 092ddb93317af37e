"""A balance query's trip: one read and one answer. Nothing of it is kept, whatever the answer is.

Providers ask every few seconds for every player who is in a game, so this is the traffic that a
wallet has most of: no lock, no row, one round trip.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from providers import metrics
from providers.opening import Opened
from providers.protocols.base import Query, Reply
from wallets import ledger
from wallets.refusals import Refusal

log = logging.getLogger("cage.balances")

Clock = Callable[[], datetime]


def tell(opened: Opened, *, deadline: float, clock: Clock = timezone.now) -> Reply:
    """The balance in the provider's dialect, a refusal, or no verdict where it can't be read.

    Past the `deadline` (in time.monotonic) it isn't tried again.
    """
    answer, reply = _answer(opened, deadline=deadline, at=clock())
    metrics.QUERIES.labels(opened.provider.name, opened.operation, answer).inc()
    return reply


def _answer(opened: Opened, *, deadline: float, at: datetime) -> tuple[str, Reply]:
    protocol, operation, meaning = opened.provider.protocol, opened.operation, opened.meaning
    try:
        if isinstance(meaning, Refusal):
            raise meaning
        if isinstance(meaning, Query):
            balance = _read(meaning, deadline=deadline)
            return "told", protocol.tell(operation, meaning, balance, at=at)
    except Refusal as refusal:
        return "refused", protocol.refuse(operation, refusal, at=at)
    except (OperationalError, InterfaceError, ledger.OutOfTime) as error:
        log.warning("a balance could not be read: %s", error, extra=opened.delivery.names)
    except Exception:
        log.exception("a balance could not be told", extra=opened.delivery.names)
    connection.close()
    return "no_verdict", protocol.no_verdict(operation, at=at)


def _read(query: Query, *, deadline: float) -> Decimal:
    """The balance; once more on a new connection where the old one turns out to be dead."""
    try:
        return ledger.balance(uid=query.uid, currency=query.currency, deadline=deadline)
    except (OperationalError, InterfaceError):
        connection.close()
    return ledger.balance(uid=query.uid, currency=query.currency, deadline=deadline)
