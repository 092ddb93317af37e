"""Where to go after the login: to what was asked for, if that is a page of ours."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def of(request: HttpRequest) -> str:
    """The page named by `next`, or the first one: never another host, nothing but the admin."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    first = reverse("admin:index")
    return wanted if safe and wanted.startswith(first) else first
