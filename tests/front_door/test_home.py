"""What CAGE_HOME keeps: secrets made once, one lock, a record that is true or ignored."""

import json
import os
import subprocess
import sys

import pytest

from config.embedded.home import Home, Running, environment, providers
from config.embedded.processes import Failure, Signals, Stopped

ELSEWHERE = Running(pid=os.getpid(), url="http://127.0.0.1:1", environment={"REDIS_URL": "here"})


def test_secrets_are_made_once_and_for_us_alone(home: Home) -> None:
    first, second = environment(home), environment(home)
    for name, file in (("SECRET_KEY", "secret_key"), ("PROVIDERS", "providers.json")):
        assert first[name] == second[name] == (home.path / file).read_text().strip()
        assert (home.path / file).stat().st_mode & 0o777 == 0o600


def test_edited_providers_are_left_alone(home: Home) -> None:
    environment(home)
    (home.path / "providers.json").write_text("{}")
    assert environment(home)["PROVIDERS"] == "{}"


def test_two_homes_have_different_secrets() -> None:
    one, other = json.loads(providers()), json.loads(providers())
    assert set(one) == {"besoft", "jdb", "sud", "hotroad"}
    assert len(one["jdb"]["key"]) == len(one["jdb"]["iv"]) == 16
    assert one["jdb"]["key"] != other["jdb"]["key"]
    assert one["sud"]["app_secret"] != other["sud"]["app_secret"]
    assert all(one[name]["path"] != other[name]["path"] for name in one)


def test_exported_values_are_respected(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDERS", '{"besoft": {}}')
    monkeypatch.setenv("SECRET_KEY_FILE", "/run/secrets/key")
    monkeypatch.setenv("DEBUG", "false")
    made = environment(home)
    assert made["PROVIDERS"] == '{"besoft": {}}'
    assert made["DEBUG"] == "false"
    assert "SECRET_KEY" not in made
    assert not (home.path / "secret_key").exists()


def test_lock_is_exclusive_and_names_its_holder(home: Home, signals: Signals) -> None:
    assert home.acquire(signals, command="manage") is None
    with pytest.raises(Failure, match=r"in use by \./cage manage \(process \d+\)"):
        Home(home.path).acquire(signals, command="run", wait=0)


def test_waiting_for_the_lock_ends_with_a_signal(home: Home, signals: Signals) -> None:
    home.acquire(signals, command="manage")
    signals.count = 1
    with pytest.raises(Stopped):
        Home(home.path).acquire(signals, command="run")


def test_running_instance_is_found_by_its_record(home: Home, signals: Signals) -> None:
    home.acquire(signals, command="run")
    home.record(ELSEWHERE)
    assert Home(home.path).acquire(signals, command="manage") == ELSEWHERE
    assert (home.path / "run.json").stat().st_mode & 0o777 == 0o600


def test_record_of_a_dead_process_is_ignored(home: Home, signals: Signals) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    home.record(Running(pid=dead.pid, url="http://127.0.0.1:1", environment={}))
    assert home.running() is None
    assert home.acquire(signals, command="run") is None
    assert not (home.path / "run.json").exists()


def test_record_without_its_lock_is_ignored(home: Home, signals: Signals) -> None:
    """Its process number may belong to somebody else by now; a lock can't."""
    home.record(ELSEWHERE)
    assert home.acquire(signals, command="run") is None


@pytest.mark.parametrize("text", ["", "null", "[]", '{"pid": 1}'])
def test_damaged_record_is_ignored(home: Home, text: str) -> None:
    (home.path / "run.json").write_text(text)
    assert home.running() is None
