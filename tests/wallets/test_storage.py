"""How the tables lie on disk: each setting as PostgreSQL knows it, and what it is for."""

import pytest
from django.db import connections

from providers import partitions, writer
from tests.cast import Books, instruction, post
from tests.providers.faults import backends, until
from tests.providers.test_tasks import drop_the_last_partition

GROWING = {
    "autovacuum_vacuum_insert_scale_factor=0",
    "autovacuum_vacuum_insert_threshold=100000",
    "autovacuum_vacuum_scale_factor=0",
    "autovacuum_vacuum_threshold=50000",
    "autovacuum_analyze_scale_factor=0",
    "autovacuum_analyze_threshold=50000",
    "autovacuum_freeze_min_age=0",
}
UPDATED_IN_PLACE = {
    "fillfactor=75",
    "autovacuum_vacuum_scale_factor=0.02",
    "autovacuum_vacuum_threshold=1000",
    "autovacuum_analyze_scale_factor=0.05",
    "autovacuum_analyze_threshold=1000",
}
WORKED_ON = {
    "fillfactor=85",
    "autovacuum_vacuum_scale_factor=0.02",
    "autovacuum_vacuum_threshold=200",
    "autovacuum_vacuum_cost_delay=0",
    "autovacuum_analyze_scale_factor=0.05",
    "autovacuum_analyze_threshold=200",
}
CHURNING = {
    "autovacuum_vacuum_scale_factor=0",
    "autovacuum_vacuum_threshold=200",
    "autovacuum_vacuum_cost_delay=0",
    "autovacuum_analyze_scale_factor=0",
    "autovacuum_analyze_threshold=500",
}


def options(table: str) -> set[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [table])
        (found,) = cursor.fetchone()
    return set(found or ())


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("wallets_wallet", UPDATED_IN_PLACE),
        ("wallets_transaction", GROWING),
        ("wallets_entry", GROWING),
        ("wallets_reference", GROWING),
        ("providers_callback_default", GROWING),
        ("providers_doubt", CHURNING),
        ("providers_undecided", CHURNING),
        ("providers_unauthentic", UPDATED_IN_PLACE),
        ("reconciliation_case", WORKED_ON),
        ("django_session", CHURNING),
    ],
)
def test_a_table_is_stored_as_it_is_used(books: Books, table: str, expected: set[str]) -> None:
    assert options(table) == expected


def test_a_partition_made_later_is_stored_as_those_before_it(books: Books) -> None:
    dropped = drop_the_last_partition()
    assert partitions.make_ahead() == [dropped]
    with connections["default"].cursor() as cursor:
        months = partitions.months(cursor)
    assert len(months) == 4
    for month in months:
        assert options(month.name) == GROWING, month.name


def test_a_balance_changes_on_its_own_page_and_touches_no_index(books: Books) -> None:
    """Groups of eight, spread over several full pages as players are. At most once in three times
    an autovacuum looks at the database, which keeps the room of what was updated for a moment."""
    connections["default"].close()
    writer.stop()
    until(lambda: not backends())  # Each tells what it counted when it ends.
    counted = [updated(books, name) for name in ("first", "second", "third")]
    assert {made for made, _ in counted} == {800}
    assert sorted(hot for _, hot in counted)[1] == 800, counted


def updated(books: Books, name: str) -> tuple[int, int]:
    """Updates of 200 new wallets, four of each: all of them, and those that touched no index."""
    players = [f"{name}{number}" for number in range(200)]
    for uid in players:
        books.open(uid, "USD")
    before = updates()
    for number in range(100):
        group = players[number % 25 :: 25]
        post(*(instruction(f"{uid}-{number}", (uid, "USD", "0", "1")) for uid in group))
    made, hot = (after - start for after, start in zip(updates(), before, strict=True))
    return made, hot


def updates() -> tuple[int, int]:
    """Of wallets, so far."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
            " WHERE relname = 'wallets_wallet'"
        )
        made, hot = cursor.fetchone()
    return made, hot
