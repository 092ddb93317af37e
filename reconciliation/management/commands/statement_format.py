"""manage.py statement_format: formats from one Cage to another, as JSON."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reconciliation.models import StatementFormat
from reconciliation.statements import formats

HELP = """\
Print how one kind of file is read, or import that from a file:

  statement_format --export jdb-daily > jdb-daily.json
  statement_format --import jdb-daily.json

An imported format is checked before it is saved. It replaces the one of the same name, whose
history stays. Without an option all formats are listed.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--export", metavar="NAME", help="print this format as JSON")
        which.add_argument("--import", metavar="FILE", dest="file", help="save the one in FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["export"]:
            self.stdout.write(formats.as_json(_format(options["export"])))
        elif options["file"]:
            self._import(Path(options["file"]))
        else:
            for format in StatementFormat.objects.order_by("name"):
                about = format.protocol or "any provider"
                self.stdout.write(f"{format.name}: {format.get_layout_display()}, {about}")

    def _import(self, path: Path) -> None:
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            format = formats.from_json(path.read_bytes())
        except formats.NotAFormat as error:
            for sentence in error.sentences:
                self.stderr.write(sentence)
            sys.exit(1)
        is_new = format.pk is None
        format.save()
        self.stdout.write(f"{format.name} is {'saved' if is_new else 'changed'}.")


def _format(name: str) -> StatementFormat:
    found = StatementFormat.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no format {name!r}.")
    return found
