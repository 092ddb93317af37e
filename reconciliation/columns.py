"""The cells of the list of cases."""

from datetime import datetime

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reconciliation import wording, words
from reconciliation.models import Case, CaseKind, CaseStatus, Resend
from reconciliation.office.work import ageing
from wallets import pages

TONES = {
    CaseKind.UNSETTLED: "plain",
    CaseKind.CONFLICT: "bad",
    CaseKind.VOID_RISK: "bad",
    CaseKind.OUTAGE: "warning",
    CaseKind.UNAUTHENTIC: "warning",
    CaseKind.DISPUTE: "plain",
    CaseKind.ONLY_IN_STATEMENT: "warning",
    CaseKind.ONLY_IN_LEDGER: "warning",
    CaseKind.AMOUNT_DIFFERS: "bad",
    CaseKind.PLAYER_DIFFERS: "bad",
    CaseKind.CURRENCY_DIFFERS: "bad",
    CaseKind.REPEATED_LINE: "warning",
}
URGENT = {Resend.OVERDUE: "cage-is-bad", Resend.SILENT: "cage-is-warning"}


def kind(case: Case) -> SafeString:
    member = CaseKind(case.kind)
    return pages.tag(member, tone=TONES[member])


def title(case: Case) -> str:
    """What a case is called: the provider's reference, else its number."""
    return case.reference or case.subject or f"#{case.pk}"


def soon(value: datetime | None, at: datetime) -> SafeString | str:
    """A time to the minute, without its date where that is today's; all of it in the tooltip."""
    if value is None:
        return pages.NOTHING
    exact = timezone.localtime(value).isoformat(" ", "seconds")
    return format_html(
        '<span class="cage-moment" title="{}">{}</span>', exact, words.clock(value, at=at)
    )


def age(case: Case, *, at: datetime) -> SafeString | str:
    """How long it has needed a person: Old, 3 days."""
    found = ageing.of(case, at=at)
    if found is None:
        return ""
    return format_html(
        '<span class="cage-age">{} {}</span>',
        pages.tag(found, tone=ageing.TONES[found.value]),
        found.span,
    )


class CaseColumns:
    """A case's cells."""

    @admin.display(description="Kind")
    def kind_(self, case: Case) -> SafeString:
        return kind(case)

    @admin.display(description="Provider")
    def provider_(self, case: Case) -> str:
        return case.provider

    @admin.display(description="Reference")
    def named(self, case: Case) -> SafeString | str:
        return pages.short(title(case))

    @admin.display(description="Player")
    def player_(self, case: Case) -> SafeString | str:
        return pages.short(case.player)

    @admin.display(description="At risk")
    def at_risk(self, case: Case) -> SafeString:
        return pages.money(case.amount, case.currency)

    @admin.display(description="What happens next")
    def next_(self, case: Case) -> SafeString:
        at = timezone.now()
        is_open = case.status == CaseStatus.OPEN and case.kind == CaseKind.UNSETTLED
        tone = URGENT.get(wording.resend(case, at=at), "") if is_open else ""
        left = wording.left(case, at=at) if case.status == CaseStatus.OPEN else ""
        times = words.count(case.attempts, "attempt") if case.attempts > 1 else ""
        why = wording.last_reason(case)
        return format_html(
            '<span class="cage-next {}" title="{}">{}</span><span class="cage-left">{}</span>',
            tone,
            pages.printable(why)[:2_000],
            wording.brief(case, at=at),
            ", ".join(filter(None, [left, times])),
        )

    @admin.display(description="Opened")
    def opened(self, case: Case) -> SafeString | str:
        """And how long it has needed a person, where it does."""
        at = timezone.now()
        return format_html("{}{}", soon(case.opened_at, at), age(case, at=at))

    @admin.display(description="Owner")
    def owner_(self, case: Case) -> SafeString | str:
        return pages.short(case.owner.get_username()) if case.owner is not None else pages.NOTHING
