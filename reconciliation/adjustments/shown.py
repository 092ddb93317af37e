"""What pages say of an adjustment: escaped, exact, and never a sum over currencies."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reconciliation import chronicle
from reconciliation.adjustments import proposal, proposals
from reconciliation.adjustments.proposal import Moves, Proposal
from reconciliation.models import (
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
    Case,
    CaseStatus,
    Why,
)
from wallets import pages, reversals
from wallets.models import Wallet

ICONS = {
    AdjustmentKind.PAY: "add_card",
    AdjustmentKind.CORRECT: "published_with_changes",
    AdjustmentKind.REVERSE: "undo",
    AdjustmentKind.FREE: "edit",
}
TONES = {
    AdjustmentStatus.REQUESTED: "warning",
    AdjustmentStatus.APPROVED: "good",
    AdjustmentStatus.REJECTED: "bad",
    AdjustmentStatus.WITHDRAWN: "plain",
    AdjustmentStatus.EXPIRED: "plain",
}


def buttons(case: Case) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """What can be asked for about an open case; and what can't, each with its reason."""
    if case.status == CaseStatus.CLOSED:
        return [], []
    able, unable = [_button(case, AdjustmentKind.FREE)], []
    for kind in (AdjustmentKind.REVERSE, AdjustmentKind.CORRECT, AdjustmentKind.PAY):
        refused = proposals.of(case, kind).refused if case.subject else "No id could be read of it."
        if refused:
            unable.append((str(kind.label), pages.printable(refused)))
        else:
            able.insert(0, _button(case, kind))
    return able, unable


def _button(case: Case, kind: AdjustmentKind) -> dict[str, str]:
    url = reverse("admin:reconciliation_case_adjust", args=[case.pk, kind.value])
    return {"url": url, "label": str(kind.label), "icon": ICONS[kind]}


def asked(found: Proposal) -> dict[str, Any]:
    """What it would do, for the page on which it is asked for."""
    ids = [one.transaction_id for one in found.instructions]
    if found.kind is AdjustmentKind.CORRECT:
        ids = [reversals.corrected_id(one) for one in ids]
    return {
        "moves": moves(found.moves),
        "source": pages.printable(found.source),
        "reverses": pages.link(found.reverses, pages.short(found.reverses.transaction_id))
        if found.reverses is not None
        else "",
        "ids": [pages.printable(one) for one in ids],
        "provider": found.provider,
    }


def moves(of: Moves) -> SafeString:
    """Who loses and gains what, and what is in the wallet now."""
    wallets = _wallets(of)
    rows = [
        format_html(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            pages.short(uid),
            pages.money(debit, currency),
            pages.money(credit, currency),
            pages.money(wallets[uid, currency].balance, currency)
            if (uid, currency) in wallets
            else "No such wallet.",
        )
        for (uid, currency), (debit, credit) in of.items()
    ]
    return chronicle.grid("moves", ["Who", "Debit", "Credit", "In the wallet now"], rows)


def kept(adjustment: Adjustment) -> Moves:
    """The moves of a request, as amounts."""
    return proposal.added(
        (one["uid"], one["currency"], Decimal(one["debit"]), Decimal(one["credit"]))
        for one in adjustment.moves
    )


def amounts(adjustment: Adjustment) -> SafeString:
    """How much it moves, per currency."""
    found = proposal.net(adjustment.moves)
    return format_html_join("", "<div>{}</div>", ((pages.money(n, c),) for c, n in found.items()))


def status(adjustment: Adjustment) -> SafeString:
    member = AdjustmentStatus(adjustment.status)
    return pages.tag(member, tone=TONES[member])


def kind(adjustment: Adjustment) -> SafeString:
    return pages.tag(AdjustmentKind(adjustment.kind))


def of_case(case: Case) -> SafeString | str:
    """The adjustments that were asked for about it; "" where none was."""
    found = case.adjustments.select_related("requested_by", "decided_by").order_by("pk")[:50]
    return table(found)


def table(found: QuerySet[Adjustment] | Sequence[Adjustment]) -> SafeString | str:
    rows = [_row(one) for one in found]
    headings = ["", "What", "Status", "Moves", "Reason", "Asked for", "Decided"]
    return chronicle.grid("adjustments", headings, rows) if rows else ""


def _row(one: Adjustment) -> SafeString:
    return format_html(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td><td>{}<br>{}</td>"
        "<td>{}<br>{}</td></tr>",
        pages.link(one, f"#{one.pk}"),
        kind(one),
        status(one),
        amounts(one),
        Why(one.why).label,
        pages.short(one.text),
        pages.short(one.requested_by.get_username()),
        pages.moment(one.requested_at),
        pages.short(one.decided_by.get_username()) if one.decided_by else "",
        pages.moment(one.decided_at) if one.decided_at else "",
    )


def facts(one: Adjustment) -> Iterable[tuple[str, object]]:
    """The small print of its page."""
    yield "Case", pages.link(one.case, pages.printable(str(one.case)))
    yield "Provider", one.provider
    yield "Transaction id", pages.short(one.transaction_id)
    yield "Reason", Why(one.why).label
    yield "Asked for by", pages.short(one.requested_by.get_username())
    yield "Asked for", pages.moment(one.requested_at)
    if one.status == AdjustmentStatus.REQUESTED:
        yield "Expires", pages.moment(one.expires_at)
    if one.decided_by is not None:
        yield "Decided by", pages.short(one.decided_by.get_username())
    if one.decided_at is not None:
        yield "Decided", pages.moment(one.decided_at)


def wallets_now(one: Adjustment) -> SafeString:
    return moves(kept(one))


def _wallets(of: Moves) -> dict[tuple[str, str], Wallet]:
    found = Wallet.objects.filter(player__uid__in={uid for uid, _ in of}).select_related("player")
    return {(wallet.player.uid, wallet.currency): wallet for wallet in found}
