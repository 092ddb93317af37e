"""Many cases at once: what is changed meanwhile is skipped and named, however it is asked."""

import re
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from reconciliation import working
from reconciliation.models import Adjustment, Case, Resolution
from reconciliation.office.work import many
from tests import staff
from tests.cast import Books
from tests.reconciliation.office.work.keeping_cases import LIST, confirm, keep, tick
from tests.staff import Staff

CLOSE = {"resolution": "accepted", "why": "Agreed with JDB."}


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


@pytest.fixture
def bob(books: Books) -> User:
    return User.objects.create_superuser("bob")


def states() -> list[tuple[str, str]]:
    found = Case.objects.order_by("id").select_related("owner")
    return [(case.status, case.owner.username if case.owner else "") for case in found]


def reasons(case: Case) -> list[tuple[str, str]]:
    rows = Case.history.filter(id=case.pk, history_user__isnull=False)  # type: ignore[attr-defined]
    found = rows.order_by("history_id").select_related("history_user")
    return [(row.history_user.username, row.history_change_reason) for row in found]


def test_ticked_cases_are_taken_each_with_its_history(books: Books, boss: Staff) -> None:
    shown = [keep("1"), keep("2")]
    keep("3")
    assert tick(boss, "take", *shown).status_code == 302
    assert states() == [("open", "boss"), ("open", "boss"), ("open", "")]
    assert reasons(shown[0]) == reasons(shown[1]) == [("boss", "Taken.")]
    assert "2 cases were taken." in boss.get(LIST)


def test_what_somebody_else_has_is_not_taken_in_passing(
    books: Books, boss: Staff, bob: User
) -> None:
    shown = [keep("1", owner=bob), keep("2")]
    tick(boss, "take", *shown)
    assert states() == [("open", "bob"), ("open", "boss")]
    assert "Skipped 1: bob works on it" in boss.get(LIST)


def test_the_page_between_lists_them_with_the_money_of_each_currency(
    books: Books, boss: Staff
) -> None:
    shown = [keep("1"), keep("2"), keep("3", currency="CNY"), keep("4", amount=None, currency="")]
    page = tick(boss, "close", *shown).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert not staff.missing(
        text,
        ["Close 4 cases", "12.50 CNY at risk in 1 case", "25.00 USD at risk in 2 cases",
         "an unknown amount at risk in 1 case", "This moves no money."],
    )  # fmt: skip
    assert states() == [("open", "")] * 4


def test_they_are_closed_with_one_reason(books: Books, boss: Staff) -> None:
    shown = [keep("1"), keep("2")]
    assert confirm(boss, "close", *shown, **CLOSE).status_code == 302
    assert states() == [("closed", "")] * 2
    assert Case.objects.filter(resolution="accepted").count() == 2
    assert reasons(shown[1]) == [("boss", "Agreed with JDB.")]
    assert "2 cases were closed." in boss.get(LIST)


def test_they_are_handed_over(books: Books, boss: Staff, bob: User) -> None:
    shown = [keep("1"), keep("2", owner=bob)]
    confirm(boss, "hand-over", *shown, to=str(bob.pk), why="Knows JDB.")
    assert states() == [("open", "bob")] * 2
    page = boss.get(LIST)
    assert not staff.missing(page, ["1 case was handed over.", "is bob&#x27;s already."])


def test_what_was_changed_meanwhile_is_skipped_and_named(
    books: Books, boss: Staff, bob: User
) -> None:
    shown = [keep("1"), keep("2"), keep("3")]
    now = timezone.now()
    working.take(shown[0].pk, seen=working.stamp(shown[0]), by=bob, at=now)
    working.close(
        shown[1].pk,
        seen=working.stamp(shown[1]),
        resolution=Resolution.VOID,
        why="x",
        by=bob,
        at=now,
    )
    page = tick(boss, "close", *shown).content.decode()
    assert not staff.missing(page, ["Changed meanwhile", "Closed meanwhile"])
    confirm(boss, "close", *shown, **CLOSE)
    assert states() == [("open", "bob"), ("closed", ""), ("closed", "")]
    told = boss.get(LIST)
    assert not staff.missing(
        told,
        ["1 case was closed.", "Skipped 1: Nothing was done: it was changed meanwhile. bob: Taken.",
         "Skipped 2: Nothing was done: it was closed meanwhile"],
    )  # fmt: skip


