"""The same cases in the end, none twice: whoever runs at once, dies half way, or comes late."""

import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from providers.models import Doubt
from reconciliation import cases
from reconciliation.models import Case
from tests.cast import Books, somebody_waits
from tests.conftest import PROVIDERS
from tests.live import environment
from tests.providers import senders
from tests.providers.senders import altered, send

SETTLE = senders.verbatim("jdb", "settle")
COUNT = 120


@pytest.fixture
def owed(books: Books, providers: None) -> Books:
    for number in range(COUNT):
        send(senders.jdb(altered(SETTLE, transferId=number)))
    return books


def update() -> None:
    try:
        cases.update(at=timezone.now())
    finally:
        connection.close()


def each_once() -> bool:
    subjects = Counter(Case.objects.values_list("subject", flat=True))
    return len(subjects) == COUNT and set(subjects.values()) == {1}


def test_several_bookkeepers_at_once_open_each_case_once(
    owed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "BATCH", 7)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: update(), range(4)))
    assert each_once()
    assert Doubt.objects.count() == 0


def test_one_that_dies_half_way_has_changed_nothing(
    owed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "BATCH", 50)
    with monkeypatch.context() as broken:
        broken.setattr("reconciliation.cases._upsert", fail)
        with pytest.raises(ZeroDivisionError):
            update()
    assert (Case.objects.count(), Doubt.objects.count()) == (0, COUNT)
    update()
    assert each_once()


def test_one_that_is_killed_leaves_the_rest_to_the_next(owed: Books) -> None:
    """A real process, stopped while it holds the bookkeepers' lock, then killed."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE reconciliation_historicalcase IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "update_cases"], env=environment(PROVIDERS)
        )
        while not somebody_waits():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert Case.objects.count() == 0
    update()
    assert each_once()


def test_a_delivery_whose_commit_becomes_visible_late_is_not_skipped(
    owed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows with higher numbers were looked at before it is there."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("DELETE FROM providers_doubt WHERE transaction_id = 'settle:3' RETURNING *")
        first = cursor.fetchone()
        cursor.execute("COMMIT; BEGIN")
        cursor.execute("INSERT INTO providers_doubt VALUES (%s, %s, %s, %s, %s)", first)
        update()
        assert Case.objects.count() == COUNT - 1
        cursor.execute("COMMIT")
    update()
    assert each_once()


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")
