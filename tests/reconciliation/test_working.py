"""What staff do with a case, by posting it: who did what and why stands in its history."""

from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from reconciliation import cases, working
from reconciliation.models import Case, Resolution
from tests import staff
from tests.cast import Books, instruction, post
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.staff import Staff

SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")
TENFOLD = {"currency": "USD", "factor": 10}
HISTORY: Any = Case.history


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def settle(**changes: Any) -> None:
    ts = int(timezone.now().timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, ts=ts, **changes)))


def unsettled() -> Case:
    settle()
    cases.update(at=timezone.now())
    return Case.objects.get()


def do(who: Staff, case: Case, slug: str, **form: str) -> int:
    """Post it as from a page that shows `case` as it is given."""
    return who.post(f"reconciliation/case/{case.pk}/do/{slug}/", seen=working.stamp(case), **form)


def told(who: Staff, case: Case) -> str:
    """The case's page, with the message that a post left."""
    return who.get(f"reconciliation/case/{case.pk}/change/")


def last_step(case: Case) -> tuple[str | None, str | None]:
    row = HISTORY.filter(id=case.pk).order_by("-history_id").first()
    user = row.history_user
    return (user.username if user else None), row.history_change_reason


def colleague(name: str = "bob", **options: Any) -> User:
    return User.objects.create_superuser(name, **options)


# -- Each deed ------------------------------------------------------------------------------------


