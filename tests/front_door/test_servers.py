"""Real PostgreSQL and Valkey: complete after the first start, gone after the last."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import environ
import psycopg
import pytest
import redis
from kombu import Connection

from config.embedded import postgres, servers, sockets
from config.embedded.home import Home
from config.embedded.processes import ROOT, Failure, Signals

CAGE = [sys.executable, str(ROOT / "cage")]


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        return connection.execute(query.encode()).fetchall()


def processes_of(home: Home) -> list[str]:
    """The command lines that name the home, ended ones left out."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(home.path) in line:
            lines.append(line)
    return lines


@pytest.fixture(autouse=True)
def nothing_is_left(home: Home) -> Iterator[None]:
    yield
    deadline = time.monotonic() + 15
    while left := processes_of(home):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_first_start_makes_roles_and_a_database_marked_for_play(
    home: Home, signals: Signals
) -> None:
    home.acquire(signals, command="test")
    for _ in range(2):  # the second start changes nothing
        with servers.running(home, signals, durable=False) as found:
            urls = found.variables
            who = "SELECT current_user::text, current_setting('cage.mark', true)"
            assert rows(urls["DATABASE_URL"], who) == [("cage", None)]
            assert rows(urls["MIGRATE_DATABASE_URL"], who) == [("cage_owner", "demo")]
            rights = (
                "SELECT rolname::text, rolsuper, rolcreatedb, rolcanlogin FROM pg_roles "
                "WHERE rolname LIKE 'cage%' ORDER BY 1"
            )
            assert rows(urls["DATABASE_URL"], rights) == [
                ("cage", False, False, True),
                ("cage_owner", False, True, True),
            ]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                rows(urls["DATABASE_URL"], "CREATE TABLE anything (id int)")
            with Connection(urls["REDIS_URL"]) as broker:
                broker.ensure_connection(max_retries=1)
                assert broker.connected


def test_valkey_remembers_after_a_restart(home: Home, signals: Signals) -> None:
    home.acquire(signals, command="test")
    place = sockets.folder_for(home, "valkey") / "valkey.sock"
    with (
        servers.running(home, signals, durable=False),
        closing(redis.Redis(unix_socket_path=str(place))) as client,
    ):
        client.set("chip", "red")
    with (
        servers.running(home, signals, durable=False),
        closing(redis.Redis(unix_socket_path=str(place))) as client,
    ):
        assert client.get("chip") == b"red"


def test_postgres_starts_over_the_remains_of_a_killed_one(home: Home, signals: Signals) -> None:
    home.acquire(signals, command="test")
    with servers.running(home, signals, durable=False) as found:
        found.children[0].signal(signal.SIGKILL)
    pid_file = home.path / "postgres" / "data" / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    # The worst case: the number in the stale file is a living process, ours.
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]))
    with servers.running(home, signals, durable=False) as found:
        assert rows(found.variables["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_exported_urls_start_no_server(
    home: Home, signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    monkeypatch.setenv("REDIS_URL_FILE", "/run/secrets/redis")
    with servers.running(home, signals) as found:
        assert found.children == []
        assert found.variables == {}


def test_pg_bin_without_postgres_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", "/nowhere")
    with pytest.raises(Failure, match="PG_BIN is /nowhere"):
        postgres.binaries_folder()


@pytest.mark.parametrize("folder", ["/plain/folder", "/odd one/50%+é/a&b"])
def test_database_url_means_the_same_to_django_and_to_libpq(folder: str) -> None:
    url = postgres.database_url(Path(folder), "cage")
    parsed = environ.Env.db_url_config(url)
    assert parsed["ENGINE"] == "django.db.backends.postgresql"
    assert (parsed["NAME"], parsed["USER"]) == ("cage", "cage")
    assert parsed["OPTIONS"] == {"host": folder, "port": 5432}
    libpq = psycopg.conninfo.conninfo_to_dict(url)
    assert libpq == {"host": folder, "port": "5432", "user": "cage", "dbname": "cage"}


def test_deep_home_puts_its_sockets_in_a_short_private_folder(tmp_path: Path) -> None:
    deep = Home(tmp_path / "/".join(["deep" * 5] * 6))
    folder = sockets.folder_for(deep, "postgres")
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 60
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == os.geteuid()
    assert sockets.folder_for(deep, "postgres") == folder
    sockets.remove_short_folder(deep)
    assert not folder.parent.exists()


def test_short_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    deep = Home(tmp_path / "/".join(["deep" * 5] * 6))
    short = sockets.folder_for(deep, "valkey").parent
    sockets.remove_short_folder(deep)
    short.symlink_to(tmp_path)
    try:
        with pytest.raises(Failure, match="belongs to somebody else"):
            sockets.folder_for(deep, "valkey")
    finally:
        short.unlink()


def test_manage_passes_input_output_and_exit_status(home: Home) -> None:
    done = subprocess.run(
        [*CAGE, "manage", "shell", "--verbosity", "0"],
        input="import sys; print(6 * 7); sys.exit(3)",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "42\n"
    assert done.returncode == 3
    assert done.stderr.endswith("$ .venv/bin/python manage.py shell --verbosity 0\n")


def test_killed_cage_leaves_nothing_and_the_next_one_starts(home: Home) -> None:
    shell = [*CAGE, "manage", "shell", "--verbosity", "0"]
    waiting = subprocess.Popen(shell, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (home.path / "valkey" / "valkey.sock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    waiting.kill()
    waiting.wait()
    assert waiting.stdin is not None
    waiting.stdin.close()
    assert subprocess.run([*CAGE, "manage", "version"], check=False).returncode == 0
