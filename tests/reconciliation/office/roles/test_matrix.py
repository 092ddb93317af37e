"""Who may open what and do what: every address and every action, for every role, as one table.

`matrix.txt` is that table. It is asserted to be what is observed, so whoever adds a page or a role
has to decide, and to look at the difference. `CAGE_MATRIX=write ./cage test <this file>` writes it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, override_settings

from reconciliation import working
from reconciliation.models import Adjustment, AdjustmentLimit, Case
from tests import staff
from tests.cast import Books
from tests.reconciliation.office.roles import actions, world
from tests.reconciliation.office.roles.world import WHO, World

FILE = Path(__file__).with_name("matrix.txt")
HEAD = """\
Who may open what and do what in the admin. Written and held by test_matrix.py.

opens    the page is there             does it  what was asked for was done
goes on  to another page               -        nothing was changed, and it says why
login    has to log in first           403      is told that it may not; nothing was changed
404, 405 there is no such thing to get or to post; nothing was changed
"""
TITLES = {
    "open": "Opening a page changes nothing, whoever opens it",
    "post": "Posting an empty form to the address of a page",
    "do": "Doing something: posting a form that is valid, straight to its address",
}
PUBLIC = ("admin/login/", "admin/logout/")


@pytest.fixture
def there(books: Books, providers: None) -> Iterator[World]:
    yield world.build(books)
    world.clear()


def line(what: str, outcomes: list[str]) -> str:
    return f"{what:<66} {' '.join(f'{outcome:<10}' for outcome in outcomes)}".rstrip()


def section(name: str, lines: list[str]) -> str:
    return "\n".join([TITLES[name], "", line("", list(WHO)), *lines, ""])


def held(name: str, lines: list[str]) -> None:
    """Assert that the file says so; or write it there, where that was asked for."""
    observed = section(name, lines)
    sections = dict(_sections())
    if os.environ.get("CAGE_MATRIX") == "write":
        sections[name] = observed
        told = [sections[one] for one in TITLES if one in sections]
        FILE.write_text(
            "\n\n".join([HEAD.rstrip("\n"), *(one.rstrip("\n") for one in told)]) + "\n"
        )
        return
    assert sections.get(name, "").split("\n") == observed.rstrip("\n").split("\n")


def _sections() -> Iterator[tuple[str, str]]:
    text = FILE.read_text() if FILE.exists() else ""
    places = sorted((text.find(title), name) for name, title in TITLES.items() if title in text)
    ends = [*(start for start, _ in places), len(text)][1:]
    for (start, name), end in zip(places, ends, strict=True):
        yield name, text[start:end].rstrip("\n")


def short(route: str) -> str:
    """The route without what a person doesn't read."""
    route = re.sub(r"<\w+:(\w+)>", r"<\1>", route)
    return re.sub(r"\^\(\?P<app_label>.*?\)/\$", "<app>/", route).replace("(?P<url>.*)$", "<other>")


def test_who_opens_what(there: World) -> None:
    lines = []
    for route in world.routes():
        if route == "admin/logout/":
            continue  # Only posted; it ends the session.
        before, path = world.contents(), world.example(route)
        outcomes = [world.ask(there.clients[who], "get", path) for who in WHO]
        assert world.contents() == before, route
        lines.append(line(short(route), outcomes))
    held("open", lines)


def test_who_changes_something_by_an_empty_form(there: World) -> None:
    lines, before = [], world.contents()
    for route in world.routes():
        if route in PUBLIC:
            continue
        outcomes = []
        for who in WHO:
            outcome = world.ask(there.clients[who], "post", world.example(route))
            after = world.contents()
            outcomes.append(outcome if after == before else "does it")
            before = after
        lines.append(line(short(route), outcomes))
    held("post", lines)


