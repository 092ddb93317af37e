"""The player's page: the statement adds up, the days are right, and nothing is shown to others."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext

from reconciliation.models import Export
from reconciliation.office.players import statements
from reconciliation.office.players.statements import Days
from tests import staff
from tests.cast import NOON, Books, deposit, instruction, post
from tests.reconciliation.adjustments import people
from tests.staff import Staff
from wallets import ledger
from wallets.models import Player, Wallet

DAY = timedelta(days=1)


def spread(books: Books, days: int, a_day: int) -> Wallet:
    """A wallet with `a_day` settlements on each of some days from NOON's on, after its deposit."""
    wallet = books.open("alice", "USD", "1000")
    for day in range(1, days + 1):
        ledger.post(
            [
                instruction(f"{day}-{n}", ("alice", "USD", "2", "1"), round_id=f"R{day}")
                for n in range(a_day)
            ],
            at=NOON + day * DAY,
        )
    wallet.refresh_from_db()
    return wallet


def told(wallet: Wallet, first: date, last: date) -> statements.Statement:
    return statements.of(wallet, Days(first=first, last=last), HttpRequest())


def page_of(boss: Staff, **query: str) -> str:
    return boss.get(f"wallets/player/{Player.objects.get(uid='alice').pk}/change/", **query)


def test_a_statement_opens_where_the_days_before_end_and_adds_up(books: Books) -> None:
    wallet = spread(books, days=5, a_day=3)
    second = told(wallet, date(2026, 11, 23), date(2026, 11, 24))
    assert (second.opening, second.closing, second.count) == (Decimal(997), Decimal(991), 6)
    assert second.opening - second.debit + second.credit == second.closing  # type: ignore[operator]
    assert [one.sequence for one in second.page.rows] == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (date(2020, 1, 1), date(2020, 12, 31), 0),
        (date(2026, 11, 21), date(2026, 11, 21), 1),
        (date(2026, 11, 26), date(2026, 11, 26), 3),
        (date(2026, 11, 27), date(2030, 1, 1), 0),
        (date(2000, 1, 1), date(2030, 1, 1), 16),
    ],
)
def test_the_days_are_found_wherever_they_lie(
    books: Books, first: date, last: date, count: int
) -> None:
    wallet = spread(books, days=5, a_day=3)
    found = told(wallet, first, last)
    assert (found.count, len(found.page.rows)) == (count, count)
    if not count:
        assert found.opening == found.closing


def test_an_empty_wallet_has_a_statement(books: Books) -> None:
    found = told(books.open("alice", "USD"), date(2026, 1, 1), date(2026, 12, 31))
    assert (found.opening, found.closing, found.count) == (Decimal(0), Decimal(0), 0)


def test_finding_the_days_costs_the_same_however_long_the_life(books: Books) -> None:
    costs = []
    for uid, entries in (("alice", 2), ("bob", 300)):
        wallet = books.open(uid, "USD", "1000")
        for start in range(0, entries, 60):
            post(*(deposit(uid, "USD", "1") for _ in range(start, min(start + 60, entries))))
        wallet.refresh_from_db()
        with CaptureQueriesContext(connection) as captured:
            told(wallet, date(2026, 11, 1), date(2026, 11, 30))
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 6


def test_a_day_begins_in_the_zone_of_the_reader(books: Books, settings: object) -> None:
    wallet = books.open("alice", "USD")
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    ledger.post([deposit("alice", "USD", "5")], at=late)
    wallet.refresh_from_db()
    assert told(wallet, date(2026, 11, 21), date(2026, 11, 21)).count == 1
    settings.TIME_ZONE = "Asia/Bangkok"  # type: ignore[attr-defined]
    assert told(wallet, date(2026, 11, 21), date(2026, 11, 21)).count == 0
    assert told(wallet, date(2026, 11, 22), date(2026, 11, 22)).count == 1