def test_two_people_who_close_and_take_the_same_do_each_case_once(
    books: Books, boss: Staff, bob: User
) -> None:
    shown = [keep(str(number)) for number in range(20)]
    chosen = {case.pk: working.stamp(case) for case in shown}
    start, results = Barrier(2), {}

    def work(name: str, act: Any) -> None:
        start.wait()
        results[name] = act()
        connections.close_all()

    at = timezone.now()
    threads = [
        Thread(target=work, args=("take", lambda: many.take(chosen, by=bob, at=at))),
        Thread(
            target=work,
            args=(
                "close",
                lambda: many.close(
                    chosen,
                    resolution=Resolution.VOID,
                    why="x",
                    by=boss.user,
                    at=at,
                ),
            ),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    taken, closed = set(results["take"].done), set(results["close"].done)
    assert taken | closed == set(chosen)
    assert taken & closed == set()
    assert {number for number, _ in results["close"].skipped} == taken
    for case in Case.objects.select_related("owner"):
        assert (case.status, case.owner == bob) == (
            ("open", True) if case.pk in taken else ("closed", False)
        )
        assert len(reasons(case)) == 1


def test_what_money_is_asked_for_is_not_closed_among_others(
    books: Books, boss: Staff, bob: User
) -> None:
    case = keep("1")
    now = timezone.now()
    Adjustment.objects.create(
        kind="free", case=case, provider="house", transaction_id="adjust:1", moves=[], seal="x",
        seen="x", why="other", text="x", requested_by=bob, requested_at=now, expires_at=now,
    )  # fmt: skip
    confirm(boss, "close", case, keep("2"), **CLOSE)
    assert states() == [("open", ""), ("closed", "")]
    assert "An adjustment of it waits for a second person." in boss.get(LIST)


@pytest.mark.parametrize("resolution", ["healed", "replayed", "", "x"])
def test_nobody_decides_what_happens_by_itself(books: Books, boss: Staff, resolution: str) -> None:
    assert confirm(boss, "close", keep("1"), resolution=resolution, why="x").status_code == 200
    assert confirm(boss, "close", keep("2"), resolution="void", why=" ").status_code == 200
    assert states() == [("open", "")] * 2


def test_what_nobody_has_seen_is_not_changed(books: Books, boss: Staff) -> None:
    """Without a stamp, with another one's, and "all of them"."""
    one, two = keep("1"), keep("2")
    form = {"action": "take_many", "_selected_action": [str(one.pk)], "select_across": "1"}
    boss.answer("post", LIST, form)
    boss.answer("post", LIST, {**form, "seen": [f"{one.pk}:{'0' * 16}", f"{two.pk}:x"]})
    path = f"{LIST}many/close/"
    boss.answer("post", path, {**CLOSE, "seen": [str(one.pk), "x:y", "", "999:1", f"{10**30}:1"]})
    for number in ("x", "-1", str(10**30)):
        assert boss.post(LIST, action="take_many", _selected_action=number) == 400
    assert states() == [("open", "")] * 2


def test_five_hundred_at_a_time_and_no_more(books: Books, boss: Staff) -> None:
    seen = [f"{number}:x" for number in range(1, 502)]
    answer = boss.answer("post", f"{LIST}many/close/", {**CLOSE, "seen": seen})
    assert answer.status_code == 302
    assert "500 cases at most at a time." in boss.get(LIST)


def test_the_list_is_gone_back_to_as_it_was(books: Books, boss: Staff) -> None:
    case = keep("1")
    answer = confirm(boss, "close", case, back="list=open&evil=//x&provider=jdb", **CLOSE)
    assert answer["Location"] == "/admin/reconciliation/case/?list=open&provider=jdb"
    answer = tick(boss, "take", keep("2"), path=f"{LIST}?list=open")
    assert answer["Location"] == "/admin/reconciliation/case/?list=open"


# -- Who may ---------------------------------------------------------------------------------------


def test_a_reader_ticks_nothing_and_posts_in_vain(books: Books) -> None:
    reader, case = staff.viewer("view_case"), keep("1")
    page = reader.get(LIST)
    assert 'name="_selected_action"' not in page
    for action in ("take", "hand_over", "close"):
        tick(reader, action, case)
    for slug in ("close", "hand-over"):
        assert confirm(reader, slug, case, **CLOSE, to=str(reader.user.pk)).status_code == 403
    assert states() == [("open", "")]


def test_a_post_from_elsewhere_changes_nothing(books: Books, boss: Staff) -> None:
    case = keep("1")
    boss.client = Client(enforce_csrf_checks=True)
    boss.client.force_login(boss.user)
    assert tick(boss, "take", case).status_code == 403
    assert confirm(boss, "close", case, **CLOSE).status_code == 403
    assert states() == [("open", "")]


def test_fifty_cost_the_page_between_as_many_queries_as_one(books: Books, boss: Staff) -> None:
    shown = [keep(str(number), owner=boss.user) for number in range(50)]
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    costs = []
    for some in (shown[:1], shown):
        with CaptureQueriesContext(connection) as captured:
            tick(boss, "close", *some)
        costs.append(len(captured))
    assert costs[0] == costs[1]
