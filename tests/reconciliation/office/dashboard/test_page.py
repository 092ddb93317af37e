"""The first page: what it says, to whom, and what it costs."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from providers.models import Callback, Outcome
from reconciliation import watching
from reconciliation.models import Case, CaseKind, FiguresReading, MoneyFigure, Resend, Task
from reconciliation.office.rollups import keeping
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.reconciliation.day import post, step
from tests.staff import Staff, missing
from wallets.instructions import HOUSE, Kind
from wallets.models import Player

NOW = datetime(2026, 11, 22, 14, 20, 30, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
ALL = ["view_transaction", "view_case", "view_callback", "view_adjustment"]


@pytest.fixture
def now(books: Books, configure: Callable[..., None]) -> Iterator[Books]:
    """A Sunday afternoon; every task has succeeded. jdb's bets pass through here."""
    configure(jdb={**PROVIDERS["jdb"], "unknown_bet": "refuse"})
    with time_machine.travel(NOW, tick=False):
        for uid, currency in [("alice", "USD"), ("bob", "USD"), ("zoe", "COIN"), ("tess", "THB")]:
            books.open(uid, currency, "100000")
        tasks = [Task(name=name, since=NOW, succeeded_at=NOW) for name in watching.periods()]
        Task.objects.bulk_create(tasks)
        yield books


def text(html: str) -> str:
    """What the page says, without the frame around it, on one line."""
    body = html.partition('id="content-main"')[2].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def row(html: str, name: str) -> str:
    """The row of the first table with this heading."""
    found = re.findall(r"<tr[^>]*>\s*<th scope=\"row\">.*?</tr>", html, re.DOTALL)
    return next(text(f'id="content-main">{one}') for one in found if name in one)


def play(at: datetime, *, times: int = 1) -> None:
    """jdb takes 10 and pays 4, besoft takes 5 and pays 1, hotroad pays 50."""
    for _ in range(times):
        key = uuid.uuid4()
        bet = f"bet:{key}"
        post(
            at,
            step("jdb", bet, Kind.BET, ("alice", "USD", "10", "0")),
            step(
                "jdb", f"settle:{key}", Kind.SETTLEMENT, ("alice", "USD", "0", "4"), settles=(bet,)
            ),
            step("besoft", f"result:{key}", Kind.BET_AND_SETTLEMENT, ("bob", "USD", "5", "1")),
            step("hotroad", f"settle:{key}", Kind.SETTLEMENT, ("tess", "THB", "0", "50")),
        )


def deliver(at: datetime, outcome: Outcome = Outcome.POSTED, **changes: Any) -> None:
    values: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "provider": "jdb",
        "received_at": at,
        "decided_at": at + timedelta(milliseconds=7),
        "headers": {},
        "body": b"",
        "outcome": outcome,
        "reply_status": 200,
        "reply": b"",
    }
    Callback.objects.create(**{**values, **changes})


def doubt(**changes: Any) -> Case:
    values = {"kind": "conflict", "provider": "jdb", "subject": f"settle:{uuid.uuid4()}"}
    return Case.objects.create(**{**values, "opened_at": NOW - HOUR, **changes})


def read(path: str = "", **query: str) -> str:
    """The page, as somebody sees it who may see all of it."""
    keeping.update(at=timezone.now())
    return staff.viewer(*ALL).get(path, **query)


# -- The business day ----------------------------------------------------------------------------


def test_today_stands_against_the_same_part_of_the_day_before(now: Books) -> None:
    play(NOW - 2 * HOUR, times=3)
    play(NOW - DAY - 2 * HOUR, times=2)
    play(NOW - DAY - MINUTE)  # The same part of the current hour.
    play(NOW - DAY + MINUTE, times=9)  # Later yesterday.
    html = read()
    assert row(html, "jdb") == (
        "jdb USD 30.00 USD +0.0 %, 30.00 before 12.00 USD +0.0 %, 12.00 before "
        "18.00 USD +0.0 %, 18.00 before 0.00 USD 3 +0.0 %, 3 before"
    )
    assert row(html, "All USD").startswith("All USD 45.00 USD +0.0 %, 45.00 before 15.00 USD")
    said = text(html)
    assert "Sunday 22 November 2026 , since 00:00 UTC, as of 14:20:30 UTC" in said
    assert "the same part of the day before: Saturday, up to 14:20:30." in said


def test_where_bets_do_not_pass_through_no_stake_and_no_net_is_told(now: Books) -> None:
    play(NOW - HOUR)
    assert row(read(), "hotroad") == (
        "hotroad THB bets not recorded here 50.00 THB none the day before "
        "bets not recorded here 0.00 THB 1 none the day before"
    )


