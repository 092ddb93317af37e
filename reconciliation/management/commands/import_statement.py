"""manage.py import_statement: a provider's file becomes a statement, whole or not at all."""

import json
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from providers import registry
from reconciliation.models import Statement, StatementFormat
from reconciliation.statements import checking, importing, keeping, reading
from reconciliation.statements.importing import Refused, Stated, UnknownDay
from wallets import money
from wallets.text import printable

HELP = """\
Import the file of a provider: CSV, XLSX or JSON lines, told apart by what is in it.

How its rows are read is said by a format, which is made once on the upload page or by
`statement_format`. The format `cage` is always there; its columns are operation, reference, uid,
currency, debit, credit, and if you like round_id and occurred_at:

  import_statement jdb day.csv --format cage
  import_statement jdb day.csv --format cage --date 2026-11-21 --rows 2 --total USD:30:12.50

The file is imported in one commit, or refused and nothing of it kept: for rows that can't be read
(the first 50 are shown), for a number of rows or an amount that isn't the one you state, if it is
imported already, or if it looks like another provider's. Exit status 1 then.

What time it is about: the day of the provider's reports that you say with --date, or --from to
--to, or else the one day that all its times are of.
"""

TOTAL = re.compile(
    r"([A-Z][A-Z0-9]{1,9}):([0-9]{1,20}(?:\.[0-9]{1,8})?):([0-9]{1,20}(?:\.[0-9]{1,8})?)"
)


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("provider", help="its name in PROVIDERS")
        add("file", help="the file, as the provider sent it")
        add("--format", required=True, metavar="NAME", help="how to read it; `cage` is Cage's own")
        add(
            "--date", metavar="DAY", help="the day it is about (2026-11-21), in the provider's zone"
        )
        add("--from", metavar="TIME", dest="start", help="or the time from which it counts (ISO)")
        add("--to", metavar="TIME", dest="end", help="and up to which, excluded")
        add("--rows", type=int, metavar="N", help="how many rows the provider says there are")
        add(
            "--total",
            action="append",
            default=[],
            metavar="CUR:DEBIT:CREDIT",
            help="what it says they add up to in a currency; once for each",
        )
        add(
            "--skip-bad",
            action="store_true",
            help="keep a row that can't be read as a rejected line, instead of refusing the file",
        )
        add("--json", action="store_true", help="the result for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = _asked(options)
        console = Console(file=sys.stderr if options["json"] else sys.stdout)
        try:
            statement = _import(console, asked)
        except Refused as refused:
            hint = " Say --date, or --from and --to." if isinstance(refused, UnknownDay) else ""
            if options["json"]:
                self.stdout.write(json.dumps(_plain_refusal(refused), indent=2))
            else:
                _print_refusal(console, refused, hint)
            sys.exit(1)
        if options["json"]:
            self.stdout.write(json.dumps(_plain(statement), indent=2))
        else:
            _print(console, statement)


# -- What was asked --------------------------------------------------------------------------


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `import_file`. Raises CommandError."""
    provider = registry.current().by_name.get(options["provider"])
    if provider is None:
        names = ", ".join(sorted(registry.current().by_name))
        raise CommandError(f"No provider {options['provider']!r} is configured, but {names}.")
    path = Path(options["file"])
    if not path.is_file():
        raise CommandError(f"There is no file {options['file']}.")
    zone = provider.protocol.zone
    return {
        "provider": provider.name,
        "path": path,
        "file_name": path.name,
        "format": _format(options["format"]),
        "day": _day(options["date"]),
        "start_at": _time(options["start"], zone),
        "end_at": _time(options["end"], zone),
        "stated": Stated(rows=options["rows"], sums=dict(map(_total, options["total"]))),
        "skip_bad": options["skip_bad"],
        "at": timezone.now(),
    }


def _format(name: str) -> StatementFormat:
    found = StatementFormat.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(StatementFormat.objects.order_by("name").values_list("name", flat=True))
        raise CommandError(f"There is no format {name!r}, but {names}.")
    return found


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no day such as 2026-11-21.") from None


def _time(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        return reading.moment("iso", zone)(text).astimezone(UTC)
    except ValueError:
        raise CommandError(f"{text!r} is no time such as 2026-11-21T00:00+08:00.") from None


def _total(text: str) -> tuple[str, tuple[Decimal, Decimal]]:
    found = TOTAL.fullmatch(text)
    if found is None:
        raise CommandError(f"{text!r} is not CURRENCY:DEBIT:CREDIT, such as USD:30:12.50.")
    return found[1], (Decimal(found[2]), Decimal(found[3]))


# -- What came of it -------------------------------------------------------------------------


def _import(console: Console, asked: dict[str, Any]) -> Statement:
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("reading", total=1.0)

        def watch(rows: int, share: float) -> None:
            progress.update(task, completed=share, description=f"{rows:,} rows")

        return importing.import_file(**asked, watch=watch)


def _idle(statement: Statement) -> int:
    return statement.lines.filter(error=keeping.NO_MOVEMENT).count()


def _print(console: Console, statement: Statement) -> None:
    time = statement.day or f"{statement.start_at.isoformat()} to {statement.end_at.isoformat()}"
    console.print(f"Statement #{statement.pk}: {statement.provider}, {time}", style="bold green")
    table = Table("currency", "lines", "debit", "credit")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in checking.sums(statement):
        amounts = (money.plain(one.debit), money.plain(one.credit))
        table.add_row(one.currency, f"{one.lines:,}", *amounts)
    if table.row_count:
        console.print(table)
    said = [f"{statement.rows:,} rows"]
    if idle := _idle(statement):
        said.append(f"{idle:,} of them expect no movement")
    if statement.rejected:
        said.append(f"{statement.rejected:,} rejected")
    console.print(", ".join(said) + ".")


def _print_refusal(console: Console, refused: Refused, hint: str) -> None:
    console.print(f"Refused: {refused.sentence}{hint}", style="bold red", markup=False)
    if refused.problems:
        table = Table("row", "column", "what is wrong")
        table.columns[0].justify = "right"
        for row, column, sentence in refused.problems:
            table.add_row(str(row), _cell(column), _cell(sentence))
        console.print(table)
    if refused.count > len(refused.problems):
        console.print(f"These are the first {len(refused.problems)} of {refused.count:,}.")
    console.print("Nothing was imported.")


def _cell(text: str) -> str:
    """Text of a file, for a table: nothing of it is the terminal's or rich's markup."""
    return printable(text).replace("[", r"\[")


def _plain(statement: Statement) -> dict[str, Any]:
    return {
        "statement": statement.pk,
        "provider": statement.provider,
        "format": statement.format.name,
        "day": statement.day.isoformat() if statement.day else None,
        "start_at": statement.start_at.isoformat(),
        "end_at": statement.end_at.isoformat(),
        "sha256": statement.sha256,
        "rows": statement.rows,
        "rejected": statement.rejected,
        "without_movement": _idle(statement),
        "sums": [
            {
                "currency": one.currency,
                "lines": one.lines,
                "debit": money.plain(one.debit),
                "credit": money.plain(one.credit),
            }
            for one in checking.sums(statement)
        ],
    }


def _plain_refusal(refused: Refused) -> dict[str, Any]:
    names = ("row", "column", "sentence")
    return {
        "refused": refused.sentence,
        "count": refused.count,
        "problems": [dict(zip(names, problem, strict=True)) for problem in refused.problems],
    }
