"""Several at once, one that dies, and what the database itself refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from reconciliation import cases
from reconciliation.matching import changes, matching
from reconciliation.models import Case, Line, Match, Statement
from tests.cast import Books
from tests.reconciliation.matching.days import LATER, assert_sums, book, listed, match
from wallets.models import Entry

pytestmark = pytest.mark.usefixtures("providers")

COUNT = 60


@pytest.fixture
def cast(books: Books) -> Books:
    books.open("alice", "USD", "1000")
    return books


def day() -> list[tuple[str, str, str, str, str]]:
    return [(str(number), "alice", "USD", "0", "1") for number in range(COUNT)]


def together(*doings: Callable[[], object]) -> None:
    def alone(do: Callable[[], object]) -> None:
        try:
            do()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(doings)) as pool:
        list(pool.map(alone, doings))


def test_two_statements_of_a_provider_at_once_share_no_movement(cast: Books) -> None:
    lines = day()
    for line in lines:
        book(line)
    first, second = listed(*lines), listed(*lines)
    for _ in range(2):
        together(*(lambda one=one: matching.match(one, at=LATER) for one in (first, second) * 2))
    buckets = [
        set(Match.objects.filter(statement=one).values_list("bucket", flat=True))
        for one in (first, second)
    ]
    assert sorted(buckets, key=str) == [{"matched"}, {"repeated_line"}]
    assert_sums(first)
    assert_sums(second)
    assert Case.objects.exclude(status="closed").count() == COUNT


def test_matching_while_the_books_grow_and_the_bookkeeping_works(cast: Books) -> None:
    lines = day()
    statement = listed(*lines)
    matching.match(statement, at=LATER)

    def grow() -> None:
        for line in lines:
            book(line, at=LATER)

    def keep() -> None:
        for _ in range(5):
            cases.update(at=LATER)

    together(grow, keep, *[lambda: matching.match(statement, at=LATER)] * 3)
    assert match(statement) == sorted(
        f"matched: {number + 2} settle:{number} alice USD" for number in range(COUNT)
    )
    assert Case.objects.exclude(status="closed").count() == 0


def test_a_run_that_dies_half_way_has_changed_nothing(
    cast: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = listed(*day())
    with monkeypatch.context() as broken:
        broken.setattr(changes, "KEEP", "SELECT 1 / 0")
        with pytest.raises(Exception, match="division by zero"):
            matching.match(statement, at=LATER)
    statement.refresh_from_db()
    assert (Match.objects.count(), statement.matched_at) == (0, None)
    assert len(match(statement)) == COUNT


@pytest.mark.parametrize(
    ("bucket", "has_line", "has_entry", "constraint"),
    [
        ("matched", True, True, "match_once_per_line"),
        ("only_in_statement", True, False, "match_once_per_line"),
        ("matched", False, True, "match_bucket_fits_its_sides"),
        ("only_in_ledger", True, True, "match_bucket_fits_its_sides"),
        ("in_flight", False, False, "match_is_of_something"),
    ],
)
def test_a_row_that_can_not_be_is_refused(
    cast: Books, bucket: str, has_line: bool, has_entry: bool, constraint: str
) -> None:
    statement, line, entry = matched(cast)
    with pytest.raises(IntegrityError, match=constraint):
        Match.objects.create(
            statement=statement,
            bucket=bucket,
            line=line if has_line else None,
            entry=entry if has_entry else None,
        )


def test_a_movement_satisfies_one_line_and_is_missing_once(cast: Books) -> None:
    statement, _, entry = matched(cast)
    other = Line.objects.get(statement=listed(day()[0]))
    with pytest.raises(IntegrityError, match="match_entry_satisfies_one_line"):
        Match.objects.create(statement=statement, bucket="matched", line=other, entry=entry)
    Match.objects.create(statement=statement, bucket="only_in_ledger", entry=entry)
    with pytest.raises(IntegrityError, match="match_only_in_ledger_once"):
        Match.objects.create(statement=statement, bucket="only_in_ledger", entry=entry)


def matched(cast: Books) -> tuple[Statement, Line, Entry]:
    book(day()[0])
    statement = listed(day()[0])
    matching.match(statement, at=LATER)
    row = Match.objects.select_related("line", "entry").get()
    assert row.line is not None
    assert row.entry is not None
    return statement, row.line, row.entry
