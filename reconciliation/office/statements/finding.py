"""What is looked for within one statement: a transaction or a player, exactly, on both sides."""

from collections.abc import Iterator

from django.db.models import QuerySet

from providers import registry
from providers.protocols import base
from reconciliation.models import Bucket, Line, Match, Statement
from wallets import reversals
from wallets.models import Entry, Transaction, Wallet

MOST = 1_000  # Rows of a search that are shown.
# Where a movement of the books may stand alone.
OURS_ALONE = [Bucket.ONLY_IN_LEDGER, Bucket.IN_FLIGHT, Bucket.NOT_HANDLED]


def matches(statement: Statement, term: str) -> list[int]:
    """The ids of what has this reference, transaction id or player, MOST at most.

    Each way goes through an index of its own; only a player's lines are looked for among all
    lines of the statement.
    """
    found: set[int] = set()
    for way in _ways(statement, term):
        found.update(way.order_by().values_list("id", flat=True)[: MOST + 1 - len(found)])
        if len(found) > MOST:
            break
    return sorted(found)[:MOST]


def _ways(statement: Statement, term: str) -> Iterator[QuerySet[Match]]:
    here = Match.objects.filter(statement=statement)
    ids = _ids(statement.provider, term)
    named = Line.objects.filter(statement=statement, transaction_id__in=ids)
    yield here.filter(line__in=named.values("id"))
    entries = Entry.objects.filter(
        transaction__in=Transaction.objects.filter(
            provider=statement.provider, transaction_id__in=ids
        ).values("id")
    )
    yield from _ours(here, list(entries.values_list("id", flat=True)[: MOST + 1]))
    yield here.filter(
        line__in=Line.objects.filter(statement=statement, uid=term).exclude(transaction_id="")
    )
    wallets = list(Wallet.objects.filter(player__uid=term).values_list("id", flat=True))
    if wallets:
        yield here.filter(line__isnull=False, entry__isnull=False, entry__wallet__in=wallets)
        yield here.filter(line__isnull=True, bucket__in=OURS_ALONE, entry__wallet__in=wallets)


def _ours(here: QuerySet[Match], entries: list[int]) -> Iterator[QuerySet[Match]]:
    if entries:
        yield here.filter(line__isnull=False, entry__in=entries)
        yield here.filter(line__isnull=True, bucket__in=OURS_ALONE, entry__in=entries)


def _ids(provider: str, term: str) -> list[str]:
    """How a transaction may be named that a person calls `term`."""
    configured = registry.current().by_name.get(provider)
    words = configured.protocol.booked if configured is not None else ()
    spelled = [term, *(base.transaction_id(word, term) for word in words)]
    return [*spelled, *(derived for one in spelled for derived in reversals.derived(one))]
