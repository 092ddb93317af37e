"""Figures: what each hour brought, kept by a task and proved against the ledger."""

import io
import json
import threading
import uuid
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from providers.models import Callback, Outcome
from reconciliation import tasks
from reconciliation.models import DeliveryFigure, FiguresReading, MoneyFigure
from reconciliation.office.rollups import answer_times, business_day, keeping, verifying
from tests.cast import Books
from tests.reconciliation import day
from tests.reconciliation.day import post, step
from wallets.instructions import HOUSE, Kind
from wallets.models import Entry, Player

NOW = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Figures = dict[tuple[object, ...], tuple[object, ...]]


@pytest.fixture
def money(books: Books) -> Books:
    for uid in ("alice", "carol"):
        books.open(uid, "USD", "1000000")
    books.open("zoe", "COIN", "1000000")
    return books


def figures(**names: object) -> Figures:
    rows = MoneyFigure.objects.filter(**{"is_part": False, **names})
    return {
        (row.starts_at, row.provider, row.currency, row.kind): (
            row.transactions,
            row.debit,
            row.credit,
        )
        for row in rows
    }


def in_the_ledger() -> Figures:
    """The same, added up one by one."""
    cut = business_day.current()
    found: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for entry in Entry.objects.select_related("transaction", "wallet__player"):
        one = entry.transaction
        kind = "adjustment" if one.origin == "adjustment" else one.kind
        if entry.wallet.player.is_test or (one.provider == HOUSE and kind != "adjustment"):
            continue
        key = (cut.hour_of(one.posted_at), one.provider, entry.wallet.currency, kind)
        found[key].append(entry)
    return {
        key: (
            len({entry.transaction_id for entry in entries}),
            sum(entry.debit for entry in entries),
            sum(entry.credit for entry in entries),
        )
        for key, entries in found.items()
    }


def bet(at: datetime, uid: str = "alice", stake: str = "10", provider: str = "jdb") -> None:
    currency = "COIN" if uid == "zoe" else "USD"
    post(at, step(provider, f"bet:{uuid.uuid4()}", Kind.BET, (uid, currency, stake, "0")))


def deliver(at: datetime, outcome: Outcome = Outcome.POSTED, **changes: Any) -> None:
    row: dict[str, Any] = {
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
    Callback.objects.create(**{**row, **changes})


# -- What they are ----------------------------------------------------------------------------


def test_a_day_of_every_kind_adds_up(books: Books) -> None:
    day.play(books)
    keeping.update(at=day.NEXT)
    noon = day.START + 12 * HOUR
    found = figures()
    assert found == in_the_ledger()
    assert found[noon, "jdb", "USD", "bet"] == (1, Decimal(20), Decimal(0))
    assert found[noon, "sud", "C0IN", "settlement"] == (1, Decimal(1), Decimal("2.00000001"))
    assert (noon, "jdb", "USD", "bet_and_settlement") not in found  # bob is a test player.
    assert not [key for key in found if key[1] == HOUSE]  # His was the only adjustment.


def test_what_two_people_moved_stands_apart(books: Books) -> None:
    day.play(books)
    Player.objects.update(is_test=False)
    keeping.update(at=day.NEXT)
    last = day.END - HOUR
    found = figures(kind="adjustment")
    assert found[last, "jdb", "USD", "adjustment"] == (2, Decimal(9), Decimal(3))
    assert found[day.START + 12 * HOUR, HOUSE, "USD", "adjustment"] == (1, Decimal(0), Decimal(2))
    assert figures() == in_the_ledger()


def test_marking_a_test_player_is_seen_by_verify_and_mended_by_rebuild(money: Books) -> None:
    bet(NOW - 30 * HOUR)
    keeping.update(at=NOW)
    Player.objects.filter(uid="alice").update(is_test=True)
    keeping.update(at=NOW)
    (wrong,) = verifying.verify()
    assert (wrong.names, wrong.summed, wrong.is_final) == (("jdb", "USD", "bet"), None, True)
    keeping.rebuild(at=NOW)
    assert verifying.verify() == []
    assert figures() == {}


def test_deliveries_are_counted_by_outcome_and_by_how_long_the_answer_took(books: Books) -> None:
    for took in (0, 4, 7, 2_000, 60_000):
        deliver(NOW, decided_at=NOW + timedelta(milliseconds=took))
    deliver(NOW - timedelta(minutes=1), Outcome.REFUSED)
    deliver(NOW, replay_of=uuid.uuid4())  # Ours, not theirs.
    keeping.update(at=NOW + timedelta(seconds=1))
    posted = DeliveryFigure.objects.get(outcome="posted")
    assert (posted.starts_at, posted.count, posted.last_at) == (NOW.replace(minute=0), 5, NOW)
    assert posted.answered == [2, 1, *[0] * (answer_times.BUCKETS - 3), 2]
    assert DeliveryFigure.objects.get(outcome="refused").count == 1


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ([], ""),
        ([100] + [0] * 15, "< 5 ms"),
        ([95, 5] + [0] * 14, "< 5 ms"),
        ([94, 6] + [0] * 14, "< 10 ms"),
        ([0] * 15 + [1], "≥ 2,000 ms"),
        ([1] * 16, "≥ 2,000 ms"),
        ([0] * 12 + [1, 0, 0, 0], "< 1,000 ms"),
    ],
)
def test_a_percentile_is_told_as_exactly_as_buckets_can(answered: list[int], said: str) -> None:
    assert answer_times.percentile(answered or [0] * 16) == said


