"""The first half of the trip, pure: an authentic delivery, and what it means."""

import hashlib
import logging
import traceback
from dataclasses import dataclass, replace

from providers.protocols.base import Delivery, Malformed, Meaning, Note, Query, Unauthentic
from providers.registry import Provider
from wallets.instructions import Instruction, Origin
from wallets.refusals import Declined, Refusal

LARGEST_BODY = 256 * 1024

log = logging.getLogger("cage.inbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Our own bug, met while a delivery was decided; `text` is the traceback. `transaction_id` is
    what it was to be booked as, "" where not even that is known, and `terms` what it asked for."""

    text: str
    transaction_id: str = ""
    terms: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An authentic delivery, and what it means."""

    provider: Provider
    delivery: Delivery
    unwrapped: bytes
    operation: str
    meaning: tuple[Instruction, ...] | Note | Query | Refusal | Fault

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What is to be booked, together or not at all; nothing where it means something else."""
        return self.meaning if isinstance(self.meaning, tuple) else ()

    @property
    def terms(self) -> bytes | None:
        """What a replay of it must still mean; None where nothing clear is asked for."""
        if isinstance(self.meaning, Fault):
            return self.meaning.terms
        terms = [one.terms for one in self.instructions if one.declined is None]
        if not terms or len(terms) < len(self.instructions):
            return None
        return terms[0] if len(terms) == 1 else hashlib.sha256(b"".join(terms)).digest()

    @property
    def only_asks(self) -> bool:
        """Nothing could have moved, also where it is refused: it is kept nowhere."""
        return self.operation in self.provider.protocol.queries


def open_(provider: Provider, delivery: Delivery) -> Opened:
    """What `delivery` means. Raises Unauthentic, whatever a stranger may send."""
    if not provider.allows(delivery.address):
        raise Unauthentic("The address is not in allowed_ips.")
    unwrapped = provider.protocol.unwrap(delivery)
    operation = ""
    meaning: tuple[Instruction, ...] | Note | Query | Refusal | Fault
    try:
        if len(delivery.body) > LARGEST_BODY:
            raise Malformed("The body is too large.")
        operation = provider.protocol.operation(delivery, unwrapped)
        meaning = _ours(provider, delivery, provider.protocol.decode(operation, unwrapped))
    except Refusal as refusal:
        meaning = refusal
    except Exception:
        log.exception("a delivery could not be decoded", extra=delivery.names)
        meaning = Fault(text=traceback.format_exc())
    return Opened(
        provider=provider,
        delivery=delivery,
        unwrapped=unwrapped,
        operation=operation,
        meaning=meaning,
    )


def again(provider: Provider, delivery: Delivery, *, operation: str, unwrapped: bytes) -> Opened:
    """What a delivery that was authentic when it came means today: no key is needed for it.

    Raises Refusal where it can't be read, and whatever a fault of ours raises.
    """
    decoded = provider.protocol.decode(operation, unwrapped)
    meaning = _ours(provider, delivery, decoded)
    if isinstance(meaning, tuple):
        meaning = tuple(replace(one, origin=Origin.REPLAY) for one in meaning)
    return Opened(
        provider=provider,
        delivery=delivery,
        unwrapped=unwrapped,
        operation=operation,
        meaning=meaning,
    )


def _ours(
    provider: Provider, delivery: Delivery, meaning: Meaning
) -> tuple[Instruction, ...] | Note | Query:
    """The meaning, under the delivery's id; a retired provider's new instructions are declined."""
    retired = Declined("The provider is retired.") if provider.retired else None
    if isinstance(meaning, Instruction):
        meaning = (meaning,)
    if isinstance(meaning, tuple):
        return tuple(
            replace(one, origin_id=delivery.delivery_id, declined=retired or one.declined)
            for one in meaning
        )
    if retired is not None:
        raise retired
    return meaning
