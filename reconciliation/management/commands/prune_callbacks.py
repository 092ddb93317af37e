"""manage.py prune_callbacks: remove months of old deliveries that nothing needs any more."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from providers import retention
from providers.pruning import Hold
from reconciliation import pruning, words
from reconciliation.pruning import Fate, Pruned

HELP = """\
Remove callbacks, by the whole month, that came before a time and that nothing needs any more. The
ledger stays: transactions and entries are kept for ever.

  prune_callbacks --keep-months 24 --dry-run    what would be removed, and what holds the rest
  prune_callbacks --keep-months 24              this month and the 24 before it are kept
  prune_callbacks --before 2025-01-01           what came in months that end by then, in UTC

A month is kept whole, and it is said why, as long as any of its deliveries belongs to a case that
is not closed (its own, its round's, its reference's), to an adjustment that waits for approval, to
what the bookkeeping has not looked at yet, or may still be asked for by a statement that covers it
and is not matched or shows an open case; and as long as the dashboard's hourly figures of it are
not written. Kept in any case: the last CALLBACKS_KEPT_MONTHS (13), and whatever a provider
may still send again.

A month goes in one commit with its record, which stands in the trail; verify_ledger and the pages
know from it that nothing is missing. It runs beside live traffic as the tables' owner
(MIGRATE_DATABASE_URL); a month that somebody holds for ten tries is left for the next time. Running
it again does no harm. Exit status 1 where something was kept back by a fault.
"""
LISTED = 20  # Numbers of cases that a person is shown; --json has them all.
PAGES = {
    "open cases": "admin:reconciliation_case_change",
    "open cases of a whole provider": "admin:reconciliation_case_change",
    "open cases that a statement shows": "admin:reconciliation_case_change",
    "adjustments that wait for approval": "admin:reconciliation_adjustment_change",
    "statements that are not matched, or have movements in flight": (
        "admin:reconciliation_statement_change"
    ),
}


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--before", type=date.fromisoformat, metavar="DATE", help="of months that end by then"
        )
        which.add_argument(
            "--keep-months", type=int, metavar="N", help="of all but this month and N before it"
        )
        parser.add_argument("--dry-run", action="store_true", help="remove nothing")
        parser.add_argument("--json", action="store_true", help="the result for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        day = options["before"]
        before = datetime.combine(day, time.min, UTC) if day is not None else None
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("months", total=None)
            try:
                limit = retention.limit(before=before, months=options["keep_months"], at=now)
                pruned = pruning.prune(
                    limit,
                    at=now,
                    is_trial=options["dry_run"],
                    watch=lambda done, of: bar.update(task, completed=done, total=of),
                )
            except retention.CannotPrune as why:
                raise CommandError(str(why)) from None
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(pruned, options["dry_run"]), indent=2))
        else:
            _show(pruned, options["dry_run"])
        if not pruned.is_good:
            sys.exit(1)


# -- For people --------------------------------------------------------------------------------


def _show(pruned: Pruned, is_trial: bool) -> None:
    console = Console(file=sys.stdout, highlight=False)
    table = Table("month", "callbacks", "size", "", box=None, title_justify="left")
    for column in table.columns[1:3]:
        column.justify = "right"
    for fate in pruned.fates:
        size = filesizeformat(fate.size.size)
        row = f"{fate.month.start_at:%Y-%m}", f"{fate.size.rows:,}", size, _told(fate, is_trial)
        table.add_row(*row)
    if pruned.fates:
        console.print(table)
    console.print(_summary(pruned, is_trial))
    if pruned.strays:
        console.print(
            f"{words.count(pruned.strays, 'callback')} of before then "
            f"{'is' if pruned.strays == 1 else 'are'} in the default partition, which nothing is "
            "removed of: see docs/storage.md.",
            style="bold red",
        )


def _told(fate: Fate, is_trial: bool) -> str:
    if fate.is_removed:
        return "would be removed" if is_trial else "[green]removed[/]"
    if fate.is_gone:
        return "removed by another run"
    if fate.fault:
        return f"[bold red]not removed[/]: {escape(fate.fault)}"
    return "kept for " + "; ".join(map(_held, fate.holds))


def _held(hold: Hold) -> str:
    if not hold.ids:
        return hold.what
    numbers = ", ".join(f"#{id_}" for id_ in hold.ids[:LISTED])
    left_out = len(hold.ids) - LISTED
    more = f" and {left_out:,} more" if left_out > 0 else ""
    return f"{hold.what}: {numbers}{more}"


def _summary(pruned: Pruned, is_trial: bool) -> str:
    if not pruned.fates:
        return f"No month of before {pruned.limit:%Y-%m-%d} UTC is there."
    gone = [fate for fate in pruned.fates if fate.is_removed]
    rows, size = sum(fate.size.rows for fate in gone), sum(fate.size.size for fate in gone)
    what = f"{words.count(len(gone), 'month')}, {words.count(rows, 'callback')}"
    verb = "would be removed" if is_trial else "removed"
    kept = sum(not (fate.is_removed or fate.is_gone) for fate in pruned.fates)
    return (
        f"Of before {pruned.limit:%Y-%m-%d} UTC: {what}, {filesizeformat(size)} {verb}; "
        f"{words.count(kept, 'month')} kept."
    )


# -- For machines ------------------------------------------------------------------------------


def _as_json(pruned: Pruned, is_trial: bool) -> dict[str, Any]:
    return {
        "before": pruned.limit.isoformat(),
        "dry_run": is_trial,
        "months": [_plain(fate) for fate in pruned.fates],
        "strays": pruned.strays,
    }


def _plain(fate: Fate) -> dict[str, Any]:
    return {
        "month": f"{fate.month.start_at:%Y-%m}",
        "callbacks": fate.size.rows,
        "bytes": fate.size.size,
        "removed": fate.is_removed,
        "gone": fate.is_gone,
        "held_by": [
            {
                "what": hold.what,
                "count": len(hold.ids),
                "ids": list(hold.ids),
                "links": _links(hold),
            }
            for hold in fate.holds
        ],
        "fault": fate.fault,
    }


def _links(hold: Hold) -> list[str]:
    page = PAGES.get(hold.what)
    return [reverse(page, args=[id_]) for id_ in hold.ids] if page else []
