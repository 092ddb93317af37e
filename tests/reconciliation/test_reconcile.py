"""A day closed: what moved leads from what was there to what is there, and what is open is told."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reconciliation import tasks
from reconciliation.day_end import flows, reconciling, standing
from reconciliation.models import Case, CaseKind, Line, Statement, StatementFormat
from reconciliation.statements.periods import Period
from tests.cast import Books
from tests.conftest import PROVIDERS, empty_the_books
from tests.reconciliation import day
from tests.wallets.test_verification import triggers_off
from wallets import ledger
from wallets.instructions import HOUSE, Kind

MORNING = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = Period(start_at=day.START, end_at=day.END)


@pytest.fixture
def providers(configure: Callable[..., None]) -> None:
    """The four, whose reports are all by UTC."""
    configure(**{name: in_utc(name) for name in PROVIDERS})


def in_utc(name: str, **options: Any) -> dict[str, Any]:
    return {**PROVIDERS[name], "report_zone": "UTC", **options}


@pytest.fixture
def morning() -> Iterator[None]:
    with time_machine.travel(MORNING, tick=False):
        yield


def reconcile(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    """The command's JSON, and its exit status as expected."""
    assert run("--json", *words) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def run(*words: str) -> int:
    try:
        call_command("reconcile", *words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


# -- Money -------------------------------------------------------------------------------------


def test_a_day_of_every_kind_adds_up_literally(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    day.play(books)
    found = reconcile(capsys)
    assert found["is_good"] is True
    assert found["cage"] == {
        "date": "2026-11-21",
        "zone": "UTC",
        "start_at": "2026-11-21T00:00:00+00:00",
        "end_at": "2026-11-22T00:00:00+00:00",
        "currencies": [
            {
                "currency": "C0IN",
                "opening": "5",
                "movements": 3,
                "deposits": "3",
                "withdrawals": "0",
                "bets": "1",
                "payouts": "2.00000001",
                "reversals": "0",
                "rewards": "0",
                "adjustments": "0",
                "closing": "9.00000001",
                "wallets": "9.00000001",
                "is_right": True,
                "test_players": 0,
            },
            {
                "currency": "USD",
                "opening": "90",
                "movements": 13,
                "deposits": "50.5",
                "withdrawals": "15",
                "bets": "29",
                "payouts": "54.5",
                "reversals": "5",  # 9 taken back by two people, 4 given back by a rollback.
                "rewards": "1.5",
                "adjustments": "2",
                "closing": "149.5",
                "wallets": "149.5",
                "is_right": True,
                "test_players": 1,
            },
        ],
    }
    assert found["ledger"] == {
        "since": "2026-11-21T00:00:00+00:00",
        "rules": 11,
        "violations": [],
    }
    assert [one["provider"] for one in found["providers"]] == list(PROVIDERS)
    assert found["providers"][2] == {
        "provider": "sud",
        "is_good": True,
        "date": "2026-11-21",
        "zone": "UTC",
        "start_at": "2026-11-21T00:00:00+00:00",
        "end_at": "2026-11-22T00:00:00+00:00",
        "currencies": [
            {
                "currency": "C0IN",
                "movements": 2,
                "deposits": "0",
                "withdrawals": "0",
                "bets": "1",
                "payouts": "2.00000001",
                "reversals": "0",
                "rewards": "0",
                "adjustments": "0",
            }
        ],
        "statements": [],
        "missing": [],
        "cases": [],
    }


def test_people_read_it_as_tables(
    books: Books,
    providers: None,
    morning: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    day.play(books)
    assert run("--provider", "jdb") == 0
    out = [line.rstrip() for line in capsys.readouterr().out.strip().splitlines()]
    assert out == TABLES.strip().splitlines()


def test_the_days_of_a_week_join_without_a_gap(books: Books) -> None:
    day.play(books)
    ends = [day.EVE - timedelta(hours=1), day.START, day.END, day.NEXT]
    days = [flows.close(Period(start_at=start, end_at=end)) for start, end in pairwise(ends)]
    usd = [next(one for one in closings if one.flows.currency == "USD") for closings in days]
    assert [(one.opening, one.closing, one.wallets) for one in usd] == [
        (Decimal(0), Decimal(90), Decimal(90)),
        (Decimal(90), Decimal("149.5"), Decimal("149.5")),
        (Decimal("149.5"), Decimal("137.5"), Decimal("137.5")),
    ]


def test_today_ends_now(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    day.play(books)
    found = reconcile(capsys, "--date", "2026-11-22")["cage"]
    assert (found["start_at"], found["end_at"]) == (
        "2026-11-22T00:00:00+00:00",
        "2026-11-22T08:00:00+00:00",
    )
    usd = found["currencies"][1]
    assert (usd["opening"], usd["bets"], usd["closing"], usd["wallets"]) == (
        "149.5",
        "12",
        "137.5",
        "137.5",
    )


def test_a_provider_has_the_day_of_its_reports_and_cage_its_own(
    books: Books,
    configure: Callable[..., None],
    morning: None,
    capsys: pytest.CaptureFixture[str],
    settings: Any,
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    configure()  # Of JDB Etc/GMT+4.
    day.play(books)
    found = reconcile(capsys, "--provider", "jdb")
    (jdb,) = found["providers"]
    assert (jdb["zone"], jdb["start_at"], jdb["end_at"]) == (
        "Etc/GMT+4",
        "2026-11-21T00:00:00-04:00",
        "2026-11-22T00:00:00-04:00",
    )
    assert found["cage"]["start_at"] == "2026-11-21T00:00:00+01:00"
    # What was posted at midnight UTC is of the 21st there, and of the 22nd in Berlin.
    assert jdb["currencies"][0]["bets"] == "41"
    assert found["cage"]["currencies"][1]["deposits"] == "150.5"


def test_entries_that_came_out_of_turn_are_of_the_day_that_their_time_says(books: Books) -> None:
    """They waited for the wallet's lock, each with its time, and got it in another order."""
    day.wallets()
    seconds = {"deposit": -5, "early": 2, "late": -1, "later": 3, "last": -2}
    for number, (name, second) in enumerate(seconds.items(), start=1):
        at = day.END + timedelta(seconds=second)
        day.post(
            at, day.step(HOUSE, f"{name}:1", Kind.DEPOSIT, ("alice", "USD", "0", "1" * number))
        )
    (closing,) = [one for one in flows.close(DAY) if one.flows.currency == "USD"]
    assert (closing.opening, closing.flows.deposits) == (Decimal(0), Decimal(1 + 111 + 11111))
    assert (closing.closing, closing.wallets) == (Decimal(11223), Decimal(11223))
    following = Period(start_at=day.END, end_at=day.NEXT)
    (closing,) = [one for one in flows.close(following) if one.flows.currency == "USD"]
    assert (closing.opening, closing.wallets) == (Decimal(11223), Decimal(12345 - 11 + 11))


steps = st.lists(
    st.tuples(
        st.sampled_from(["alice", "bob"]),
        st.integers(min_value=-3, max_value=3),
        st.sampled_from(list(Kind)),
        st.decimals(min_value=0, max_value=9, places=8),
        st.decimals(min_value=0, max_value=9, places=8),
    ),
    max_size=12,
)


@given(steps=steps)
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_day_of_any_entries_in_any_order_adds_up(
    books: Books, steps: list[tuple[str, int, Kind, Decimal, Decimal]]
) -> None:
    empty_the_books()
    day.wallets()
    sums = {"opening": Decimal(0), "closing": Decimal(0)}
    for number, (uid, hour, kind, debit, credit) in enumerate(steps):
        at = day.END + timedelta(hours=hour)
        moves = (uid, "USD", str(debit), str(credit))
        (receipt,) = ledger.post([day.step("jdb", f"any:{number}", kind, moves)], at=at)
        if receipt.posted and kind not in (Kind.ROLLBACK,):
            sums["opening"] += (credit - debit) * (at < day.END - timedelta(hours=1))
            sums["closing"] += (credit - debit) * (at < day.END + timedelta(hours=1))
    hours = timedelta(hours=1)
    closings = flows.close(Period(start_at=day.END - hours, end_at=day.END + hours))
    (usd,) = [one for one in closings if one.flows.currency == "USD"]
    assert usd.is_right
    assert (usd.opening, usd.closing) == (sums["opening"], sums["closing"])


def test_an_entry_that_vanished_shows_as_money_that_does_not_add_up(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    day.play(books)
    with triggers_off("wallets_entry"), connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM wallets_entry WHERE credit = 35")
    found = reconcile(capsys, status=1)
    usd = found["cage"]["currencies"][1]
    assert (usd["closing"], usd["wallets"], usd["is_right"]) == ("114.5", "149.5", False)
    rules = {one["rule"]: one["violations"] for one in found["ledger"]["violations"]}
    assert rules == {
        "each wallet's entries are numbered 1, 2, 3, ... without a gap": 1,
        "each balance before is the balance after of the entry before it": 1,
        "each transaction's entries fit its terms": 1,
    }


# -- Statements and cases ----------------------------------------------------------------------


def statement(*lines: tuple[str, str, str, str], **changes: Any) -> Statement:
    """One of jdb's of the day, with lines of (transaction id, uid, debit, credit) in dollars."""
    fields = {
        "provider": "jdb",
        "format": StatementFormat.objects.get(name="cage"),
        "file_name": "jdb.csv",
        "sha256": f"{Statement.objects.count():064}",
        "size": 1,
        "start_at": day.START,
        "end_at": day.END,
        "day": day.START.date(),
        "rows": len(lines),
        "imported_at": day.NEXT,
    }
    made = Statement.objects.create(**{**fields, **changes})
    for number, (transaction_id, uid, debit, credit) in enumerate(lines, start=2):
        Line.objects.create(
            statement=made,
            number=number,
            transaction_id=transaction_id,
            uid=uid,
            currency="USD",
            debit=Decimal(debit),
            credit=Decimal(credit),
        )
    return made


def test_the_days_statements_are_matched_and_their_differences_are_open(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    day.play(books)
    made = statement(
        ("bet:1", "alice", "20", "0"),
        ("settle:1", "alice", "0", "36"),
        ("settle:77", "alice", "0", "5"),
    )
    (jdb,) = reconcile(capsys, "--provider", "jdb", status=1)["providers"]
    assert jdb["statements"] == [
        {
            "statement": made.pk,
            "file_name": "jdb.csv",
            "lines": 3,
            "matched": 1,
            "rejected": 0,
            "buckets": {
                "matched": 1,
                "only_in_statement": 1,
                "only_in_ledger": 5,
                "amount_differs": 1,
                "in_flight": 3,
            },
        }
    ]
    at = "2026-11-22T08:00:00+00:00"
    assert jdb["cases"] == [
        {"kind": "amount_differs", "open": 1, "oldest_at": at},
        {"kind": "only_in_ledger", "open": 2, "oldest_at": at},
        {"kind": "only_in_statement", "open": 1, "oldest_at": at},
    ]
    assert reconcile(capsys, "--provider", "jdb", status=1)["providers"] == [jdb]
    assert run("--provider", "jdb") == 1
    assert "Statement 1, jdb.csv: 33.3 % of 3 lines matched: 1 only in the statement," in (
        " ".join(capsys.readouterr().out.split())
    )


def test_an_open_case_fails_the_day_and_says_since_when(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        Case.objects.create(
            kind=CaseKind.UNSETTLED,
            provider="sud",
            subject=f"match:{number}",
            opened_at=day.NEXT - timedelta(days=number),
        )
    found = reconcile(capsys, status=1)
    assert [one["is_good"] for one in found["providers"]] == [True, True, False, True]
    assert found["providers"][2]["cases"] == [
        {"kind": "unsettled", "open": 2, "oldest_at": "2026-11-20T01:00:00+00:00"}
    ]
    assert run("--provider", "jdb") == 0
    assert run("--provider", "sud") == 1
    assert "Unsettled: 2 open, the oldest since 2026-11-20 01:00." in capsys.readouterr().out


def test_rows_that_nobody_could_read_fail_the_day(
    books: Books, providers: None, morning: None, capsys: pytest.CaptureFixture[str]
) -> None:
    made = statement(rejected=1)
    Line.objects.create(statement=made, number=2, error="credit is empty")
    found = reconcile(capsys, "--provider", "jdb", status=1)
    assert found["providers"][0]["statements"][0]["rejected"] == 1


def test_who_opted_in_is_missed_where_no_statement_came(
    books: Books,
    configure: Callable[..., None],
    morning: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(jdb=in_utc("jdb", reconcile_daily=True))
    noon = day.START + timedelta(hours=12)
    (jdb,) = reconcile(capsys, "--provider", "jdb", status=1)["providers"]
    assert [gap["start_at"] for gap in jdb["missing"]] == ["2026-11-21T00:00:00+00:00"]
    statement(end_at=noon - timedelta(hours=1))
    statement(start_at=noon, end_at=day.END)
    (jdb,) = reconcile(capsys, "--provider", "jdb", status=1)["providers"]
    assert jdb["missing"] == [
        {
            "zone": "UTC",
            "start_at": "2026-11-21T11:00:00+00:00",
            "end_at": "2026-11-21T12:00:00+00:00",
        }
    ]
    statement(start_at=day.START, end_at=noon)
    assert run("--provider", "jdb") == 0
    assert run("--provider", "jdb", "--date", "2026-11-22") == 0  # Not over yet.


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--provider", "nobody"], "'nobody' is none of besoft, jdb, sud, hotroad."),
        (["--date", "2026-11-23"], r"2026-11-23 has not begun yet \(UTC\)."),
    ],
)
def test_what_can_t_be_reconciled_is_said(
    books: Books, providers: None, morning: None, words: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*words)


# -- By itself ---------------------------------------------------------------------------------


def test_each_hour_what_is_new_is_matched_for_those_who_opted_in(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(jdb=in_utc("jdb", reconcile_daily=True))
    day.wallets()
    new = statement(("reward:1", "alice", "0", "5"))
    statement(start_at=day.START - timedelta(days=5), end_at=day.START - timedelta(days=4))
    statement(provider="sud")
    with time_machine.travel(MORNING, tick=False) as clock:
        assert tasks.reconcile_yesterday() == 1
        new.refresh_from_db()
        assert (new.matched_at, standing.of(new).matched) == (MORNING, 0)
        assert tasks.reconcile_yesterday() == 0  # Nothing has changed.
        clock.shift(timedelta(hours=1))
        late = day.step("jdb", "reward:1", Kind.REWARD, ("alice", "USD", "0", "5"))
        day.post(MORNING + timedelta(minutes=30), late)
        assert tasks.reconcile_yesterday() == 0  # It is of today, and its case heals it.
        again = day.step(
            "jdb", "reward:2", Kind.REWARD, ("alice", "USD", "0", "5"), occurred_at=day.START
        )
        day.post(MORNING + timedelta(minutes=30), again)
        assert tasks.reconcile_yesterday() == 1
        assert standing.of(new).matched == 1


def test_the_same_day_is_closed_the_same_way_twice(books: Books, providers: None) -> None:
    day.play(books)
    first, second = (
        reconciling.reconcile(None, day=day.START.date(), at=MORNING) for _ in range(2)
    )
    assert first == second


TABLES = """
Cage, 2026-11-21 (UTC)
┏━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━┓
┃                ┃       C0IN ┃    USD ┃
┡━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━┩
│ opening        │       5.00 │  90.00 │
│ deposits       │       3.00 │  50.50 │
│ withdrawals    │       0.00 │ -15.00 │
│ bets           │      -1.00 │ -29.00 │
│ payouts        │ 2.00000001 │  54.50 │
│ reversals      │       0.00 │  -5.00 │
│ rewards        │       0.00 │   1.50 │
│ adjustments    │       0.00 │   2.00 │
├────────────────┼────────────┼────────┤
│ closing        │ 9.00000001 │ 149.50 │
│ in the wallets │ 9.00000001 │ 149.50 │
└────────────────┴────────────┴────────┘
Test players counted in, USD: 1.

jdb, 2026-11-21 (UTC)
┏━━━━━━━━━━━━━┳━━━━━━━━┓
┃             ┃    USD ┃
┡━━━━━━━━━━━━━╇━━━━━━━━┩
│ deposits    │   0.00 │
│ withdrawals │   0.00 │
│ bets        │ -29.00 │
│ payouts     │  54.50 │
│ reversals   │  -5.00 │
│ rewards     │   1.50 │
│ adjustments │   0.00 │
└─────────────┴────────┘

The books since 2026-11-21 00:00: 11 rules, 0 violations.
Everything adds up, and nothing is open.
"""
