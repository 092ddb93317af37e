"""`./cage test`: lint, types, checks and all tests, on servers that are thrown away."""

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded import processes, servers
from config.embedded.home import Home, environment, given
from config.embedded.processes import Signals

PYTEST = (sys.executable, "-m", "pytest")
MANAGE = (sys.executable, "manage.py")
# Two processes, each with a database of its own; a file's tests run in one of them, in their order
# (the broker is shared, and one file alone talks to it). Slow files come first in the tests' order.
SIDE_BY_SIDE = ("--numprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder")
CHECKS = {
    "lint": (sys.executable, "-m", "ruff", "check", "."),
    "format": (sys.executable, "-m", "ruff", "format", "--check", "."),
    "types": (sys.executable, "-m", "mypy"),
    "migrate": (*MANAGE, "migrate", "--database", "owner", "--verbosity", "0"),
    "deploy": (
        *MANAGE,
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        "--database",
        "default",
    ),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "tests": (*PYTEST, *SIDE_BY_SIDE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    name: str
    status: int
    seconds: float


def run(words: list[str], signals: Signals) -> int:
    """Run every check, also after one failed; with `words` pytest only. Return 0 if all passed."""
    checks = {"tests": (*PYTEST, *words)} if words else dict(CHECKS)
    if given("DATABASE_URL"):
        checks.pop("migrate", None)  # somebody's database: only what pytest makes in it is ours
    home = Home(Path(tempfile.mkdtemp(prefix="cage-test-")))
    try:
        home.acquire(signals, command="test")
        env = environment(home, DEBUG="false", PROVIDERS="{}")
        with servers.running(home, signals, durable=False) as found:
            results = [
                check(name, argv, env | found.variables, signals)
                for name, argv in checks.items()
                if not signals.count
            ]
    finally:
        shutil.rmtree(home.path, ignore_errors=True)
    if len(checks) > 1:
        print(table(results))
    if signals.count:
        return 130
    return int(any(result.status for result in results))


def check(name: str, argv: tuple[str, ...], env: dict[str, str], signals: Signals) -> Result:
    started = time.monotonic()
    status = processes.in_terminal(argv, env=env, signals=signals)
    seconds = time.monotonic() - started
    print(
        f"{name}: {'passed' if status == 0 else 'FAILED'} in {seconds:.1f} s\n",
        flush=True,
    )
    return Result(name=name, status=status, seconds=seconds)


def table(results: list[Result]) -> str:
    verdict = {True: "passed", False: "FAILED"}
    return "\n".join(
        f"{result.name:<12}{verdict[result.status == 0]:<8}{result.seconds:>7.1f} s"
        for result in results
    )
