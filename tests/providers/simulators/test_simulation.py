"""What keeps a simulation from starting, each told in one sentence."""

import json
from typing import Any

import pytest

from providers.simulators import simulation
from providers.simulators.course import Course, Stop
from providers.simulators.orders import Shares
from tests.providers.simulators.cast import SETTINGS
from wallets.models import DatabaseMark

COURSE = Course(
    rate=1,
    seconds=1,
    shares=Shares(),
    seed=1,
    players=2,
    connections=1,
    patience=1,
    url="http://127.0.0.1:1",
)


def refusal(*names: str, demo: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(DatabaseMark, "is_demo", lambda: demo)
    monkeypatch.setattr(simulation, "READY_WITHIN", 0.0)
    with pytest.raises(simulation.CannotSimulate) as raised:
        simulation.run(COURSE, names, stop=Stop(), watch=lambda _: None)
    return str(raised.value)


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.PROVIDERS = json.dumps(
        {
            "jdb": SETTINGS["jdb"],
            "old": {**SETTINGS["jdb"], "protocol": "jdb", "retired": True},
        }
    )


def test_a_production_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(demo=False, monkeypatch=monkeypatch)
    assert told == "This database is marked for production; nothing is simulated on it."


@pytest.mark.parametrize("name", ["sud", "old"])
def test_a_provider_that_is_not_configured_or_retired_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = refusal(name, demo=True, monkeypatch=monkeypatch)
    assert told == f"'{name}' is none of the providers: jdb."


def test_a_cage_that_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(demo=True, monkeypatch=monkeypatch)
    assert told == "No Cage is ready at http://127.0.0.1:1 (GET /health/ready)."
