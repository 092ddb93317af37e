"""manage.py update_cases: what the bookkeeping does each minute, now."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reconciliation import cases

HELP = """\
Bring every case up to date: open those of deliveries that did not go smoothly, count new attempts,
close those that healed, and say whose time is over. Celery does the same each minute; running it
by hand, or twice at once, does no harm.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        summary = cases.update(at=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(summary)))
            return
        self.stdout.write(
            f"{summary.looked_at} deliveries looked at: {summary.opened} cases opened, "
            f"{summary.updated} updated, {summary.closed} closed."
        )