def test_no_sum_has_payouts_without_their_stakes(
    now: Books, configure: Callable[..., None]
) -> None:
    configure(
        jdb={**PROVIDERS["jdb"], "unknown_bet": "refuse"},
        other={**PROVIDERS["jdb"], "protocol": "jdb"},
    )
    play(NOW - HOUR)
    post(NOW - HOUR, step("other", "settle:1", Kind.SETTLEMENT, ("alice", "USD", "0", "777")))
    html = read()
    assert row(html, "All USD").startswith("All USD whose bets are recorded 15.00 USD")
    assert " 10.00 USD" in row(html, "All USD")  # The net.
    assert "777" in row(html, "other")


def test_another_business_day_starts_when_it_is_said_to(now: Books, settings: Any) -> None:
    settings.BUSINESS_DAY_ZONE, settings.BUSINESS_DAY_STARTS = "Asia/Kolkata", "19:45"
    play(NOW - 10 * MINUTE)  # 19:40 there: of the day before.
    play(NOW - MINUTE, times=2)
    html = read()
    assert "Sunday 22 November 2026 , since 19:45 IST (Asia/Kolkata), as of 19:50:30" in text(html)
    assert row(html, "jdb").startswith("jdb USD 20.00 USD none the day before")


def test_test_players_are_left_out(now: Books) -> None:
    Player.objects.filter(uid="bob").update(is_test=True)
    play(NOW - HOUR)
    html = read()
    assert "10.00 USD" in row(html, "jdb")
    assert "All USD" not in html


def test_what_two_people_moved_stands_apart(now: Books) -> None:
    post(NOW - HOUR, step(HOUSE, "adjustment:1", Kind.ADJUSTMENT, ("alice", "USD", "0", "120.25")))
    said = text(read())
    assert "house 120.25 USD 0.00 USD" in said
    assert "house 0.00" not in said


def test_currencies_are_never_mixed(now: Books) -> None:
    play(NOW - HOUR)
    post(NOW - HOUR, step("sud", "match:1", Kind.SETTLEMENT, ("zoe", "COIN", "3", "0")))
    html = read(currency="COIN")
    assert "Money, the last 24 hours, COIN" in html
    assert "the last 24 hours, USD" not in html
    assert "Money, the last 24 hours, COIN" in staff.Staff.get(
        staff.superuser(), "", currency="<script>"
    )


# -- Providers -------------------------------------------------------------------------------------


def test_the_board_says_how_each_provider_is_heard_and_answered(now: Books) -> None:
    for seconds in range(0, 300, 15):
        deliver(NOW - timedelta(seconds=seconds + 40))
    for _ in range(3):
        deliver(NOW - 3 * HOUR, Outcome.DUPLICATE)
    deliver(NOW - 10 * MINUTE, Outcome.REFUSED, decided_at=NOW - 10 * MINUTE + 3 * HOUR)
    deliver(NOW - 3 * HOUR, Outcome.FAILED)
    deliver(NOW - DAY - HOUR, Outcome.DUPLICATE)
    doubt(kind=CaseKind.UNSETTLED, resend=Resend.EXPECTED, due_at=NOW + 12 * MINUTE)
    found = row(read(), 'provider=jdb">jdb')
    assert found == (
        "jdb 40 seconds ago 3.6 4.8 % < 10 ms 25 1 before"
        " 12.0 % 100.0 % before 4.0 % 0.0 % before and 1 failure of ours"
        " 1 the first until 14:32 UTC"
    )


def test_a_slow_answer_is_marked(now: Books) -> None:
    for _ in range(9):
        deliver(NOW - MINUTE)
    deliver(NOW - MINUTE, decided_at=NOW - MINUTE + timedelta(seconds=1.2))
    html = read()
    assert re.search(r'<td class="cage-is-warning">&lt; 1,500 ms</td>', html)


def test_a_provider_that_was_never_heard_is_there_too(now: Books) -> None:
    assert "none for 30 days" in row(read(), "sud")


# -- What needs a person ------------------------------------------------------------------------


def test_what_needs_a_person_is_told_with_its_money_and_the_oldest(now: Books) -> None:
    doubt(amount=Decimal(5), currency="USD")
    doubt(amount=Decimal("7.25"), currency="USD", kind="void_risk")
    doubt(amount=Decimal(100), currency="THB", opened_at=NOW - 50 * HOUR, reference="272017")
    doubt()
    doubt(kind=CaseKind.UNSETTLED, resend=Resend.EXPECTED, amount=Decimal(9), currency="USD")
    html = read()
    said = text(html)
    assert "Needs a person 4 Conflict 3 , Void risk 1" in said
    assert "At risk 100.00 THB 12.25 USD and 1 case of an amount that nobody can tell" in said
    assert "The oldest 2 days Conflict jdb 272017 100.00 THB" in said


