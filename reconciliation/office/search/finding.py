"""How each kind of thing is found by what staff type: through an index, and no more than a few."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.urls import reverse
from django.utils.safestring import SafeString

from providers import admin as inbox
from providers.callback_page import BIG
from providers.models import Callback, Outcome
from reconciliation import filters, queue
from reconciliation.models import Adjustment, AdjustmentStatus, Case, CaseStatus
from reconciliation.office.rounds import links
from wallets import pages, search
from wallets.instructions import HOUSE, Kind
from wallets.models import Player, Transaction

MOST = 20  # Of each kind.
LARGEST = 2**63 - 1
NUMBERED = re.compile(r"(?:(case|callback|adjustment)\s*#?|#)\s*([0-9]{1,19})", re.IGNORECASE)

# One probe of the index for each provider, however many transactions a round has.
ROUNDS = """
SELECT name, game FROM unnest(%s::text[]) AS named (name) CROSS JOIN LATERAL (
    SELECT game FROM wallets_transaction
    WHERE provider = name AND round_id = %s AND round_id <> '' LIMIT 1) one
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found. Texts are escaped or plain."""

    url: str
    title: SafeString | str
    note: SafeString | str = ""
    when: SafeString | str = ""
    player: str = ""  # Whom a case is about.
    story: tuple[str, str] = ("", "")  # Address and name of the one that it belongs to.


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One kind of thing: who may see it, what a term of it looks like, how it is found."""

    label: str
    permission: str
    what: str
    find: Callable[[str], Iterable[Hit]]


def numbered(term: str, word: str) -> int | None:
    """The number in `#12` or `case 12`, where it may be that of a `word`."""
    match = NUMBERED.fullmatch(term)
    if match is None or (match[1] or word).lower() != word:
        return None
    number = int(match[2])
    return number if number <= LARGEST else None


# -- Each kind ---------------------------------------------------------------------------------


def _players(term: str) -> Iterable[Hit]:
    exact = list(Player.objects.filter(uid=term))
    found = exact or sorted(
        Player.objects.filter(uid__startswith=term)[: MOST + 1], key=lambda one: one.uid
    )
    for player in found:
        yield Hit(
            url=reverse("admin:wallets_player_change", args=[player.pk]),
            title=pages.short(player.uid),
            note=pages.tag(Player.Status(player.status)),
        )


def _transactions(term: str) -> Iterable[Hit]:
    # The planner must not walk the whole table in the order of its numbers.
    for one in search.named(term).order_by(F("id") + 0)[: MOST + 1]:
        yield Hit(
            url=reverse("admin:wallets_transaction_change", args=[one.pk]),
            title=pages.short(f"{one.provider} {one.transaction_id}"),
            note=pages.tag(Kind(one.kind)),
            when=pages.moment(one.posted_at),
            story=_story(one),
        )


def _story(one: Transaction) -> tuple[str, str]:
    if one.provider == HOUSE or not (one.round_id or one.reference):
        return "", ""
    url = links.url(one.provider, round_id=one.round_id, reference=one.reference)
    what = f"round {one.round_id}" if one.round_id else f"reference {one.reference}"
    return url, f"{one.provider} {what}"


def _rounds(term: str) -> Iterable[Hit]:
    with connection.cursor() as cursor:
        cursor.execute(ROUNDS, [pages.providers_in(Transaction), term])
        rows = cursor.fetchall()
    for provider, game in rows:
        yield Hit(
            url=links.url(provider, round_id=term),
            title=pages.short(f"{provider} {term}"),
            note=pages.short(f"Game {game}") if game else "",
        )


def _callbacks(term: str) -> Iterable[Hit]:
    rows = Callback.objects.defer(*BIG)
    if (number := numbered(term, "callback")) is not None:
        found = rows.filter(pk=number)
    elif (delivery := _uuid(term)) is not None:
        found = rows.filter(delivery_id=delivery)
    else:
        found = inbox.find(rows, term)
    for one in found.order_by(F("id") + 0)[: MOST + 1]:
        yield Hit(
            url=reverse("admin:providers_callback_change", args=[one.pk]),
            title=pages.short(f"#{one.pk} {one.provider} {one.transaction_id or one.operation}"),
            note=pages.tag(Outcome(one.outcome)),
            when=pages.moment(one.received_at, precise=True),
        )


def _cases(term: str) -> Iterable[Hit]:
    if (number := numbered(term, "case")) is not None:
        found = Case.objects.filter(pk=number)
    else:
        found = filters.find(Case.objects.all(), term)
        if not term.startswith("#"):
            found = found | Case.objects.filter(queue.OPEN & Q(reference=term))
    for one in found.order_by(F("id") + 0)[: MOST + 1]:
        yield Hit(
            url=reverse("admin:reconciliation_case_change", args=[one.pk]),
            title=pages.short(f"#{one.pk} {one.get_kind_display()}: {one.provider} {one.subject}"),
            note=pages.tag(CaseStatus(one.status)),
            when=pages.moment(one.opened_at),
            player=one.player,
        )


def _adjustments(term: str) -> Iterable[Hit]:
    number = numbered(term, "adjustment")
    # "#12" is a callback or a case; of adjustments people say which.
    if number is None or term.startswith("#"):
        return
    for one in Adjustment.objects.filter(pk=number):
        yield Hit(
            url=reverse("admin:reconciliation_adjustment_change", args=[one.pk]),
            title=pages.short(f"#{one.pk} {one}"),
            note=pages.tag(AdjustmentStatus(one.status)),
            when=pages.moment(one.requested_at),
        )


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term) if len(term) >= 32 else None
    except ValueError:
        return None


KINDS = {
    "player": Looked(
        label="Players",
        permission="wallets.view_player",
        what="a player's name, or how it begins",
        find=_players,
    ),
    "transaction": Looked(
        label="Transactions",
        permission="wallets.view_transaction",
        what="a transaction id such as settle:272017, or the provider's reference",
        find=_transactions,
    ),
    "round": Looked(
        label="Rounds",
        permission="wallets.view_transaction",
        what="a round's id",
        find=_rounds,
    ),
    "callback": Looked(
        label="Callbacks",
        permission="providers.view_callback",
        what="a callback's number such as #12, its transaction id or its delivery id",
        find=_callbacks,
    ),
    "case": Looked(
        label="Cases",
        permission="reconciliation.view_case",
        what="a case's number such as case 12, its reference or transaction id",
        find=_cases,
    ),
    "adjustment": Looked(
        label="Adjustments",
        permission="reconciliation.view_adjustment",
        what="an adjustment's number such as adjustment 12",
        find=_adjustments,
    ),
}
