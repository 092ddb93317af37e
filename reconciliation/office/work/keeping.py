"""The lists that people keep at hand, above the list of cases: saved and deleted there."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from reconciliation import working
from reconciliation.office.work import saved
from wallets import pages

LOOK = "reconciliation.view_case"


def above(request: HttpRequest) -> dict[str, Any]:
    """For the list's template: one query."""
    user, now = request.user, saved.of(request)
    kept = saved.at_hand(user) if isinstance(user, User) else []
    return {
        "kept": [
            {
                "id": one.pk,
                "name": pages.printable(one.name),
                "url": f"{_list()}?{one.query}",
                "active": one.query == now,
                "mine": one.owner_id == user.pk,
                "shared": one.is_shared,
                "owner": pages.printable(one.owner.get_username()),
            }
            for one in kept
        ],
        "can_keep": bool(now) and not any(one.query == now for one in kept),
        "keep_query": now,
        "may_share": user.has_perm(working.MAY),
    }


def save(request: HttpRequest) -> HttpResponse:
    """Keep the list that its form was shown with."""
    user, form = _person(request), request.POST
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    query = form.get("query", "")
    try:
        kept = saved.save(
            name=form.get("name", ""),
            query=query,
            is_shared="shared" in form,
            by=user,
            at=timezone.now(),
        )
    except working.NotDone as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"The list is kept as “{pages.printable(kept.name)}”.")
    return redirect(f"{_list()}?{saved.clean(query)}")


def delete(request: HttpRequest, saved_id: int) -> HttpResponse:
    user = _person(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        gone = saved.delete(saved_id, by=user)
    except working.NotDone as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"“{pages.printable(gone.name)}” was deleted; no case was.")
    return redirect(_list())


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not user.has_perm(LOOK):
        raise PermissionDenied
    return user


def _list() -> str:
    return reverse("admin:reconciliation_case_changelist")
