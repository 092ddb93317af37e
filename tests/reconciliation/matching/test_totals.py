"""Statements with totals only, at their own grain."""

from decimal import Decimal
from uuid import uuid4

import pytest

from reconciliation.matching import matching, totals
from reconciliation.models import Case, Statement, StatementFormat, Total
from tests.cast import Books
from tests.reconciliation.matching.days import DAY, LATER, NEXT, NOON, asked, book, imported
from wallets import ledger

pytestmark = pytest.mark.usefixtures("providers")


@pytest.fixture
def statement(books: Books) -> Statement:
    """alice won and lost, bob lost, something in euro, and one outside the day."""
    for uid, currency in (("alice", "USD"), ("bob", "USD"), ("alice", "EUR")):
        books.open(uid, currency, "1000")
    book(("1", "alice", "USD", "10", "25.50"), ("1", "bob", "USD", "4", "0"), at=NOON)
    book(("bet:2", "alice", "USD", "1", "0"), at=DAY)
    book(("3", "alice", "EUR", "2", "3"), at=NOON)
    book(("4", "alice", "USD", "100", "0"), at=NEXT)
    format_ = StatementFormat.objects.create(name="sums", layout="totals")
    return imported(format=format_)


def compared(statement: Statement) -> list[tuple[int | None, Decimal | None, Decimal | None]]:
    matching.match(statement, at=LATER)
    rows = Total.objects.filter(statement=statement).order_by("number")
    return list(rows.values_list("our_count", "our_debit", "our_credit"))


def test_each_grain_is_summed_from_the_books(statement: Statement) -> None:
    Total.objects.bulk_create(
        Total(statement=statement, number=number, currency=currency, uid=uid, operation=operation)
        for number, (currency, uid, operation) in enumerate(
            [
                ("USD", "", ""),
                ("USD", "alice", ""),
                ("USD", "", "settle"),
                ("USD", "alice", "bet"),
                ("EUR", "", ""),
                ("USD", "carol", ""),
            ]
        )
    )
    assert compared(statement) == [
        (3, Decimal("15"), Decimal("25.5")),
        (2, Decimal("11"), Decimal("25.5")),
        (2, Decimal("14"), Decimal("25.5")),
        (1, Decimal("1"), Decimal("0")),
        (1, Decimal("2"), Decimal("3")),
        (0, Decimal("0"), Decimal("0")),
    ]
    statement.refresh_from_db()
    assert statement.matched_at == LATER


def test_what_was_reversed_does_not_count_and_what_stands_instead_does(
    statement: Statement,
) -> None:
    Total.objects.create(statement=statement, number=2, currency="EUR", operation="settle")
    instead = asked(("3", "alice", "EUR", "2", "5"), provider="jdb")
    ledger.reverse(
        provider="jdb", transaction_id="settle:3", request_id=uuid4(), at=NOON, instead=instead
    )
    assert compared(statement) == [(1, Decimal("2"), Decimal("5"))]


def test_only_what_the_provider_states_is_compared(statement: Statement) -> None:
    Total.objects.create(statement=statement, number=2, currency="USD", net=Decimal("10.50"))
    Total.objects.create(statement=statement, number=3, currency="USD", credit=Decimal("25.51"))
    Total.objects.create(statement=statement, number=4, currency="USD", count=4)
    matching.match(statement, at=LATER)
    said = [totals.differences(one, Decimal(0)) for one in Total.objects.order_by("number")]
    assert said == [
        [],
        ["Credit: 25.51 USD; booked: 25.50."],
        ["The provider counts 4, the books 3."],
    ]
    assert totals.differences(Total.objects.get(number=3), Decimal("0.01")) == []
    assert totals.open_rows(statement, shown=1) == (2, ["Row 3. Credit: 25.51 USD; booked: 25.50."])


def test_a_total_that_differs_is_a_case_until_it_does_not(
    statement: Statement, books: Books
) -> None:
    row = Total.objects.create(
        statement=statement, number=5, currency="USD", uid="bob", net=Decimal("-9")
    )
    matching.match(statement, at=LATER)
    case = Case.objects.get()
    assert (case.kind, case.subject) == ("amount_differs", f"statement:{statement.pk}:5")
    assert (case.player, case.amount, case.currency) == ("bob", Decimal(5), "USD")
    assert case.reason == "Row 5. Net: -9.00 USD; booked: -4.00."
    book(("9", "bob", "USD", "5", "0"), at=NOON)
    matching.match(statement, at=LATER)
    case.refresh_from_db()
    assert (case.status, case.resolution) == ("closed", "healed")
    row.refresh_from_db()
    assert totals.risk(row).amount == 0


def test_a_second_comparison_writes_nothing(statement: Statement) -> None:
    Total.objects.create(statement=statement, number=2, currency="USD", net=Decimal(1))
    matching.match(statement, at=LATER)
    summary = matching.Summary()
    matching.match(statement, at=LATER, summary=summary)
    assert (summary.cases.opened, summary.cases.updated, summary.cases.closed) == (0, 0, 0)


def test_withdrawing_it_closes_its_cases(statement: Statement) -> None:
    Total.objects.create(statement=statement, number=2, currency="USD", net=Decimal(1))
    matching.match(statement, at=LATER)
    matching.withdraw(statement, by=None, at=LATER)
    assert Case.objects.get().resolution == "no_fault"