def test_where_nothing_needs_anybody_the_page_says_so(now: Books) -> None:
    said = text(read())
    assert "Needs a person Nothing No case is waiting" in said
    assert "Adjustments to decide None" in said
    assert "Nothing was booked today" in said


# -- Who may see what -----------------------------------------------------------------------------

CARDS = {
    "view_transaction": ["Money today", "Money, the last 24 hours, THB"],
    "view_case": ["Needs a person"],
    "view_callback": ["Answer p95", "Deliveries, the last 24 hours"],
    "view_adjustment": ["Adjustments to decide"],
}


@pytest.mark.parametrize("permission", CARDS)
def test_each_card_is_for_those_who_may_see_what_it_tells(now: Books, permission: str) -> None:
    play(NOW - HOUR)
    deliver(NOW - HOUR)
    doubt()
    keeping.update(at=NOW)
    html = staff.viewer(permission).get("")
    assert missing(html, CARDS[permission]) == []
    others = [words for name, words in CARDS.items() if name != permission]
    assert [word for words in others for word in words if word in html] == []
    assert ("Resends waited for" in html) is False


def test_who_may_see_nothing_hears_whom_to_ask(now: Books) -> None:
    assert "gives you a role" in staff.viewer().get("")


def test_a_stranger_sees_nothing(now: Books) -> None:
    person = staff.viewer(*ALL)
    person.client.logout()
    assert person.answer("get", "", {}).status_code == 302


# -- What keeps the page from being right -----------------------------------------------------


def test_before_the_first_reading_the_page_says_what_to_do(now: Books) -> None:
    html = staff.viewer(*ALL).get("")
    assert missing(html, ["No figures yet", "update_figures", "Needs a person"]) == []


def test_old_figures_are_told_to_be_old(now: Books) -> None:
    person = staff.viewer(*ALL)
    keeping.update(at=NOW - 6 * MINUTE)
    assert "minutes old" not in person.get("")
    FiguresReading.objects.update(read_at=NOW - 17 * MINUTE)
    assert "The figures are 17 minutes old." in text(person.get(""))


def test_a_late_task_is_told(now: Books) -> None:
    Task.objects.filter(name="reconciliation.tasks.update_cases").update(succeeded_at=NOW - HOUR)
    assert "update_cases last succeeded: 60 minutes ago" in text(read())


def test_figures_of_another_business_day_are_not_shown(now: Books, settings: Any) -> None:
    play(NOW - HOUR)
    keeping.update(at=NOW)
    settings.BUSINESS_DAY_STARTS = "06:00"
    html = staff.viewer(*ALL).get("")
    assert "No figures yet" in html
    assert "Money today" not in html


# -- What it costs ---------------------------------------------------------------------------------


def test_the_page_costs_the_same_whatever_there_is(now: Books) -> None:
    person = staff.viewer(*ALL)
    play(NOW - HOUR)
    deliver(NOW - HOUR)
    doubt()
    keeping.update(at=NOW)
    few = person.queries("")
    for hours in range(1, 50, 3):
        play(NOW - hours * HOUR, times=2)
        deliver(NOW - hours * HOUR, Outcome.REFUSED, provider="sud")
        doubt(kind="void_risk", currency="USD", amount=Decimal(1))
    keeping.update(at=NOW)
    many = person.queries("")
    assert len(many) == len(few) <= 27
    assert not [sql for sql in many if "wallets_entry" in sql or "wallets_transaction" in sql]
    (inbox,) = [sql for sql in many if "providers_callback" in sql]
    assert "ORDER BY id DESC LIMIT 1000" in inbox


def test_a_text_of_others_stays_a_text(now: Books) -> None:
    evil = "<script>window.pwned = 1</script>\u202e"
    doubt(reference=evil, subject=f"settle:{evil}")
    MoneyFigure.objects.all().delete()
    html = read()
    assert "<script>window.pwned" not in html
    assert "\u202e" not in html


def test_opening_the_page_changes_nothing(now: Books) -> None:
    keeping.update(at=NOW)
    person: Staff = staff.viewer(*ALL)
    person.get("")
    written = [
        sql
        for sql in person.queries("")
        if sql.split()[0] in ("INSERT", "UPDATE", "DELETE") and "session" not in sql
    ]
    assert written == []
