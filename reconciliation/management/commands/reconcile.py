"""manage.py reconcile: a day, from the cases to the last balance."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reconciliation.day_end import reconciling, showing
from reconciliation.day_end.reconciling import DayEnd

HELP = """\
Do all that a day needs, and say how it stands: cases are brought up to date, the day's statements
matched, and what was posted since its beginning is verified in the ledger.

Then, for all of Cage and per currency,
  opening + deposits - withdrawals - bets + payouts - reversals + rewards + adjustments = closing
where opening, and what is in the wallets at the end, come from balances alone, and must agree with
what moved. Reversals are what was taken back from players, by a provider or by two people, less
what was given back to them. A transaction is of the day in which our clock posted it. Per provider
there are the same flows, the share of each statement that is matched, the parts of the day that a
provider with `reconcile_daily` sent no statement for, and the open cases. Amounts of different
currencies are never added. The tables show what each flow adds to the wallets; with --json they are
as in the sum above, exact texts.

The day of a provider is one of its reports' zone, that of all of Cage one of TIME_ZONE. Today's
ends now. Running it again does no harm. Exit status 1 when anything is open or wrong.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", help="a name in PROVIDERS (all of them)")
        parser.add_argument("--date", type=date.fromisoformat, help="the day (yesterday)")
        parser.add_argument("--json", action="store_true", help="the result for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout)
        day_end = _reconcile(options["provider"], options["date"], console)
        if options["json"]:
            self.stdout.write(json.dumps(showing.as_json(day_end), indent=2))
        else:
            showing.show(day_end, console)
        if not day_end.is_good:
            sys.exit(1)


def _reconcile(provider: str | None, day: date | None, console: Console) -> DayEnd:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        try:
            return reconciling.reconcile(
                provider,
                day=day,
                at=timezone.now(),
                watch=lambda doing: progress.update(task, description=doing),
            )
        except reconciling.NotReconciled as why:
            raise CommandError(str(why)) from None