moves = st.lists(
    st.tuples(
        st.sampled_from(["alice", "carol", "zoe"]),
        st.sampled_from(["besoft", "jdb", "sud", HOUSE]),
        st.sampled_from([kind for kind in Kind if kind is not Kind.ROLLBACK]),
        st.decimals(0, 50, places=8),
        st.decimals(0, 50, places=8),
        st.timedeltas(timedelta(0), timedelta(days=3)),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(
    ("zone", "starts"),
    [("UTC", "00:00"), ("Asia/Kolkata", "06:00"), ("Europe/Berlin", "23:45")],
)
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=moves, reads=st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=3))
def test_figures_are_the_direct_sums_however_often_they_are_read(
    money: Books, settings: Any, zone: str, starts: str, moves: list[Any], reads: list[timedelta]
) -> None:
    settings.BUSINESS_DAY_ZONE, settings.BUSINESS_DAY_STARTS = zone, starts
    end = datetime(2026, 10, 27, tzinfo=UTC)  # Berlin's 25 hours are among these days.
    for uid, provider, kind, debit, credit, ago in moves:
        if kind in (Kind.BET, Kind.WITHDRAWAL):
            credit = Decimal(0)
        if kind in (Kind.REWARD, Kind.DEPOSIT):
            debit = Decimal(0)
        currency = "COIN" if uid == "zoe" else "USD"
        move = (uid, currency, str(debit), str(credit))
        post(end - ago, step(provider, f"x:{uuid.uuid4()}", kind, move))
    FiguresReading.objects.all().delete()
    for ago in sorted(reads, reverse=True):
        keeping.update(at=end - ago)
    keeping.update(at=end + timedelta(seconds=1))
    assert figures() == in_the_ledger()
    assert verifying.verify() == []


# -- How they are kept -------------------------------------------------------------------------


def test_a_late_commit_of_the_last_hours_is_not_lost(money: Books) -> None:
    keeping.update(at=NOW)
    bet(NOW - timedelta(minutes=100))  # Posted then, seen now.
    tasks_at = NOW + timedelta(minutes=2)
    keeping.update(at=tasks_at)
    assert figures() == in_the_ledger() != {}


def test_a_later_commit_than_that_is_found_and_mended(money: Books) -> None:
    bet(NOW - 5 * HOUR)
    keeping.update(at=NOW)
    bet(NOW - 5 * HOUR, stake="3")
    keeping.update(at=NOW)
    (wrong,) = verifying.verify()
    assert (wrong.kept, wrong.summed, wrong.is_final) == (
        (1, Decimal(10), Decimal(0)),
        (2, Decimal(13), Decimal(0)),
        True,
    )
    assert keeping.rebuild(NOW.date(), NOW.date(), at=NOW) == 1
    assert verifying.verify() == []


def test_what_the_next_update_reads_again_is_told_and_is_no_error(money: Books) -> None:
    keeping.update(at=NOW)
    bet(NOW - timedelta(minutes=1))
    assert [one.is_final for one in verifying.verify()] == [False]
    keeping.update(at=NOW)
    assert verifying.verify() == []


def test_a_task_that_was_off_reads_all_that_came_meanwhile(money: Books) -> None:
    keeping.update(at=NOW)
    for hours in range(1, 60, 7):
        bet(NOW + hours * HOUR)
    keeping.update(at=NOW + 70 * HOUR)
    assert figures() == in_the_ledger()
    assert verifying.verify() == []


