"""Kept deliveries, settled again: through the same functions as a provider's own.

A replay is read from the unwrapped body of an authentic row, so a rotated key doesn't matter. It
writes a row of its own that names the original. What the provider has given up on is never
replayed: it would be paid here and void there.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from providers import opening, registry, settling
from providers.callbacks import AlreadyKept, Decided
from providers.models import Callback, Outcome
from providers.opening import Opened
from providers.protocols.base import Delivery, RefusalMeans
from wallets.instructions import Kind
from wallets.refusals import Refusal

log = logging.getLogger("cage.replays")

GROUP = 64
PATIENCE = 10.0  # Seconds for a group: nobody waits for the answer.
GIVEN_UP = frozenset({Kind.BET, Kind.BET_AND_SETTLEMENT})

Clock = Callable[[], datetime]


class CannotReplay(Exception):
    """Why this delivery is not settled again; a sentence for staff."""


class TermsDiffer(CannotReplay):
    """It would move other money than it asked for when it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One delivery's end. `refused` is why it was not even tried; else `outcome` and `reason`."""

    callback: Callback
    outcome: Outcome | None = None
    reason: str = ""
    refused: CannotReplay | None = None

    @property
    def is_paid(self) -> bool:
        """The books have it, by this replay or since before."""
        return self.outcome in (Outcome.POSTED, Outcome.DUPLICATE)


def replay(
    callbacks: Iterable[Callback],
    *,
    other_terms: bool = False,
    clock: Clock = timezone.now,
) -> Iterator[Replayed]:
    """Settle these again, in groups; one result each, in their order within a group.

    `other_terms`: a person has seen that it means other money today, and wants that.
    """
    group: list[tuple[Callback, Opened]] = []
    for callback in callbacks:
        try:
            group.append((callback, prepare(callback, other_terms=other_terms, at=clock())))
        except CannotReplay as reason:
            yield Replayed(callback=callback, refused=reason)
        if len(group) == GROUP:
            yield from _settle(group, clock)
            group = []
    yield from _settle(group, clock)


def prepare(callback: Callback, *, at: datetime, other_terms: bool = False) -> Opened:
    """What replaying `callback` would ask for. Raises CannotReplay."""
    provider = registry.current().by_name.get(callback.provider)
    if provider is None:
        raise CannotReplay(f"{callback.provider} is not configured.")
    if callback.outcome not in (Outcome.REFUSED, Outcome.FAILED):
        raise CannotReplay(f"It was {callback.get_outcome_display().lower()}.")
    if provider.protocol.refusal_means is RefusalMeans.VOID:
        raise CannotReplay(
            f"{provider.name} counts a refused order void: paid now, it would be paid for nothing."
        )
    body = bytes(callback.body if callback.unwrapped is None else callback.unwrapped)
    delivery = Delivery(
        delivery_id=uuid.uuid4(),
        provider=provider.name,
        operation="",
        headers=callback.headers,
        body=bytes(callback.body),
        address=callback.address or "",
        received_at=at,
        replay_of=callback.delivery_id,
    )
    try:
        opened = opening.again(provider, delivery, operation=callback.operation, unwrapped=body)
    except Refusal as refusal:
        raise CannotReplay(f"It still can't be read: {refusal}") from None
    except Exception as error:
        log.exception("a delivery could not be decoded again", extra=delivery.names)
        raise CannotReplay(f"It can't be read because of a fault: {error!r}") from error
    return _replayable(opened, callback, other_terms=other_terms)


def _replayable(opened: Opened, callback: Callback, *, other_terms: bool) -> Opened:
    if not opened.instructions:
        raise CannotReplay("It moves no money.")
    if any(instruction.kind in GIVEN_UP for instruction in opened.instructions):
        raise CannotReplay("It is a bet: the provider has taken it for failed since.")
    if callback.terms is not None and bytes(callback.terms) != opened.terms and not other_terms:
        raise TermsDiffer("It means other money today than when it came: compare the two.")
    return opened


def _settle(group: Sequence[tuple[Callback, Opened]], clock: Clock) -> Iterator[Replayed]:
    """Those whose wallets nobody holds in one transaction, each of the others by itself.

    So live traffic never waits for the wallets of a group that waits for one more.
    """
    decided: dict[int, Decided] = {}
    if len(group) > 1:
        deadline = time.monotonic() + PATIENCE
        try:
            opened = [opened for _, opened in group]
            decided = settling.settle_free(opened, deadline=deadline, clock=clock)
        except Exception as error:
            # Nothing is known about the COMMIT: whoever was decided has a row, and is found by it.
            log.warning("a group of %s is replayed one by one: %r", len(group), error)
            connection.close()
    for place, (callback, opened_) in enumerate(group):
        if place in decided:
            one = decided[place]
            yield Replayed(callback=callback, outcome=one.outcome, reason=one.reason)
        else:
            yield _alone(callback, opened_, clock)


def _alone(callback: Callback, opened: Opened, clock: Clock) -> Replayed:
    failure: Exception | None = None
    for _ in range(2):  # The second time it is known whether the first one's COMMIT succeeded.
        try:
            (one,) = settling.settle([opened], deadline=time.monotonic() + PATIENCE, clock=clock)
            return Replayed(callback=callback, outcome=one.outcome, reason=one.reason)
        except AlreadyKept:
            connection.close()
            row = Callback.objects.get(
                delivery_id=opened.delivery.delivery_id, received_at=opened.delivery.received_at
            )
            return Replayed(callback=callback, outcome=Outcome(row.outcome), reason=row.reason)
        except Exception as error:
            connection.close()
            failure = error
            if not isinstance(error, (OperationalError, InterfaceError)):
                break
    return Replayed(callback=callback, refused=CannotReplay(f"It failed again: {failure!r}"))
