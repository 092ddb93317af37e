"""What is told once a month is gone: nothing is missing, and nobody is left to wonder."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from providers import pruned, pruning
from providers.models import Callback, Pruned, Undecided
from reconciliation import cases
from reconciliation.models import Case, DeliveryFigure
from reconciliation.office.packs import collecting, taking
from reconciliation.office.rollups import keeping, verifying
from reconciliation.office.rounds import story
from reconciliation.office.trail import reading
from reconciliation.office.trail.records import Asked
from tests import staff
from tests.cast import Books, instruction
from tests.reconciliation.pruning import months
from tests.reconciliation.pruning.months import (
    FEBRUARY,
    JANUARY,
    close,
    fates,
    settle,
    then,
    unsettled,
)
from wallets import ledger, verification
from wallets.models import Transaction

MIDNIGHT = datetime.fromisoformat("2025-01-31T23:59:59.900+00:00")
GONE = "Deliveries of 2025-01 are not kept any more: removed on "


def gone() -> str:
    return f"{GONE}{timezone.localtime():%Y-%m-%d}."


def remove() -> None:
    assert fates("--before", "2025-02-01") == {"2025-01": True}


# -- The books ---------------------------------------------------------------------------------


def test_the_ledger_misses_nothing_that_was_removed(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 2)
    remove()
    assert old_books.violations() == []
    quick = verification.verify(since=JANUARY - timedelta(days=1))
    assert [text for finding in quick for text in finding.first] == []


def test_it_misses_what_is_gone_from_a_month_that_was_not_removed(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 2)
    remove()
    table = "providers_callback_2025_02"
    months.as_owner(table, f"DELETE FROM {table}")
    assert old_books.violations() == ["jdb settle:2: 0 posted callbacks"]


def test_it_misses_what_is_gone_before_any_month_was_removed(old_books: Books) -> None:
    settle(JANUARY, 1)
    table = "providers_callback_2025_01"
    months.as_owner(table, f"DELETE FROM {table}")
    assert old_books.violations() == ["jdb settle:1: 0 posted callbacks"]


def booked_at(number: int, moment: datetime) -> None:
    months.as_owner(
        "wallets_transaction",
        f"UPDATE wallets_transaction SET posted_at = '{moment.isoformat()}'"
        f" WHERE transaction_id = 'settle:{number}'",
    )


def test_one_that_came_before_midnight_and_was_booked_after_it_is_not_missed(
    old_books: Books,
) -> None:
    settle(MIDNIGHT, 1)
    after = MIDNIGHT + timedelta(seconds=1)
    booked_at(1, after)
    settle(MIDNIGHT + timedelta(seconds=2), 2)
    remove()
    assert Pruned.objects.get().last_posted_at == after
    assert old_books.violations() == []
    table = "providers_callback_2025_02"
    months.as_owner(table, f"DELETE FROM {table}")
    assert old_books.violations() == ["jdb settle:2: 0 posted callbacks"]


def test_one_that_is_missing_near_midnight_is_counted(old_books: Books) -> None:
    """It came after midnight, and was booked before one that had come before."""
    settle(MIDNIGHT, 1)
    booked_at(1, MIDNIGHT + timedelta(seconds=1))
    settle(MIDNIGHT + timedelta(seconds=0.5), 2)
    remove()
    assert old_books.violations() == []
    table = "providers_callback_2025_02"
    months.as_owner(table, f"DELETE FROM {table}")
    assert old_books.violations() == [
        "2 posted callbacks are gone, 1 were removed with their months"
    ]


def test_a_month_that_was_put_back_can_be_removed_again(old_books: Books) -> None:
    settle(JANUARY, 1)
    remove()
    months.drop()
    months.make()
    settle(JANUARY, 2)
    remove()
    assert Pruned.objects.count() == 2
    assert pruned.told([(JANUARY, JANUARY)]) == gone()


def test_no_month_goes_while_the_books_are_verified(old_books: Books, at_once: None) -> None:
    """Its table goes at once, its record is in no snapshot that is older: all would be missing."""
    settle(JANUARY, 1)
    with removing_after("FROM wallets_entry") as said:
        assert old_books.violations() == []
    assert said == [{"2025-01": LOCKED}]


def test_no_month_goes_while_figures_are_verified(old_books: Books, at_once: None) -> None:
    settle(JANUARY, 1)
    call_command("update_figures", "--rebuild", stdout=io.StringIO())
    with removing_after("reconciliation_figuresreading", times=2) as said:
        assert verifying.verify() == []
    assert said == [{"2025-01": LOCKED}]


def test_no_month_goes_while_evidence_is_packed(old_books: Books, at_once: None) -> None:
    case = unsettled(JANUARY)
    close(case)
    boss = staff.superuser().user
    with removing_after('FROM "reconciliation_case"') as said, io.BytesIO() as file:
        taking.take({"case": str(case.pk)}, "", file, by=boss, at=timezone.now())
    assert said == [{"2025-01": LOCKED}]


LOCKED = "Somebody else holds the tables: canceling statement due to lock timeout."


@contextmanager
def removing_after(text: str, times: int = 1) -> Iterator[list[object]]:
    """January is removed once the reader has read something, which `text` is a part of."""
    said: list[object] = []
    seen = count(1)

    def read(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if text in sql and next(seen) == times:
            said.append(fates("--before", "2025-02-01", status=1))
        return found

    with connections["default"].execute_wrapper(read):
        yield said


def test_what_keeps_a_table_takes_no_snapshot(old_books: Books) -> None:
    with transaction.atomic(durable=True), connections["default"].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        verification.keep(["providers_callback"])
        with connections["owner"].cursor() as other:
            other.execute("INSERT INTO providers_undecided (provider, first_at, last_at, count,"
                          " reason) VALUES ('jdb', now(), now(), 1, '')")  # fmt: skip
        assert Undecided.objects.count() == 1


def test_two_callbacks_of_one_transaction_are_told_also_in_a_removed_month(
    old_books: Books,
) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 2)
    origin = Transaction.objects.get(transaction_id="settle:1").origin_id
    remove()
    with connections["default"].cursor() as cursor:
        for _ in range(2):
            cursor.execute(
                "INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id,"
                " received_at, decided_at, headers, body, outcome, reason, reply_status, reply)"
                " VALUES (%s, 'jdb', 'settle', 'settle:1', clock_timestamp(), now(), '{}', '',"
                " 'posted', '', 200, '')",
                [origin],
            )
    assert old_books.violations() == ["jdb settle:1: 2 posted callbacks"]


@pytest.mark.parametrize("sql", ["DELETE FROM", "TRUNCATE"])
def test_the_record_stands_for_ever(old_books: Books, sql: str) -> None:
    remove()
    for using, why in (("default", "permission denied"), ("owner", "append-only")):
        with pytest.raises(DatabaseError, match=why), connections[using].cursor() as cursor:
            cursor.execute(f"{sql} providers_pruned")
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO providers_pruned"
            " (start_at, end_at, rows, posted, size, pruned_at, pruned_by)"
            " VALUES (now(), now() + interval '1 day', 0, 0, 0, now(), 'me')"
        )


def test_a_resend_of_what_was_removed_is_a_repetition_still(old_books: Books) -> None:
    settle(JANUARY, 1)
    before = old_books.balance("john", "USD")
    remove()
    assert settle(timezone.now(), 1).json["status"] == "0000"
    assert Callback.objects.get().outcome == "duplicate"
    assert old_books.balance("john", "USD") == before
    assert old_books.violations() == []


# -- The office --------------------------------------------------------------------------------


def test_the_page_of_a_closed_case_says_so(old_books: Books) -> None:
    case = unsettled(JANUARY)
    close(case)
    boss = staff.superuser()
    page = f"reconciliation/case/{case.pk}/change/"
    assert GONE not in boss.get(page)
    remove()
    assert gone() in boss.get(page)


def test_the_page_of_a_case_with_some_deliveries_left_says_what_is_gone(old_books: Books) -> None:
    case = unsettled(JANUARY)
    unsettled(FEBRUARY)
    close(Case.objects.get())
    remove()
    said = staff.superuser().get(f"reconciliation/case/{case.pk}/change/")
    assert gone() in said
    assert f"#{Callback.objects.get().pk}" in said


def test_two_sides_of_which_one_is_gone_say_so(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 1, amount=5)
    with then(FEBRUARY):
        cases.update(at=FEBRUARY)
    case = Case.objects.get()
    assert case.kind == "conflict"
    close(case)
    remove()
    said = staff.superuser().get(f"reconciliation/case/{case.pk}/change/")
    assert said.count(gone()) == 2  # Beside the other side, and above the deliveries.
    assert "it was booked otherwise" not in said


def test_a_dispute_that_has_no_attempts_says_what_is_gone(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 1)
    case = Case.objects.create(
        kind="dispute", provider="jdb", subject="settle:1", opened_at=timezone.now()
    )
    close(case)
    remove()
    assert gone() in staff.superuser().get(f"reconciliation/case/{case.pk}/change/")


def test_what_was_booked_without_a_delivery_is_not_gone(old_books: Books) -> None:
    ledger.post([instruction("9", ("john", "USD", "0", "1"), provider="jdb")], at=JANUARY)
    case = Case.objects.create(
        kind="conflict", provider="jdb", subject="settle:9", opened_at=timezone.now()
    )
    close(case)
    remove()
    said = staff.superuser().get(f"reconciliation/case/{case.pk}/change/")
    assert "No delivery: it was booked otherwise." in said
    assert GONE not in said
    assert collecting.of_case(case).removed == ""


def test_the_page_of_a_resend_says_that_the_first_is_gone(old_books: Books) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 1)
    second = Callback.objects.latest("received_at")
    boss = staff.superuser()
    page = f"providers/callback/{second.pk}/change/"
    assert GONE not in boss.get(page)
    remove()
    said = boss.get(page)
    assert f"Delivered once, as far as it is kept. {gone()}" in said
    assert f"It is the first delivery of its id that is kept. {gone()}" in said
    settle(timezone.now(), 1)
    third = Callback.objects.latest("received_at")
    said = boss.get(f"providers/callback/{third.pk}/change/")
    assert f"First delivery that is kept, #{second.pk}" in said


def test_the_story_of_a_round_says_so(old_books: Books) -> None:
    settle(JANUARY, 1, gameRoundSeqNo="R1")
    settle(FEBRUARY, 2, gameRoundSeqNo="R1", refTransferIds=[9])
    assert story.of("jdb", round_id="R1").cut == []
    remove()
    assert story.of("jdb", round_id="R1").cut == [gone()]


def test_the_story_of_what_was_never_booked_says_so(old_books: Books) -> None:
    close(unsettled(JANUARY))
    assert story.of("jdb", reference="272017").cut == []
    remove()
    assert story.of("jdb", reference="272017").cut == [gone()]


def test_months_between_of_which_nothing_is_gone_are_not_told(old_books: Books) -> None:
    case = unsettled(JANUARY)
    settle(timezone.now(), uid="nobody")
    cases.update(at=timezone.now())
    case.refresh_from_db()
    close(case)
    assert fates() == {"2025-01": True, "2025-02": True}
    assert collecting.of_case(case).removed == gone()
    assert story.of("jdb", reference="272017").cut == [gone()]


def test_an_evidence_pack_says_so(old_books: Books) -> None:
    case = unsettled(JANUARY)
    close(case)
    assert collecting.of_case(case).removed == ""
    remove()
    assert collecting.of_case(case).removed == gone()


def test_the_trail_has_who_removed_what(old_books: Books) -> None:
    settle(JANUARY, 1)
    remove()
    (record,) = reading.everything(Asked(kind="callbacks"))
    assert (record.who, record.on) == (pruning.whoever_asks(), "What came in 2025-01")
    assert record.what.startswith("Removed 1 callback, ")
    assert list(reading.everything(Asked(person="boss"))) == []
    page = staff.superuser().get("admin/logentry/", kind="callbacks")
    assert "What came in 2025-01" in page


# -- Figures -----------------------------------------------------------------------------------


def test_the_figures_of_a_removed_month_stay_as_they_were_and_are_no_difference(
    old_books: Books,
) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 2)
    call_command("update_figures", "--rebuild", stdout=io.StringIO())
    written = figures()
    assert len(written) == 2
    remove()
    keeping.rebuild(JANUARY.date(), FEBRUARY.date(), at=timezone.now())
    assert figures() == written
    assert verifying.verify() == []


def test_another_business_day_leaves_what_cant_be_added_up_again(
    old_books: Books, settings: Any
) -> None:
    settle(JANUARY, 1)
    settle(FEBRUARY, 2)
    call_command("update_figures", "--rebuild", stdout=io.StringIO())
    january, _ = figures()
    remove()
    settings.BUSINESS_DAY_STARTS = "06:00"
    keeping.update(at=timezone.now())
    assert figures() == [january]
    keeping.rebuild(at=timezone.now())
    assert len(figures()) == 2
    assert figures()[0] == january
    assert verifying.verify() == []


def figures() -> list[tuple[object, ...]]:
    rows = DeliveryFigure.objects.filter(is_part=False).order_by("starts_at")
    return list(rows.values_list("starts_at", "provider", "outcome", "count", "answered"))
