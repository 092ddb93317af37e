"""What the inbox and the books know of a transaction id that something is doubted about."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from providers import registry
from providers.models import SMOOTH, Callback
from providers.protocols.base import RefusalMeans
from providers.registry import Provider
from wallets import reversals
from wallets.instructions import Instruction, Key
from wallets.models import Transaction
from wallets.refusals import Refusal

log = logging.getLogger("cage.cases")

SUMMARY = """
SELECT c.provider, c.transaction_id,
       count(*) FILTER (WHERE NOT c.outcome = ANY(%(smooth)s)),
       min(c.received_at), max(c.received_at),
       bool_or(c.outcome = 'conflict'),
       count(DISTINCT c.terms) FILTER (WHERE NOT c.outcome = ANY(%(smooth)s)) > 1,
       bool_or(c.outcome IN ('refused', 'conflict')
               OR (c.outcome = 'failed' AND c.reply_status = 200)),
       (array_agg(c.delivery_id ORDER BY c.received_at DESC)
            FILTER (WHERE NOT c.outcome = ANY(%(smooth)s)))[1]
FROM unnest(%(providers)s::text[], %(ids)s::text[]) AS named (provider, transaction_id)
JOIN providers_callback c
  ON c.provider = named.provider AND c.transaction_id = named.transaction_id
WHERE c.replay_of IS NULL
GROUP BY c.provider, c.transaction_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Of one transaction id; `last` is the last delivery that did not go smoothly.

    `unbooked`: something that `last` asks for is not in the books; a delivery with several
    instructions is kept under the id of one of them. `terms_differ`: those that did not go
    smoothly asked for different money, each as it was read then. `refused`: the provider heard,
    at least once, something that it takes for a refusal.
    `transaction` is None where the books don't have it, and has no entries where it is a refusal
    that stands.
    """

    provider: Provider
    transaction_id: str
    attempts: int
    first_at: datetime
    last_at: datetime
    in_conflict: bool
    terms_differ: bool
    refused: bool
    last: Callback
    transaction: Transaction | None
    unbooked: bool
    is_reversed: bool = False
    corrected: Transaction | None = None

    @property
    def agrees(self) -> bool:
        """The last one asks for what two people have accepted since, or for what they have taken
        back while the provider counts it void: both sides hold the same."""
        if self.corrected is not None:
            asked = self.last.terms
            return asked is not None and bytes(asked) == bytes(self.corrected.terms)
        return self.is_reversed and self.means_void and self.refused

    @property
    def means_void(self) -> bool:
        return self.provider.protocol.refusal_means is RefusalMeans.VOID

    @property
    def asked_again(self) -> bool:
        """A refusal stands in the books that is no final word for the provider."""
        refusal = Refusal.kinds.get(self.transaction.refusal) if self.transaction else None
        final = self.provider.protocol.is_final
        return refusal is not None and not final(self.last.operation, refusal)


def of(keys: Collection[Key]) -> Iterator[Facts]:
    """The facts of `keys`, in a constant number of statements; none for a provider that is gone."""
    by_name = registry.current().by_name
    rows = _summaries(keys)
    last = _callbacks({row[-1] for row in rows})
    asked = {
        row[:2]: _asked(by_name[row[0]], row[1], last[row[-1]])
        for row in rows
        if row[0] in by_name and row[-1] in last
    }
    derived = {(name, one) for name, id_ in keys for one in reversals.derived(id_)}
    transactions = _transactions({*keys, *derived}.union(*asked.values()))
    for (
        provider,
        transaction_id,
        attempts,
        first,
        latest,
        conflict,
        differ,
        refused,
        delivery_id,
    ) in rows:
        if (provider, transaction_id) in asked:
            yield Facts(
                provider=by_name[provider],
                transaction_id=transaction_id,
                attempts=attempts,
                first_at=first,
                last_at=latest,
                in_conflict=conflict,
                terms_differ=differ,
                refused=refused,
                last=last[delivery_id],
                transaction=transactions.get((provider, transaction_id)),
                is_reversed=(provider, reversals.reversal_id(transaction_id)) in transactions,
                corrected=transactions.get((provider, reversals.corrected_id(transaction_id))),
                unbooked=not asked[provider, transaction_id] <= transactions.keys(),
            )


def meaning(provider: Provider, callback: Callback) -> tuple[Instruction, ...]:
    """What a kept delivery asks for, as it is read today; nothing where it can't be."""
    body = bytes(callback.body if callback.unwrapped is None else callback.unwrapped)
    try:
        decoded = provider.protocol.decode(callback.operation, body)
    except Refusal:
        return ()
    except Exception:
        # One that can't be read because of a fault of ours must not keep the others waiting.
        log.exception("a kept delivery could not be decoded", extra={"callback": callback.pk})
        return ()
    if isinstance(decoded, Instruction):
        return (decoded,)
    return decoded if isinstance(decoded, tuple) else ()


def _asked(provider: Provider, transaction_id: str, last: Callback) -> set[Key]:
    """All that must be in the books before nothing is owed any more."""
    return {(provider.name, transaction_id), *(one.key for one in meaning(provider, last))}


def _summaries(keys: Collection[Key]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            SUMMARY,
            {
                "smooth": [outcome.value for outcome in SMOOTH],
                "providers": [provider for provider, _ in keys],
                "ids": [transaction_id for _, transaction_id in keys],
            },
        )
        return list(cursor.fetchall())


def _callbacks(delivery_ids: Collection[UUID]) -> dict[UUID, Callback]:
    rows = Callback.objects.filter(delivery_id__in=delivery_ids)
    return {row.delivery_id: row for row in rows}


def _transactions(keys: Collection[Key]) -> dict[Key, Transaction]:
    by_provider: dict[str, list[str]] = {}
    for provider, transaction_id in keys:
        by_provider.setdefault(provider, []).append(transaction_id)
    found = [
        row
        for provider, ids in by_provider.items()
        for row in Transaction.objects.filter(
            provider=provider, transaction_id__in=ids
        ).prefetch_related("entries__wallet__player")
    ]
    return {(row.provider, row.transaction_id): row for row in found}
