"""Somebody's login, seen by whoever may change users: what helps when a phone is lost.

Its secret is shown to nobody.
"""

from typing import Any

from axes.models import AccessLog
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from reconciliation.office.login import devices, failures, sessions
from wallets import pages

MAY = "auth.change_user"
LOGINS = 20


@require_http_methods(["GET", "POST"])
def login_of(request: HttpRequest, user_id: int) -> HttpResponse:
    """The page of one login; a POST of `do` resets it (`reset`) or lifts its locks (`unlock`)."""
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    user = get_object_or_404(User, pk=user_id)
    if request.method == "POST":
        assert request.user.is_authenticated
        act = {"reset": _reset, "unlock": _unlock}.get(request.POST.get("do", ""))
        if act is None:
            return HttpResponse("Nothing is called that.", status=400, content_type="text/plain")
        act(request, user, request.user)
        return redirect("login_of", user_id)
    context = {**admin.site.each_context(request), **_shown(user, request.user)}
    return render(request, "admin/reconciliation/login/login_of.html", context)


def _shown(user: User, viewer: object) -> dict[str, Any]:
    device = devices.of(user)
    logins = AccessLog.objects.filter(username=user.get_username()).order_by("-id")[:LOGINS]
    locks = failures.locks(user.get_username())
    return {
        "title": f"Login of {user.get_username()}",
        "person": user,
        "is_own": user == viewer,
        "device": device,
        "since": pages.moment(device.created_at if device else None),
        "used": pages.moment(device.last_used_at if device else None),
        "codes": devices.recovery_codes_left(user),
        "locks": [
            (
                lock.ip_address or "unknown",
                lock.failures_since_start,
                pages.moment(lock.attempt_time),
            )
            for lock in locks
        ],
        "logins": [
            (
                pages.moment(login.attempt_time),
                login.ip_address or "unknown",
                pages.short(login.user_agent, longest=60),
            )
            for login in logins
        ],
    }


def _reset(request: HttpRequest, user: User, by: User) -> None:
    """Not one's own, which takes a code; and nobody takes that of somebody who may do more."""
    if user == by or (user.is_superuser and not by.is_superuser):
        raise PermissionDenied
    what = "One-time password reset. The next login sets up another."
    devices.reset(user, by=by, what=what)
    ended = sessions.end(user)
    messages.success(request, f"{what} Sessions ended: {ended}.")


def _unlock(request: HttpRequest, user: User, by: User) -> None:
    removed, _ = failures.locks(user.get_username()).delete()
    if removed:
        devices.note(user, by=by, what="Lock after failed logins lifted.")
        messages.success(request, "The lock is lifted: the next login is heard.")
    else:
        messages.info(request, "Nothing was locked.")
