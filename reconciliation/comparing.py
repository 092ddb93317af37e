"""Two sides of a doubted id: what was booked, and what the other delivery asks for."""

from collections.abc import Sequence
from decimal import Decimal

from providers.comparing import Pair as Pair
from providers.comparing import bodies as bodies
from providers.comparing import fields as fields
from providers.models import Callback
from providers.registry import Provider
from reconciliation import facts
from wallets import pages
from wallets.models import Transaction

ABSENT = None


def terms(
    transaction: Transaction | None, provider: Provider | None, other: Callback | None
) -> list[Pair]:
    """What was booked against what the other asks for, as it is read today."""
    ours = _booked(transaction) if transaction is not None else {}
    theirs = _asked(provider, other) if provider is not None and other is not None else {}
    wallets = sorted({*ours, *theirs})
    several = len(wallets) > 1
    pairs = []
    for wallet in wallets:
        for position, name in enumerate(("Player", "Currency", "Debit", "Credit")):
            pairs.append(
                Pair(
                    name=f"{name} ({wallet[0]})" if several and position > 1 else name,
                    booked=ours[wallet][position] if wallet in ours else ABSENT,
                    other=theirs[wallet][position] if wallet in theirs else ABSENT,
                )
            )
    return pairs


Move = tuple[str, str, str, str]


def _booked(transaction: Transaction) -> dict[tuple[str, str], Move]:
    return _moves(
        [
            (one.wallet.player.uid, one.wallet.currency, one.debit, one.credit)
            for one in transaction.entries.all()
        ]
    )


def _asked(provider: Provider, other: Callback) -> dict[tuple[str, str], Move]:
    """What it asks for under the doubted id; one delivery may hold several instructions."""
    try:
        instructions = facts.meaning(provider, other)
    except Exception:
        # A fault of ours, and it was logged when it came: the other side stays empty.
        return {}
    named = [one for one in instructions if one.transaction_id == other.transaction_id]
    return _moves(
        [
            (movement.uid, movement.currency, movement.debit, movement.credit)
            for one in named or instructions
            for movement in one.movements
        ]
    )


def _moves(rows: Sequence[tuple[str, str, Decimal, Decimal]]) -> dict[tuple[str, str], Move]:
    return {
        (uid, currency): (uid, currency, pages.amount(debit), pages.amount(credit))
        for uid, currency, debit, credit in rows
    }