def test_a_worker_whose_clock_is_behind_takes_nothing_back(money: Books) -> None:
    bet(NOW)
    keeping.update(at=NOW + timedelta(seconds=5))
    keeping.update(at=NOW - timedelta(seconds=5))
    assert figures() == in_the_ledger() != {}
    assert FiguresReading.objects.get().read_at == NOW + timedelta(seconds=5)


def test_two_workers_at_once_write_the_same_once(money: Books) -> None:
    for minutes in range(0, 200, 9):
        bet(NOW - timedelta(minutes=minutes + 1))
    failed: list[Exception] = []

    def work() -> None:
        try:
            for second in range(8):
                keeping.update(at=NOW + timedelta(seconds=second))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    bet(NOW - timedelta(minutes=2), "carol")
    for worker in workers:
        worker.join()
    assert failed == []
    keeping.update(at=NOW + timedelta(seconds=8))
    assert figures() == in_the_ledger()


def test_another_business_day_starts_the_figures_anew(money: Books, settings: Any) -> None:
    bet(NOW - 3 * HOUR)
    keeping.update(at=NOW)
    settings.BUSINESS_DAY_ZONE, settings.BUSINESS_DAY_STARTS = "Asia/Kolkata", "06:15"
    with pytest.raises(verifying.NothingKept):
        verifying.verify()
    keeping.update(at=NOW)
    assert figures() == in_the_ledger()
    assert {key[0].minute for key in figures()} == {45}  # type: ignore[attr-defined]


def test_a_rebuild_goes_back_to_the_first_transaction(money: Books) -> None:
    for days in (0, 50, 100):
        bet(NOW - timedelta(days=100 - days, minutes=1))
    keeping.update(at=NOW)
    assert len(figures()) == 1
    # The first in the ledger are the opening deposits, at noon of the day before.
    keeping.rebuild(date(2026, 8, 14), at=NOW)
    assert figures() == in_the_ledger()
    assert len(figures()) == 3
    assert FiguresReading.objects.get().since_at == datetime(2026, 8, 14, tzinfo=UTC)
    assert verifying.verify() == []


def test_as_much_of_the_same_hour_yesterday_is_kept_beside_it(money: Books) -> None:
    for minute in (0, 19, 20, 59):
        bet((NOW - 24 * HOUR).replace(minute=minute))
    keeping.update(at=NOW)
    (part,) = MoneyFigure.objects.filter(is_part=True)
    assert (part.starts_at, part.transactions) == ((NOW - 24 * HOUR).replace(minute=0), 2)
    keeping.update(at=NOW + timedelta(minutes=10))
    (part,) = MoneyFigure.objects.filter(is_part=True)
    assert part.transactions == 3


def test_every_month_of_callbacks_finds_its_hours_by_an_index(books: Books) -> None:
    months = books.statements(
        "SELECT relid::regclass::text FROM pg_partition_tree('providers_callback') WHERE isleaf"
    )
    indexed = books.statements(
        "SELECT DISTINCT i.indrelid::regclass::text FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
        "WHERE a.amname = 'brin'"
    )
    assert len(months) > 1
    assert set(months) <= set(indexed)


# -- The command and the task ------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("update_figures", *arguments, stdout=out)
    except SystemExit as stopped:
        return int(str(stopped.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_what_it_did_and_fails_where_figures_are_wrong(money: Books) -> None:
    with pytest.raises(CommandError, match="run update_figures"):
        run("--verify")
    code, said = run()
    assert code == 0
    assert "Business day UTC 00:00. Figures from " in said
    MoneyFigure.objects.create(
        starts_at=datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 9 * HOUR,
        provider="jdb",
        currency="USD",
        kind="bet",
        transactions=1,
        debit=5,
        credit=0,
    )
    code, said = run("--verify")
    assert code == 1
    assert "1 wrong, 0 to be read again" in said
    assert "money jdb USD bet: kept 1, 5, 0, should be nothing" in said
    code, said = run("--verify", "--json")
    assert code == 1
    assert json.loads(said)["differences"][0]["names"] == ["jdb", "USD", "bet"]
    assert run("--rebuild", "--from", str(datetime.now(UTC).date() - timedelta(days=1)))[0] == 0
    assert run("--verify")[0] == 0


def test_days_are_for_rebuilding_and_verifying(books: Books) -> None:
    with pytest.raises(CommandError, match="go with"):
        run("--from", "2026-11-21")


def test_the_task_keeps_them(money: Books) -> None:
    bet(datetime.now(UTC) - timedelta(minutes=1))
    assert tasks.update_figures() > 24
    assert figures() == in_the_ledger() != {}
    assert tasks.update_figures() == 3
