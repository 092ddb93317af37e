"""A simulation told to people and to machines when it is over."""

import sys
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from providers.simulators import tally, timing
from providers.simulators.beliefs import Held
from providers.simulators.simulation import Result
from providers.simulators.traffic import Traffic
from providers.simulators.verdict import FaultKind

LISTED = 10


def show(result: Result, console: Console) -> None:
    """The report for people, faults first among the things that matter."""
    traffic = result.traffic
    console.print(_providers(traffic))
    console.print(_verdict(result))
    for fault in result.faults[:LISTED]:
        console.print(f"  {fault}", style="red", soft_wrap=True, highlight=False, markup=False)
    if len(result.faults) > LISTED:
        console.print(f"  and {len(result.faults) - LISTED} more")
    _show_inbox(result, console)
    _show_timing(result, console)
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
        "open_bets": {
            "providers": result.open_bets,
            "doubtful": result.doubtful_bets,
            "books": result.open_in_books,
        },
        "inbox": {
            "rows": inbox.rows,
            "deliveries": inbox.deliveries,
            "answered_without_row": inbox.unrecorded,
            "success_without_row": len(inbox.missing),
            "more_rows_than_deliveries": len(inbox.surplus),
        },
        "timing": timing.answers(traffic) | {"late": traffic.agenda.late},
        "poll_timing": timing.polls(traffic),
        "providers": {
            name: {
                "rounds": one.rounds,
                "deliveries": one.deliveries,
                "taken": one.taken,
                "paid": one.paid,
                "cancelled": one.cancelled,
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


def _show_inbox(result: Result, console: Console) -> None:
    inbox = result.inbox
    good = not (inbox.missing or inbox.surplus)
    console.print(
        f"Inbox: {inbox.rows} rows for {inbox.deliveries} deliveries, "
        + ("every answer that counts has its row." if good else "[red]NOT one row per delivery[/]:")
    )
    for what, keys in (("success without a row", inbox.missing), ("more rows", inbox.surplus)):
        for key in keys[:LISTED]:
            console.print(f"  {what}: {' '.join(key)}", highlight=False, soft_wrap=True)


def _show_timing(result: Result, console: Console) -> None:
    agenda = result.traffic.agenda
    answers, polls = timing.answers(result.traffic), timing.polls(result.traffic)
    console.print(
        f"{answers['reached']}/s new rounds, {answers['deliveries']}/s deliveries; answers in "
        f"{answers['p50_ms']} ms (p50), {answers['p95_ms']} ms (p95), {answers['p99_ms']} ms (p99)"
        + (f"; {agenda.late} sent late" if agenda.late else "")
        + f"; seed {result.course.seed}.",
        soft_wrap=True,
    )
    if polls["a_second"]:
        console.print(
            f"{polls['a_second']}/s balance queries; answers in {polls['p50_ms']} ms (p50), "
            f"{polls['p95_ms']} ms (p95), {polls['p99_ms']} ms (p99).",
            soft_wrap=True,
        )


def _providers(traffic: Traffic) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    table.add_column("rounds", justify="right")
    table.add_column("deliveries", justify="right")
    table.add_column("polls", justify="right")
    table.add_column("what the provider heard", overflow="fold")
    for name, one in traffic.tallies.items():
        counts = (one.rounds, one.deliveries, one.polls)
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
        table.add_row(str(void), "failed or cancelled on the provider's side", style="dim")
    if result.open_bets or result.open_in_books:
        both = f"bets open for the providers, {result.open_in_books} in the books"
        doubt = f", of {result.doubtful_bets} the providers can't say" * bool(result.doubtful_bets)
        table.add_row(str(result.open_bets), both + doubt, style="dim")
    for reason, count in _reasons(result).items():
        table.add_row(str(count), f"unsettled, people would talk now: {reason}", style="dim")
    return table


def _count(result: Result, kind: FaultKind) -> int:
    return sum(fault.kind is kind for fault in result.faults)


def _void(result: Result) -> int:
    return sum(belief.held is Held.VOID for belief in result.beliefs)


def _reasons(result: Result) -> dict[str, int]:
    """Unsettled bets and payments by what was last said."""
    return dict(
        Counter(
            "unknown player" if belief.stranger else belief.reason or "nothing said"
            for belief in result.beliefs
            if belief.is_unsettled
        )
    )


def console(*, for_people: bool) -> Console:
    """Standard output, or standard error where that is kept for JSON."""
    stream = sys.stdout if for_people else sys.stderr
    return Console(file=stream, width=None if stream.isatty() else 120, highlight=False)
