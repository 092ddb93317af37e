"""How what two people did about a transaction is named and booked: pure but for one read."""

from dataclasses import replace
from uuid import UUID

from wallets.instructions import (
    CORRECTED,
    REVERSAL,
    Instruction,
    Kind,
    Movement,
    Origin,
)
from wallets.models import Transaction
from wallets.refusals import NotBooked, NotReversible


def reversal_id(transaction_id: str) -> str:
    """`reversal:settle:272017`."""
    return f"{REVERSAL}:{transaction_id}"


def corrected_id(transaction_id: str) -> str:
    """`corrected:settle:272017`."""
    return f"{CORRECTED}:{transaction_id}"


def derived(transaction_id: str) -> tuple[str, str]:
    """The ids under which people's decisions about it are booked."""
    return reversal_id(transaction_id), corrected_id(transaction_id)


def reversal(provider: str, transaction_id: str, request_id: UUID) -> Instruction:
    """What takes a booked transaction back: it names its wallets, the ledger says how much.

    Entries never change, so they are read without a lock. Raises NotBooked, NotReversible.
    """
    if transaction_id.startswith(f"{REVERSAL}:"):
        raise NotReversible("A reversal stands.")
    booked = (
        Transaction.objects.filter(provider=provider, transaction_id=transaction_id, refusal="")
        .prefetch_related("entries__wallet__player")
        .first()
    )
    if booked is None:
        raise NotBooked
    return Instruction(
        provider=provider,
        transaction_id=reversal_id(transaction_id),
        kind=Kind.ADJUSTMENT,
        movements=tuple(
            Movement(uid=entry.wallet.player.uid, currency=entry.wallet.currency)
            for entry in booked.entries.all()
        ),
        reference=booked.reference,
        round_id=booked.round_id,
        game=booked.game,
        cancels=(transaction_id,),
        origin=Origin.ADJUSTMENT,
        origin_id=request_id,
    )


def correction(instead: Instruction, request_id: UUID) -> Instruction:
    """`instead`, in the place of what was booked under its id."""
    return replace(
        instead,
        transaction_id=corrected_id(instead.transaction_id),
        corrects=instead.transaction_id,
        origin=Origin.ADJUSTMENT,
        origin_id=request_id,
        needs_bets=False,
        refusal_stands=False,
    )
