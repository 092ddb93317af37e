"""The stage: servers of its own, two webs (group commit on and off), and one run at a time."""

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded import processes, servers, site
from config.embedded.bench.books import Books
from config.embedded.bench.limit import Limit
from config.embedded.bench.mixes import Mix, settlements
from config.embedded.bench.orders import CURRENCIES, PLAYERS, PROVIDERS
from config.embedded.home import Home, environment
from config.embedded.processes import ROOT, Failure, Signals

MANAGE = (sys.executable, str(ROOT / "manage.py"))
LOAD = (sys.executable, "-m", "config.embedded.bench.load")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run. Rates are replies a second, times milliseconds, CPU seconds a thousand requests, and
    `memory` is MiB of the largest web process afterwards."""

    rate: float
    p50: float
    p95: float
    p99: float
    p999: float
    dropped: int
    group: float
    memory: float
    cpu: dict[str, float]
    faults: list[str]


class Stage:
    """What scenes are played on."""

    def __init__(
        self,
        env: Mapping[str, str],
        folder: Path,
        ports: Mapping[bool, int],
        stop_valkey: Callable[[], None],
    ) -> None:
        self.env, self.ports, self._folder = env, ports, folder
        self.stop_valkey = stop_valkey
        self.books = Books(env)
        self.play(settlements(200))  # There is a delivery to copy, and everything is warm.
        self.play(settlements(200), grouped=False)
        self.limit = Limit(env, folder)

    def play(
        self, mix: Mix, *, connections: int = 64, rate: float | None = None, grouped: bool = True
    ) -> Measured:
        """Send it all, check every reply, and hold the books against it."""
        prepared = self._folder / "requests"
        prepared.write_bytes(pickle.dumps(mix.requests))
        words = [str(prepared), str(self.ports[grouped]), str(connections)]
        before, used = self.books.state(), cpu_seconds()
        done = subprocess.run(
            [*LOAD, *words, *([str(rate)] if rate else [])],
            cwd=ROOT,
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(f"{done.stderr}The load generator failed.")
        found: dict[str, Any] = json.loads(done.stdout)
        after = cpu_seconds()
        cpu = {name: after[name] - used[name] for name in used}
        cpu["generator"] = found["generator_cpu"]
        faults = self.books.faults(before, transactions=mix.transactions, deliveries=mix.kept)
        if found["wrong"]:
            faults.append(f"{found['wrong']} wrong replies, the first: {found['first_wrong']}")
        if found["dropped"]:
            faults.append(f"{found['dropped']} requests without an answer")
        return Measured(
            rate=found["rate"],
            p50=found["p50"],
            p95=found["p95"],
            p99=found["p99"],
            p999=found["p99.9"],
            dropped=found["dropped"],
            group=self.books.group_size(before),
            memory=largest_web(),
            cpu={name: used * 1000 / found["requests"] for name, used in cpu.items()},
            faults=faults,
        )

    def verify(self) -> list[str]:
        """What `verify_ledger` finds wrong."""
        done = subprocess.run(
            [*MANAGE, "verify_ledger"],
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )
        return [done.stdout + done.stderr] if done.returncode else []


def cpu_seconds() -> dict[str, float]:
    """Used so far by what runs now, by its kind."""
    used = {"web": 0.0, "postgres": 0.0}
    for name, fields in _processes():
        used[name] += (int(fields[11]) + int(fields[12])) / TICKS
    return used


def largest_web() -> float:
    """MiB in memory of the web process that holds most."""
    pages = max(int(fields[21]) for name, fields in _processes() if name == "web")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _processes() -> Iterator[tuple[str, list[str]]]:
    """Kind, and what stands in /proc/PID/stat behind the name; of those that we started."""
    found: dict[str, tuple[bytes, list[str]]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            fields = (process / "stat").read_text().rpartition(") ")[2].split()
            found[process.name] = words, fields
    for number, (words, fields) in found.items():
        ancestor = number
        while ancestor in found and ancestor != str(os.getpid()):
            ancestor = found[ancestor][1][1]
        if ancestor in found and (b"granian" in words or b"postgres" in words):
            yield "web" if b"granian" in words else "postgres", fields


@contextmanager
def set_up(home: Home, signals: Signals, *, say: Any) -> Iterator[Stage]:
    """Durable servers in `home`, which is thrown away; wallets, and both webs."""
    env = environment(home, PROVIDERS=json.dumps(PROVIDERS), DEBUG="false")
    with servers.running(home, signals) as found:
        env |= found.variables
        say("a database, and a wallet for each of 1000 players in three currencies")
        wallets = [f"p{n}:{currency}" for currency in CURRENCIES for n in range(PLAYERS)]
        for words in (
            ["migrate", "--database", "owner", "--verbosity", "0"],
            ["open_wallet", "--deposit", "1000000", *wallets],
        ):
            subprocess.run([*MANAGE, *words], env=env, check=True, stdout=subprocess.DEVNULL)
        ports = {True: site.free_port(0), False: site.free_port(0)}
        webs = [
            processes.start(
                "web",
                site.programs(port)["web"],
                env=env | {"GROUP_COMMIT": "on" if grouped else "off"},
                log=home.folder("logs") / f"web-{grouped}.log",
                keep_open=home.locks,
            )
            for grouped, port in ports.items()
        ]
        try:
            for port in ports.values():
                site.await_ready(f"http://127.0.0.1:{port}", [*found.children, *webs], signals)
            time.sleep(1)
            valkey = [child for child in found.children if child.name == "valkey"]
            yield Stage(env, home.folder("bench"), ports, lambda: processes.stop(valkey, signals))
        finally:
            processes.stop(webs, signals)