def test_it_is_taken(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    assert do(boss, case, "take") == 302
    case.refresh_from_db()
    assert (case.owner, case.status) == (boss.user, "open")
    assert last_step(case) == ("boss", "Taken.")


def test_it_is_handed_over(books: Books, providers: None, boss: Staff) -> None:
    case, bob = unsettled(), colleague()
    assert do(boss, case, "hand-over", to=str(bob.pk), why="Knows JDB.") == 302
    case.refresh_from_db()
    assert case.owner == bob
    assert last_step(case) == ("boss", "Handed over to bob. Knows JDB.")


def test_nobody_gets_it_who_may_not_work_on_cases(
    books: Books, providers: None, boss: Staff
) -> None:
    case = unsettled()
    reader = staff.viewer("view_case").user
    assert do(boss, case, "hand-over", to=str(reader.pk), why="") == 200
    with pytest.raises(working.NotDone, match="viewer may not work on cases"):
        working.hand_over(
            case.pk,
            seen=working.stamp(case),
            to=reader,
            why="",
            by=boss.user,
            at=timezone.now(),
        )
    assert Case.objects.get().owner is None


def test_it_waits_until_a_day(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    day = timezone.localdate() + timedelta(days=3)
    assert do(boss, case, "wait", until=str(day), why="Asked JDB.") == 302
    case.refresh_from_db()
    assert (case.status, case.follow_up_on) == ("waiting", day)
    assert last_step(case) == ("boss", "Asked JDB.")
    page = told(boss, case)
    assert not staff.missing(page, [f"Waiting until {day}", "Asked JDB.", "Open → Waiting"])


@pytest.mark.parametrize(
    ("slug", "form"),
    [
        ("wait", {"until": "2020-01-01", "why": "x"}),
        ("wait", {"until": "2999-01-01", "why": ""}),
        ("wait", {"until": "soon", "why": "x"}),
        ("close", {"resolution": "accepted", "why": ""}),
        ("close", {"resolution": "accepted", "why": "  "}),
        ("close", {"resolution": "healed", "why": "x"}),
        ("close", {"resolution": "replayed", "why": "x"}),
        ("close", {"why": "x"}),
        ("hand-over", {"to": "999"}),
        ("elope", {}),
    ],
)
def test_what_is_not_complete_changes_nothing(
    books: Books, providers: None, boss: Staff, slug: str, form: dict[str, str]
) -> None:
    case = unsettled()
    do(boss, case, slug, **form)
    after = Case.objects.get()
    assert (after.status, after.owner, HISTORY.count()) == ("open", None, 1)


@pytest.mark.parametrize("resolution", ["accepted", "no_fault", "void", "merged", "adjusted"])
def test_it_is_closed_with_a_reason(
    books: Books, providers: None, boss: Staff, resolution: str
) -> None:
    case = unsettled()
    assert do(boss, case, "close", resolution=resolution, why="Agreed with JDB.") == 302
    case.refresh_from_db()
    assert (case.status, case.resolution, case.resend) == ("closed", resolution, "none")
    assert (case.closed_at is None, case.replay_at) == (False, None)
    assert last_step(case) == ("boss", "Agreed with JDB.")
    assert "cage-deeds" not in told(boss, case)


def test_notes_and_tickets_are_edited(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    assert do(boss, case, "notes", notes="Called them.", tickets="HD-7") == 302
    case.refresh_from_db()
    assert (case.notes, case.tickets) == ("Called them.", "HD-7")
    assert last_step(case) == ("boss", "Notes edited.")
    assert not staff.missing(told(boss, case), ["Called them.", "HD-7"])


def test_every_form_opens_and_take_has_none(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    for slug in ("hand-over", "wait", "close", "notes"):
        page = boss.get(f"reconciliation/case/{case.pk}/do/{slug}/")
        assert not staff.missing(page, ["csrfmiddlewaretoken", working.stamp(case)])
    take = boss.answer("get", f"reconciliation/case/{case.pk}/do/take/", {})
    assert (take.status_code, Case.objects.get().owner) == (302, None)


# -- Two people, and the bookkeeping ---------------------------------------------------------------


def test_the_second_of_two_is_told(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    bob = colleague()
    working.take(case.pk, seen=working.stamp(case), by=bob, at=timezone.now())
    assert do(boss, case, "close", resolution="void", why="x") == 302
    assert "it was changed meanwhile. bob: Taken." in told(boss, case)
    assert Case.objects.get().status == "open"


def test_a_case_that_was_closed_meanwhile_says_so(
    books: Books, providers: None, boss: Staff
) -> None:
    case = unsettled()
    books.open("john", "USD")
    settle()
    cases.update(at=timezone.now())
    assert do(boss, case, "take") == 302
    page = told(boss, case)
    assert "it was closed meanwhile (healed)." in page
    assert Case.objects.get().owner is None
    assert boss.post(f"reconciliation/case/{case.pk}/replay/", seal="x", why="x") == 302
    assert "Nothing was done. The case is closed." in told(boss, case)


def test_another_attempt_meanwhile_disturbs_nobody(
    books: Books, providers: None, boss: Staff
) -> None:
    case = unsettled()
    settle()
    cases.update(at=timezone.now())
    assert do(boss, case, "take") == 302
    after = Case.objects.get()
    assert (after.owner, after.attempts) == (boss.user, 2)


def test_a_further_attempt_leaves_what_people_decided(
    books: Books, providers: None, boss: Staff
) -> None:
    case = unsettled()
    day = timezone.localdate() + timedelta(days=3)
    do(boss, case, "wait", until=str(day), why="Asked JDB.")
    settle()
    cases.update(at=timezone.now())
    after = Case.objects.get()
    assert (after.status, after.follow_up_on, after.attempts) == ("waiting", day, 2)


def test_what_is_decided_while_the_bookkeeping_runs_stands(
    books: Books, providers: None, boss: Staff
) -> None:
    """It reads the case as open, waits for its lock, and must not write that back."""
    case = unsettled()
    settle()
    keeper = Thread(target=keep_the_books)
    asked: dict[str, Any] = {
        "seen": working.stamp(case),
        "by": boss.user,
        "why": "x",
        "at": timezone.now(),
    }
    with working.held(case.pk, **asked) as held:
        keeper.start()
        keeper.join(timeout=0.5)
        assert keeper.is_alive()
        cases.close(held, Resolution.VOID, at=timezone.now())
    keeper.join(timeout=10)
    case.refresh_from_db()
    assert (case.status, case.resolution) == ("closed", "void")


def keep_the_books() -> None:
    cases.update(at=timezone.now())
    connection.close()


# -- A dispute -------------------------------------------------------------------------------------


def dispute(who: Staff, **changes: str) -> int:
    form = {"provider": "jdb", "named": "272017", "player": "alice", "amount": "12.5"}
    return who.post(
        "reconciliation/case/dispute/", **{**form, "currency": "USD", "why": "Mail.", **changes}
    )


def test_a_dispute_is_opened_by_hand(books: Books, providers: None, boss: Staff) -> None:
    books.open("alice", "USD")
    post(instruction("272017", ("alice", "USD", "0", "12.5"), provider="jdb"))
    assert dispute(boss) == 302
    case = Case.objects.get()
    assert (case.kind, case.subject, case.reference) == ("dispute", "settle:272017", "272017")
    assert (case.player, case.amount, case.currency) == ("alice", Decimal("12.5"), "USD")
    assert case.owner == boss.user
    assert last_step(case) == ("boss", "Opened by hand: Mail.")
    assert "settle:272017" in told(boss, case)


def test_a_second_dispute_of_the_same_leads_to_the_first(
    books: Books, providers: None, boss: Staff
) -> None:
    books.open("alice", "USD")
    assert (dispute(boss), dispute(boss)) == (302, 302)
    case = Case.objects.get()
    assert f"It is disputed already: see case #{case.pk}." in told(boss, case)


@pytest.mark.parametrize(
    "changes",
    [
        {"why": ""},
        {"provider": "nobody"},
        {"named": ""},
        {"named": "a\x07b"},
        {"amount": "-1"},
        {"amount": "NaN"},
        {"currency": ""},
        {"currency": "usd"},
        {"currency": "EUR"},  # None of the providers plays in it.
        {"player": "Alice"},  # Another one than alice, and there is none.
    ],
)
def test_a_dispute_that_is_not_complete_is_not_opened(
    books: Books, providers: None, boss: Staff, changes: dict[str, str]
) -> None:
    books.open("alice", "USD")
    assert dispute(boss, **changes) == 200
    assert not Case.objects.exists()


# -- Settled again by hand -------------------------------------------------------------------------


def replay_page(who: Staff, case: Case) -> str:
    return who.get(f"reconciliation/case/{case.pk}/replay/")


def seal(page: str) -> str:
    return page.partition('name="seal" value="')[2].partition('"')[0]


def replay(who: Staff, case: Case, page: str, **form: str) -> int:
    asked = {"seal": seal(page), "why": "Player was made.", **form}
    return who.post(f"reconciliation/case/{case.pk}/replay/", **asked)


def test_it_is_settled_again_as_it_was_shown(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    books.open("john", "USD", "1")
    page = replay_page(boss, case)
    assert not staff.missing(page, ["jdb settle:272017", "john", "0.10", "In the wallet now"])
    assert "other_terms" not in page
    assert replay(boss, case, page) == 302
    case.refresh_from_db()
    assert (case.status, case.resolution, case.replays) == ("closed", "replayed", 1)
    assert last_step(case) == ("boss", "Settled again by hand. Player was made.")
    assert "It is settled." in told(boss, case)
    assert books.balance("john", "USD") == Decimal("1.1")
    assert books.violations() == []


def test_in_vain_it_says_why_and_stays_open(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    page = replay_page(boss, case)
    assert "None: it would be refused again." in page
    replay(boss, case, page)
    after = Case.objects.get()
    assert (after.status, after.replays, after.attempts) == ("open", 1, 1)
    assert "still not settled: No such player." in told(boss, case)


def test_other_money_than_when_it_came_needs_an_explicit_yes(
    books: Books, providers: None, boss: Staff, configure: Any
) -> None:
    case = unsettled()
    books.open("john", "USD")
    configure(jdb={**PROVIDERS["jdb"], "currencies": {"XX": TENFOLD}})
    page = replay_page(boss, case)
    assert not staff.missing(page, ["It means other money today", "0.10", "1.00", "other_terms"])
    assert replay(boss, case, page) == 200
    assert books.transactions() == []
    assert replay(boss, case, page, other_terms="on") == 302
    assert books.balance("john", "USD") == Decimal(1)


def test_what_was_not_shown_is_not_done(
    books: Books, providers: None, boss: Staff, configure: Any
) -> None:
    case = unsettled()
    books.open("john", "USD")
    page = replay_page(boss, case)
    configure(jdb={**PROVIDERS["jdb"], "currencies": {"XX": TENFOLD}})
    assert replay(boss, case, page, other_terms="on") == 302
    assert "it would do something else by now" in told(boss, case)
    assert books.transactions() == []


def test_settled_again_by_two_it_is_paid_once(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    books.open("john", "USD")
    page = replay_page(boss, case)
    assert (replay(boss, case, page), replay(boss, case, page)) == (302, 302)
    assert "Nothing was done. The case is closed." in told(boss, case)
    assert books.transactions() == ["settle:272017"]


def test_a_void_one_has_a_sentence_and_no_button(
    books: Books, providers: None, boss: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.open("useraccount", "USD", "100")
    with monkeypatch.context() as broken:
        broken.setattr("wallets.draft.Draft.decide", fail)
        send(senders.besoft(RESULT))
    cases.update(at=timezone.now())
    case = Case.objects.get()
    page = told(boss, case)
    assert "besoft counts a refused order void" in page
    assert f"/reconciliation/case/{case.pk}/replay/" not in page
    assert replay(boss, case, "") == 302
    assert books.transactions() == []


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


# -- Who may ---------------------------------------------------------------------------------------


def test_a_reader_of_cases_does_nothing(books: Books, providers: None) -> None:
    case = unsettled()
    reader = staff.viewer("view_case")
    page = told(reader, case)
    assert "No such player." in page
    assert "cage-deeds" not in page
    assert "Open a dispute" not in reader.get("reconciliation/case/")
    forms = ["take", "hand-over", "wait", "close", "notes"]
    assert [do(reader, case, slug, why="x") for slug in forms] == [403] * 5
    assert replay(reader, case, "") == 403
    assert dispute(reader) == 403
    assert HISTORY.count() == 1


def test_staff_without_rights_see_no_case(books: Books, providers: None) -> None:
    case = unsettled()
    nobody = staff.viewer()
    paths = ["", f"{case.pk}/change/", f"{case.pk}/do/close/", f"{case.pk}/replay/", "dispute/"]
    answers = [nobody.answer("get", f"reconciliation/case/{path}", {}) for path in paths]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert "Cases" not in nobody.get("")


def test_a_post_from_elsewhere_does_nothing(books: Books, providers: None, boss: Staff) -> None:
    case = unsettled()
    boss.client = Client(enforce_csrf_checks=True)
    boss.client.force_login(boss.user)
    assert do(boss, case, "close", resolution="void", why="x") == 403
    assert replay(boss, case, "") == 403
    assert dispute(boss) == 403
    assert Case.objects.get().status == "open"
