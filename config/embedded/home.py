"""What `./cage` keeps on a machine between two runs: secrets, a lock, the record of a running one.

It lies under CAGE_HOME, `.cage/` beside the sources unless exported.
"""

import fcntl
import json
import os
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded.processes import ROOT, Failure, Signals

LOCK_WAIT = 60.0  # seconds; another ./cage may be starting, or its servers finishing


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running `./cage run` or `demo`: where its web is, and what leads to its servers."""

    pid: int
    url: str
    environment: dict[str, str]


class Home:
    """One folder; whoever holds its lock may start servers on the data in it."""

    def __init__(self, path: Path) -> None:
        """Make the folder. Root lets others pass through it, as PostgreSQL won't run as root."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.lock: int | None = None

    @classmethod
    def usual(cls) -> "Home":
        return cls(Path(os.environ.get("CAGE_HOME") or ROOT / ".cage").resolve())

    def folder(self, name: str) -> Path:
        """Return the folder `name`, made if missing; nobody else may read it."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def locks(self) -> list[int]:
        """What every child inherits, so that the lock is held until the last one is gone."""
        return [] if self.lock is None else [self.lock]

    # -- Secrets -----------------------------------------------------------------------------

    def keep(self, name: str, make: Callable[[], str]) -> str:
        """Return the text of file `name`, written from `make()` and readable by us only if new.

        It appears complete or not at all, and is never overwritten.
        """
        kept = self.path / name
        if not kept.exists():
            fresh = self.path / f"{name}.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600, exist_ok=False)
            fresh.write_text(make() + "\n")
            try:
                os.link(fresh, kept)
            except FileExistsError:
                pass  # another ./cage was faster; its text counts
            finally:
                fresh.unlink()
        return kept.read_text().strip()

    # -- Lock and record ---------------------------------------------------------------------

    def acquire(self, signals: Signals, *, command: str, wait: float = LOCK_WAIT) -> Running | None:
        """Take the lock and return None, or return the running instance that has it.

        Servers inherit the lock, so it is free only when those of a killed `./cage` are gone too.
        """
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline, told = time.monotonic() + wait, False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self.lock = lock
                self.forget()
                os.truncate(lock, 0)
                os.pwrite(lock, f"./cage {command} (process {os.getpid()})".encode(), 0)
                return None
            if running := self.running():
                os.close(lock)
                return running
            holder = os.pread(lock, 100, 0).decode(errors="replace")
            if time.monotonic() > deadline:
                raise Failure(f"{self.path} is in use by {holder}.")
            if not told:
                print(f"Waiting for {holder} to end.", flush=True)
                told = True
            signals.pause(0.2)

    def record(self, running: Running) -> None:
        """Tell other `./cage manage` how to reach what is running here."""
        fresh = self.path / "run.json.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(running), indent=2))
        fresh.replace(self.path / "run.json")

    def forget(self) -> None:
        (self.path / "run.json").unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Return what is recorded if its process is alive."""
        try:
            running = Running(**json.loads((self.path / "run.json").read_text()))
            os.kill(running.pid, 0)
        except PermissionError:
            return running
        except (FileNotFoundError, ProcessLookupError, ValueError, TypeError):
            return None
        return running


def secret_key() -> str:
    return secrets.token_urlsafe(64)


def providers() -> str:
    """Return a configuration of all four protocols, with secrets nobody else has."""
    here = ["127.0.0.0/8", "::1/128"]
    return json.dumps(
        {
            "besoft": {"currency": "USD", "allowed_ips": here, "path": _path("besoft")},
            "jdb": {
                "key": _characters(16),
                "iv": _characters(16),
                "currencies": {"RB": "CNY", "US": "USD"},
                "path": _path("jdb"),
            },
            "sud": {
                "app_id": "1461564080052506636",
                "app_secret": [_characters(32)],
                "currency": "COIN",
                "path": _path("sud"),
            },
            "hotroad": {
                "currency": "THB",
                "allowed_ips": here,
                "path": _path("hotroad"),
            },
        },
        indent=2,
    )


def _path(name: str) -> str:
    return f"{name}-{secrets.token_hex(4)}"


def _characters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def given(name: str) -> bool:
    """Tell whether `name` was exported, by itself or as the path of a file that holds it."""
    return name in os.environ or f"{name}_FILE" in os.environ


def environment(home: Home, **defaults: str) -> dict[str, str]:
    """Return what Cage's settings need besides its servers; what was exported stays as it is.

    `defaults` stand in for what we would keep in `home`.
    """
    ours: dict[str, Callable[[], str]] = {
        "SECRET_KEY": lambda: home.keep("secret_key", secret_key),
        "PROVIDERS": lambda: home.keep("providers.json", providers),
        "ALLOWED_HOSTS": lambda: "localhost,127.0.0.1,[::1]",
        "DEBUG": lambda: "true",
        "ONE_CORE_EACH": lambda: "on",
    }
    missing = {name: make for name, make in ours.items() if not given(name)}
    return {
        **os.environ,
        "CAGE_HOME": str(home.path),
        "PYTHONUNBUFFERED": "1",
        **{name: defaults.get(name) or make() for name, make in missing.items()},
    }
