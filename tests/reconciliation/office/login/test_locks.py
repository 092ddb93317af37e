"""Who guesses is locked out for a while: that name, from that address."""

from datetime import timedelta
from typing import Any

import time_machine
from django.contrib.admin.models import LogEntry

from tests import staff
from tests.cast import NOON, Books
from tests.reconciliation.office.login.people import Visitor, boss


def guess(visitor: Visitor, times: int, **who: str) -> list[int]:
    return [visitor.password("wrong", **who).status_code for _ in range(times)]


def test_five_wrong_passwords_lock_and_time_unlocks(books: Books) -> None:
    boss()
    with time_machine.travel(NOON, tick=False) as clock:
        visitor = Visitor()
        assert guess(visitor, 5) == [200, 200, 200, 200, 429]
        refused = visitor.password()
        assert refused.status_code == 429
        assert "12:15:00" in refused.content.decode()
        assert refused["Retry-After"] == "900"
        assert not visitor.is_in()
        clock.shift(timedelta(minutes=14))
        assert visitor.password().status_code == 429  # Trying on doesn't lengthen it either.
        clock.shift(timedelta(minutes=1, seconds=1))
        assert visitor.password().status_code == 302
        assert visitor.is_in()


def test_another_address_and_another_name_are_not_locked(books: Books) -> None:
    boss()
    visitor = Visitor()
    guess(visitor, 5)
    assert guess(visitor, 1, username="alice") == [200]
    elsewhere = Visitor(address="203.0.113.8")
    assert elsewhere.password().status_code == 302
    assert visitor.password().status_code == 429


def test_a_name_that_nobody_has_is_locked_just_so(books: Books) -> None:
    assert guess(Visitor(), 6, username="nobody")[4:] == [429, 429]


def test_a_login_wipes_the_slate(books: Books) -> None:
    boss()
    visitor = Visitor()
    guess(visitor, 4)
    visitor.password()
    assert guess(Visitor(), 4) == [200] * 4


def test_addresses_are_read_behind_the_proxies_that_are_trusted(
    books: Books, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    boss()
    proxy = Visitor(address="10.0.0.1")

    def attempt(forwarded: str, password: str = "wrong") -> int:
        form = {"username": "boss", "password": password}
        headers = {"X-Forwarded-For": forwarded}
        return proxy.post("/admin/login/", form, **headers).status_code

    # What stands to the left of the proxy's own entry was written by whoever is calling.
    assert [attempt(f"198.51.100.{n}, 203.0.113.7") for n in range(5)][-1] == 429
    assert attempt("203.0.113.7", staff.PASSWORD) == 429
    assert attempt("203.0.113.8", staff.PASSWORD) == 302


def test_five_wrong_codes_lock_too_and_end_the_session(books: Books, production: None) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        boss()
        Visitor().set_up()
        visitor = Visitor()
        visitor.password()
        answers = []
        for number in range(5):
            clock.shift(60)  # Longer than django-otp makes one wait.
            visitor.password()  # The right password in between wipes nothing.
            answers.append(visitor.code(f"00000{number}").status_code)
        assert answers == [200, 200, 200, 200, 429]
        assert visitor.get("/admin/")["Location"].startswith("/admin/login/")
        clock.shift(60)
        assert visitor.password().status_code == 429
        clock.shift(timedelta(minutes=15))
        assert visitor.password().status_code == 302
        assert visitor.code(staff.code_of("boss")).status_code == 302
        assert visitor.is_in()


def test_a_session_at_the_code_is_locked_with_its_name(books: Books, production: None) -> None:
    staff.superuser(password=staff.PASSWORD)
    waiting = Visitor()
    waiting.password()
    guess(Visitor(), 5)
    assert waiting.code(staff.code_of("boss")).status_code == 429
    assert not waiting.is_in()


def test_somebody_who_may_change_users_lifts_a_lock(books: Books) -> None:
    helper = staff.superuser(password=staff.PASSWORD)
    staff.viewer("view_player", password=staff.PASSWORD)
    user = helper.user
    visitor = Visitor()
    guess(visitor, 5)
    page = f"one-time-password/of/{user.pk}/"
    assert "203.0.113.7" in helper.get(page)
    assert helper.post(page, do="unlock") == 302
    assert visitor.password().status_code == 302
    assert LogEntry.objects.get().change_message == "Lock after failed logins lifted."
