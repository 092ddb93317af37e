"""Celery, with a real broker and a real worker."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from providers import partitions, tasks
from tests.cast import Books
from tests.conftest import empty_the_books
from tests.live import environment
from tests.providers import senders
from tests.providers.senders import send
from wallets import rights


@pytest.fixture
def worker(books: Books) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--pool", "solo"],
        env=environment({}),
        start_new_session=True,
    )
    yield
    process.terminate()
    process.wait(timeout=30)


def drop_the_last_partition() -> str:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT max(relid::text) FROM pg_partition_tree('providers_callback')"
            " WHERE relid::text ~ '[0-9]{4}_[0-9]{2}$'"
        )
        (name,) = cursor.fetchone()
        cursor.execute(f"DROP TABLE {name}")
    return str(name)


def test_partitions_are_made_ahead_once_by_a_role_that_owns_nothing(books: Books) -> None:
    assert partitions.make_ahead() == []
    dropped = drop_the_last_partition()
    assert partitions.make_ahead() == [dropped]
    assert partitions.make_ahead() == []


def test_deliveries_pass_while_a_reader_keeps_partitions_from_being_made(
    books: Books, providers: None
) -> None:
    dropped = drop_the_last_partition()
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE providers_callback_default IN ACCESS SHARE MODE")
        maker = threading.Thread(target=make_and_close)
        maker.start()
        assert send(senders.jdb(senders.verbatim("jdb", "settle"))).json["status"] == "7501"
        maker.join()
    assert books.outcomes() == ["refused"]
    assert partitions.make_ahead() == [dropped]


def make_and_close() -> None:
    partitions.make_ahead()
    connections["default"].close()


def test_a_row_in_the_default_partition_keeps_only_its_own_month_from_being_made(
    books: Books,
) -> None:
    dropped = drop_the_last_partition()
    year, month = dropped[-7:].split("_")
    row = (
        "INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id,"
        " received_at, decided_at, headers, body, outcome, reason, reply_status, reply) VALUES"
        f" (gen_random_uuid(), 'jdb', '', '', '{year}-{month}-03', now(), '{{}}', '', 'refused',"
        " '', 200, '')"
    )
    with connections["default"].cursor() as cursor:
        cursor.execute(row)
    assert partitions.make_ahead() == []
    call_command("migrate", database="owner", verbosity=0)
    empty_the_books()
    assert partitions.make_ahead() == [dropped]


def test_two_at_once_are_harmless(books: Books) -> None:
    dropped = drop_the_last_partition()
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cage_callback_partitions'))")
        assert partitions.make_ahead() == []
    assert partitions.make_ahead() == [dropped]


def test_granting_rights_again_takes_none_away_for_a_moment(books: Books, providers: None) -> None:
    books.open("john", "USD")
    over = threading.Event()

    def grant() -> None:
        while not over.is_set():
            rights.grant(using="owner")
        connections["owner"].close()

    granter = threading.Thread(target=grant)
    granter.start()
    body = senders.verbatim("jdb", "settle")
    for number in range(40):
        send(senders.jdb(senders.altered(body, transferId=number)))
    over.set()
    granter.join()
    assert set(books.outcomes()) == {"posted"}


def test_a_worker_makes_the_partitions(books: Books, worker: None) -> None:
    dropped = drop_the_last_partition()
    tasks.make_partitions.delay()
    assert appears(books, dropped, within=60)


def appears(books: Books, table: str, *, within: float) -> bool:
    """Whether `table` is there after so many seconds at most."""
    deadline = time.monotonic() + within
    while books.statements(f"SELECT to_regclass('{table}')") == [(None,)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
