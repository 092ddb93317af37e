"""What whoever is locked out reads."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reconciliation.office.login import failures
from wallets import pages

STATUS = 429


def page(
    request: HttpRequest, _response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Instead of the answer to a password or a code, right or wrong, while the name is locked."""
    username = str((credentials or {}).get("username") or "")
    until = failures.locked_until(request, username)
    context = {
        **admin.site.each_context(request),
        "title": "Locked for a while",
        "until": pages.moment(until),
        "failures": settings.AXES_FAILURE_LIMIT,
    }
    response = render(request, "admin/reconciliation/login/locked.html", context, status=STATUS)
    left = max(until - timezone.now(), timedelta(seconds=1))
    response["Retry-After"] = str(int(left.total_seconds()))
    return response