def test_who_does_what(there: World) -> None:
    lines = []
    for what, make in actions.ACTIONS.items():
        outcomes = []
        for who in WHO:
            path, form = make(there)
            before = world.contents()
            outcome = world.ask(there.clients[who], "post", f"/admin/{path}", form)
            if world.contents() != before:
                outcome = "does it"
            outcomes.append("-" if outcome in ("opens", "goes on") else outcome)
        lines.append(line(what, outcomes))
    held("do", lines)


def test_each_action_is_done_by_somebody_or_by_nobody_on_purpose() -> None:
    nobody = {
        *("edit a case in place", "delete a case", "delete selected cases"),
        *("delete a player", "delete a user", "change a periodic task"),
        *("withdraw another's request", "delete selected groups", "drop another's list"),
    }
    (text,) = [text for name, text in _sections() if name == "do"]
    done = {what for what in actions.ACTIONS if f"\n{what:<66} " in text}
    assert done == set(actions.ACTIONS)
    undone = {
        row[:66].strip() for row in text.split("\n")[3:] if row.strip() and "does it" not in row
    }
    assert undone == nobody


# -- Another person's session ----------------------------------------------------------------------


def _browser(username: str) -> Client:
    """One that checks where a form comes from, as the real server does."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = staff.Staff(User.objects.get(username=username)).client.cookies
    return client


def _token(client: Client, path: str) -> str:
    with override_settings(**staff.PLAIN):
        page = client.get(f"/admin/{path}").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def test_a_form_of_one_person_is_refused_in_the_session_of_another(there: World) -> None:
    case = there.dispute()
    path = f"reconciliation/case/{case.pk}/do/close/"
    fay, rita = _browser("finance"), _browser("rita")
    token = _token(fay, path)
    _token(rita, path)
    _, form = actions.deed("close", resolution="no_fault", why="x")(there)
    form = {**form, "seen": working.stamp(case)}
    before = world.contents()
    for stolen in ({"csrfmiddlewaretoken": token}, {}):
        assert world.ask(rita, "post", f"/admin/{path}", {**form, **stolen}) == "403"
    assert world.contents() == before
    own = {"csrfmiddlewaretoken": _token(rita, path)}
    assert world.ask(rita, "post", f"/admin/{path}", {**form, **own}) == "goes on"
    last = Case.history.filter(id=case.pk).order_by("-history_id").first()  # type: ignore[attr-defined]
    assert last.history_user.username == "rita"


def test_who_asked_does_not_approve_whatever_roles_they_have(there: World) -> None:
    rita = User.objects.get(username="rita")
    rita.groups.add(*Group.objects.filter(name__in=["Approver", "Operations"]))
    asked = there.asked()
    browser = staff.Staff(rita)
    before = world.contents()
    form = {"seal": asked.seal, "text": "Checked."}
    path = f"/admin/reconciliation/adjustment/{asked.pk}/do/approve/"
    assert world.ask(browser.client, "post", path, form) == "goes on"
    assert world.contents() == before
    assert world.ask(there.clients["Approver"], "post", path, form) == "goes on"
    assert Adjustment.objects.get(pk=asked.pk).decided_by == User.objects.get(username="approver")


def test_an_approver_without_a_limit_approves_nothing(there: World) -> None:
    AdjustmentLimit.objects.all().delete()
    asked = there.asked()
    path = f"/admin/reconciliation/adjustment/{asked.pk}/do/approve/"
    form = {"seal": asked.seal, "text": "Checked."}
    assert world.ask(there.clients["Approver"], "post", path, form) == "goes on"
    assert Adjustment.objects.get(pk=asked.pk).status == "requested"
    assert there.books.violations() == []


def test_a_role_that_is_taken_away_ends_at_once(there: World) -> None:
    path, form = actions.deed("take")(there)
    User.objects.get(username="finance").groups.clear()
    assert world.ask(there.clients["Finance"], "post", f"/admin/{path}", form) == "login"
    user = User.objects.get(username="superuser")
    user.is_active = False
    user.save()
    assert world.ask(there.clients["superuser"], "post", f"/admin/{path}", form) == "login"
