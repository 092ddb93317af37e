"""Who asks for the page that is being made: for links that other apps' pages show by a hook, which
is given the thing and not the request."""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_asking: ContextVar[HttpRequest | None] = ContextVar("cage_asking", default=None)


def remember(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, behind the one that knows the user."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = _asking.set(request)
        try:
            return get_response(request)
        finally:
            _asking.reset(token)

    return middleware


def may(permission: str) -> bool:
    """False where nobody asks."""
    request = _asking.get()
    return request is not None and request.user.has_perm(permission)
