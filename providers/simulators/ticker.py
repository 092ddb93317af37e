"""A simulation told while it runs."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from providers.simulators import tally
from providers.simulators.traffic import Traffic

LINE_EVERY = 5.0  # seconds, where no line can be updated in place


class Ticker:
    """The live line: one that updates itself in a terminal, else one every few seconds."""

    def __init__(self, console: Console, *, seconds: float | None) -> None:
        self._console = console
        self._next = 0.0
        self._told_first = False
        self._tells_first = seconds is None
        bar = [] if seconds is None else [BarColumn(bar_width=20)]
        self._progress = Progress(
            TextColumn("{task.fields[clock]}"),
            *bar,
            TextColumn("{task.fields[words]}"),
            console=console,
            auto_refresh=False,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("", total=seconds, clock="", words="starting")

    def __enter__(self) -> "Ticker":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self, traffic: Traffic) -> None:
        """Tell how far it is. Cheap enough to be called ten times a second."""
        elapsed = time.monotonic() - traffic.started
        if self._tells_first and not self._told_first and traffic.first_paid is not None:
            self._told_first = True
            self._console.print(_first(traffic))
        if elapsed < self._next:
            return
        words = _line(traffic)
        if self._console.is_terminal:
            self._next = elapsed + 0.25
            self._progress.update(
                self._task, completed=elapsed, clock=_clock(elapsed), words=words, refresh=True
            )
        elif elapsed > 1:
            self._next = elapsed + LINE_EVERY
            self._console.print(f"{_clock(elapsed)} {words}", soft_wrap=True)


def _first(traffic: Traffic) -> str:
    assert traffic.first_paid is not None
    seconds, provider, moves = traffic.first_paid
    paid = ", ".join(f"{move.uid} {move.credit - move.debit:+f} {move.currency}" for move in moves)
    return f"first settlement paid after {seconds:.2f} s: {provider}, {paid}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def _line(traffic: Traffic) -> str:
    whole = tally.total(list(traffic.tallies.values()))
    each = ", ".join(f"{name} {one.paid}" for name, one in traffic.tallies.items())
    waiting = f"; {traffic.agenda.waiting} open" if traffic.agenda.stream_ended else ""
    return f"{tally.words(whole)} ({each} paid){waiting}"
