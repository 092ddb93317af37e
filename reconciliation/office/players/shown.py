"""What a player's page shows under the form: only what its reader may see."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reconciliation import words
from reconciliation.adjustments import shown as adjusting
from reconciliation.exporting import sending
from reconciliation.models import Case, CaseKind, CaseStatus
from reconciliation.office.players import latest, statements
from reconciliation.office.players.latest import Round
from reconciliation.office.players.statements import Statement
from reconciliation.office.rounds import links
from reconciliation.office.work import links as disputes
from wallets import pages
from wallets.instructions import Kind
from wallets.models import Entry, Player, Wallet


def parts(request: HttpRequest, player: Player) -> dict[str, Any]:
    """For the template; a constant number of queries."""
    may = request.user.has_perm
    found: dict[str, Any] = {
        "is_player": True,
        "status": pages.explained(player_status(player)),
        "dispute": disputes.dispute_player(player),
    }
    if may("wallets.view_wallet"):
        wallets = list(Wallet.objects.filter(player=player).order_by("currency"))
        found["balances"] = [(pages.money(one.balance, one.currency), one) for one in wallets]
        if may("wallets.view_entry"):
            found |= _statement(request, player, wallets)
    if may("wallets.view_transaction"):
        last = latest.moved(player)
        found["rounds"] = [_round(one) for one in latest.rounds(last)]
        found["back"] = latest.BACK
        if may("reconciliation.view_case"):
            cases = latest.cases(player, last)
            found["cases"] = [_case(one) for one in cases]
            if may("reconciliation.view_adjustment"):
                found["adjustments"] = adjusting.table(latest.adjustments(last, cases))
    return found


def player_status(player: Player) -> Player.Status:
    return Player.Status(player.status)


# -- The statement -----------------------------------------------------------------------------


def _statement(request: HttpRequest, player: Player, wallets: Sequence[Wallet]) -> dict[str, Any]:
    if not wallets:
        return {}
    asked = request.GET.get("wallet", "")
    busiest = max(wallets, key=lambda one: one.sequence)
    wallet = next((one for one in wallets if one.currency == asked), busiest)
    days = statements.days(request, timezone.localdate())
    told = statements.of(wallet, days, request)
    return {
        "statement": told,
        "tabs": list(_tabs(wallets, wallet, days)),
        "sums": list(_sums(told)),
        "entries": [_entry(one, wallet.currency) for one in told.page.rows],
        "page": told.page,
        "may_take": sending.may(request.user, "player"),  # type: ignore[arg-type]
        "until": days.after.isoformat(),
        "since": days.first.isoformat(),
        "last_day": days.last.isoformat(),
        "problem": days.problem,
    }


def _tabs(
    wallets: Iterable[Wallet], shown: Wallet, days: statements.Days
) -> Iterator[dict[str, Any]]:
    for wallet in wallets:
        query = {"wallet": wallet.currency, "since": days.first, "until": days.last}
        url = reverse("admin:wallets_player_change", args=[wallet.player_id], query=query)
        is_shown = wallet.pk == shown.pk
        yield {"url": f"{url}#statement", "title": wallet.currency, "active": is_shown}


def _sums(told: Statement) -> Iterator[tuple[str, SafeString | str]]:
    currency = told.wallet.currency
    yield f"Balance before {told.days.first}", pages.money(told.opening, currency)
    yield "Debit", _sum(told.debit, currency)
    yield "Credit", _sum(told.credit, currency)
    yield f"Balance after {told.days.last}", pages.money(told.closing, currency)
    yield "Movements", f"{told.count:,}"


def _sum(value: Any, currency: str) -> SafeString | str:
    return "Too many to add up here" if value is None else pages.money(value, currency)


def _entry(one: Entry, currency: str) -> dict[str, Any]:
    booked = one.transaction
    return {
        "number": f"{one.sequence:,}",
        "at": pages.moment(booked.posted_at),
        "named": pages.link(booked, pages.short(f"{booked.provider} {booked.transaction_id}")),
        "kind": pages.tag(Kind(booked.kind)),
        "debit": pages.money(one.debit, currency),
        "credit": pages.money(one.credit, currency),
        "after": pages.money(one.balance_after, currency),
    }


# -- Rounds and cases --------------------------------------------------------------------------


def _round(one: Round) -> dict[str, Any]:
    url = links.url(one.provider, round_id=one.round_id)
    return {
        "named": format_html(
            '<a class="cage-link" href="{}">{}</a>',
            url,
            pages.short(f"{one.provider} {one.round_id}"),
        ),
        "game": pages.short(one.game),
        "debit": pages.money(one.debit, one.currency),
        "credit": pages.money(one.credit, one.currency),
        "at": pages.moment(one.last_at),
    }


def _case(one: Case) -> dict[str, Any]:
    kind, status = CaseKind(one.kind), CaseStatus(one.status)
    return {
        "named": pages.link(one, f"#{one.pk} {kind.label}"),
        "status": pages.tag(status),
        "subject": pages.short(f"{one.provider} {one.subject}"),
        "risk": words.money(one.amount, one.currency) if one.currency else pages.NOTHING,
        "owner": pages.short(one.owner.get_username()) if one.owner else pages.NOTHING,
        "at": pages.moment(one.opened_at),
    }
