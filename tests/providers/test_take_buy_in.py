"""manage.py take_buy_in: what an operator's platform calls before it orders points."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from providers import buy_ins, checks
from tests.cast import NOON, Books, deposit, post
from tests.conftest import PROVIDERS
from wallets import ledger
from wallets.models import DatabaseMark, Transaction

SETTINGS = {**PROVIDERS["sud"], "pays": "user.settle"}
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def alice(books: Books, configure: Callable[..., None]) -> Books:
    configure(sud=SETTINGS)
    books.open("alice", "COIN", "1000")
    return books


def take(**changes: str) -> None:
    asked = {"provider": "sud", "player": "alice", "score": "600", "order": "OUT-1", **changes}
    call_command("take_buy_in", *[f"--{name}={value}" for name, value in asked.items()])


def test_a_buy_in_is_a_transaction_of_the_provider(
    alice: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    take()
    assert (
        capsys.readouterr().out == "took 600 points of alice for OUT-1; the balance is 400 COIN\n"
    )
    row = Transaction.objects.get(provider="sud")
    assert (row.transaction_id, row.reference, row.kind, row.origin, row.stake) == (
        "buy_in:OUT-1",
        "OUT-1",
        "bet",
        "command",
        600,
    )
    assert alice.violations() == []


def test_the_same_again_takes_nothing_and_says_so(
    alice: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    take()
    take()
    assert capsys.readouterr().out.splitlines()[1] == (
        "600 points of alice for OUT-1 were taken before; the balance is 400 COIN"
    )
    assert alice.balance("alice", "COIN") == 400


def test_a_refusal_is_final_for_the_order_and_not_for_the_player(alice: Books) -> None:
    with pytest.raises(CommandError, match=r"InsufficientFunds: The balance does not") as error:
        take(score="1001")
    assert error.value.returncode == 1
    post(deposit("alice", "COIN", "1"))
    with pytest.raises(CommandError, match="InsufficientFunds"):
        take(score="1001")
    take(score="1001", order="OUT-2")
    assert alice.balance("alice", "COIN") == 0
    assert alice.violations() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"score": "599"}, "Conflict"),
        ({"player": "bob"}, "Conflict"),
        ({"order": "OUT-2", "player": "nobody"}, "UnknownPlayer"),
        ({"order": "OUT-2", "player": "x" * 65}, "Malformed"),
        ({"order": "x" * 65}, "Malformed"),
        ({"order": "a\nb"}, "Malformed"),
        ({"order": "a\udcff"}, "Malformed"),
        ({"score": "2147483648"}, "Malformed"),
        ({"provider": "nobody"}, "nobody is not in PROVIDERS"),
        ({"provider": "jdb"}, "This provider has no buy-ins"),
        ({"score": "0"}, "above 0"),
        ({"score": "-1"}, "above 0"),
        ({"score": "1_0"}, "above 0"),
        ({"score": "1.5"}, "above 0"),
        ({"score": "\u0661"}, "above 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    alice: Books, changes: dict[str, str], sentence: str
) -> None:
    alice.open("bob", "COIN", "1000")
    take()
    with pytest.raises(CommandError, match=sentence) as error:
        take(**changes)
    assert alice.transactions() == ["buy_in:OUT-1"]
    assert [alice.balance(uid, "COIN") for uid in ("alice", "bob")] == [400, 1000]
    assert error.value.returncode == 1


def test_a_suspended_player_can_not_buy_in(alice: Books) -> None:
    alice.set_status("alice", "suspended")
    with pytest.raises(CommandError, match="PlayerSuspended"):
        take()


def test_nothing_is_taken_where_nothing_would_give_it_back(
    alice: Books, configure: Callable[..., None]
) -> None:
    configure()
    with pytest.raises(CommandError, match="gives a buy-in back"):
        take()
    assert Transaction.objects.filter(provider="sud").count() == 0


def test_a_retired_provider_takes_nothing_new_and_knows_what_it_took(
    alice: Books, configure: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    take()
    configure(sud={**SETTINGS, "retired": True})
    take()
    assert "were taken before" in capsys.readouterr().out
    with pytest.raises(CommandError, match="retired"):
        take(order="OUT-2", score="1")
    assert alice.balance("alice", "COIN") == 400


def test_real_money_is_taken_too(alice: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseMark, "is_demo", classmethod(lambda cls: False))
    take()
    assert alice.balance("alice", "COIN") == 400


@pytest.mark.parametrize("why", ["database", "time", "configuration"])
def test_what_is_not_known_is_neither_a_yes_nor_a_no(
    alice: Books, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("away") if why == "database" else ledger.OutOfTime

    if why == "configuration":
        monkeypatch.setattr(checks, "configuration_is_verified", lambda: False)
    else:
        monkeypatch.setattr(ledger, "_read", fail)
    with pytest.raises(CommandError, match="not known whether 600 points of alice") as error:
        take()
    assert error.value.returncode == 3
    monkeypatch.undo()
    take()
    assert alice.balance("alice", "COIN") == 400


def test_eight_at_once_take_it_once(alice: Books) -> None:
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        try:
            return buy_ins.take(
                provider="sud", uid="alice", score=600, order_id="OUT-1", at=NOON
            ).posted
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [False] * 7 + [True]
    assert alice.balance("alice", "COIN") == 400
    assert alice.violations() == []


def test_a_platform_can_shell_out_to_it(alice: Books) -> None:
    """JSON for machines, and an exit status: 0 taken, 1 not taken, 2 not understood."""

    def shell(*words: str) -> tuple[int, Any]:
        ran = subprocess.run(
            [sys.executable, "manage.py", "take_buy_in", "--provider=sud", "--json", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "PROVIDERS": json.dumps({"sud": SETTINGS}),
                "DATABASE_URL": _test_database(os.environ["DATABASE_URL"]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, json.loads(ran.stdout) if ran.stdout else ran.stderr

    asked = {"provider": "sud", "player": "alice", "score": 600, "order": "OUT-1"}
    words = ["--player=alice", "--score=600", "--order=OUT-1"]
    taken = {**asked, "taken": True, "balance": "400", "currency": "COIN", "reason": ""}
    assert shell(*words) == (0, {**taken, "outcome": "posted"})
    assert shell(*words) == (0, {**taken, "outcome": "duplicate"})
    assert shell("--player=alice", "--score=600", "--order=OUT-2") == (
        1,
        {
            **asked,
            "order": "OUT-2",
            "outcome": "refused",
            "taken": False,
            "balance": None,
            "currency": None,
            "reason": "InsufficientFunds: The balance does not cover it.",
        },
    )
    status, _ = shell("--player=alice", "--score=many", "--order=OUT-2")
    assert status == 2
    assert alice.balance("alice", "COIN") == 400


def _test_database(url: str) -> str:
    before, mark, options = url.partition("?")
    server, _, _name = before.rpartition("/")
    return f"{server}/{connection.settings_dict['NAME']}{mark}{options}"
