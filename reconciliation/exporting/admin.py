"""Which data left Cage, with whom: looked at, never edited."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from reconciliation.exporting import sending
from reconciliation.models import Export
from wallets import pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One input of a form."""

    name: str
    label: str
    type: str = "text"
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What can be taken out, and by what it can be limited."""

    what: str
    title: str
    fields: tuple[Asked, ...]
    endings: tuple[str, ...] = ("csv", "xlsx")


TIME = (
    Asked(name="since", label="from", type="date"),
    Asked(name="until", label="before", type="date"),
)
PROVIDER = Asked(name="provider", label="provider")
FORMS = (
    Form(what="cases", title="Cases", fields=(PROVIDER, *TIME)),
    Form(what="transactions", title="Transactions", fields=(PROVIDER, *TIME)),
    Form(
        what="player",
        title="A player's statement",
        fields=(Asked(name="player", label="player", needed=True), *TIME),
    ),
    Form(what="journal", title="Journal (hledger)", fields=TIME, endings=("journal",)),
)


@admin.register(Export)
class ExportAdmin(pages.ReadOnly):
    """Every file that somebody took out, with its digest."""

    when_empty = (
        "Choose above what to take out. Every file is then listed here: who took it, what it was "
        "limited to, and its SHA-256."
    )
    list_display = ["exported", "what", "file", "row_count", "digest", "who"]
    list_display_links = ["exported"]
    list_filter = ["what"]
    list_before_template = "admin/reconciliation/export/take.html"
    fields = readonly_fields = [
        "exported",
        "who",
        "what",
        "filters_",
        "file",
        "row_count",
        "sha256",
    ]

    class Media:
        css = {"all": ["reconciliation/cases.css"]}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user = request.user
        able = [form for form in FORMS if isinstance(user, User) and sending.may(user, form.what)]
        shown: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "exports": able}
        )
        return shown

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        found: QuerySet[Export] = super().get_queryset(request)
        return found.select_related("exported_by")

    @admin.display(description="Exported at")
    def exported(self, export: Export) -> SafeString | str:
        return pages.moment(export.exported_at)

    @admin.display(description="File")
    def file(self, export: Export) -> SafeString | str:
        return pages.short(export.file_name)

    @admin.display(description="Rows")
    def row_count(self, export: Export) -> str:
        return f"{export.rows:,}"

    @admin.display(description="SHA-256")
    def digest(self, export: Export) -> SafeString | str:
        return pages.short(export.sha256, longest=12)

    @admin.display(description="By")
    def who(self, export: Export) -> SafeString | str:
        by = export.exported_by
        return pages.short(by.get_username()) if by is not None else "a command"

    @admin.display(description="Filters")
    def filters_(self, export: Export) -> SafeString:
        rows = sorted(export.filters.items())
        return pages.table(
            (pages.short(str(name)), pages.short(str(value))) for name, value in rows
        )
