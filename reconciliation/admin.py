"""The queue of cases and a case's page. Nothing is edited in place: staff act, and say why."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.views import ChangeList as UnfoldChangeList

from providers.admin import CallbackAdmin
from providers.models import Callback
from providers.office import SENTENCES
from reconciliation import desk, filters, manual_replays, overview, sections, summary, working
from reconciliation.adjustments import admin as _adjustments  # noqa: F401  (registered)
from reconciliation.adjustments import asking, shown
from reconciliation.adjustments import desk as adjusting
from reconciliation.columns import CaseColumns
from reconciliation.models import Case, CaseStatus
from reconciliation.office.packs import desk as packs
from reconciliation.office.roles import table
from reconciliation.office.rounds import links as stories
from reconciliation.office.work import keeping, links, many_desk, thread, walking
from wallets import pages
from wallets.admin import TransactionAdmin
from wallets.models import Transaction


class QueueList(UnfoldChangeList):  # type: ignore[misc]
    """A list that knows what to say where it is empty."""

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        self.nothing = "" if request.GET.get("q") else filters.NOTHING.get(filters.chosen(request))
        super().__init__(request, *args, **options)
        # Which list it is stands above it.
        self.has_active_filters = bool(overview.narrowing(request))


@admin.register(Case)
class CaseAdmin(CaseColumns, pages.ReadOnly):
    """Every doubt about money, until it is closed."""

    list_display = [
        "kind_",
        "provider_",
        "named",
        "player_",
        "at_risk",
        "next_",
        "opened",
        "owner_",
    ]
    list_display_links = ["kind_", "named"]
    list_filter = [filters.Queue, "kind", pages.ByProvider, filters.Because]
    list_select_related = ["owner"]
    list_before_template = "admin/reconciliation/case/queue.html"
    change_form_template = "admin/reconciliation/case/page.html"
    search_fields = ["subject__exact"]
    search_help_text = "Reference, transaction id, player or #number"
    actions_list = ["dispute", "round_pack"]
    actions = ["take_many", "hand_over_many", "close_many"]  # type: ignore[assignment]
    list_disable_select_all = True  # What nobody has seen is not changed.

    class Media:
        css = {"all": ["reconciliation/cases.css", "reconciliation/statements.css"]}

    # -- Lists -------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return QueueList

    def get_ordering(self, request: HttpRequest) -> list[str | OrderBy]:
        return filters.ordering(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        cases: QuerySet[Case] = super().get_queryset(request)
        return cases.select_related("owner")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Case], search_term: str
    ) -> tuple[QuerySet[Case], bool]:
        term = search_term.strip()
        return (filters.find(queryset, term) if term else queryset), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        above = overview.above(request, at=timezone.now())
        shown: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **above})
        return shown

    # -- What is done ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "reconciliation_case"
        doing = [
            path("<int:case_id>/replay/", view(self.replay), name=f"{name}_replay"),
            path("<int:case_id>/do/<slug:slug>/", view(self.do), name=f"{name}_do"),
            path("<int:case_id>/adjust/<slug:word>/", view(self.adjust), name=f"{name}_adjust"),
            path("<int:case_id>/attach/", view(self.attach), name=f"{name}_attach"),
            path("<int:case_id>/files/<int:number>/", view(thread.download), name=f"{name}_file"),
            path("<int:case_id>/pack/", view(self.pack), name=f"{name}_pack"),
            path("many/<slug:slug>/", view(self.many), name=f"{name}_many"),
            path("kept/", view(keeping.save), name=f"{name}_keep"),
            path("kept/<int:saved_id>/delete/", view(keeping.delete), name=f"{name}_unkeep"),
        ]
        return [*doing, *super().get_urls()]

    def has_work_permission(self, request: HttpRequest) -> bool:
        # By this name: a permission's own would be looked up by a system check, before any table.
        return request.user.has_perm(working.MAY)

    def do(self, request: HttpRequest, case_id: int, slug: str) -> HttpResponse:
        return desk.do(request, case_id, slug, self.frame(request))

    def replay(self, request: HttpRequest, case_id: int) -> HttpResponse:
        return desk.replay(request, case_id, self.frame(request))

    def adjust(self, request: HttpRequest, case_id: int, word: str) -> HttpResponse:
        return adjusting.ask(request, case_id, word, self.frame(request))

    def attach(self, request: HttpRequest, case_id: int) -> HttpResponse:
        return thread.attach(request, case_id, self.frame(request))

    def many(self, request: HttpRequest, slug: str) -> HttpResponse:
        return many_desk.do(request, slug, self.frame(request))

    @action(description="Take", permissions=["work"])
    def take_many(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        # Not `queryset`: what has left the list meanwhile is to be named, not forgotten.
        return many_desk.take(request)

    @action(description="Hand over …", permissions=["work"])
    def hand_over_many(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        return many_desk.begin(request, "hand-over", self.frame(request))

    @action(description="Close …", permissions=["work"])
    def close_many(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        return many_desk.begin(request, "close", self.frame(request))

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Case]
    ) -> HttpResponseBase | None:
        if not many_desk.are_numbers(request):
            return HttpResponseBadRequest()
        answer: HttpResponseBase | None = super().response_action(request, queryset)
        return answer

    def action_checkbox(self, obj: Case) -> SafeString:
        """With the stamp of the case as it is shown in this row."""
        box = super().action_checkbox(obj)
        hidden = '{}<input type="hidden" name="seen" value="{}">'
        return format_html(hidden, box, many_desk.stamped(obj))

    def pack(self, request: HttpRequest, case_id: int) -> HttpResponseBase:
        return packs.of_case(request, case_id, self.frame(request))

    @action(description="Evidence pack", icon="folder_zip", permissions=["pack"])
    def round_pack(self, request: HttpRequest) -> HttpResponseBase:
        return packs.of_round(request, self.frame(request))

    def has_pack_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and packs.may(request.user)

    @action(description="Open a dispute", icon="add", permissions=["work"])
    def dispute(self, request: HttpRequest) -> HttpResponse:
        return desk.dispute(request, self.frame(request))

    def frame(self, request: HttpRequest) -> dict[str, Any]:
        """What the pages around Django's own need of it."""
        context = self.admin_site.each_context(request)
        return {**context, "opts": self.opts, "media": self.media}

    # -- One case ----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        case = self.get_object(request, object_id)
        about: dict[str, Any] = {}
        if case is not None and self.has_view_permission(request, case):
            at, may_work = timezone.now(), self.has_work_permission(request)
            may_replay = request.user.has_perm(manual_replays.MAY)
            about["head"] = summary.page(case, may_work=may_work, may_replay=may_replay, at=at)
            about["sections"] = sections.of(case, at=at)
            about["thread"] = thread.of(case, may_work=may_work)
            about["kept"] = walking.suffix(request)
            about["next_case"] = walking.following(case, request)
            about["may_pack"] = isinstance(request.user, User) and packs.may(request.user)
            if request.user.has_perm(asking.MAY):
                about["adjust"], about["no_adjust"] = shown.buttons(case)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **about}
        )
        return response

    def get_fieldsets(self, request: HttpRequest, obj: Case | None = None) -> list[Any]:
        """None: the page is written by its own template."""
        return []


