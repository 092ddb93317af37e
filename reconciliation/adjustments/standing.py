"""What stands in the books under the id of a case, and whether it can be taken back."""

from providers.protocols.reports import CannotBook
from reconciliation import evidence
from reconciliation.adjustments.proposal import Moves, added
from reconciliation.models import Case
from wallets.instructions import CORRECTED, REVERSAL, Kind
from wallets.models import Reference, Transaction


def standing(case: Case) -> Transaction:
    """What stands under the case's id: the correction, where there is one. Raises CannotBook."""
    for transaction_id in (f"{CORRECTED}:{case.subject}", case.subject):
        found = find(case, transaction_id)
        if found is not None and cancelled_by(found) is None:
            if found.kind in (Kind.ROLLBACK, Kind.DEPOSIT, Kind.WITHDRAWAL):
                raise CannotBook(f"A {Kind(found.kind).label.lower()} can't be reversed.")
            if found.transaction_id.startswith(f"{REVERSAL}:"):
                raise CannotBook("A reversal stands.")
            return found
    raise CannotBook("Nothing of this id stands in the books.")


def booked(case: Case) -> Transaction | None:
    """The one that the case is about; a refusal that stands is raised as CannotBook."""
    found = evidence.transaction(case)
    if found is not None and found.refusal:
        raise CannotBook(
            "A refusal stands under this id, which the provider was told: move money by hand, "
            "if it is owed all the same."
        )
    return found


def find(case: Case, transaction_id: str) -> Transaction | None:
    return (
        Transaction.objects.filter(
            provider=case.provider, transaction_id=transaction_id, refusal=""
        )
        .prefetch_related("entries__wallet__player")
        .first()
    )


def cancelled_by(booked: Transaction) -> Transaction | None:
    found = Reference.objects.filter(
        provider=booked.provider, target=booked.transaction_id, effect=Reference.Effect.CANCELS
    ).select_related("transaction")
    reference = found.first()
    return None if reference is None else reference.transaction


def settled(booked: Transaction) -> tuple[str, ...]:
    """The bets that it settles."""
    found = booked.references.filter(effect=Reference.Effect.SETTLES)
    return tuple(found.order_by("id").values_list("target", flat=True))


def moved(booked: Transaction) -> Moves:
    return added(
        (one.wallet.player.uid, one.wallet.currency, one.debit, one.credit)
        for one in booked.entries.all()
    )
