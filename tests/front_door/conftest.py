"""The front door at work on a home of its own, with nothing exported."""

import importlib.util
import signal
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from config.embedded.home import Home
from config.embedded.processes import ROOT, Signals

EXPORTED = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "PROVIDERS", "SECRET_KEY", "DEBUG")


@pytest.fixture(autouse=True)
def nothing_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXPORTED:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Our handlers while the test runs."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield Signals()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("CAGE_HOME", str(home.path))
    return home


@pytest.fixture
def cage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script `./cage` as a module, on an empty checkout."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("cage", str(ROOT / "cage"))
    spec = importlib.util.spec_from_loader("cage", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "INSTALLED": venv / "installed.json",
    }.items():
        monkeypatch.setattr(module, name, value)
    (tmp_path / "requirements").mkdir()
    for name in ("run", "embedded", "test"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    return module
