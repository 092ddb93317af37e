"""Months that nothing needs go, whole, with a record and beside live traffic; others never do."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, transaction

from providers import pruning as providers_pruning
from providers import retention
from providers.models import Callback, Pruned
from reconciliation import holding
from reconciliation.office.rollups import keeping
from tests.cast import Books
from tests.conftest import PROVIDERS, empty_the_books
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.providers.test_partitions import STRAY
from tests.reconciliation.pruning import months
from tests.reconciliation.pruning.months import FEBRUARY, JANUARY, fates, prune, settle, unsettled

CANNOT = "is kept in any case"


def test_a_month_that_nothing_holds_is_removed_with_its_record(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(JANUARY, 2)
    settle(FEBRUARY, 3)
    said = prune("--before", "2025-02-01")
    (month,) = said["months"]
    size = month.pop("bytes")
    assert size > 8192
    assert month == {
        "month": "2025-01", "callbacks": 2, "removed": True, "gone": False, "held_by": [],
        "fault": "",
    }  # fmt: skip
    assert (said["before"], said["strays"]) == ("2025-02-01T00:00:00+00:00", 0)
    assert months.old() == ["2025_02"]
    kept = Callback.objects.values_list("transaction_id", flat=True)
    assert list(kept) == ["settle:3"]
    assert old_books.transactions() == ["settle:1", "settle:2", "settle:3"]
    record = Pruned.objects.get()
    assert (record.start_at, record.end_at) == (
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2025, 2, 1, tzinfo=UTC),
    )
    assert (record.rows, record.posted, record.size) == (2, 2, size)
    assert record.last_posted_at is None
    assert record.pruned_by == providers_pruning.whoever_asks()


def test_running_it_again_does_no_harm(old_books: Books) -> None:
    settle(JANUARY)
    assert fates() == {"2025-01": True, "2025-02": True}
    assert fates() == {}
    assert Pruned.objects.count() == 2


def test_a_trial_removes_nothing(old_books: Books) -> None:
    settle(JANUARY)
    said = prune("--keep-months", "13", "--dry-run")
    assert [(one["month"], one["removed"]) for one in said["months"]] == [
        ("2025-01", True),
        ("2025-02", True),
    ]
    assert said["dry_run"] is True
    assert (months.old(), Pruned.objects.count()) == (["2025_01", "2025_02"], 0)


def test_a_person_reads_what_went_and_what_holds_the_rest(
    old_books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    case = unsettled(JANUARY)
    settle(FEBRUARY, 3)
    call_command("prune_callbacks", "--keep-months", "13")
    said = " ".join(capsys.readouterr().out.split())
    assert f"kept for open cases: #{case.pk}" in said
    assert "2025-02 1 " in said
    assert "1 month, 1 callback," in said
    assert "removed; 1 month kept." in said


@pytest.mark.parametrize(
    "words",
    [
        ["--keep-months", "12"],
        ["--keep-months", "-1"],
        ["--before", "2026-11-01"],
        ["--before", "2027-06-01"],
    ],
)
def test_months_that_are_too_young_are_refused(old_books: Books, words: list[str]) -> None:
    settle(JANUARY)
    with pytest.raises(CommandError, match=CANNOT):
        call_command("prune_callbacks", *words)
    assert months.old() == ["2025_01", "2025_02"]


def test_how_many_months_are_kept_is_said_in_the_settings(old_books: Books, settings: Any) -> None:
    settings.CALLBACKS_KEPT_MONTHS = 30
    with pytest.raises(CommandError, match=r"the last 30 months \(CALLBACKS_KEPT_MONTHS\)"):
        call_command("prune_callbacks", "--keep-months", "29")
    settings.CALLBACKS_KEPT_MONTHS = 0
    with pytest.raises(CommandError, match=CANNOT):
        call_command("prune_callbacks", "--keep-months", "0")


def test_what_a_provider_may_send_again_is_kept(
    settings: Any, configure: Callable[..., None]
) -> None:
    settings.CALLBACKS_KEPT_MONTHS = 1
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    configure(sud=None, besoft=None, hotroad=None)  # JDB says it: twelve hours at most.
    assert retention.latest(at=now) == datetime(2026, 2, 1, tzinfo=UTC)
    configure(sud=None, besoft=None)  # HotRoad doesn't.
    assert retention.latest(at=now) == datetime(2026, 1, 30, 12, tzinfo=UTC)
    half_a_year = {**PROVIDERS["hotroad"], "resend_window": 60 * 24 * 180}
    configure(hotroad=half_a_year)
    assert retention.latest(at=now) == datetime(2025, 9, 3, 12, tzinfo=UTC)


def test_only_the_owner_can(old_books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(JANUARY)
    monkeypatch.setattr(providers_pruning, "OWNER", "default")
    with pytest.raises(CommandError, match="set MIGRATE_DATABASE_URL"):
        call_command("prune_callbacks", "--keep-months", "13")


def test_a_month_that_somebody_reads_is_left_and_deliveries_pass(
    old_books: Books, at_once: None
) -> None:
    settle(JANUARY)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM providers_callback")
        heard: list[str] = []
        sender = threading.Thread(target=lambda: heard.append(now_and_close()))
        sender.start()
        said = fates(status=1)
        sender.join()
    why = "Somebody else holds the tables: canceling statement due to lock timeout."
    assert said == {"2025-01": why, "2025-02": why}
    assert heard == ["0000"]
    assert (months.old(), Pruned.objects.count()) == (["2025_01", "2025_02"], 0)
    assert fates() == {"2025-01": True, "2025-02": True}


def now_and_close() -> str:
    body = senders.verbatim("jdb", "settle")
    status: str = send(senders.jdb(altered(body, transferId=99))).json["status"]
    connections["default"].close()
    return status


@pytest.mark.parametrize("after", ["INSERT INTO providers_pruned", "DETACH", "DROP TABLE"])
def test_one_that_dies_half_way_has_removed_nothing(old_books: Books, after: str) -> None:
    settle(JANUARY)

    def die(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if after in sql:
            raise KeyboardInterrupt
        return found

    with connections["owner"].execute_wrapper(die), pytest.raises(KeyboardInterrupt):
        call_command("prune_callbacks", "--keep-months", "13")
    assert (months.old(), Pruned.objects.count()) == (["2025_01", "2025_02"], 0)
    assert Callback.objects.count() == 1
    assert fates() == {"2025-01": True, "2025-02": True}


def test_a_case_that_is_opened_at_the_last_moment_holds_it(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = unsettled(JANUARY)
    look, looks = holding.of, count()

    def too_early(cursor: Any, month: Any) -> Iterator[Any]:
        if next(looks):  # The first time there was none yet.
            yield from look(cursor, month)

    monkeypatch.setattr(holding, "NEEDS", replace(holding.NEEDS, holds=too_early))
    assert fates("--before", "2025-02-01") == {"2025-01": [("open cases", [case.pk])]}
    assert months.old() == ["2025_01", "2025_02"]


def test_nobody_opens_a_case_while_a_month_is_removed(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look and the commit: whoever would write one waits."""
    settle(JANUARY)
    waited: list[bool] = []

    def look_and_try(cursor: Any, month: Any) -> Iterator[Any]:
        yield from holding.of(cursor, month)
        waited.append(not has("LOCK TABLE reconciliation_case IN ROW EXCLUSIVE MODE"))

    monkeypatch.setattr(holding, "NEEDS", replace(holding.NEEDS, holds=look_and_try))
    assert fates("--before", "2025-02-01") == {"2025-01": True}
    assert waited == [False, True]  # Looking alone locks nothing.


