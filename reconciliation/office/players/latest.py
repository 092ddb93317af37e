"""What a player did last, and what is doubted of it: from the last entries of each wallet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from reconciliation.models import Adjustment, Case
from wallets.instructions import Origin
from wallets.models import Player
from wallets.money import EXACT, ZERO

BACK = 200  # Entries of each wallet that are looked at.
MOST = 20

LAST = """
SELECT t.provider, t.transaction_id, t.round_id, t.game, t.origin, t.origin_id, t.posted_at,
       w.currency, e.debit, e.credit
FROM wallets_wallet w CROSS JOIN LATERAL (
    SELECT transaction_id, debit, credit FROM wallets_entry
    WHERE wallet_id = w.id ORDER BY sequence DESC LIMIT %s) e
JOIN wallets_transaction t ON t.id = e.transaction_id
WHERE w.player_id = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One of the last entries."""

    provider: str
    transaction_id: str
    round_id: str
    game: str
    origin: str
    origin_id: UUID | None
    posted_at: datetime
    currency: str
    debit: Decimal
    credit: Decimal


@dataclass(slots=True, kw_only=True)
class Round:
    """What the player paid in and got out in one round, in one currency."""

    provider: str
    round_id: str
    game: str
    currency: str
    last_at: datetime
    debit: Decimal = ZERO
    credit: Decimal = ZERO


def moved(player: Player) -> list[Moved]:
    with connection.cursor() as cursor:
        cursor.execute(LAST, [BACK, player.pk])
        names = [column.name for column in cursor.description]
        return [Moved(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def rounds(last: Iterable[Moved]) -> list[Round]:
    """The latest ones first."""
    found: dict[tuple[str, str, str], Round] = {}
    for one in last:
        if not one.round_id:
            continue
        key = (one.provider, one.round_id, one.currency)
        named: dict[str, Any] = {"provider": one.provider, "round_id": one.round_id}
        round_ = found.setdefault(
            key, Round(**named, game=one.game, currency=one.currency, last_at=one.posted_at)
        )
        round_.last_at = max(round_.last_at, one.posted_at)
        round_.debit = EXACT.add(round_.debit, one.debit)
        round_.credit = EXACT.add(round_.credit, one.credit)
    return sorted(found.values(), key=lambda one: one.last_at, reverse=True)[:MOST]


def cases(player: Player, last: Sequence[Moved]) -> list[Case]:
    """The player's, and those of several that are about the last transactions; the open first."""
    own = Case.objects.filter(player=player.uid).select_related("owner").order_by("-id")[:MOST]
    found = {one.pk: one for one in own}
    by_provider: dict[str, list[str]] = {}
    for one in last:
        by_provider.setdefault(one.provider, []).append(one.transaction_id)
    subjects = Q()
    for provider, ids in by_provider.items():
        subjects |= Q(provider=provider, subject__in=ids)
    if by_provider:
        near = Case.objects.filter(subjects, player="").select_related("owner")
        found |= {one.pk: one for one in near.order_by(-F("id"))[:MOST]}
    return sorted(found.values(), key=lambda one: (one.status == "closed", -one.pk))


def adjustments(last: Iterable[Moved], cases: Iterable[Case]) -> list[Adjustment]:
    """Those that moved the player's money lately, and those asked for about these cases."""
    requests = {one.origin_id for one in last if one.origin == Origin.ADJUSTMENT} - {None}
    about = [one.pk for one in cases]
    if not requests and not about:
        return []
    named = Q(request_id__in=requests) | Q(case__in=about)
    found = Adjustment.objects.filter(named).select_related("requested_by", "decided_by")
    return list(found.order_by(-F("id"))[:MOST])
