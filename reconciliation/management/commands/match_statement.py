"""manage.py match_statement: where every line and every transaction stands."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from reconciliation.matching import matching, results
from reconciliation.matching.results import Result
from reconciliation.models import Statement, StatementStatus
from wallets import money, pages

HELP = """\
Match imported statements against the books, both directions, and say where everything stands.

Every line and every movement of the statement's time falls in exactly one bucket; per bucket and
currency the table has the count and the money of both sides, and they add up to the statement and
to the books. Differences become cases. Ids are looked up outside the statement's time before
anything is called missing, and what is near its edges may still be in flight.

Run it as often as you like: where nothing changed nothing is written, and what came late heals.
A statement of totals is compared at its own grain instead.

Exit status 1 while anything is open: any bucket but matched, not handled and in flight.

  match_statement 12                                  the statement with this number
  match_statement --provider jdb --date 2026-11-20    all of that provider's for this day
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("statement", nargs="?", type=int, help="its number")
        parser.add_argument("--provider", help="a name in PROVIDERS")
        parser.add_argument(
            "--date", type=date.fromisoformat, help="the provider's day, as 2026-11-20"
        )
        parser.add_argument("--json", action="store_true", help="the result for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout)
        found = [_match(one, console) for one in _statements(options)]
        if options["json"]:
            self.stdout.write(json.dumps([_plain(one) for one in found], indent=2))
        else:
            for one in found:
                _print(one, console)
        if any(one.open for one in found):
            sys.exit(1)


def _statements(options: dict[str, Any]) -> list[Statement]:
    """Those that are asked for. Raises CommandError."""
    statements = Statement.objects.select_related("format").order_by("pk")
    number, provider, day = options["statement"], options["provider"], options["date"]
    if (number is None) == (provider is None and day is None):
        raise CommandError("Say either a statement's number or --provider and --date.")
    if number is not None:
        found = list(statements.filter(pk=number))
        what = f"number {number}"
    elif provider is None or day is None:
        raise CommandError("--provider and --date belong together.")
    else:
        counting = statements.filter(status=StatementStatus.IMPORTED)
        found = list(counting.filter(provider=provider, day=day))
        what = f"{provider}'s for {day}"
    if not found:
        raise CommandError(f"There is no statement: {what}.")
    return found


def _match(statement: Statement, console: Console) -> Result:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(str(statement), total=None)
        summary = matching.Summary()
        try:
            current = matching.match(
                statement,
                at=timezone.now(),
                watch=lambda doing: progress.update(task, description=f"{statement}: {doing}"),
                summary=summary,
            )
        except matching.NotMatched as why:
            raise CommandError(str(why)) from None
        return results.of(current, summary)


def _print(result: Result, console: Console) -> None:
    statement = result.statement
    title = f"Statement {statement.pk}: {statement}, {statement.file_name}"
    if result.rows:
        console.print(_table(result, title))
    else:
        console.print(title, markup=False)
    for sentence in result.differences:
        console.print(f"  {sentence}", markup=False)
    cases = result.summary.cases
    console.print(
        f"{result.summary.rows:,} rows changed; cases: {cases.opened:,} opened, "
        f"{cases.updated:,} updated, {cases.closed:,} closed."
    )
    if result.open:
        console.print(f"[bold red]{result.open:,} open.[/]")
    else:
        console.print("[bold green]Nothing is open.[/]")


def _table(result: Result, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("bucket")
    table.add_column("currency")
    for side in ("lines", "debit", "credit", "booked", "debit", "credit"):
        table.add_column(side, justify="right")
    for row in result.rows:
        table.add_row(
            row.label,
            row.currency,
            f"{row.lines:,}",
            pages.amount(row.line_debit),
            pages.amount(row.line_credit),
            f"{row.entries:,}",
            pages.amount(row.entry_debit),
            pages.amount(row.entry_credit),
            end_section=row.is_last,
            style="bold" if row.is_total else "",
        )
    return table


def _plain(result: Result) -> dict[str, Any]:
    statement, cases = result.statement, result.summary.cases
    return {
        "statement": statement.pk,
        "provider": statement.provider,
        "from": statement.start_at.isoformat(),
        "to": statement.end_at.isoformat(),
        "open": result.open,
        "rows_changed": result.summary.rows,
        "differences": list(result.differences),
        "cases": {"opened": cases.opened, "updated": cases.updated, "closed": cases.closed},
        "buckets": [
            {
                "bucket": row.bucket,
                "currency": row.currency,
                "lines": {"count": row.lines, **_money(row.line_debit, row.line_credit)},
                "booked": {"count": row.entries, **_money(row.entry_debit, row.entry_credit)},
            }
            for row in result.rows
            if not row.is_total
        ],
    }


def _money(debit: Decimal, credit: Decimal) -> dict[str, str]:
    return {"debit": money.plain(debit), "credit": money.plain(credit)}
