"""`./cage` installs what is pinned: once, completely, and again when the pins changed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from config.embedded.processes import ROOT


class Pip:
    """Stands for pip and venv: notes what was asked, fails when told to."""

    def __init__(self, cage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.installs: list[list[str]] = []
        self.venvs = 0
        self.fails = False
        self._python: Path = cage.PYTHON
        monkeypatch.setattr(cage, "quietly", self.quietly)

    def quietly(self, argv: list[str], complaint: str, lock: int) -> None:
        if "venv" in argv:
            self.venvs += 1
            self._python.parent.mkdir(parents=True, exist_ok=True)
            self._python.touch()
            return
        self.installs.append([word for word in argv if word.endswith(".txt")])
        if self.fails:
            sys.exit(complaint)


@pytest.fixture
def pip(cage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Pip:
    return Pip(cage, monkeypatch)


def test_second_start_installs_nothing(cage: ModuleType, pip: Pip) -> None:
    cage.install(("run", "embedded"))
    cage.install(("run", "embedded"))
    assert pip.venvs == 1
    assert pip.installs == [["requirements/run.txt", "requirements/embedded.txt"]]


def test_test_requirements_are_added_when_they_are_needed(cage: ModuleType, pip: Pip) -> None:
    cage.install(("run",))
    cage.install(("run", "test"))
    cage.install(("run",))
    assert pip.installs == [
        ["requirements/run.txt"],
        ["requirements/run.txt", "requirements/test.txt"],
    ]


def test_changed_pins_are_installed_again(cage: ModuleType, pip: Pip) -> None:
    cage.install(("run",))
    (cage.ROOT / "requirements" / "run.txt").write_text("run==2\n")
    cage.install(("run",))
    assert len(pip.installs) == 2


def test_interrupted_install_is_redone_even_with_the_old_pins(cage: ModuleType, pip: Pip) -> None:
    pins = cage.ROOT / "requirements" / "run.txt"
    cage.install(("run",))
    pins.write_text("run==2\n")
    pip.fails = True
    with pytest.raises(SystemExit, match="tries again"):
        cage.install(("run",))
    pins.write_text("run==1\n")
    pip.fails = False
    cage.install(("run",))
    assert len(pip.installs) == 3


def test_venv_whose_python_is_gone_is_made_again(cage: ModuleType, pip: Pip) -> None:
    cage.install(("run",))
    cage.PYTHON.unlink()
    cage.install(("run",))
    assert pip.venvs == 2


def test_missing_venv_module_says_what_to_install(
    cage: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        cage.install(("run",))


def test_failing_pip_shows_its_output_before_our_sentence(cage: ModuleType) -> None:
    lock = os.open(cage.ROOT, os.O_RDONLY)
    with pytest.raises(SystemExit, match=r"(?s)No space left.*Could not\."):
        cage.quietly(["sh", "-c", "echo No space left >&2; exit 1"], "Could not.", lock)
    os.close(lock)


def test_old_python_hears_a_sentence() -> None:
    source = ROOT / "cage"
    pretend = (
        "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (main)'; "
        f"exec(compile(open({str(source)!r}).read(), 'cage', 'exec'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, check=False
    )
    assert done.stderr == "Cage needs Python 3.11 or later; this one is 3.9.2.\n"
    assert done.returncode == 1


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["test", "-h"]])
def test_help_needs_nothing_installed(
    cage: ModuleType, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert cage.main(words) == 0
    assert "./cage demo [--port 8000]" in capsys.readouterr().out
    assert not cage.VENV.exists()


def test_unknown_command_shows_the_help_and_fails(
    cage: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cage.main(["dance"]) == 2
    assert "./cage demo" in capsys.readouterr().out