def has(lock: str) -> bool:
    """Whether somebody else could have it at once."""
    with transaction.atomic(), connections["default"].cursor() as other:
        other.execute("SET LOCAL lock_timeout = '50ms'")
        try:
            other.execute(lock)
        except OperationalError:
            transaction.set_rollback(True)
            return False
    return True


def test_old_callbacks_without_a_month_are_told_of(old_books: Books) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(STRAY, [datetime(2024, 6, 1, tzinfo=UTC), 3])
    assert prune("--keep-months", "13", status=1)["strays"] == 3
    empty_the_books()
    assert prune("--keep-months", "13")["strays"] == 0


def test_what_asks_for_too_long_lets_the_others_go_on_and_is_not_tried_again(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement is short; it is all of them that take too long."""
    settle(JANUARY)
    asked: list[None] = []

    def slowly(cursor: Any, month: Any) -> Iterator[Any]:
        asked.append(None)
        for _ in range(8):
            cursor.execute("SELECT pg_sleep(0.1)")
        return iter(())

    monkeypatch.setattr(providers_pruning, "ASKED", timedelta(milliseconds=300))
    monkeypatch.setattr(holding, "NEEDS", replace(holding.NEEDS, holds=slowly))
    said = fates("--before", "2025-02-01", status=1)
    assert said == {
        "2025-01": "Asking what holds it takes too long: "
        "canceling statement due to statement timeout."
    }
    assert len(asked) == 2  # Once without any lock.
    assert months.old() == ["2025_01", "2025_02"]


def test_a_month_that_another_run_removed_meanwhile_is_no_fault(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = providers_pruning.due(FEBRUARY)
    assert fates("--before", "2025-02-01") == {"2025-01": True}
    monkeypatch.setattr(providers_pruning, "due", lambda limit: listed)
    (month,) = prune("--before", "2025-02-01")["months"]
    assert (month["removed"], month["gone"], month["fault"]) == (False, True, "")


def test_so_is_one_that_goes_after_it_was_looked_at(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = providers_pruning.remove

    def twice(*words: Any, **named: Any) -> bool:
        assert remove(*words, **named)
        return remove(*words, **named)

    monkeypatch.setattr(providers_pruning, "remove", twice)
    (month,) = prune("--before", "2025-02-01")["months"]
    assert (month["removed"], month["gone"]) == (False, True)
    assert Pruned.objects.count() == 1


def test_a_month_whose_figures_are_being_written_is_left(old_books: Books, at_once: None) -> None:
    settle(JANUARY)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(keeping.ONE_AT_A_TIME)
        said = fates("--before", "2025-02-01", status=1)
    assert said == {"2025-01": "The dashboard's figures are written by somebody else."}
    assert fates("--before", "2025-02-01") == {"2025-01": True}
