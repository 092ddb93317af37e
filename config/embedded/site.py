"""Web, worker and beat together: started, watched, told about and ended."""

import json
import os
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded import processes
from config.embedded.home import Home, Running, given
from config.embedded.processes import Child, Failure, Signals

READY_WITHIN = 60.0  # seconds
REACHES_SERVERS = (
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "PGHOST",
    "PGPORT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where Cage is served: its home, its environment, its port, and the servers below it."""

    home: Home
    env: dict[str, str]
    port: int
    servers: list[Child]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(place: Place, signals: Signals, *, logs: Path | None) -> Iterator[list[Child]]:
    """Run web, worker and beat; yield when the web answers, and end them afterwards.

    They write to `logs`, or to our output with their names in front.
    """
    metrics = place.home.folder("metrics")
    shutil.rmtree(metrics)
    metrics.mkdir()
    home, env = place.home, place.env
    children: list[Child] = []
    try:
        for name, argv in programs(place.port).items():
            processes.say(argv)
            child = processes.start(
                name,
                argv,
                env=env | {"PROMETHEUS_MULTIPROC_DIR": str(metrics)} if name == "web" else env,
                log=logs and logs / f"{name}.log",
                prefix=logs is None,
                keep_open=home.locks,
            )
            children.append(child)
        await_ready(place.url, [*place.servers, *children], signals)
        reach = {key: env[key] for key in REACHES_SERVERS if key in env}
        home.record(Running(pid=os.getpid(), url=place.url, environment=reach))
        yield children
    finally:
        home.forget()
        processes.stop(children, signals)


def programs(port: int) -> dict[str, list[str]]:
    """Return what serves: production runs the same three with its own numbers."""
    granian = "granian --interface asgi --runtime-mode st --loop uvloop --workers 2 --no-ws"
    granian += " --no-access-log --workers-kill-timeout 5"
    granian += f" --host 127.0.0.1 --port {port} config.asgi:application"
    celery = "celery --quiet -A config.celery"
    scheduler = "--scheduler django_celery_beat.schedulers:DatabaseScheduler"
    lines = {
        "web": granian,
        "worker": f"{celery} worker --concurrency 1 --without-mingle --loglevel info",
        "beat": f"{celery} beat {scheduler} --loglevel info",
    }
    return {name: [sys.executable, "-m", *line.split()] for name, line in lines.items()}


def free_port(port: int) -> int:
    """Return `port` if nobody listens there, any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise Failure(f"Port {port}: {reason}. Try another --port.") from None
        return int(probe.getsockname()[1])


def await_ready(url: str, children: Sequence[Child], signals: Signals) -> None:
    """Return when the web says it is ready, or raise what keeps it from that."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline, last = time.monotonic() + READY_WITHIN, "no answer"
    while time.monotonic() < deadline:
        if died := death_among(children):
            raise Failure(died)
        try:
            direct.open(f"{url}/health/ready", timeout=5).close()
        except OSError as error:
            last = str(error)
            signals.pause(0.1)
        else:
            return
    raise Failure(f"{url}/health/ready did not become ready: {last}.")


def watch(
    children: Sequence[Child], signals: Signals, *, seconds: float | None = None
) -> str | None:
    """Return None when asked to stop or after `seconds`, a sentence when one died by itself."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while not signals.count and (deadline is None or time.monotonic() < deadline):
        if died := death_among(children):
            return died
        time.sleep(processes.POLL)
    return None


def death_among(children: Sequence[Child]) -> str | None:
    for child in children:
        if child.status is not None:
            return f"{child.last_lines()}{child.name} ended by itself, exit status {child.status}."
    return None


def announce(place: Place) -> None:
    """Print where everything is."""
    print(f"\nAdmin      {place.url}/admin/")
    if not given("PROVIDERS"):
        for name, provider in json.loads(place.env["PROVIDERS"]).items():
            print(f"Callbacks  {place.url}/callbacks/{provider['path']}  ({name})")
    print(f"Data       {place.home.path}\nCtrl-C ends it.\n", flush=True)
