"""Which differences become cases, what these say, and how they close."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from reconciliation import cases, wording, working
from reconciliation.matching import doubts, matching, subjects
from reconciliation.models import Case, CaseKind, Resolution
from tests.cast import Books
from tests.reconciliation.matching.days import (
    LATER,
    NEXT,
    NOON,
    asked,
    book,
    listed,
    match,
    stands,
)
from wallets import ledger
from wallets.instructions import Kind, Movement, Origin

pytestmark = pytest.mark.usefixtures("providers")

ALICE_WON = ("1", "alice", "USD", "10", "25.50")


@pytest.fixture
def cast(books: Books) -> Books:
    for uid in ("alice", "bob"):
        books.open(uid, "USD", "1000")
        books.open(uid, "EUR", "1000")
    return books


def open_cases() -> list[tuple[str, str]]:
    return sorted(Case.objects.exclude(status="closed").values_list("kind", "subject"))


def only_case() -> Case:
    return Case.objects.get()


def test_a_line_that_nothing_was_booked_for(cast: Books) -> None:
    statement = listed(ALICE_WON)
    match(statement)
    case = only_case()
    assert (case.kind, case.subject, case.status) == ("only_in_statement", "settle:1", "open")
    assert (case.provider, case.operation, case.reference) == ("jdb", "settle", "1")
    assert (case.player, case.amount, case.currency) == ("alice", Decimal("15.50"), "USD")
    assert case.reason == "Row 2: debit 10.00, credit 25.50 USD for alice."
    assert (case.first_at, case.last_at, case.opened_at) == (NOON, None, LATER)
    assert case.statement == statement
    assert [row.history_change_reason for row in case.history.all()] == [  # type: ignore[attr-defined]
        "What the statement shows."
    ]


def test_a_movement_that_no_line_lists(cast: Books) -> None:
    book(ALICE_WON)
    match(listed())
    case = only_case()
    assert (case.kind, case.subject) == ("only_in_ledger", "settle:1")
    assert (case.player, case.amount, case.currency) == ("alice", Decimal("15.50"), "USD")
    assert case.reason == "Booked: debit 10.00, credit 25.50 USD for alice."
    assert (case.first_at, case.last_at) == (NOON, NOON)


@pytest.mark.parametrize(
    ("line", "kind", "reason", "amount"),
    [
        (
            ("1", "alice", "USD", "10", "20"),
            "amount_differs",
            "Row 2: debit 10.00, credit 20.00 USD for alice; "
            "booked: debit 10.00, credit 25.50 USD for alice.",
            "5.50",
        ),
        (
            ("1", "bob", "USD", "10", "25.50"),
            "player_differs",
            "Row 2: debit 10.00, credit 25.50 USD for bob; "
            "booked: debit 10.00, credit 25.50 USD for alice.",
            "15.50",
        ),
        (
            ("1", "alice", "EUR", "10", "25.50"),
            "currency_differs",
            "Row 2: debit 10.00, credit 25.50 EUR for alice; "
            "booked: debit 10.00, credit 25.50 USD for alice.",
            "15.50",
        ),
    ],
)
def test_a_line_with_other_terms(
    cast: Books, line: tuple[str, str, str, str, str], kind: str, reason: str, amount: str
) -> None:
    book(ALICE_WON)
    match(listed(line))
    case = only_case()
    assert (case.kind, case.reason) == (kind, reason)
    assert (case.player, case.amount, case.currency) == ("alice", Decimal(amount), "USD")


def test_several_rows_of_one_id_are_one_case_for_each_kind(cast: Books) -> None:
    match(listed(*[ALICE_WON] * 6))
    assert open_cases() == [("only_in_statement", "settle:1"), ("repeated_line", "settle:1")]
    assert Case.objects.get(kind="repeated_line").reason == (
        "Row 3: debit 10.00, credit 25.50 USD for alice. "
        "Row 4: debit 10.00, credit 25.50 USD for alice. "
        "Row 5: debit 10.00, credit 25.50 USD for alice. And 2 more."
    )


def test_what_matches_is_in_flight_or_not_handled_is_no_case(cast: Books) -> None:
    book(ALICE_WON)
    match(listed(ALICE_WON, ("2", "bob", "USD", "1", "0"), at=NEXT), at=NEXT)
    assert Case.objects.count() == 0


@pytest.mark.parametrize(
    ("origin", "resolution"),
    [(Origin.CALLBACK, "healed"), (Origin.REPLAY, "replayed"), (Origin.ADJUSTMENT, "adjusted")],
)
def test_it_closes_by_itself_within_the_minute_once_it_is_booked(
    cast: Books, origin: Origin, resolution: str
) -> None:
    statement = listed(ALICE_WON)
    match(statement)
    later = LATER + timedelta(hours=1)
    ledger.post([asked(ALICE_WON, provider="jdb", origin=origin)], at=later)
    summary = cases.update(at=later + timedelta(minutes=1))
    assert summary.closed == 1
    case = only_case()
    assert (case.status, case.resolution) == ("closed", resolution)
    assert stands(statement) == ["matched: 2 settle:1 alice USD"]


def test_it_changes_its_kind_when_something_else_is_booked(cast: Books) -> None:
    match(listed(ALICE_WON))
    book(("1", "bob", "USD", "10", "25.50"), at=LATER + timedelta(hours=1))
    cases.update(at=LATER + timedelta(hours=2))
    assert open_cases() == [("player_differs", "settle:1")]
    cases.update(at=LATER + timedelta(hours=3))
    assert Case.objects.count() == 2


def test_nothing_is_looked_at_again_where_nothing_was_booked(
    cast: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(("2", "bob", "USD", "5", "0"))
    match(listed(ALICE_WON, ("3", "bob", "USD", "1", "0"), ("3", "bob", "USD", "1", "0")))
    monkeypatch.setattr(matching, "rematch", None)
    assert cases.update(at=LATER + timedelta(days=30)).closed == 0


def test_what_was_in_flight_becomes_a_case_when_its_time_is_over(cast: Books) -> None:
    book(("2", "bob", "USD", "5", "0"), at=NEXT - timedelta(minutes=1))
    statement = listed(ALICE_WON, at=NEXT - timedelta(minutes=1))
    match(statement, at=NEXT)
    assert cases.update(at=NEXT + timedelta(minutes=14)).opened == 0
    cases.update(at=NEXT + timedelta(minutes=15))
    assert open_cases() == [("only_in_statement", "settle:1")]
    cases.update(at=NEXT + timedelta(hours=48))
    assert open_cases() == [("only_in_ledger", "settle:2"), ("only_in_statement", "settle:1")]
    assert stands(statement) == ["only_in_ledger: settle:2 bob USD", "only_in_statement: 2"]


def test_the_next_days_statement_heals_what_only_the_ledger_had(cast: Books) -> None:
    book(ALICE_WON)
    match(listed())
    match(listed(ALICE_WON, start=NEXT, end=NEXT + timedelta(days=1)))
    case = only_case()
    assert (case.status, case.resolution) == ("closed", "healed")


# -- What is no doubt ---------------------------------------------------------------------------


def cancel(bet: str, at: object = NOON) -> None:
    """A rollback of `bet`."""
    rollback = asked((f"cancel:{bet}", "alice", "USD", "0", "0"), provider="jdb", at=NOON)
    ledger.post(
        [
            type(rollback)(
                provider="jdb",
                transaction_id=f"cancel:{bet}",
                kind=Kind.ROLLBACK,
                movements=(Movement(uid="alice", currency="USD"),),
                cancels=(f"bet:{bet}",),
                occurred_at=NOON,
            )
        ],
        at=NOON,
    )


def test_a_bet_and_its_cancel_that_neither_is_listed_are_no_doubt(cast: Books) -> None:
    book(("bet:1", "alice", "USD", "10", "0"), kind=Kind.BET)
    cancel("1")
    statement = listed()
    assert match(statement) == [
        "only_in_ledger: bet:1 alice USD",
        "only_in_ledger: cancel:1 alice USD",
    ]
    assert Case.objects.count() == 0


def test_a_cancel_whose_bet_is_listed_is_one(cast: Books) -> None:
    book(("bet:1", "alice", "USD", "10", "0"), kind=Kind.BET)
    cancel("1")
    match(listed(("bet:1", "alice", "USD", "10", "0")))
    assert open_cases() == [("only_in_ledger", "cancel:1")]


def test_what_only_the_ledger_has_is_settled_when_two_people_reverse_it(cast: Books) -> None:
    book(ALICE_WON)
    statement = listed()
    match(statement)
    later = LATER + timedelta(hours=1)
    ledger.reverse(provider="jdb", transaction_id="settle:1", request_id=uuid4(), at=later)
    cases.update(at=later)
    case = only_case()
    assert (case.status, case.resolution) == ("closed", "adjusted")
    assert stands(statement) == ["only_in_ledger: settle:1 alice USD"]


def test_accepted_terms_stand_in_the_place_of_what_was_booked(cast: Books) -> None:
    book(ALICE_WON)
    theirs = ("1", "alice", "USD", "10", "20")
    statement = listed(theirs)
    match(statement)
    later = LATER + timedelta(hours=1)
    instead = asked(theirs, provider="jdb")
    ledger.reverse(
        provider="jdb", transaction_id="settle:1", request_id=uuid4(), at=later, instead=instead
    )
    cases.update(at=later)
    case = only_case()
    assert (case.kind, case.status, case.resolution) == ("amount_differs", "closed", "adjusted")
    assert stands(statement) == [
        "matched: 2 corrected:settle:1 alice USD",
        "only_in_ledger: settle:1 alice USD",
    ]
    assert match(statement) == stands(statement)
    assert open_cases() == []


def test_an_open_case_of_its_delivery_says_the_same(cast: Books) -> None:
    Case.objects.create(kind=CaseKind.UNSETTLED, provider="jdb", subject="settle:1", opened_at=NOON)
    match(listed(ALICE_WON))
    assert open_cases() == [("unsettled", "settle:1")]


def test_a_case_that_a_person_closed_is_not_opened_again(cast: Books) -> None:
    statement = listed(ALICE_WON)
    match(statement)
    case = only_case()
    working.close(
        case.pk,
        seen=working.stamp(case),
        resolution=Resolution.ACCEPTED,
        why="Too old.",
        by=User.objects.create(username="carol"),
        at=LATER,
    )
    match(statement)
    assert Case.objects.count() == 1
    match(listed(ALICE_WON))  # Another statement.
    assert open_cases() == [("only_in_statement", "settle:1")]


def test_withdrawing_the_statement_closes_its_cases(cast: Books) -> None:
    statement = listed(ALICE_WON)
    match(statement)
    carol = User.objects.create(username="carol")
    matching.withdraw(statement, by=carol, at=LATER + timedelta(hours=1))
    case = only_case()
    assert (case.status, case.resolution) == ("closed", "no_fault")
    last = case.history.first()  # type: ignore[attr-defined]
    assert (last.history_user, last.history_change_reason) == (
        carol,
        "The statement was withdrawn.",
    )


def test_many_doubts_are_told_in_batches(cast: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "BATCH", 3)
    lines = [(str(number), "alice", "USD", "0", "1") for number in range(20)]
    statement = listed(*lines, *lines)
    match(statement)
    assert Case.objects.count() == 40
    for line in lines:
        book(line, at=LATER + timedelta(hours=1))
    match(statement, at=LATER + timedelta(hours=2))
    assert open_cases() == sorted(("repeated_line", f"settle:{number}") for number in range(20))


def test_each_kind_says_what_is_expected_of_staff(cast: Books) -> None:
    for kind in subjects.KINDS:
        case = Case(kind=kind, provider="jdb", subject="settle:1", opened_at=NOON, status="open")
        step = wording.next_step(case, means=None, resends=None, at=NOON)  # type: ignore[arg-type]
        assert "jdb" in step
        assert wording.brief(case, at=NOON)
