"""A simulation told to people and to machines, while it runs and when it is over."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from providers.simulators import tally
from providers.simulators.simulation import Result
from providers.simulators.traffic import Traffic
from providers.simulators.verdict import FaultKind

LISTED = 10
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


def show(result: Result, console: Console) -> None:
    """The report for people, faults first among the things that matter."""
    traffic = result.traffic
    console.print(_providers(traffic))
    console.print(_verdict(result))
    for fault in result.faults[:LISTED]:
        console.print(f"  {fault}", style="red", soft_wrap=True, highlight=False, markup=False)
    if len(result.faults) > LISTED:
        console.print(f"  and {len(result.faults) - LISTED} more")
    inbox = result.inbox
    good = not (inbox.missing or inbox.surplus)
    console.print(
        f"Inbox: {inbox.rows} rows for {inbox.deliveries} deliveries, "
        + ("every answer that counts has its row." if good else "[red]NOT one row per delivery[/]:")
    )
    for what, keys in (("success without a row", inbox.missing), ("more rows", inbox.surplus)):
        for key in keys[:LISTED]:
            console.print(f"  {what}: {' '.join(key)}", highlight=False, soft_wrap=True)
    timing, polls = _timing(result), _poll_timing(result)
    console.print(
        f"{timing['reached']}/s new settlements, {timing['deliveries']}/s deliveries; answers in "
        f"{timing['p50_ms']} ms (p50), {timing['p95_ms']} ms (p95), {timing['p99_ms']} ms (p99)"
        + (f"; {traffic.agenda.late} sent late" if traffic.agenda.late else "")
        + f"; seed {result.course.seed}.",
        soft_wrap=True,
    )
    if polls["a_second"]:
        console.print(
            f"{polls['a_second']}/s balance queries; answers in {polls['p50_ms']} ms (p50), "
            f"{polls['p95_ms']} ms (p95), {polls['p99_ms']} ms (p99).",
            soft_wrap=True,
        )
    good_end = "[green]All are 0: the providers and the books agree.[/]"
    console.print(good_end if result.is_good else "[red]The providers and the books disagree.[/]")


def as_json(result: Result) -> dict[str, Any]:
    """The same for machines; `verdict` holds the counts that must be 0."""
    traffic, inbox = result.traffic, result.inbox
    return {
        "run": result.run,
        "seed": result.course.seed,
        "good": result.is_good,
        "verdict": {kind.name.lower(): _count(result, kind) for kind in FaultKind},
        "faults": [str(fault) for fault in result.faults[:LISTED]],
        "void": _void(result),
        "unsettled": _reasons(result),
        "inbox": {
            "rows": inbox.rows,
            "deliveries": inbox.deliveries,
            "answered_without_row": inbox.unrecorded,
            "success_without_row": len(inbox.missing),
            "more_rows_than_deliveries": len(inbox.surplus),
        },
        "timing": _timing(result) | {"late": traffic.agenda.late},
        "poll_timing": _poll_timing(result),
        "providers": {
            name: {
                "settlements": one.settlements,
                "deliveries": one.deliveries,
                "paid": one.paid,
                "repeated": one.repeated,
                "refused": dict(one.refused),
                "conflicts_refused": one.conflicts_refused,
                "conflicts_acknowledged": one.conflicts_acknowledged,
                "no_statement": dict(one.silent),
                "polls": one.polls,
                "balances_told": one.told,
                "polls_refused": dict(one.polls_refused),
                "polls_unanswered": one.polls_unanswered,
            }
            for name, one in traffic.tallies.items()
        },
    }


# -- Parts -----------------------------------------------------------------------------------


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


def _providers(traffic: Traffic) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    table.add_column("settlements", justify="right")
    table.add_column("deliveries", justify="right")
    table.add_column("polls", justify="right")
    table.add_column("what the provider heard", overflow="fold")
    for name, one in traffic.tallies.items():
        counts = (one.settlements, one.deliveries, one.polls)
        table.add_row(name, *map(str, counts), tally.words(one))
    return table


def _verdict(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for kind in FaultKind:
        count = _count(result, kind)
        style = "bold red" if count else "green"
        table.add_row(str(count), kind.value, style=style)
    if void := _void(result):
        table.add_row(str(void), "cancelled on the provider's side, and not paid", style="dim")
    for reason, count in _reasons(result).items():
        table.add_row(str(count), f"unsettled, people would talk now: {reason}", style="dim")
    return table


def _count(result: Result, kind: FaultKind) -> int:
    return sum(fault.kind is kind for fault in result.faults)


def _void(result: Result) -> int:
    return sum(belief.void for belief in result.beliefs)


def _reasons(result: Result) -> dict[str, int]:
    """Unsettled settlements by what was last said."""
    counts: dict[str, int] = {}
    for belief in result.beliefs:
        if not belief.unsettled:
            continue
        reason = "unknown player" if belief.stranger else belief.reason or "nothing said"
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def _timing(result: Result) -> dict[str, float]:
    traffic = result.traffic
    seconds = max(traffic.sending_seconds, 0.001)
    deliveries = sum(one.deliveries for one in traffic.tallies.values())
    return {
        "seconds": round(seconds, 1),
        "reached": round(traffic.agenda.arrivals / seconds, 1),
        "deliveries": round(deliveries / seconds, 1),
        **_percentiles(traffic.seconds_to_answer),
    }


def _poll_timing(result: Result) -> dict[str, float]:
    traffic = result.traffic
    polls = sum(one.polls for one in traffic.tallies.values())
    a_second = round(polls / max(traffic.sending_seconds, 0.001), 1)
    return {"a_second": a_second, **_percentiles(traffic.seconds_to_tell)}


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {f"p{percent}_ms": _percentile(ordered, percent) for percent in (50, 95, 99)}


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """In milliseconds; 0 if there is nothing to order."""
    if not ordered:
        return 0.0
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def console(*, for_people: bool) -> Console:
    """Standard output, or standard error where that is kept for JSON."""
    stream = sys.stdout if for_people else sys.stderr
    return Console(file=stream, width=None if stream.isatty() else 120, highlight=False)
