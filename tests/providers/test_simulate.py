"""The simulated providers against a real Cage that is killed in the middle of their stream."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.live import LiveCage, live_cage
from wallets.models import DatabaseMark

TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""


@pytest.fixture
def live(books: Books, providers: None) -> Iterator[LiveCage]:
    with live_cage(PROVIDERS) as cage:
        yield cage


class Chaos(threading.Thread):
    """Every now and then all backends are terminated; once each a web process is stopped for longer
    than a delivery may take, the web is asked to end, and it is killed, and started again."""

    def __init__(self, cage: LiveCage) -> None:
        super().__init__()
        self._cage, self._over = cage, threading.Event()
        self.terminated = self.killed = self.ended = self.frozen = 0

    def run(self) -> None:
        for round_ in range(8):
            if self._over.wait(0.8):
                break
            with connection.cursor() as cursor:
                cursor.execute(TERMINATE)
                self.terminated += cursor.fetchone()[0]
            if round_ == 1:
                self._freeze()
            if round_ == 3:
                self._cage.kill()
                self.killed += 1
                self._cage.start()
            if round_ == 5:
                self._cage.stop()
                self.ended += 1
                self._cage.start()
        connection.close()

    def _freeze(self) -> None:
        worker = self._cage.workers[0]
        os.kill(worker, signal.SIGSTOP)
        self._over.wait(2.5)
        os.kill(worker, signal.SIGCONT)
        self.frozen += 1

    @contextmanager
    def during(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self._over.set()
            self.join()


def simulate(cage: LiveCage, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    call_command("simulate", "--url", cage.url, "--seed", "7", "--json", *words)
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_nothing_is_lost_or_paid_twice_while_web_and_backends_are_killed(
    books: Books, live: LiveCage, capsys: pytest.CaptureFixture[str]
) -> None:
    chaos = Chaos(live)
    with chaos.during():
        result = simulate(
            live,
            capsys,
            "--rate",
            "60",
            "--seconds",
            "12",
            "--resends",
            "0.3",
            "--conflicts",
            "0.05",
            "--polls",
            "0.5",
        )
    assert set(result["verdict"].values()) == {0}
    assert (chaos.frozen, chaos.killed, chaos.ended) == (1, 1, 1)
    assert chaos.terminated > 0
    assert len(books.transactions()) > 300
    sent = [one["polls"] for one in result["providers"].values()]
    told = [one["balances_told"] for one in result["providers"].values()]
    assert min(told) > 10, result["providers"]
    assert sum(sent) > 150
    kept = books.statements("SELECT DISTINCT operation FROM providers_callback ORDER BY operation")
    assert kept == [("match",), ("result",), ("settle",)]
    keys = books.statements("SELECT count(*), count(DISTINCT delivery_id) FROM providers_callback")
    assert keys[0][0] == keys[0][1]
    assert books.violations() == []


def test_whole_rounds_converge_while_web_and_backends_are_killed(
    books: Books, live: LiveCage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bets, their settlements and their cancels: both sides know the same at the end."""
    chaos = Chaos(live)
    with chaos.during():
        result = simulate(
            live,
            capsys,
            *("--rounds", "--rate", "60", "--seconds", "12", "--connections", "64"),
            *("--resends", "0.3", "--conflicts", "0.05", "--lost-replies", "0.1"),
        )
    assert result["faults"] == []
    assert set(result["verdict"].values()) == {0}
    assert (chaos.frozen, chaos.killed, chaos.ended) == (1, 1, 1)
    assert chaos.terminated > 0
    assert set(result["unsettled"]) <= {"unknown player"}
    assert result["open_bets"] == {"providers": 0, "doubtful": 0, "books": 0}
    assert sum(one["taken"] for one in result["providers"].values()) > 50
    assert sum(one["cancelled"] for one in result["providers"].values()) > 5
    assert books.violations() == []


def test_a_production_database_is_refused(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DatabaseMark, "is_demo", classmethod(lambda cls: False))
    with pytest.raises(CommandError, match="production"):
        call_command("simulate", "--seconds", "1")