# -- What other pages say of cases -----------------------------------------------------------------


def cases_of_transaction(transaction: Transaction) -> SafeString | str:
    return _links(transaction.provider, [transaction.transaction_id])


def cases_of_callback(callback: Callback) -> SafeString | str:
    named = [callback.transaction_id] if callback.transaction_id else []
    return _links(callback.provider, [*named, f"callback:{callback.pk}"])


def _links(provider: str, subjects: list[str]) -> SafeString | str:
    found = Case.objects.filter(provider=provider, subject__in=subjects).order_by("id")[:20]
    links = [
        (
            reverse("admin:reconciliation_case_change", args=[case.pk]),
            case.get_kind_display(),
            CaseStatus(case.status).label.lower(),
        )
        for case in found
    ]
    return format_html_join(" ", '<a class="cage-link" href="{}">Case: {}, {}</a>', links)


TransactionAdmin.related += [
    stories.of_transaction,
    cases_of_transaction,
    links.dispute_transaction,
    links.pack_transaction,
]
CallbackAdmin.related += [stories.of_callback, cases_of_callback, links.dispute_callback]

SENTENCES.update((role.name, role.sentence) for role in table.ROLES.values())

# The pages of statements, their formats and exports register themselves.
from reconciliation.exporting import admin as _exports  # noqa: E402, F401
from reconciliation.office.login import staff_page  # noqa: E402, F401
from reconciliation.office.players import page as _players  # noqa: E402, F401
from reconciliation.office.statements import format_admin, statement_admin  # noqa: E402, F401
from reconciliation.office.trail import admin as _trail  # noqa: E402, F401
