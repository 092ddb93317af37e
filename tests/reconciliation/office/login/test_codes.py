"""After the password a code: outside a demo database nothing opens before it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from reconciliation.office.login import devices, middleware
from tests import staff
from tests.cast import NOON, Books
from tests.reconciliation.office.login.people import CODE, SET_UP, Visitor, boss

HERE = ("/admin/", "/callbacks/besoft", "/admin%5C@evil.example")
LATER = timedelta(minutes=2)


def addresses(
    patterns: list[URLPattern | URLResolver], before: str = "", name: str = ""
) -> Iterator[tuple[str, str]]:
    """Every address of the project with something in its placeholders, and its name."""
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            space = f"{name}{pattern.namespace}:" if pattern.namespace else name
            yield from addresses(pattern.url_patterns, path, space)
        else:
            yield filled(path), f"{name}{pattern.name}"


def filled(path: str) -> str:
    path = re.sub(r"<int:\w+>", "1", path)
    path = re.sub(r"<(slug|str|path|uuid):\w+>|<\w+>", "x", path)
    path = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", path)
    path = re.sub(r"\(\?P<url>\.\*\)", "nowhere", path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\", "")


OURS = [
    (address, name)
    for address, name in addresses(get_resolver().url_patterns)
    if address.startswith("/admin/")
]


def test_the_walk_finds_the_pages() -> None:
    found = dict(OURS)
    assert len(found) > 100
    assert {"/admin/", "/admin/take/x/", "/admin/wallets/player/add/"} <= set(found)
    assert set(middleware.BETWEEN) <= set(found.values())


def test_no_address_opens_between_the_password_and_the_code(books: Books, production: None) -> None:
    visitor = Visitor()
    boss()
    visitor.password()
    opened = []
    for address, name in OURS:
        if name in middleware.BETWEEN:
            continue
        for method in ("get", "post"):
            response = visitor._ask(method, address, {}, {})
            if response.status_code != 302 or not response["Location"].startswith(CODE):
                opened.append((method, address, response.status_code))
    assert opened == []


def test_no_address_opens_before_the_code_of_an_app_that_is_set_up(
    books: Books, production: None
) -> None:
    staff.superuser(password=staff.PASSWORD)
    visitor = Visitor()
    visitor.password()
    assert visitor.get(SET_UP)["Location"].startswith(CODE)
    assert visitor.get(f"{SET_UP}picture.svg").status_code == 404
    assert not visitor.is_in()
    assert visitor.code(staff.code_of("boss")).status_code == 302
    assert visitor.is_in()


def test_a_demo_database_asks_for_the_password_only(books: Books) -> None:
    boss()
    visitor = Visitor()
    visitor.password()
    assert visitor.is_in()


def test_the_app_is_set_up_with_a_code_and_ten_recovery_codes(
    books: Books, production: None
) -> None:
    user, visitor = boss(), Visitor()
    assert visitor.password(next="/admin/wallets/player/")["Location"] == "/admin/wallets/player/"
    assert visitor.get("/admin/wallets/player/")["Location"] == (
        f"{CODE}?next=%2Fadmin%2Fwallets%2Fplayer%2F"
    )
    page = visitor.get(f"{CODE}?next=/admin/wallets/player/")
    assert page["Location"] == f"{SET_UP}?next=%2Fadmin%2Fwallets%2Fplayer%2F"
    shown = visitor.get(page["Location"]).content.decode()
    secret = visitor.client.session["one_time_password_key"]
    assert 'value="/admin/wallets/player/"' in shown
    assert visitor.get(f"{SET_UP}picture.svg")["Content-Type"] == "image/svg+xml"
    assert devices.of(user) is None

    wrong = visitor.post(SET_UP, {"code": "000000"})
    assert "That is not the code" in wrong.content.decode()
    assert devices.of(user) is None
    done = visitor.post(SET_UP, {"code": visitor.shown(), "next": "/admin/wallets/player/"})
    assert len(set(done.context["codes"])) == devices.recovery_codes_left(user) == 10
    assert 'href="/admin/wallets/player/"' in done.content.decode()
    device = devices.of(user)
    assert device is not None
    assert device.key == secret
    assert visitor.is_in()
    assert "one_time_password_key" not in visitor.client.session
    assert LogEntry.objects.get().change_message == devices.SET_UP


def test_a_code_is_accepted_once(books: Books, production: None) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        boss()
        first = Visitor()
        first.set_up()
        key = TOTPDevice.objects.get().bin_key
        used = shown_by(key)
        second = Visitor()
        second.password()
        assert "used already" in second.code(used).content.decode()  # It set the app up.
        assert not second.is_in()
        clock.shift(LATER)
        code = shown_by(key)
        assert second.code(code).status_code == 302
        assert second.is_in()
        third = Visitor()
        third.password()
        assert third.code(code).status_code == 200
        assert not third.is_in()


def shown_by(key: bytes) -> str:
    return f"{totp(key):06d}"


def test_a_recovery_code_lets_in_once(books: Books, production: None) -> None:
    user = boss()
    codes = Visitor().set_up()
    visitor = Visitor()
    visitor.password()
    typed = f" {codes[0][:4].upper()}-{codes[0][4:].upper()} "
    assert visitor.code(typed).status_code == 302
    assert "you have 9 more" in visitor.get("/admin/").content.decode()
    assert devices.recovery_codes_left(user) == 9
    again = Visitor()
    again.password()
    assert again.code(typed).status_code == 200
    assert not again.is_in()
    notes = LogEntry.objects.order_by("id").values_list("change_message", flat=True)
    assert list(notes) == [devices.SET_UP, "Used a recovery code; 9 are left."]


def test_a_code_of_somebody_else_opens_nothing(books: Books, production: None) -> None:
    with time_machine.travel(NOON, tick=False):
        boss()
        ann = staff.viewer("view_player", password=staff.PASSWORD)
        codes = Visitor().set_up()
        visitor = Visitor()
        visitor.password(username="viewer")
        assert visitor.code(staff.code_of("boss")).status_code == 200
        assert visitor.code(codes[0]).status_code == 200
        assert not visitor.is_in()
        assert devices.recovery_codes_left(ann.user) == 0
        assert StaticToken.objects.count() == 10


def test_whoever_guesses_must_wait_longer_and_longer(books: Books, production: None) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        boss()
        Visitor().set_up()
        clock.shift(LATER)
        right = staff.code_of("boss")
        visitor = Visitor()
        visitor.password()
        visitor.code("000000")
        assert "Wait 1 s" in visitor.code(right).content.decode()
        clock.shift(1)
        visitor.code("000001")
        assert "Wait 2 s" in visitor.code(right).content.decode()
        clock.shift(2)
        assert visitor.code(right).status_code == 302


def test_another_app_takes_a_code_of_the_one_in_use(books: Books, production: None) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        user, visitor = boss(), Visitor()
        old_codes = visitor.set_up()
        old = devices.of(user)
        other = Visitor()
        other.password()
        other.code(old_codes[1])
        assert other.is_in()
        visitor.get(SET_UP)
        refused = visitor.post(SET_UP, {"code": visitor.shown(), "current": "000000"})
        assert refused.status_code == 200
        assert "codes" not in refused.context
        missing = visitor.post(SET_UP, {"code": visitor.shown()})
        assert "codes" not in missing.context
        assert devices.of(user) == old
        clock.shift(LATER)
        form = {"code": visitor.shown(), "current": staff.code_of("boss")}
        done = visitor.post(SET_UP, form)
        assert set(done.context["codes"]).isdisjoint(old_codes)
        assert devices.of(user) != old
        assert TOTPDevice.objects.count() == 1
        assert visitor.is_in()
        assert not other.is_in()  # Its code was of the old ones.


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example/admin/",
        "javascript:alert(1)",
        "/callbacks/besoft",
        "https:///evil.example",
        "/admin\\@evil.example",
        "http://testserver@evil.example/admin/",
    ],
)
def test_nobody_is_sent_elsewhere(books: Books, production: None, wanted: str) -> None:
    staff.superuser(password=staff.PASSWORD)
    visitor = Visitor()
    assert visitor.password(next=wanted)["Location"] in HERE
    shown = visitor.get(f"{CODE}?next={wanted}").context["next"]
    assert shown == "/admin/"
    assert visitor.code(staff.code_of("boss"), next=wanted)["Location"] == "/admin/"


# -- Help -----------------------------------------------------------------------------------------


def test_somebody_who_may_change_users_resets_a_lost_one(books: Books, production: None) -> None:
    helper = staff.superuser()
    ann = staff.viewer("view_player")
    page = f"one-time-password/of/{ann.user.pk}/"
    device = devices.of(ann.user)
    assert device is not None
    shown = helper.get(page)
    assert device.key not in shown
    assert "Reset the one-time password" in shown
    assert ann.answer("get", "wallets/player/", {}).status_code == 200
    assert helper.post(page, do="reset") == 302
    assert devices.of(ann.user) is None
    assert ann.answer("get", "wallets/player/", {})["Location"].startswith("/admin/login/")
    note = LogEntry.objects.get()
    assert (note.user, note.object_id) == (helper.user, str(ann.user.pk))
    assert note.change_message.startswith("One-time password reset.")


def test_nobody_else_resets_and_nobody_their_own(books: Books, production: None) -> None:
    helper, ann = staff.superuser(), staff.viewer("view_user", "change_player")
    for who, whom in ((ann, helper), (ann, ann), (helper, helper)):
        assert who.post(f"one-time-password/of/{whom.user.pk}/", do="reset") == 403
    ann.user.user_permissions.clear()
    assert TOTPDevice.objects.count() == 2


def test_whoever_may_change_users_does_not_reset_a_superuser(
    books: Books, production: None
) -> None:
    boss_, clerk = staff.superuser(), staff.viewer("change_user")
    assert clerk.post(f"one-time-password/of/{boss_.user.pk}/", do="reset") == 403
    assert clerk.post(f"one-time-password/of/{boss_.user.pk}/", do="what") == 400
    assert devices.of(boss_.user) is not None


def test_the_command_helps_the_last_one(
    books: Books, production: None, capsys: pytest.CaptureFixture[str]
) -> None:
    helper = staff.superuser()
    call_command("reset_one_time_password", "boss")
    assert "The one-time password of boss is removed; sessions ended: 1." in capsys.readouterr().out
    assert devices.of(helper.user) is None
    assert "by the command" in LogEntry.objects.get().change_message
    call_command("reset_one_time_password", "boss")
    assert "was not set up" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nobody is called bos"):
        call_command("reset_one_time_password", "bos")


def test_no_page_shows_a_secret(books: Books) -> None:
    helper = staff.superuser()
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/"):
        assert helper.answer("get", path, {}).status_code == 404
    page = f"one-time-password/of/{helper.user.pk}/"
    assert page in helper.get(f"auth/user/{helper.user.pk}/change/")
