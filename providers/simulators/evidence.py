"""What the books say about a run, read set-based in one snapshot, as plain values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q

from providers.models import Callback
from providers.simulators.base import Key, Move, Simulator
from providers.simulators.verdict import Booked, Evidence, WalletKey
from wallets.instructions import Kind
from wallets.models import Entry, Reference, Transaction, Wallet

Effect = Reference.Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where the books stood before the run."""

    entry_id: int
    transaction_id: int
    balances: Mapping[WalletKey, Decimal]
    at: datetime


def opening(uids: Sequence[str], *, at: datetime) -> Opening:
    """Read it right before the first delivery; `at` is now."""
    with _snapshot():
        return Opening(
            entry_id=Entry.objects.aggregate(last=Max("id"))["last"] or 0,
            transaction_id=Transaction.objects.aggregate(last=Max("id"))["last"] or 0,
            balances=_balances(uids),
            at=at,
        )


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
            balances=closing,
            settled=_settled(before, simulators),
            open_bets=_open_bets(before, simulators),
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


def _settled(before: Opening, simulators: Sequence[Simulator]) -> frozenset[Key]:
    """What is named by a settlement that was booked since."""
    rows = Reference.objects.filter(
        provider__in=_names(simulators),
        effect=Effect.SETTLES,
        transaction_id__gt=before.transaction_id,
    )
    return frozenset(rows.values_list("provider", "target").iterator(chunk_size=5_000))


def _open_bets(before: Opening, simulators: Sequence[Simulator]) -> frozenset[Key]:
    """The bets taken since that no settlement and no rollback names."""
    named = Reference.objects.filter(
        provider=OuterRef("provider"),
        target=OuterRef("transaction_id"),
        effect__in=[Effect.SETTLES, Effect.CANCELS],
    )
    rows = Transaction.objects.filter(
        ~Exists(named),
        provider__in=_names(simulators),
        kind=Kind.BET,
        refusal="",
        id__gt=before.transaction_id,
    )
    return frozenset(rows.values_list("provider", "transaction_id").iterator(chunk_size=5_000))


def _names(simulators: Sequence[Simulator]) -> list[str]:
    return [simulator.provider for simulator in simulators]


def _callbacks(before: Opening, simulators: Sequence[Simulator]) -> dict[Key, int]:
    rows = (
        Callback.objects.filter(
            provider__in=_names(simulators),
            received_at__gte=before.at,
        )
        .exclude(transaction_id="")
        .values_list("provider", "transaction_id")
        .annotate(rows=Count("delivery_id"))
    )
    return {
        (provider, transaction_id): count
        for provider, transaction_id, count in rows.iterator(chunk_size=5_000)
    }


def _reference(transaction_id: str) -> str:
    return transaction_id.partition(":")[2]
