"""The lists of cases: what needs a person first of all, and the filters beside it."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from providers import registry
from providers.protocols import base
from reconciliation import queue, wording
from reconciliation.models import Case, CaseStatus

PERSON, WAITING, MINE, OPEN, CLOSED, ALL = "person", "provider", "mine", "open", "closed", "all"
TITLES = {
    PERSON: "Needs a person",
    WAITING: "Waiting for the provider",
    MINE: "Mine",
    OPEN: "All open",
    CLOSED: "Closed",
}
NOTHING = {
    PERSON: "Nothing needs a person",
    WAITING: "Nothing waits for a provider",
    MINE: "You have no open case",
    OPEN: "No case is open",
    CLOSED: "No case was closed yet",
}


NEWEST_FIRST = (CLOSED, ALL)


def chosen(request: HttpRequest) -> str:
    """The list that is asked for; a search without one goes through all of them."""
    return chosen_of(request.GET)


def chosen_of(query: Mapping[str, str]) -> str:
    """The same of the parameters of its address."""
    default = ALL if query.get("q") else PERSON
    return query.get(Queue.parameter_name, default)


def among(name: str, user_id: int) -> Q:
    """Which cases a list has; one without a name has them all."""
    lists = {
        PERSON: queue.needs_a_person(timezone.localdate(timezone=timezone.get_default_timezone())),
        WAITING: queue.waits_for_the_provider(),
        MINE: queue.OPEN & Q(owner=user_id),
        OPEN: queue.OPEN,
        CLOSED: Q(status=CaseStatus.CLOSED),
    }
    return lists.get(name, Q())


def ordering(request: HttpRequest) -> list[str | OrderBy]:
    return ordering_of(request.GET)


def ordering_of(query: Mapping[str, str]) -> list[str | OrderBy]:
    """By the time left, then the oldest; what is closed, the newest first."""
    return ["-id"] if chosen_of(query) in NEWEST_FIRST else queue.SOONEST_FIRST


def tabs(request: HttpRequest, *, counts: Mapping[str, int]) -> list[dict[str, object]]:
    """The lists above the list; `counts` are how many some of them have."""
    url = reverse("admin:reconciliation_case_changelist")
    now = chosen(request)
    return [
        {
            "title": title,
            "url": url if name == PERSON else f"{url}?{Queue.parameter_name}={name}",
            "active": name == now,
            "count": f"{counts[name]:,}" if name in counts else "",
        }
        for name, title in TITLES.items()
    ]


class Queue(SimpleListFilter):
    """Which list. There is always one, so there is no "All" to choose."""

    title = "list"
    parameter_name = "list"

    def __init__(self, request: HttpRequest, *rest: Any) -> None:
        self.chosen = chosen(request)
        self.user_id = request.user.pk
        super().__init__(request, *rest)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TITLES.items())

    def choices(self, changelist: Any) -> Any:
        for name, title in self.lookup_choices:
            yield {
                "selected": self.chosen == name,
                "query_string": changelist.get_query_string({self.parameter_name: name}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset.filter(among(self.chosen, self.user_id or 0))


class Because(SimpleListFilter):
    """Filter by reason. Offered where one was followed from a line, there are too many to list."""

    title = "reason"
    parameter_name = "because"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        word = request.GET.get(self.parameter_name, "")
        return [(word, wording.kind_of_reason(word))] if word else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        word = self.value()
        return queue.because(queryset, word) if word else queryset


def find(cases: QuerySet[Case], term: str) -> QuerySet[Case]:
    """Those with this reference, transaction id or `#number`, and this player's."""
    if term.startswith("#") and term[1:].isdecimal():
        return cases.filter(id=int(term[1:]))
    keys = Q(player=term)
    for name, provider in registry.current().by_name.items():
        spelled = [base.transaction_id(word, term) for word in provider.protocol.booked]
        keys |= Q(provider=name, subject__in=[term, *spelled])
    return cases.filter(keys)
