"""manage.py export: rows of the books as a file."""

import json
import os
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reconciliation.exporting import tables, taking
from reconciliation.exporting.filters import BadFilter
from reconciliation.models import Export

HELP = """\
Write rows of the books to a file, all of one instant, and note who took what, with its SHA-256.

  cases         one row a case       --provider --kind --status --player --since --until
  statement     where each line of a statement and each of our movements stands
                                     --statement N --bucket
  transactions  one row a movement   --provider --kind --player --currency --since --until
  player        one player's statement with the running balance
                                     --player UID --currency --since --until
  journal       a plain-text journal for hledger or ledger, with opening balances and, at its end,
                what each wallet holds   --since --until

Money is exact and always text; times carry the offset of TIME_ZONE. What a spreadsheet could take
for a formula has an apostrophe before it. `since` is included, `until` is not; both are a day
(2026-11-21) or a time (2026-11-21T12:00:00+01:00).
"""
FILTERS = {
    "provider": "its name",
    "kind": "of the cases or the transactions",
    "status": f"of the cases; {tables.NOT_CLOSED}: open or waiting",
    "player": "the player's uid",
    "currency": "such as USD",
    "statement": "its number",
    "bucket": f"where rows of the statement stand; {tables.REJECTED}: were not read",
    "since": "included",
    "until": "excluded",
}


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=taking.WHAT)
        parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")
        parser.add_argument(
            "--format", choices=[*taking.ENDINGS, taking.JOURNAL], help="else by the file's ending"
        )
        parser.add_argument("--json", action="store_true", help="print what was noted as JSON")
        for name, sentence in FILTERS.items():
            parser.add_argument(f"--{name}", default="", metavar=name.upper(), help=sentence)

    def handle(self, *args: Any, **options: Any) -> None:
        what, path = options["what"], options["to"]
        if path.exists():
            raise CommandError(f"{path} exists already.")
        is_journal = what == taking.JOURNAL
        ending = options["format"] or (taking.JOURNAL if is_journal else path.suffix[1:])
        stated = {name: options[name] for name in FILTERS}
        try:
            taken = _take(what, stated, ending, path, console=Console(file=sys.stderr))
        except (BadFilter, OSError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_plain(taken)))
        else:
            self.stdout.write(
                f"{taken.rows:,} rows, {taken.size:,} bytes to {path}\nSHA-256 {taken.sha256}"
            )


def _take(
    what: str, stated: dict[str, str], ending: str, path: Path, *, console: Console
) -> Export:
    """The file appears under its name when it is complete and noted, and not before."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    columns = SpinnerColumn(), TextColumn("{task.completed:,} rows"), TimeElapsedColumn()
    try:
        with os.fdopen(handle, "w+b") as file, Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=None)
            taken = taking.export(
                what,
                stated,
                ending,
                file,
                by=None,
                at=timezone.now(),
                name=path.name[:200],
                watch=lambda rows: progress.update(task, completed=rows),
            )
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
    return taken


def _plain(taken: Export) -> dict[str, Any]:
    return {
        "export": taken.pk,
        "what": taken.what,
        "filters": taken.filters,
        "file_name": taken.file_name,
        "rows": taken.rows,
        "size": taken.size,
        "sha256": taken.sha256,
        "exported_at": taken.exported_at.isoformat(),
    }
