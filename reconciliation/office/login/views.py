"""The pages of the second step: a code, and before the first one the app that shows it."""

import base64
import io
import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

import django_otp
import segno
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.util import random_hex

from reconciliation.office.login import devices, failures, forms, locked, middleware, next_page
from wallets.models import DatabaseMark

KEY = "one_time_password_key"  # In the session: the secret of an app that is being set up.
AGAIN = "Setting the app up again gives new ones: One-time password, in the menu under your name."
TOO_OFTEN = "Several codes were wrong, so none is looked at for a moment."
WRONG = "That is not the code, or it was used already. Wait for the app to show the next one."

SECRET = sensitive_post_parameters("code", "current")  # Not in a traceback.

Accepted = TypeVar("Accepted")
View = Callable[[HttpRequest, User], HttpResponse]


class Locked(Exception):
    """Too many wrong codes: this login is over."""


def after_the_password(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """For staff who are logged in, whether or not they have taken the second step."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        user = middleware.person(request)
        if user is None or not admin.site.has_permission(request):
            return redirect_to_login(next_page.of(request), reverse("admin:login"))
        try:
            return view(request, user)
        except Locked:
            logout(request)
            return locked.page(request, None, {"username": user.get_username()})

    return require_http_methods(["GET", "POST"])(SECRET(wrapped))


# -- The code --------------------------------------------------------------------------------


@after_the_password
def ask(request: HttpRequest, user: User) -> HttpResponse:
    """The code that is asked for after the password."""
    if middleware.proven(request) or DatabaseMark.is_demo():
        return redirect(next_page.of(request))
    if devices.of(user) is None:
        return _to(request, "set_up_one_time_password")
    form = forms.Code(posted(request))
    if form.is_valid():
        device = _tried(
            request, user, form, lambda: devices.accept(user, form.cleaned_data["code"])
        )
        if device is not None:
            _let_in(request, user, device)
            return redirect(next_page.of(request))
    return _page(request, "ask", "One-time password", form=form)


def _tried(
    request: HttpRequest, user: User, form: Form, attempt: Callable[[], Accepted]
) -> Accepted | None:
    """What `attempt` returns; None where a code was wrong, which `form` then says."""
    if failures.locked(request, user):
        raise Locked
    try:
        return attempt()
    except devices.NotNow as wait:
        seconds = max(1, math.ceil((wait.until - timezone.now()).total_seconds()))
        form.add_error(None, f"{TOO_OFTEN} Wait {seconds} s, then type the next one.")
    except devices.WrongCode as wrong:
        # Whoever sets an app up knows its secret: nothing can be guessed there.
        if wrong.field != devices.NEW and failures.count(request, user):
            raise Locked from None
        form.add_error(wrong.field if wrong.field in form.fields else None, WRONG)
    return None


def _let_in(request: HttpRequest, user: User, device: Device) -> None:
    """From here on this session opens everything that `user` may see."""
    request.session.cycle_key()
    django_otp.login(request, device)
    failures.forget(request, user)
    if isinstance(device, StaticDevice):
        left = devices.recovery_codes_left(user)
        messages.warning(request, f"That recovery code is used up; you have {left} more. {AGAIN}")


# -- The app ---------------------------------------------------------------------------------


@after_the_password
def set_up(request: HttpRequest, user: User) -> HttpResponse:
    """A picture for the app to read, and the form that proves that it did."""
    has_one = devices.of(user) is not None
    if has_one and not middleware.proven(request) and not DatabaseMark.is_demo():
        return _to(request, "one_time_password")
    form = (forms.Replace if has_one else forms.SetUp)(posted(request))
    key = request.session.setdefault(KEY, random_hex(20))
    if form.is_valid():
        typed = form.cleaned_data
        done = _tried(request, user, form, lambda: devices.set_up(user, key=key, **typed))
        if done is not None:
            device, codes = done
            del request.session[KEY]
            _let_in(request, user, device)
            return _page(request, "codes", "Recovery codes", codes=codes)
    secret = base64.b32encode(bytes.fromhex(key)).decode()
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    title = "Another app" if has_one else "Set up one-time passwords"
    return _page(request, "set_up", title, form=form, secret=" ".join(groups), has_one=has_one)


@after_the_password
def picture(request: HttpRequest, user: User) -> HttpResponse:
    """The QR code of the app that this session is setting up."""
    if KEY not in request.session:
        raise Http404
    written = io.BytesIO()
    address = devices.pending(user, request.session[KEY]).config_url
    segno.make(address, error="m").save(written, kind="svg", scale=5, border=3, light="#fff")
    return HttpResponse(written.getvalue(), content_type="image/svg+xml")


# -- Around them -----------------------------------------------------------------------------


def posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _to(request: HttpRequest, name: str) -> HttpResponse:
    return redirect(f"{reverse(name)}?{urlencode({'next': next_page.of(request)})}")


def _page(request: HttpRequest, name: str, title: str, **shown: Any) -> HttpResponse:
    frame = admin.site.each_context(request)
    context = {**frame, "title": title, "next": next_page.of(request), **shown}
    return render(request, f"admin/reconciliation/login/{name}.html", context)
