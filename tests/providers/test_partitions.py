"""Months that lie ahead, and who is told when they don't."""

from datetime import UTC, datetime

import pytest
from django.db import connections
from django.test import Client

from providers import checks, partitions
from tests.cast import Books
from tests.conftest import empty_the_books
from tests.providers.test_tasks import drop_the_last_partition

STRAY = """
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, headers, body, outcome, reason, reply_status, reply)
SELECT gen_random_uuid(), 'jdb', '', '', %s, now(), '{}', '', 'refused', '', 200, ''
FROM generate_series(1, %s)
"""


def months() -> list[partitions.Month]:
    with connections["default"].cursor() as cursor:
        return partitions.months(cursor)


def warnings(at: datetime | None = None) -> list[tuple[str | None, str]]:
    found = checks.partitions_lie_ahead(databases=["default"], at=at)
    return [(one.id, one.msg) for one in found]


def metric(name: str) -> str:
    text = Client().get("/metrics").content.decode()
    return next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} "))


def test_three_months_lie_ahead_and_nobody_is_warned(books: Books) -> None:
    assert partitions.ahead(months(), at=datetime.now(UTC)) == 3
    assert warnings() == []
    assert metric("cage_callback_months_ahead") == "3.0"
    assert metric("cage_callback_strays") == "0.0"


def test_less_than_a_month_ahead_is_a_warning(books: Books) -> None:
    last = months()[-1]
    assert warnings(months()[-2].start_at) == []
    assert warnings(last.start_at) == [
        ("providers.W001", "The next month has no partition for its callbacks.")
    ]
    assert warnings(last.end_at) == [
        ("providers.W001", "This month has no partition for its callbacks.")
    ]


def test_a_gap_ends_what_lies_ahead(books: Books) -> None:
    known = months()
    now = known[0].start_at
    assert partitions.ahead([*known[:2], *known[3:]], at=now) == 1
    assert partitions.ahead(known[1:], at=now) == -1
    assert partitions.ahead([], at=now) == -1


def test_fewer_months_are_told_as_a_metric(books: Books) -> None:
    drop_the_last_partition()
    try:
        assert metric("cage_callback_months_ahead") == "2.0"
    finally:
        partitions.make_ahead()


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "1 callback is"), (3, "3 callbacks are"), (1_001, "1,000 callbacks or more are")],
)
def test_rows_in_the_default_partition_are_told_of(books: Books, count: int, told: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(STRAY, [datetime(2024, 2, 3, tzinfo=UTC), count - 1])
        cursor.execute(STRAY, [months()[-1].end_at, 1])
    said = f"{told} in the default partition, where no month is."
    assert warnings() == [("providers.W002", said)]
    assert metric("cage_callback_strays") == f"{min(count, 1_000)}.0"


def test_rows_in_a_gap_between_two_months_are_in_the_default_partition_too(books: Books) -> None:
    dropped = months()[2]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP TABLE {dropped.name}")
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute(STRAY, [dropped.start_at, 2])
            cursor.execute(STRAY, [dropped.end_at, 1])
            assert partitions.strays(cursor, months()) == 2
    finally:
        empty_the_books()
        assert partitions.make_ahead() == [dropped.name]
