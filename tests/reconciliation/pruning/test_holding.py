"""What an open case, a request, a statement or the bookkeeping may still need holds its month."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone

from providers import partitions
from providers.models import Callback, Doubt, Pruned, Undecided
from providers.pruning import Hold
from reconciliation import cases, holding
from reconciliation.models import Case, FiguresReading, Resolution
from tests.cast import NOON, Books
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.adjustments import people
from tests.reconciliation.office.statements import days
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

BOTH = {"2025-01": True, "2025-02": True}


def case(**fields: Any) -> Case:
    """One that somebody keeps open today."""
    named = {"kind": "dispute", "provider": "jdb", "opened_at": NOON}
    return Case.objects.create(**{**named, **fields})


def held(what: str, *ids: int) -> dict[str, Any]:
    """January is; February isn't."""
    return {"2025-01": [(what, list(ids))], "2025-02": True}


def test_an_open_case_holds_the_month_of_its_delivery_until_it_is_closed(old_books: Books) -> None:
    doubt = unsettled(JANUARY)
    assert fates() == held("open cases", doubt.pk)
    assert months.old() == ["2025_01"]
    close(doubt)
    assert fates() == {"2025-01": True}


def test_a_case_with_deliveries_in_two_months_holds_both(old_books: Books) -> None:
    doubt = unsettled(JANUARY)
    settle(FEBRUARY, uid="nobody")
    with then(FEBRUARY):
        cases.update(at=FEBRUARY)
    hold = [("open cases", [doubt.pk])]
    assert fates() == {"2025-01": hold, "2025-02": hold}


def test_the_numbers_of_all_cases_are_told(old_books: Books) -> None:
    found = [unsettled(JANUARY, number).pk for number in range(1, 6)]
    assert fates() == held("open cases", *found)


def test_a_delivery_that_no_id_could_be_read_of_is_held_by_its_number(old_books: Books) -> None:
    with then(JANUARY):
        send(senders.jdb(b'{"action": 10, "ts": 1, "transferId": null}'))
        cases.update(at=JANUARY)
    doubt = Case.objects.get()
    assert doubt.subject == f"callback:{Callback.objects.get().pk}"
    assert fates() == held("open cases", doubt.pk)


def test_what_went_smoothly_is_held_where_somebody_doubts_it(old_books: Books) -> None:
    settle(JANUARY, 1)
    doubt = case(subject="settle:1", reference="1")
    assert fates() == held("open cases", doubt.pk)


def test_a_waiting_case_is_an_open_one(old_books: Books) -> None:
    settle(JANUARY, 1)
    waits = case(subject="settle:1", status="waiting", follow_up_on=timezone.now().date())
    assert fates() == held("open cases", waits.pk)


def test_a_case_holds_what_settles_what_it_is_about(old_books: Books) -> None:
    """The settlement names the bet, which came a month later or never."""
    settle(JANUARY, 1, refTransferIds=[7])
    doubt = case(subject="bet:7", reference="7")
    assert fates() == held("open cases", doubt.pk)


def test_a_case_holds_what_is_settled_by_what_it_is_about(old_books: Books) -> None:
    with then(JANUARY):
        body = altered(senders.verbatim("jdb", "bet"), transferId=7, uid="john", currency="XX")
        assert send(senders.jdb(body)).json["status"] == "0000"
    settle(FEBRUARY, 8, refTransferIds=[7])
    hold = [("open cases", [case(subject="settle:8", reference="8").pk])]
    assert fates() == {"2025-01": hold, "2025-02": hold}


def test_a_case_holds_all_of_its_round(old_books: Books) -> None:
    settle(JANUARY, 1, gameRoundSeqNo="R1")
    settle(FEBRUARY, 2, gameRoundSeqNo="R1", refTransferIds=[9])
    hold = [("open cases", [case(subject="settle:2", reference="2").pk])]
    assert fates() == {"2025-01": hold, "2025-02": hold}


