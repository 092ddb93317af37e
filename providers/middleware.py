"""Callbacks before everything else: whatever the request looks like, they hear their dialect."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

PREFIX = "/callbacks/"

GetResponse = Callable[[HttpRequest], HttpResponse]


def straight_to_callbacks(get_response: GetResponse) -> GetResponse:
    """Middleware, the first one: no session, no host check, no redirect for a provider.

    A provider may call by address, or a host be forgotten in ALLOWED_HOSTS; what the other
    middlewares would answer then is HTML, which to a provider means that the order is void.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        try:
            view, args, kwargs = resolve(request.path_info)
        except Resolver404:
            return HttpResponse(status=404, content_type="text/plain")
        response: HttpResponse = view(request, *args, **kwargs)
        render = getattr(response, "render", None)  # Of REST framework's own 404 and 405.
        return render() if render is not None else response

    return middleware
