"""Buy-ins: stakes that the operator's own platform takes, before it orders points from a provider.

The platform takes the buy-in, and orders under the same id only once that is done. What becomes of
it is the provider's to say: it settles the buy-in, or the order fails and it is given back.
"""

from dataclasses import replace
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from providers import checks, registry
from wallets import ledger
from wallets.instructions import Receipt
from wallets.refusals import Declined


class UnknownProvider(Exception):
    """No such name in PROVIDERS; nothing was taken."""


class Undecided(Exception):
    """Not known whether the buy-in was taken: take it again, under the same order id."""


def take(*, provider: str, uid: str, score: int, order_id: str, at: datetime) -> Receipt:
    """Take `score` points from the player's wallet, at most once for an `order_id`.

    The receipt is not `posted` where the same buy-in was taken before. Raises a Refusal where it
    isn't taken: what the ledger refused is final for that order id. A Conflict says that another
    buy-in stands under it, BetCancelled that the order has failed already. Raises UnknownProvider
    and Undecided.
    """
    configured = registry.current().by_name.get(provider)
    if configured is None:
        raise UnknownProvider(f"{provider} is not in PROVIDERS.")
    instruction = configured.protocol.buy_in(uid=uid, score=score, order_id=order_id)
    if configured.retired:
        instruction = replace(instruction, declined=Declined("The provider is retired."))
    if not checks.configuration_is_verified():
        raise Undecided("The configuration is not verified against the ledger.")
    try:
        (receipt,) = ledger.post([instruction], at=at)
    except (OperationalError, InterfaceError, ledger.OutOfTime) as error:
        connection.close()
        raise Undecided(str(error)) from error
    if receipt.refusal is not None:
        raise receipt.refusal
    return receipt
