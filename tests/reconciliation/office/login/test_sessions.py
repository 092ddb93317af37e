"""A session doesn't last for ever, and travels in strict cookies and under strict headers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from unfold.settings import CONFIG_DEFAULTS

from reconciliation.office.login import sessions
from tests import staff
from tests.cast import NOON, Books
from tests.reconciliation.office.login.people import Visitor

LOGIN = "/admin/login/"


def ended(person: staff.Staff) -> bool:
    answer = person.answer("get", "wallets/player/", {})
    return answer.status_code == 302 and answer["Location"].startswith(LOGIN)


def test_a_session_ends_after_half_an_hour_without_a_request(books: Books) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        person = staff.superuser()
        for _ in range(3):
            clock.shift(timedelta(minutes=29))
            assert not ended(person)
        clock.shift(timedelta(minutes=31))
        assert ended(person)


def test_a_session_ends_twelve_hours_after_the_login_however_busy(books: Books) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        person = staff.superuser()
        for _ in range(12 * 3 - 1):
            clock.shift(timedelta(minutes=20))
            assert not ended(person)
        clock.shift(timedelta(minutes=20))
        assert ended(person)
        assert "logged in for long enough" in person.client.get(LOGIN, secure=True).content.decode()


def test_a_session_ends_with_the_role(books: Books) -> None:
    person = staff.viewer("view_player")
    assert not ended(person)
    person.user.user_permissions.add(Permission.objects.get(codename="view_wallet"))
    assert ended(person)
    again = staff.Staff(person.user)
    group = Group.objects.create(name="some")
    group.permissions.set(Permission.objects.filter(codename="view_case"))
    person.user.groups.add(group)
    assert ended(again)


def test_a_session_ends_with_the_staff_the_password_and_the_person(books: Books) -> None:
    person = staff.viewer("view_player")
    User.objects.filter(pk=person.user.pk).update(is_superuser=True)
    assert ended(person)
    person = staff.Staff(User.objects.get())
    person.user.set_password("another long password")
    person.user.save()
    assert ended(person)
    person = staff.Staff(User.objects.get())
    User.objects.update(is_active=False)
    assert ended(person)


def test_whoever_changes_the_own_password_stays(books: Books) -> None:
    person = staff.superuser(password=staff.PASSWORD)
    new = "an even longer password"
    form = {"old_password": staff.PASSWORD, "new_password1": new, "new_password2": new}
    assert person.post("password_change/", **form) == 302
    assert not ended(person)


def test_all_sessions_of_one_person_can_be_ended(books: Books) -> None:
    person, other = staff.superuser(), staff.viewer("view_player")
    second = staff.Staff(person.user)
    assert sessions.end(person.user) == 2
    assert ended(person)
    assert ended(second)
    assert not ended(other)


def test_the_cookies_are_strict(books: Books) -> None:
    User.objects.create_superuser("boss", password=staff.PASSWORD)
    client = Client()
    page = client.get(LOGIN, secure=True)
    cookie = page.cookies["__Host-csrftoken"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")
    form = {"username": "boss", "password": staff.PASSWORD}
    answer = client.post(LOGIN, form, secure=True)
    cookie = answer.cookies["__Host-sessionid"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", "")


@pytest.mark.parametrize("path", ["", "login/", "wallets/player/", "nowhere/", "jsi18n/"])
def test_every_page_of_the_admin_has_strict_headers(books: Books, path: str) -> None:
    headers = staff.superuser().answer("get", path, {}).headers
    assert headers["Cache-Control"] == "no-store, private"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-eval'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }


def test_callbacks_and_probes_pay_for_nothing_of_it(
    books: Books, providers: None, django_assert_num_queries: Any
) -> None:
    visitor = Visitor()
    answer = visitor.post("/callbacks/nobody", {})
    assert "Content-Security-Policy" not in answer.headers
    assert "Permissions-Policy" not in visitor.get("/health/live").headers
    with django_assert_num_queries(0):
        assert visitor.get("/health/live").status_code == 200


@pytest.mark.parametrize("weak", ["eleven-char", "password1234", "123456789012345"])
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(weak)


def test_colours_are_those_of_unfold() -> None:
    text = Path(settings.BASE_DIR, "wallets/static/wallets/colours.css").read_text()
    for name, weights in CONFIG_DEFAULTS["COLORS"].items():
        for weight in weights:
            assert f"--color-{name}-{weight}:" in text
