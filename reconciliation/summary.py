"""The top of a case's page, for its templates: the doubt, what happens next, what to press."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers import registry
from providers.protocols.base import Resends
from reconciliation import columns, comparing, evidence, manual_replays, wording, working
from reconciliation.deeds import DEEDS
from reconciliation.manual_replays import Plan
from reconciliation.models import Case, CaseKind, CaseStatus
from reconciliation.sections import COMPARED
from wallets import money, pages
from wallets.models import Entry, Player, Wallet


def head(case: Case, *, at: datetime) -> dict[str, Any]:
    """What stands at the top of every page about a case."""
    provider = registry.current().by_name.get(case.provider)
    means = provider.protocol.refusal_means if provider else None
    resends = provider.protocol.resends_of(case.operation) if provider else Resends()
    return {
        "kind": columns.kind(case),
        "doubt": CaseKind(case.kind).sentence,
        "risk": pages.money(case.amount, case.currency) if case.amount is not None else "",
        "next": pages.printable(wording.next_step(case, means=means, resends=resends, at=at)),
        "by_itself": pages.printable(wording.by_itself(case, means=means, at=at)),
        "reason": pages.printable(wording.last_reason(case)),
        "tone": _tone(case, at),
    }


def page(case: Case, *, may_work: bool, may_replay: bool, at: datetime) -> dict[str, Any]:
    """What stands at the top of the case's own page, with the buttons of who reads it."""
    shown = {
        **head(case, at=at),
        "case": case,
        "sides": _sides(case, at) if case.kind == CaseKind.VOID_RISK else [],
        "facts": _facts(case),
        "seen": working.stamp(case),
        "deeds": [],
    }
    if not (may_work or may_replay) or case.status == CaseStatus.CLOSED:
        return shown
    plan = manual_replays.plan(case, at=at) if case.kind == CaseKind.UNSETTLED else None
    possible = plan is not None and not plan.refused
    return {
        **shown,
        "deeds": list(DEEDS.values()) if may_work else [],
        "can_replay": possible and may_replay,
        "others_replay": possible and not may_replay,
        "no_replay": pages.printable(plan.refused) if plan is not None else "",
    }


def plan(case: Case, plan: Plan) -> dict[str, Any]:
    """What settling it again would do, for the page that asks whether it should."""
    wallets = manual_replays.wallets(plan)
    return {
        "callback": pages.link(plan.callback, f"#{plan.callback.pk}") if plan.callback else "",
        "received": pages.moment(plan.callback.received_at) if plan.callback else "",
        "ids": [pages.printable(one.transaction_id) for one in plan.instructions],
        "moves": [
            {
                "player": pages.short(one.uid),
                "debit": pages.money(one.debit, one.currency),
                "credit": pages.money(one.credit, one.currency),
                "wallet": _wallet(wallets.get(one.wallet)),
            }
            for one in plan.movements
        ],
        "differs": plan.differs,
        "then": {
            "player": pages.short(case.player),
            "amount": pages.money(case.amount, case.currency),
        },
        "fields": [
            (pages.short(name), pages.short(value, longest=500))
            for name, value in comparing.fields(plan.callback).items()
        ],
    }


def reason(text: str) -> str:
    """Why it was not settled, with nothing hidden in it."""
    return pages.printable(wording.reason(text))


def _wallet(wallet: Wallet | None) -> object:
    if wallet is None:
        return "None: it would be refused again."
    return pages.money(wallet.balance, wallet.currency)


def _tone(case: Case, at: datetime) -> str:
    if case.status == CaseStatus.CLOSED:
        return "cage-good-edge"
    if case.kind in COMPARED:
        return "cage-bad-edge"
    if case.kind == CaseKind.UNSETTLED:
        edge = columns.URGENT.get(wording.resend(case, at=at), "")
        return f"{edge.replace('is-', '')}-edge" if edge else ""
    return ""


def _sides(case: Case, at: datetime) -> list[str]:
    booked, refused = evidence.transaction(case), evidence.doubted(case)
    entries = list(booked.entries.all()) if booked is not None else []
    (alone,) = entries if len(entries) == 1 else (None,)
    lines = wording.void_sides(
        case,
        booked=_moved(entries),
        net=money.EXACT.subtract(alone.credit, alone.debit) if alone else None,
        refused=refused.received_at if refused else None,
        at=at,
    )
    return [pages.printable(line) for line in lines]


def _moved(entries: Sequence[Entry]) -> str:
    """alice: debit 1.00, credit 10.00 USD."""
    moves = [
        f"{one.wallet.player.uid}: debit {pages.amount(one.debit)}, credit "
        f"{pages.amount(one.credit)} {one.wallet.currency}"
        for one in entries[:9]
    ]
    return "; ".join([*moves, *(["..."] if len(entries) > 9 else [])]) + "." if moves else ""


def _strangers(case: Case) -> SafeString:
    """A link to what was counted."""
    query = {"provider": case.provider}
    url = reverse("admin:providers_unauthentic_changelist", query=query)
    return format_html('<a class="cage-link" href="{}">Unauthentic deliveries</a>', url)


def _facts(case: Case) -> list[tuple[str, object]]:
    """The small print under the headline."""
    player = Player.objects.filter(uid=case.player).first() if case.player else None
    shown = pages.short(case.player)
    status = CaseStatus(case.status)
    put_off = f" until {case.follow_up_on}" if case.follow_up_on else ""
    rows: list[tuple[str, object]] = [
        ("Provider", case.provider),
        ("Reference", pages.short(columns.title(case))),
        ("Player", pages.link(player, shown) if player else shown),
        ("Owner", case.owner.get_username() if case.owner else "Nobody yet"),
        ("Status", f"{status.label}{put_off}"),
        ("Opened", columns.soon(case.opened_at, timezone.now())),
    ]
    if waits := columns.age(case, at=timezone.now()):
        rows.append(("Needs a person", waits))
    if case.kind == CaseKind.UNAUTHENTIC:
        rows.append(("See also", _strangers(case)))
    if case.tickets:
        rows.append(("Tickets", pages.short(case.tickets)))
    return rows
