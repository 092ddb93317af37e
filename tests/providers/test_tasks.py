"""Celery, with a real broker and a real worker."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.db import connections

from providers import partitions, tasks
from tests.cast import Books
from tests.live import environment


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


def test_a_worker_makes_the_partitions(books: Books, worker: None) -> None:
    dropped = drop_the_last_partition()
    tasks.make_partitions.delay()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if books.statements(f"SELECT to_regclass('{dropped}')") != [(None,)]:
            return
        time.sleep(0.2)
    pytest.fail("the worker did not make the partition within a minute")
