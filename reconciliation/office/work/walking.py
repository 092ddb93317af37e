"""From a case to the next one of the list that it was opened from."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from reconciliation import filters, queue
from reconciliation.models import Case
from reconciliation.office.work import saved

KEPT = "_changelist_filters"  # Where Django's own links keep the list that they lead from.


def came_from(request: HttpRequest) -> QueryDict:
    """The parameters of the list that this page of a case was opened from."""
    return saved.parameters(request.GET.get(KEPT, ""))


def suffix(request: HttpRequest) -> str:
    """What keeps the list in an address of the same case; "" for the list without parameters."""
    query = came_from(request).urlencode()
    return f"?{urlencode({KEPT: query})}" if query else ""


def following(case: Case, request: HttpRequest) -> dict[str, str] | None:
    """A link to the next case of the list, from its end to its beginning; None if it is alone."""
    user, query = request.user, came_from(request)
    if not isinstance(user, User):
        return None
    found = listed(query, user)
    after = _after(case, filters.chosen_of(query))
    target = found.filter(after).first() or found.exclude(pk=case.pk).first()
    if target is None:
        return None
    url = reverse("admin:reconciliation_case_change", args=[target.pk])
    title = filters.TITLES.get(filters.chosen_of(query), "the search")
    return {"url": f"{url}{suffix(request)}", "title": title}


def listed(query: Mapping[str, str], user: User) -> QuerySet[Case]:
    """The cases of a list in its order."""
    found = Case.objects.filter(filters.among(filters.chosen_of(query), user.pk))
    if kind := query.get("kind__exact"):
        found = found.filter(kind=kind)
    if provider := query.get("provider"):
        found = found.filter(provider=provider)
    if word := query.get(filters.Because.parameter_name):
        found = queue.because(found, word)
    if term := query.get("q", "").strip():
        found = filters.find(found, term)
    return found.order_by(*filters.ordering_of(query))


def _after(case: Case, name: str) -> Q:
    """What stands behind `case` in that list."""
    if name in filters.NEWEST_FIRST:
        return Q(pk__lt=case.pk)
    if case.due_at is None:
        return Q(due_at=None, pk__gt=case.pk)
    same = Q(due_at=case.due_at, pk__gt=case.pk)
    return Q(due_at__gt=case.due_at) | same | Q(due_at=None)
