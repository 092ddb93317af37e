"""The first half of the trip, pure: an authentic delivery, and what it means."""

import logging
import traceback
from dataclasses import dataclass, replace

from providers.protocols.base import Delivery, Malformed, Note, Query, Unauthentic
from providers.registry import Provider
from wallets.instructions import Instruction
from wallets.refusals import Declined, Refusal

LARGEST_BODY = 256 * 1024

log = logging.getLogger("cage.inbox")


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
    meaning: Instruction | Note | Query | Refusal | Fault

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
    meaning: Instruction | Note | Query | Refusal | Fault
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


def _ours(
    provider: Provider, delivery: Delivery, meaning: Instruction | Note | Query
) -> Instruction | Note | Query:
    """The meaning, under the delivery's id; a retired provider's new instructions are declined."""
    retired = Declined("The provider is retired.") if provider.retired else None
    if isinstance(meaning, Instruction):
        declined = retired or meaning.declined
        return replace(meaning, origin_id=delivery.delivery_id, declined=declined)
    if retired is not None:
        raise retired
    return meaning
