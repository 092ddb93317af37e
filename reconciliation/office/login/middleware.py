"""What stands before every page of the admin. Other addresses pass through untouched."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from reconciliation.office.login import sessions
from wallets.models import DatabaseMark

PREFIX = "/admin/"
# What opens between the password and the code. Everything else waits, known or not.
BETWEEN = frozenset(
    {
        "admin:login",
        "admin:logout",
        "admin:jsi18n",
        "one_time_password",
        "set_up_one_time_password",
        "one_time_password_picture",
    }
)
NOBODYS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

GetResponse = Callable[[HttpRequest], HttpResponse]


def headers(get_response: GetResponse) -> GetResponse:
    """Middleware: nothing of the admin stays in a cache, or asks for a camera."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(PREFIX):
            response["Cache-Control"] = "no-store, private"
            response["Permissions-Policy"] = NOBODYS
        return response

    return middleware


def session_limits(get_response: GetResponse) -> GetResponse:
    """Middleware: whoever's time is over, or role another, is logged out and told so."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = person(request)
        why = sessions.over(request, user, at=timezone.now()) if user else ""
        if not why:
            return get_response(request)
        logout(request)
        messages.warning(request, why)
        return back_to("admin:login", request)

    return middleware


def one_time_password(get_response: GetResponse) -> GetResponse:
    """Middleware: after the password nothing opens before the code, except in a demo database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = person(request)
        if user is None or proven(request) or is_between(request) or DatabaseMark.is_demo():
            return get_response(request)
        return back_to("one_time_password", request)

    return middleware


def person(request: HttpRequest) -> User | None:
    """Who is logged in, if this is about the admin."""
    if not request.path_info.startswith(PREFIX) or not request.user.is_authenticated:
        return None
    return request.user


def proven(request: HttpRequest) -> bool:
    """Whether this session has taken the second step, with a device that still counts."""
    return getattr(request.user, "otp_device", None) is not None


def is_between(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in BETWEEN
    except Resolver404:
        return False


def back_to(name: str, request: HttpRequest) -> HttpResponse:
    """To the page called `name`, and from there to what was asked for, if asking is harmless."""
    kept = request.method in ("GET", "HEAD") and not is_between(request)
    query = f"?{urlencode({'next': request.get_full_path()})}" if kept else ""
    return redirect(reverse(name) + query)
