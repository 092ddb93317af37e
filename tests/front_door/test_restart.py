"""PostgreSQL ends under load and comes back, twice: nothing is lost, and nothing is paid twice."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from config.embedded import postgres, processes, servers, site
from config.embedded.home import Home, environment
from config.embedded.processes import ROOT, Signals
from config.embedded.site import Place

MANAGE = (sys.executable, str(ROOT / "manage.py"))


@pytest.fixture
def place(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A Cage of its own, whose database is on the disk when it says so."""
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "PROVIDERS", "DEBUG"):
        monkeypatch.delenv(name, raising=False)
    home, signals = Home(tmp_path_factory.mktemp("restart")), Signals()
    home.acquire(signals, command="demo")
    env = environment(home)
    with servers.running(home, signals) as found:
        env |= found.variables
        made = Place(home=home, env=env, port=site.free_port(0), servers=found.children)
        manage(made, "migrate", "--database", "owner", "--verbosity", "0")
        with site.serving(made, signals, logs=home.folder("logs")):
            yield made


def manage(place: Place, *words: str) -> str:
    command = [*MANAGE, *words]
    done = subprocess.run(command, env=place.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def restart(place: Place, how: signal.Signals) -> None:
    """As it is told to: SIGINT ends what runs, SIGQUIT is a crash with a recovery afterwards."""
    (server,) = (child for child in place.servers if child.name == "postgres")
    server.ladder = (how, signal.SIGKILL)
    processes.stop([server], Signals(), patience=20)
    place.servers.remove(server)
    again, _ = postgres.start(place.home, Signals(), durable=True)
    place.servers.append(again)


def deliveries(place: Place) -> int:
    with closing(psycopg.connect(place.env["DATABASE_URL"])) as connection:
        row = connection.execute("SELECT count(*) FROM providers_callback").fetchone()
    assert row
    return int(row[0])


def test_every_settlement_is_paid_once_while_the_database_is_restarted(place: Place) -> None:
    command = [*MANAGE, "simulate", "--url", place.url, "--seconds", "8", "--rounds", "--json"]
    with subprocess.Popen(command, env=place.env, stdout=subprocess.PIPE, text=True) as played:
        for how in (signal.SIGINT, signal.SIGQUIT):
            before = deliveries(place)
            while deliveries(place) < before + 20:
                assert played.poll() is None
                time.sleep(0.1)
            restart(place, how)
            assert played.poll() is None
        told, _ = played.communicate(timeout=120)
    found = json.loads(told)
    assert set(found["verdict"].values()) == {0}, told
    assert played.returncode == 0
    manage(place, "verify_ledger")