def test_a_case_of_a_reversal_holds_what_was_reversed(old_books: Books) -> None:
    settle(JANUARY, 1)
    doubt = case(subject="reversal:settle:1")
    assert fates() == held("open cases", doubt.pk)


def test_a_case_holds_other_operations_of_its_reference_also_unbooked_ones(
    old_books: Books,
) -> None:
    close(unsettled(JANUARY, 5))
    doubt = case(subject="bet:5", reference="5")
    assert fates() == held("open cases", doubt.pk)


def test_another_providers_case_of_the_same_id_holds_nothing(old_books: Books) -> None:
    settle(JANUARY, 1)
    case(subject="settle:1", reference="1", provider="besoft")
    assert fates() == BOTH


def test_a_case_of_a_whole_provider_holds_from_its_first_to_its_last_delivery(
    old_books: Books,
) -> None:
    outage = case(kind="outage", first_at=JANUARY, last_at=JANUARY + timedelta(minutes=2))
    assert fates() == held("open cases of a whole provider", outage.pk)
    close(outage)
    assert fates() == {"2025-01": True}


def test_a_case_that_was_merged_holds_while_the_other_one_may_be_open(old_books: Books) -> None:
    merged = unsettled(JANUARY)
    close(merged, Resolution.MERGED)
    into = case(subject="settle:99", player="nobody")
    assert fates() == held("open cases", merged.pk)
    close(into)
    assert fates() == {"2025-01": True}


def test_a_request_for_money_holds_what_it_is_about(old_books: Books) -> None:
    old_books.open("alice", "USD")
    assert settle(JANUARY, 3, uid="alice").json["status"] == "0000"
    doubt = case(subject="settle:3", reference="3", player="alice")
    asked = people.ask(doubt, people.REVERSE, people.finance())
    close(doubt)
    assert fates() == {
        "2025-01": [
            ("open cases", [doubt.pk]),
            ("adjustments that wait for approval", [asked.pk]),
        ],
        "2025-02": True,
    }


def test_what_the_bookkeeping_has_not_looked_at_is_held(old_books: Books) -> None:
    settle(JANUARY, uid="nobody")
    doubt = Doubt.objects.get()
    assert fates() == held("deliveries that the bookkeeping has not looked at yet", doubt.pk)


UNSEEN = "deliveries that the bookkeeping has not looked at yet"


def disputed_today() -> Doubt:
    """What was booked in January comes with other terms; no case is opened yet."""
    settle(JANUARY, 1)
    assert settle(timezone.now(), 1, amount=5).json["status"] != "0000"
    return Doubt.objects.get()


def test_what_came_today_holds_what_it_contradicts_before_it_is_a_case(old_books: Books) -> None:
    doubt = disputed_today()
    assert fates() == held(UNSEEN, doubt.pk)
    cases.update(at=timezone.now())
    assert fates() == {"2025-01": [("open cases", [Case.objects.get().pk])]}


def test_so_does_one_whose_provider_is_not_configured_now(
    old_books: Books, configure: Callable[..., None]
) -> None:
    """It waits until it is, and is a case then."""
    doubt = disputed_today()
    configure(jdb=None)
    cases.update(at=timezone.now())
    assert fates() == held(UNSEEN, doubt.pk)