def test_the_page_shows_wallets_statement_rounds_and_cases(books: Books, providers: None) -> None:
    books.open("alice", "USD", "1234.5")
    books.open("alice", "THB", "7")
    post(instruction("1", ("alice", "USD", "10", "4"), round_id="R&D"))
    people.settle(25)
    people.settle(60)
    case = people.case("conflict")
    page = page_of(staff.superuser(), since="2026-11-01", until="2099-01-01")
    assert not staff.missing(
        page,
        [
            "1,253.50",
            "Statement",
            "besoft settle:1",
            "/admin/rounds/besoft/?round=R%26D",
            f"/admin/reconciliation/case/{case.pk}/change/",
            "?wallet=THB&amp;since=2026-11-01",
        ],
    )


def test_a_long_statement_has_pages(books: Books) -> None:
    spread(books, days=2, a_day=60)
    boss = staff.superuser()
    first = page_of(boss, since="2026-11-01", until="2026-12-31")
    assert "after=50" in first
    second = page_of(boss, since="2026-11-01", until="2026-12-31", after="50")
    assert "1-59" in second
    assert "before=51" in second


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-13-01"},
        {"since": "2026-12-01", "until": "2026-01-01"},
        {"since": "<script>", "wallet": "<script>"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
    ],
)
def test_a_range_that_is_none_is_said_to_be_and_this_month_is_shown(
    books: Books, query: dict[str, str]
) -> None:
    books.open("alice", "USD", "5")
    page = page_of(staff.superuser(), **query)
    assert "this month is shown" in page
    assert "<script>" not in page.replace("<script src", "")[:0] + page.split("cage-after-form")[1]


def test_only_what_the_reader_may_see_is_there(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    people.bookkeeping()
    someone = staff.viewer("view_player")
    page = page_of(someone)
    for word in ('id="statement"', 'id="rounds"', 'id="cases"', "125.00", "/admin/rounds/"):
        assert word not in page, word
    someone.user.user_permissions.add(Permission.objects.get(codename="view_wallet"))
    assert "125.00" in page_of(staff.Staff(someone.user))  # Logged in again.


def test_the_statement_can_be_taken_as_a_file_by_those_who_may(books: Books) -> None:
    spread(books, days=3, a_day=2)
    boss = staff.superuser()
    page = page_of(boss, since="2026-11-22", until="2026-11-23")
    assert 'name="until" value="2026-11-24"' in page
    form = {
        "player": "alice",
        "currency": "USD",
        "since": "2026-11-22",
        "until": "2026-11-24",
        "format": "csv",
    }
    taken = boss.answer("post", "take/player/", form)
    assert b"".join(taken.streaming_content).count(b"besoft,settle:") == 4  # type: ignore[attr-defined]
    assert Export.objects.get().rows == 4
    assert "/admin/take/player/" not in page_of(
        staff.viewer("view_player", "view_wallet", "view_entry")
    )


def test_the_page_costs_the_same_however_much_happened(books: Books, providers: None) -> None:
    books.open("alice", "USD", "1000")
    boss = staff.superuser()
    path = f"wallets/player/{Player.objects.get().pk}/change/"
    post(instruction("0", ("alice", "USD", "0", "1"), round_id="R0"))
    people.settle(1, transferId=1)
    people.settle(2, transferId=1)
    people.bookkeeping()
    before = len(boss.queries(path))
    for n in range(1, 40):
        post(instruction(str(n), ("alice", "USD", "0", "1"), round_id=f"R{n}"))
    for n in range(2, 6):
        people.settle(1, transferId=n)
        people.settle(2, transferId=n)
    people.bookkeeping()
    assert len(boss.queries(path)) == before


def test_the_status_is_still_changed_there(books: Books) -> None:
    books.open("alice", "USD", "5")
    boss = staff.superuser()
    player = Player.objects.get()
    path = f"wallets/player/{player.pk}/change/"
    assert (
        boss.post(path, status="suspended", **{f"wallets-{k}": v for k, v in NONE.items()}) == 302
    )
    player.refresh_from_db()
    assert player.status == "suspended"
    assert "Can&#x27;t stake" in boss.get("wallets/player/add/")


NONE = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "0"}
