"""The list of statements and a statement's page: read here, and worked on by its buttons."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action

from reconciliation import columns
from reconciliation.exporting import sending
from reconciliation.models import Layout, Statement, StatementStatus
from reconciliation.office.statements import (
    buckets,
    drilling,
    statement_desk,
    statement_page,
    uploading,
    zones,
)
from reconciliation.office.statements.framing import framed
from wallets import pages

NAME = "reconciliation_statement"


@admin.register(Statement)
class StatementAdmin(pages.ReadOnly):
    """The providers' own lists, and where each of their movements stands."""

    when_empty = (
        "Import the list of a day that a provider gives out: each of its rows is then compared "
        "with the books, and what differs becomes a case."
    )
    list_display = ["provider_", "named", "file", "rows_", "rejected_", "share", "open_"]
    list_display += ["imported"]
    list_display_links = ["named"]
    list_filter = [pages.ByProvider, "status"]
    list_select_related = ["format", "imported_by"]
    list_before_template = "admin/reconciliation/statement/above.html"
    change_form_template = "admin/reconciliation/statement/page.html"
    actions_list = ["import_"]

    class Media:
        css = {"all": ["reconciliation/cases.css", "reconciliation/statements.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Statement]:
        found: QuerySet[Statement] = super().get_queryset(request)
        return found.select_related("format", "imported_by").prefetch_related("sums")

    # -- What is done ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        about: dict[str, Callable[..., HttpResponse]] = {
            "rows": drilling.rows,
            "rejected": drilling.rejected,
            "totals": drilling.totals,
            "ours": drilling.ours,
            "match": statement_desk.match,
            "withdraw": statement_desk.withdraw,
        }
        ours = [
            path(f"<int:statement_id>/{word}/", framed(self, view), name=f"{NAME}_{word}")
            for word, view in about.items()
        ]
        return [
            path("import/", framed(self, uploading.upload), name=f"{NAME}_import"),
            *ours,
            *super().get_urls(),
        ]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(statement_desk.MAY_IMPORT)

    @action(description="Import a statement", icon="upload_file", permissions=["import"])
    def import_(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{NAME}_import")

    # -- One statement -----------------------------------------------------------------------

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
            about = statement_page.about(found)
            about["totals"] = drilling.first_totals(found)
            about["may_take"] = sending.may(request.user, "statement")  # type: ignore[arg-type]
            about["may_work"] = request.user.has_perm(statement_desk.MAY_WORK)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **about}
        )
        return response

    def get_fieldsets(self, request: HttpRequest, obj: Statement | None = None) -> list[Any]:
        """None: the page is written by its own template."""
        return []

    # -- Cells -------------------------------------------------------------------------------

    @admin.display(description="Provider")
    def provider_(self, one: Statement) -> str:
        return one.provider

    @admin.display(description="Day")
    def named(self, one: Statement) -> SafeString:
        return format_html('<span class="cage-day">{}</span>', zones.name(one))

    @admin.display(description="File")
    def file(self, one: Statement) -> SafeString | str:
        return pages.short(one.file_name)

    @admin.display(description="Rows")
    def rows_(self, one: Statement) -> str:
        return f"{one.rows:,}"

    @admin.display(description="Rejected")
    def rejected_(self, one: Statement) -> str:
        return f"{one.rejected:,}" if one.rejected else pages.NOTHING

    @admin.display(description="Matched")
    def share(self, one: Statement) -> SafeString | str:
        if one.status == StatementStatus.WITHDRAWN:
            return statement_page.status_tag(one)
        if one.matched_at is None:
            return "Not yet"
        if one.format.layout == Layout.TOTALS:
            return _with("Totals only", columns.soon(one.matched_at, timezone.now()))
        part = buckets.share(buckets.movements(one.sums.all())) or pages.NOTHING
        return _with(part, columns.soon(one.matched_at, timezone.now()))

    @admin.display(description="Open")
    def open_(self, one: Statement) -> SafeString | str:
        found = buckets.is_open(buckets.movements(one.sums.all()))
        tags = [
            (buckets.TONES[bucket], bucket.sentence, f"{bucket.label}: {count:,}")
            for bucket, count in found.items()
        ]
        shown = format_html_join(" ", '<span class="cage-tag cage-{}" title="{}">{}</span>', tags)
        return format_html('<div class="cage-tags">{}</div>', shown) if tags else pages.NOTHING

    @admin.display(description="Imported")
    def imported(self, one: Statement) -> SafeString:
        by = one.imported_by
        who = pages.short(by.get_username()) if by is not None else "a command"
        when = columns.soon(one.imported_at, timezone.now())
        return _with(when, who)


def _with(what: object, small: object) -> SafeString:
    """A cell of two lines."""
    return format_html('{}<span class="cage-left">{}</span>', what, small)
