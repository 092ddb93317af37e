"""What staff type into a search box, found through an index: a uid, a reference, a whole id.

A `transaction_id` is `<operation>:<the provider's id>`; people know the bare id, which is the
transaction's `reference`. All are exact and case-sensitive, so that no search reads a whole table.
A uid may look like a reference: then both are found.
"""

from typing import Any

from django.db.models import Q, QuerySet

from wallets import pages
from wallets.models import Entry, Transaction, Wallet

HELP = "Reference, transaction id or player, exactly"


def transactions(queryset: QuerySet[Transaction], term: str) -> QuerySet[Transaction]:
    """Those with this reference or transaction id, and those that moved this player's money."""
    ids: QuerySet[Any, Any] = named(term).values("id")
    if wallets := _wallets_of(term):
        # A union of two index scans: an OR of the two would read every transaction.
        ids = Entry.objects.filter(wallet__in=wallets).values("transaction_id").union(ids)
    return queryset.filter(id__in=ids)


def entries(queryset: QuerySet[Entry], term: str) -> QuerySet[Entry]:
    """Those of this player's wallets, and of the transactions with this reference or id."""
    found = list(named(term).values_list("id", flat=True))
    return queryset.filter(Q(wallet__in=_wallets_of(term)) | Q(transaction__in=found))


def named(term: str) -> QuerySet[Transaction]:
    """The transactions with this reference or this whole transaction id."""
    # The index begins with the provider, so every provider is named.
    providers = pages.providers_in(Transaction)
    return Transaction.objects.filter(
        Q(reference=term) | Q(provider__in=providers, transaction_id=term)
    )


def _wallets_of(uid: str) -> list[int]:
    # Asked first and by themselves: the planner can't know whether a player has many entries.
    return list(Wallet.objects.filter(player__uid=uid).values_list("id", flat=True))
