"""Pages of ours within the admin: behind its log-in, and inside its frame."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin


def framed(admin: ModelAdmin, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view` with a `frame`: what its template needs of the pages around Django's own."""

    def shown(request: HttpRequest, **named: int) -> HttpResponse:
        frame: dict[str, Any] = admin.admin_site.each_context(request)
        return view(request, frame={**frame, "opts": admin.opts, "media": admin.media}, **named)

    wrapped: Callable[..., HttpResponse] = admin.admin_site.admin_view(shown)
    return wrapped
