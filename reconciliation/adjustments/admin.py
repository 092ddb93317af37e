"""Requests for adjustments and their end; and up to which amounts groups may approve."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from reconciliation import columns
from reconciliation.adjustments import desk, shown
from reconciliation.adjustments.forms import Decide
from reconciliation.models import (
    Adjustment,
    AdjustmentKind,
    AdjustmentLimit,
    AdjustmentStatus,
    Why,
)
from wallets import pages


@admin.register(Adjustment)
class AdjustmentAdmin(pages.ReadOnly):
    """Asked for on a case's page, decided here; never edited."""

    when_empty = (
        "Money is moved from the page of a case: one person asks there for an adjustment, and "
        "another approves it here."
    )
    list_display = ["number", "what", "state", "case_", "moves_", "reason", "asked", "until"]
    list_display_links = ["number"]
    list_filter = ["status", "kind"]
    list_select_related = ["case", "requested_by"]
    change_form_template = "admin/reconciliation/adjustment/page.html"
    search_fields = ["transaction_id__exact"]
    search_help_text = "Transaction id, exactly"

    class Media:
        css = {"all": ["reconciliation/cases.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Adjustment]:
        found: QuerySet[Adjustment] = super().get_queryset(request)
        return found.select_related("case", "requested_by", "decided_by")

    def get_urls(self) -> list[URLPattern]:
        deciding = path(
            "<int:adjustment_id>/do/<slug:word>/",
            self.admin_site.admin_view(desk.decide),
            name="reconciliation_adjustment_decide",
        )
        return [deciding, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        about: dict[str, Any] = {}
        if found is not None and self.has_view_permission(request, found):
            about = self._about(request, found)
        context = {**(extra_context or {}), **about}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    def _about(self, request: HttpRequest, found: Adjustment) -> dict[str, Any]:
        undecided = found.status == AdjustmentStatus.REQUESTED
        late = undecided and found.expires_at <= timezone.now()
        return {
            "adjustment": found,
            "what": AdjustmentKind(found.kind),
            "status": shown.status(found),
            "status_sentence": AdjustmentStatus(found.status).sentence,
            "amounts": shown.amounts(found),
            "facts": list(shown.facts(found)),
            "moves": shown.wallets_now(found),
            "text": pages.printable(found.text),
            "decision": pages.printable(found.decision),
            "form": Decide(initial={"seal": found.seal}),
            "choices": desk.choices(request.user, found) if undecided and not late else [],  # type: ignore[arg-type]
            "is_own": undecided and found.requested_by_id == request.user.pk,
            "is_late": late,
        }

    def get_fieldsets(self, request: HttpRequest, obj: Adjustment | None = None) -> list[Any]:
        """None: the page is written by its own template."""
        return []

    @admin.display(description="#")
    def number(self, one: Adjustment) -> str:
        return f"#{one.pk}"

    @admin.display(description="What")
    def what(self, one: Adjustment) -> SafeString:
        return shown.kind(one)

    @admin.display(description="Status")
    def state(self, one: Adjustment) -> SafeString:
        return shown.status(one)

    @admin.display(description="Case")
    def case_(self, one: Adjustment) -> SafeString:
        return pages.link(one.case, pages.short(str(one.case)))

    @admin.display(description="Moves")
    def moves_(self, one: Adjustment) -> SafeString:
        return shown.amounts(one)

    @admin.display(description="Reason")
    def reason(self, one: Adjustment) -> SafeString:
        return pages.tag(Why(one.why))

    @admin.display(description="By")
    def asked(self, one: Adjustment) -> SafeString | str:
        return pages.short(one.requested_by.get_username())

    @admin.display(description="Asked for")
    def until(self, one: Adjustment) -> SafeString | str:
        return columns.soon(one.requested_at, timezone.now())


class LimitForm(forms.ModelForm):  # type: ignore[type-arg]
    currency = forms.CharField(
        max_length=10,
        widget=UnfoldAdminTextInputWidget,
        validators=[RegexValidator(r"\A[A-Z][A-Z0-9]{1,9}\Z", "Enter a code such as USD or COIN.")],
    )


@admin.register(AdjustmentLimit)
class AdjustmentLimitAdmin(SimpleHistoryAdmin, ModelAdmin):  # type: ignore[misc]
    """A group without a limit in a currency approves nothing in it."""

    actions = None
    form = LimitForm
    when_empty = (
        "Without a limit nobody approves anything. Add one for each group and currency: up to "
        "which amount its members may approve what somebody else asks for."
    )
    list_display = ["group", "currency", "amount_"]
    list_filter = ["group"]
    fields = ["group", "currency", "amount"]

    def delete_model(self, request: HttpRequest, obj: AdjustmentLimit) -> None:
        obj._history_user = request.user  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    @admin.display(description="Approves up to")
    def amount_(self, limit: AdjustmentLimit) -> SafeString:
        return pages.money(limit.amount, limit.currency)
