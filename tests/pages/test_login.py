"""The login in a browser: a password, an app, recovery codes; and what a guesser reads."""

import base64

from django.contrib.auth.models import User
from django_otp.oath import totp
from playwright.sync_api import expect

from tests import staff
from tests.cast import Books
from tests.pages.conftest import Desk


def type_password(desk: Desk, password: str = staff.PASSWORD) -> None:
    desk.page.fill("#id_username", "boss")
    desk.page.fill("#id_password", password)
    with desk.page.expect_navigation():
        desk.page.click("#login-form button[type=submit]")


def type_code(desk: Desk, code: str) -> None:
    desk.page.fill("#id_code", code)
    with desk.page.expect_navigation():
        desk.page.click("main button[type=submit]")


def test_a_first_login_sets_the_app_up_and_goes_on(
    books: Books, desk: Desk, production: None
) -> None:
    User.objects.create_superuser("boss", password=staff.PASSWORD)
    page = desk.page
    desk.open("wallets/player/")
    type_password(desk)
    desk.sees("Besides your password, each login asks for a code")
    drawn = page.locator("img[alt^='QR code']")
    expect(drawn).to_be_visible()
    assert drawn.evaluate("image => image.naturalWidth") > 100
    secret = page.inner_text(".cage-login-secret").replace(" ", "")
    type_code(desk, "000000")
    desk.sees("That is not the code")
    assert page.inner_text(".cage-login-secret").replace(" ", "") == secret
    type_code(desk, f"{totp(base64.b32decode(secret)):06d}")
    codes = page.locator(".cage-login-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    page.click("text=I have kept them: continue")
    page.wait_for_url("**/admin/wallets/player/")

    page.context.clear_cookies()
    desk.open("wallets/wallet/")
    type_password(desk)
    desk.sees("The six digits that your authenticator app shows now")
    type_code(desk, codes[3])
    page.wait_for_url("**/admin/wallets/wallet/")
    desk.sees("That recovery code is used up; you have 9 more.")
    page.context.clear_cookies()
    desk.log_in("boss")


def test_another_app_and_a_colleagues_reset(books: Books, desk: Desk, production: None) -> None:
    staff.superuser(password=staff.PASSWORD)
    ann = staff.viewer("view_player")
    page = desk.page
    desk.log_in("boss")
    desk.open("one-time-password/set-up/")
    desk.sees("The new app takes the place of the one that you use now")
    page.fill("#id_current", staff.code_of("boss"))
    secret = page.inner_text(".cage-login-secret").replace(" ", "")
    type_code(desk, f"{totp(base64.b32decode(secret)):06d}")
    desk.sees("They are shown only now")

    desk.open(f"auth/user/{ann.user.pk}/change/")
    page.click("text=One-time password, locks and logins of viewer")
    page.click("text=Reset the one-time password")
    desk.sees("Sessions ended: 1.")
    desk.sees("No app is set up.")


def test_a_guesser_reads_what_to_do(books: Books, desk: Desk) -> None:
    staff.superuser(password=staff.PASSWORD)
    desk.open("login/")
    for _ in range(5):
        type_password(desk, "wrong")
    desk.sees("Too many wrong passwords or codes: after 5 of them")
    desk.sees("Wait, then try again.")
    assert {trouble.split()[0] for trouble in desk.troubles} == {"429"}
    desk.troubles.clear()


def test_what_is_refused_or_missing_says_what_to_do(books: Books, desk: Desk) -> None:
    staff.viewer("view_player", password=staff.PASSWORD)
    desk.log_in("viewer")
    desk.open("wallets/wallet/")
    desk.sees("Your role doesn't include this.")
    desk.open("nowhere/")
    desk.sees("There is nothing at this address")
    desk.open("password_change/")
    desk.page.context.clear_cookies(name="csrftoken")
    desk.page.locator("#id_old_password").press("Enter")
    desk.sees("This form is older than your last login")
    assert [trouble.split()[0] for trouble in desk.troubles] == ["403", "404", "403"]
    desk.troubles.clear()
