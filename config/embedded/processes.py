"""Child processes of `./cage`: they start in order, tell when they die and never outlive it.

Every child but the one that owns the terminal has a session of its own, so that Ctrl-C reaches
`./cage` alone, which then stops them in its order.
"""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1
POLL = 0.05  # seconds
LARGEST_LOG = 16_000_000  # bytes; past it the next start begins a new one
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Stopped(Exception):
    """Somebody asked us to stop while something was being started."""


class Failure(Exception):
    """An anticipated problem, told in one sentence."""


class Signals:
    """Counts the requests to stop, by Ctrl-C, `kill` or a closed terminal.

    A handler that raised could interrupt any clean-up; whoever waits looks at `count` instead.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = signal.SIGTERM
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.last = signal.Signals(number)

    def pause(self, seconds: float = POLL) -> None:
        """Sleep, or raise `Stopped` if we were asked to stop."""
        if self.count:
            raise Stopped
        time.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class Child:
    """A running child; `ladder` is what stops it, from the polite signal to the last."""

    name: str
    process: subprocess.Popen[bytes]
    ladder: tuple[signal.Signals, ...]
    output: Path | None = None
    output_from: int = 0
    pump: threading.Thread | None = field(default=None, repr=False)

    @property
    def status(self) -> int | None:
        """The exit status as a shell tells it (128 + n after signal n), or None while it runs."""
        code = self.process.poll()
        return code if code is None or code >= 0 else 128 - code

    def last_lines(self, count: int = 8) -> str:
        """Return the end of what it logged, to stand before a sentence about its death."""
        if self.output is None:
            return ""
        with self.output.open("rb") as log:
            log.seek(self.output_from)
            lines = log.read().decode(errors="replace").splitlines(keepends=True)
        return "".join(lines[-count:])

    def signal(self, number: signal.Signals) -> None:
        """Send `number` to the child; SIGKILL goes to everything it started as well."""
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before exec, to get signal `number` when its parent dies.

    The parent's *thread* is what counts: start children from the main thread. Changing the user
    forgets the setting, so it is made after that, which is when subprocess calls it.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(number))
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return arrange


def start(
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    ladder: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL),
    log: Path | None = None,
    prefix: bool = False,
    keep_open: Iterable[int] = (),
    if_we_die: signal.Signals = signal.SIGTERM,
    **popen: Any,
) -> Child:
    """Start `argv` in a session of its own, writing to `log`, with a prefix, or to our output.

    `keep_open` are descriptors it inherits: the lock of CAGE_HOME stays held while it lives.
    """
    file = None if log is None else _open_log(log)
    written = 0 if file is None else file.tell()
    out = subprocess.PIPE if prefix else file
    process = subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=None if out is None else subprocess.STDOUT,
        start_new_session=True,
        pass_fds=tuple(keep_open),
        preexec_fn=die_with_parent(if_we_die),
        **{"cwd": ROOT, **popen},
    )
    if file is not None:
        file.close()
    child = Child(name=name, process=process, ladder=ladder, output=log, output_from=written)
    if prefix:
        child.pump = threading.Thread(target=_copy_lines, args=(name, process.stdout), daemon=True)
        child.pump.start()
    return child


def _open_log(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _copy_lines(name: str, lines: IO[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(f"{name:<7}| ".encode() + line)
        sys.stdout.buffer.flush()


def finish(child: Child, signals: Signals) -> int:
    """Wait for a child that ends by itself; one more request to stop climbs its ladder."""
    seen, step = signals.count, 0
    while (status := child.status) is None:
        if signals.count > seen:
            seen = signals.count
            child.signal(child.ladder[min(step, len(child.ladder) - 1)])
            step += 1
        time.sleep(POLL)
    return status


def stop(children: Sequence[Child], signals: Signals, *, patience: float = 10) -> None:
    """Stop them all and return when all are gone; a further Ctrl-C shortens the patience."""
    for step in range(3):
        alive = [child for child in children if child.status is None]
        for child in alive:
            child.signal(child.ladder[min(step, len(child.ladder) - 1)])
        seen, deadline = signals.count, time.monotonic() + patience
        while any(child.status is None for child in alive):
            if signals.count > seen or time.monotonic() > deadline:
                break
            time.sleep(POLL)
    for child in children:
        child.signal(signal.SIGKILL)  # what a dead child left in its session
        if child.pump is not None:
            child.pump.join(timeout=1)


def in_terminal(
    argv: Sequence[str], *, env: Mapping[str, str], signals: Signals, cwd: Path = ROOT
) -> int:
    """Run `argv` with our terminal and return its exit status.

    Ctrl-C in a terminal reaches it directly, what `kill` sends to us is passed on.
    """
    say(argv)
    seen = signals.count
    process = subprocess.Popen(argv, env=env, cwd=cwd, preexec_fn=die_with_parent(signal.SIGTERM))
    while (code := process.poll()) is None:
        if signals.count > seen:
            seen = signals.count
            if signals.last != signal.SIGINT or not _owns_terminal():
                process.send_signal(signals.last)
        time.sleep(POLL)
    return code if code >= 0 else 128 - code


def _owns_terminal() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def say(argv: Sequence[str]) -> None:
    """Print the plain command, dim in a terminal; stdout stays the command's own."""
    line = "$ " + shlex.join(argv).replace(f"{ROOT}/", "")
    print(
        f"\033[2m{line}\033[0m" if sys.stderr.isatty() else line,
        file=sys.stderr,
        flush=True,
    )