def test_what_comes_while_a_month_is_removed_holds_it_at_the_last_moment(
    old_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries pass until the month is detached: then they are asked for once more."""
    settle(JANUARY, 1)
    looks, doubts = count(), []

    def look_and_hear(cursor: Any, month: Any) -> Iterator[Hold]:
        yield from holding.of(cursor, month)
        if next(looks) == 1:  # Inside, after the answer.
            doubts.append(now_in_a_thread())

    monkeypatch.setattr(holding, "NEEDS", replace(holding.NEEDS, holds=look_and_hear))
    assert fates("--before", "2025-02-01") == {"2025-01": [(UNSEEN, doubts)]}
    assert (months.old(), Pruned.objects.count()) == (["2025_01", "2025_02"], 0)


def now_in_a_thread() -> int:
    def hear() -> None:
        settle(timezone.now(), 1, amount=5)
        found.append(Doubt.objects.get().pk)
        connections["default"].close()

    found: list[int] = []
    sender = threading.Thread(target=hear)
    sender.start()
    sender.join()
    return found[0]


def test_a_time_without_a_decision_is_held_before_it_is_a_case(old_books: Books) -> None:
    span = Undecided.objects.create(
        provider="jdb", first_at=JANUARY, last_at=JANUARY, count=2, reason="away"
    )
    assert fates() == held("times without a decision that are no case yet", span.pk)


@pytest.mark.parametrize("is_matched", [True, False])
def test_a_statement_holds_its_time_until_it_is_matched(
    old_books: Books, *, is_matched: bool
) -> None:
    start = datetime(2025, 1, 20, tzinfo=UTC)
    span: dict[str, Any] = {"start_at": start, "end_at": start + timedelta(days=1)}
    kept = days.statement([], is_matched=is_matched, **span)
    what = "statements that are not matched, or have movements in flight"
    assert fates() == (BOTH if is_matched else held(what, kept.pk))


def test_a_withdrawn_statement_holds_nothing(old_books: Books) -> None:
    start = datetime(2025, 1, 20, tzinfo=UTC)
    span: dict[str, Any] = {"start_at": start, "end_at": start + timedelta(days=1)}
    days.statement([], is_matched=False, status="withdrawn", **span)
    assert fates() == BOTH


@pytest.mark.parametrize("subject", ["statement:{}:5", "settle:77"])
def test_an_open_case_that_a_statement_shows_holds_the_statements_time(
    old_books: Books, subject: str
) -> None:
    """Of totals, which name no delivery; and of a line whose id no delivery here has."""
    start = datetime(2025, 1, 20, tzinfo=UTC)
    span: dict[str, Any] = {"start_at": start, "end_at": start + timedelta(days=1)}
    shown = days.statement([], is_matched=True, **span)
    name = subject.format(shown.pk)
    doubt = case(kind="amount_differs", subject=name, reference=name, statement=shown)
    assert fates() == held("open cases that a statement shows", doubt.pk)
    close(doubt)
    assert fates() == {"2025-01": True}


def test_figures_that_were_never_written_hold_their_month(
    old_books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(JANUARY)
    months.read_figures(since_at=FEBRUARY)
    call_command("prune_callbacks", "--keep-months", "13")
    said = " ".join(capsys.readouterr().out.split())
    assert "(update_figures --rebuild --from 2024-12-31 --to 2025-02-01 writes them)" in said
    assert months.old() == ["2025_01", "2025_02"]
    call_command("update_figures", "--rebuild", "--from", "2024-12-31", stdout=io.StringIO())
    assert fates() == BOTH


def test_no_figures_at_all_hold_every_month(old_books: Books) -> None:
    FiguresReading.objects.all().delete()
    assert not any(fate is True for fate in fates().values())
    assert months.old() == ["2025_01", "2025_02"]


def test_each_transaction_is_looked_for_through_an_index(old_books: Books) -> None:
    month = partitions.Month(name="providers_callback_2025_01", start_at=JANUARY, end_at=FEBRUARY)
    sql = holding.NAMED.format(partition=month.name)
    values: dict[str, Any] = {"ofs": [1], "providers": ["jdb"], "ids": ["settle:1"]}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for kind in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        (plan,) = cursor.fetchone()
    nodes = list(walked((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    used = {node["Index Name"] for node in nodes if "Index Name" in node}
    assert {"transaction_by_round", "transaction_by_reference", "reference_by_target"} <= used
    read_whole = [
        node for node in nodes if node["Node Type"] in WITHOUT_A_HEAP and "Index Cond" not in node
    ]
    assert read_whole == []


WITHOUT_A_HEAP = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}


def walked(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", []):
        yield from walked(part)
