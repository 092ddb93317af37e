"""The list of formats and a format's page. They are made and changed in the editor."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import action

from reconciliation.models import Layout, StatementFormat
from reconciliation.office.statements import format_desk, format_page
from reconciliation.office.statements.framing import framed
from reconciliation.statements import reading
from wallets import pages

NAME = "reconciliation_statementformat"


@admin.register(StatementFormat)
class StatementFormatAdmin(pages.ReadOnly):
    """How files are read. A change keeps what was before."""

    list_display = ["name", "layout_", "protocol_", "columns_", "tolerance_"]
    list_display_links = ["name"]
    list_filter = ["layout"]
    ordering = ["name"]
    change_form_template = "admin/reconciliation/statementformat/page.html"
    actions_list = ["new", "import_"]

    class Media:
        css = {"all": ["reconciliation/cases.css", "reconciliation/statements.css"]}

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "new": ("new/", format_desk.edit),
            "import": ("import/", format_desk.import_),
            "edit": ("<int:format_id>/edit/", format_desk.edit),
            "json": ("<int:format_id>/json/", format_desk.export),
        }
        ours = [
            path(where, framed(self, view), name=f"{NAME}_{word}")
            for word, (where, view) in views.items()
        ]
        return [*ours, *super().get_urls()]

    def has_make_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(format_desk.MAY_MAKE)

    @action(description="Make a format", icon="add", permissions=["make"])
    def new(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{NAME}_new")

    @action(description="Import a format", icon="upload_file", permissions=["make"])
    def import_(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{NAME}_import")

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
            about = format_page.about(found)
            about["may_change"] = request.user.has_perm(format_desk.MAY_CHANGE)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **about}
        )
        return response

    def get_fieldsets(self, request: HttpRequest, obj: StatementFormat | None = None) -> list[Any]:
        """None: the page is written by its own template."""
        return []

    @admin.display(description="What one row says")
    def layout_(self, one: StatementFormat) -> SafeString:
        return pages.tag(Layout(one.layout))

    @admin.display(description="Whose reports")
    def protocol_(self, one: StatementFormat) -> str:
        return one.protocol or "Any provider's"

    @admin.display(description="Columns")
    def columns_(self, one: StatementFormat) -> SafeString | str:
        known = [field.name for field in reading.fields(one)]
        return pages.short(", ".join(one.columns[name] for name in known if name in one.columns))

    @admin.display(description="Tolerance")
    def tolerance_(self, one: StatementFormat) -> SafeString:
        return pages.money(one.tolerance)
