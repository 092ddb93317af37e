"""The commands of `./cage`, each from its first server to its last."""

import os
import secrets
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config.embedded import postgres, processes, servers, site, suite
from config.embedded.bench import run as benchmark
from config.embedded.home import Home, environment, given
from config.embedded.processes import ROOT, Failure, Signals, Stopped
from config.embedded.site import Place

MANAGE = (sys.executable, str(ROOT / "manage.py"))
CAST = [
    f"{uid}:{currency}"
    for uid in ("alice", "bob", "carol", "dave")
    for currency in ("USD", "CNY", "THB", "COIN")
]

ROLES = "viewer, finance, approver, operations, auditor"


def main(command: str, options: Namespace) -> int:
    """Do `command`; return its exit status. Anticipated problems are one sentence on stderr."""
    signals = Signals()
    commands = {"run": run, "demo": demo, "test": test, "manage": manage, "bench": bench}
    try:
        return commands[command](options, signals)
    except Stopped:
        return 130
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1


def run(options: Namespace, signals: Signals) -> int:
    """Serve until somebody stops it; a process that dies by itself is a failure."""
    with (
        prepared("run", options.port, signals) as place,
        site.serving(place, signals, logs=None) as children,
    ):
        site.announce(place)
        died = site.watch([*place.servers, *children], signals)
    if died:
        raise Failure(died)
    return 0


def demo(options: Namespace, signals: Signals) -> int:
    """Serve and play until somebody stops it, then tell whether the books are right."""
    with prepared("demo", options.port, signals) as place:
        step([*MANAGE, "open_wallet", "--if-missing", "--deposit", "1000", *CAST], place, signals)
        password, of_roles = staff_login(place), role_logins(place, signals)
        logs = place.home.folder("logs")
        with site.serving(place, signals, logs=logs) as children:
            site.announce(place)
            print(f"Staff      admin, password {password}")
            print(f"           {ROLES}: password {of_roles}")
            print(f"Logs       {logs}\n", flush=True)
            traffic = started([*MANAGE, "simulate", "--demo", "--url", place.url], place)
            everything = [traffic, *place.servers, *children]
            died = site.watch(everything, signals, seconds=options.seconds)
            traffic.signal(signal.SIGINT)  # it lets its open settlements finish
            traffic.ladder = (signal.SIGKILL,)  # a second Ctrl-C means it
            played = processes.finish(traffic, signals)
            if signals.count > 1:  # somebody is in a hurry
                raise Stopped
            verified = processes.finish(started([*MANAGE, "verify_ledger"], place), signals)
    if died:
        raise Failure(died)
    return played or verified


def test(options: Namespace, signals: Signals) -> int:
    return suite.run(options.words, signals)


def bench(options: Namespace, signals: Signals) -> int:
    return benchmark.main(options, signals)


def manage(options: Namespace, signals: Signals) -> int:
    """Run a management command where the servers run; if none do, with some of its own."""
    home = Home.usual()
    argv = [*MANAGE, *options.words]
    env = environment(home)
    if not given("DATABASE_URL"):  # psql, pg_dump
        env["PATH"] = f"{env.get('PATH', os.defpath)}{os.pathsep}{postgres.binaries_folder()}"
    if given("DATABASE_URL") and given("REDIS_URL"):
        return replaced_by(argv, env)
    if running := home.acquire(signals, command="manage"):
        reach = {name: url for name, url in running.environment.items() if not given(name)}
        return replaced_by(argv, env | reach)
    with servers.running(home, signals) as found:
        env |= found.variables
        return processes.in_terminal(argv, env=env, signals=signals, cwd=Path.cwd())


# -- Their parts -----------------------------------------------------------------------------


@contextmanager
def prepared(command: str, port: int, signals: Signals) -> Iterator[Place]:
    """Hold the home, run the servers and migrate; yield the place where Cage can be served."""
    home = Home.usual()
    if running := home.acquire(signals, command=command):
        raise Failure(f"Cage is already running at {running.url} (process {running.pid}).")
    port = site.free_port(port)
    env = environment(home)
    with servers.running(home, signals) as found:
        place = Place(home=home, env=env | found.variables, port=port, servers=found.children)
        step([*MANAGE, "migrate", "--database", "owner", "--verbosity", "0"], place, signals)
        yield place


def started(argv: Sequence[str], place: Place) -> processes.Child:
    """Start a command that writes to our terminal, and whose Ctrl-C is ours to pass on."""
    processes.say(argv)
    return processes.start(argv[2], argv, env=place.env, if_we_die=signal.SIGKILL)


def step(argv: Sequence[str], place: Place, signals: Signals) -> None:
    """Run a command that must succeed before anything else happens."""
    status = processes.finish(started(argv, place), signals)
    if signals.count:
        raise Stopped
    if status:
        raise Failure(f"{argv[2]} failed with exit status {status}.")


def staff_login(place: Place) -> str:
    """Make the staff login `admin` if there is none; return its password as far as we know it."""
    kept = place.home.path / "staff_password"
    known = kept.exists()
    password = kept.read_text().strip() if known else secrets.token_urlsafe(12)
    argv = [*MANAGE, "createsuperuser", "--noinput"]
    processes.say(argv)
    superuser = {
        "USERNAME": "admin",
        "EMAIL": "admin@cage.invalid",
        "PASSWORD": password,
    }
    done = subprocess.run(
        argv,
        env=place.env | {f"DJANGO_SUPERUSER_{name}": value for name, value in superuser.items()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=processes.die_with_parent(signal.SIGTERM),
    )
    if done.returncode == 0:
        return place.home.keep("staff_password", lambda: password)
    if "already taken" not in done.stderr:
        raise Failure(f"{done.stdout}{done.stderr}The staff login could not be made.")
    return password if known else "unknown here: ./cage manage changepassword admin"


def role_logins(place: Place, signals: Signals) -> str:
    """Make a login for each role; return the password of those that we made."""
    password = place.home.keep("role_password", lambda: secrets.token_urlsafe(12))
    argv = [*MANAGE, "demo_staff"]
    step(argv, replace(place, env=place.env | {"DEMO_STAFF_PASSWORD": password}), signals)
    return password


def replaced_by(argv: list[str], env: dict[str, str]) -> int:
    """Become the command: its terminal, signals and exit status need no one in between."""
    processes.say(argv)
    os.execve(argv[0], argv, env)
