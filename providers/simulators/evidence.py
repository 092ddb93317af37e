"""What the books say about a run, read set-based in one snapshot, as plain values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Count, Max, Q

from providers.models import Callback
from providers.simulators.base import Move, Simulator
from providers.simulators.verdict import Booked, Key, WalletKey
from wallets.models import Entry, Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where the books stood before the run."""

    entry_id: int
    balances: Mapping[WalletKey, Decimal]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The run's transactions, its wallets' change of balance, and its callbacks by key."""

    booked: Sequence[Booked]
    changes: Mapping[WalletKey, Decimal]
    callbacks: Mapping[Key, int]


def opening(uids: Sequence[str], *, at: datetime) -> Opening:
    """Read it right before the first delivery; `at` is now."""
    with _snapshot():
        last = Entry.objects.aggregate(last=Max("id"))["last"] or 0
        return Opening(entry_id=last, balances=_balances(uids), at=at)


def gather(before: Opening, simulators: Sequence[Simulator], uids: Sequence[str]) -> Evidence:
    """Read it when nothing is on its way any more."""
    with _snapshot():
        closing = _balances(uids)
        return Evidence(
            booked=_booked(before, simulators, uids),
            changes={
                wallet: balance - before.balances.get(wallet, Decimal(0))
                for wallet, balance in closing.items()
            },
            callbacks=_callbacks(before, simulators),
        )


@contextmanager
def _snapshot() -> Iterator[None]:
    """All statements inside see the same state of the books."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _balances(uids: Sequence[str]) -> dict[WalletKey, Decimal]:
    rows = Wallet.objects.filter(player__uid__in=uids).values_list(
        "player__uid", "currency", "balance"
    )
    return {(uid, currency): balance for uid, currency, balance in rows}


def _booked(before: Opening, simulators: Sequence[Simulator], uids: Sequence[str]) -> list[Booked]:
    """Every transaction since `before` of these providers, or that touched these players."""
    prefixes = {simulator.provider: simulator.prefix for simulator in simulators}
    rows = Entry.objects.filter(
        Q(transaction__provider__in=prefixes) | Q(wallet__player__uid__in=uids),
        id__gt=before.entry_id,
    ).values_list(
        "transaction__provider",
        "transaction__transaction_id",
        "wallet__player__uid",
        "wallet__currency",
        "debit",
        "credit",
    )
    moves: defaultdict[Key, list[Move]] = defaultdict(list)
    for provider, transaction_id, uid, currency, debit, credit in rows.iterator(chunk_size=5_000):
        moves[provider, transaction_id].append(Move(uid, currency, debit, credit))
    return [
        Booked(
            provider=provider,
            transaction_id=transaction_id,
            moves=tuple(found),
            ours=_reference(transaction_id).startswith(prefixes.get(provider, "\n")),
        )
        for (provider, transaction_id), found in moves.items()
    ]


def _callbacks(before: Opening, simulators: Sequence[Simulator]) -> dict[Key, int]:
    rows = (
        Callback.objects.filter(
            provider__in=[simulator.provider for simulator in simulators],
            received_at__gte=before.at,
        )
        .exclude(transaction_id="")
        .values_list("provider", "transaction_id")
        .annotate(rows=Count("delivery_id"))
    )
    counts: defaultdict[Key, int] = defaultdict(int)
    for provider, transaction_id, count in rows.iterator(chunk_size=5_000):
        counts[provider, _reference(transaction_id)] += count
    return dict(counts)


def _reference(transaction_id: str) -> str:
    return transaction_id.partition(":")[2]
