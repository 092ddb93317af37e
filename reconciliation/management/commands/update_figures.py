"""manage.py update_figures: the hourly figures of the dashboard, kept, rebuilt or proved."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from reconciliation.models import FiguresReading
from reconciliation.office.rollups import business_day, keeping, verifying
from reconciliation.office.rollups.verifying import Difference
from wallets import money

HELP = """\
The dashboard adds up no ledger: it reads figures, which are what each hour brought per provider,
currency and kind, and what became of each hour's deliveries. Celery keeps them every two minutes.

  update_figures              what Celery does: reads the last two hours and the current one again,
                              and all since the last reading. The first time, and where
                              BUSINESS_DAY_ZONE or BUSINESS_DAY_STARTS have changed, the last 31
                              days.
  update_figures --rebuild    writes whole business days again, one commit each: all from the
                              ledger's first, or those from --from to --to.
  update_figures --verify     adds up the ledger and the inbox again and compares; nothing is
                              changed. Of hours that the next update reads again a difference is
                              told, and is no error.

Test players are left out, and so are deposits and withdrawals. Rebuild the days of a player who was
made a test player, or is none any more; --verify says which.

Safe to run at any time, also twice at once. Exit status 1 where --verify finds a difference.
"""
MOST = 20  # Differences that a person is shown; --json has them all.


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        doing = parser.add_mutually_exclusive_group()
        doing.add_argument("--rebuild", action="store_true", help="write them again")
        doing.add_argument("--verify", action="store_true", help="hold them against the ledger")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, help="the first business day"
        )
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, help="the last business day"
        )
        parser.add_argument("--json", action="store_true", help="the result for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["first"], options["last"]
        if any(days) and not (options["rebuild"] or options["verify"]):
            raise CommandError("--from and --to go with --rebuild or --verify.")
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("business days", total=None)
            watch = lambda done, of: bar.update(task, completed=done, total=of)  # noqa: E731
            found: list[Difference] = []
            done: dict[str, int] = {}
            if options["verify"]:
                found = _verify(*days, watch)
            elif options["rebuild"]:
                done = {"days": keeping.rebuild(*days, at=timezone.now(), watch=watch)}
            else:
                done = {"hours": keeping.update(at=timezone.now())}
        if options["json"]:
            self.stdout.write(json.dumps({**done, **_as_json(found)}, indent=2))
        else:
            self.stdout.write(_told(found, done))
        if any(one.is_final for one in found):
            sys.exit(1)


def _verify(first: date | None, last: date | None, watch: verifying.Watch) -> list[Difference]:
    try:
        return verifying.verify(first, last, watch=watch)
    except verifying.NothingKept as why:
        raise CommandError(str(why)) from None


def _told(found: list[Difference], done: dict[str, int]) -> str:
    reading = FiguresReading.objects.get()
    zone = business_day.current().zone
    kept = (
        f"Business day {reading.business_day}. Figures from "
        f"{reading.since_at.astimezone(zone):%Y-%m-%d %H:%M} to "
        f"{reading.read_at.astimezone(zone):%Y-%m-%d %H:%M:%S}."
    )
    if done:
        return f"{kept} " + ", ".join(f"{count:,} {word} written." for word, count in done.items())
    final = sum(one.is_final for one in found)
    lines = [f"{kept} {final:,} wrong, {len(found) - final:,} to be read again."]
    lines += [_line(one) for one in found[:MOST]]
    if len(found) > MOST:
        lines.append(f"... and {len(found) - MOST:,} more; --json has them all.")
    if final:
        lines.append("Put them right with --rebuild --from DAY --to DAY.")
    return "\n".join(lines)


def _line(one: Difference) -> str:
    at = one.starts_at.astimezone(business_day.current().zone)
    state = "" if one.is_final else " (read again by the next update)"
    return (
        f"{at:%Y-%m-%d %H:%M} {one.what} {' '.join(one.names)}: "
        f"kept {_values(one.kept)}, should be {_values(one.summed)}{state}"
    )


def _values(values: tuple[object, ...] | None) -> str:
    return "nothing" if values is None else ", ".join(map(_text, values))


def _as_json(found: list[Difference]) -> dict[str, object]:
    reading = FiguresReading.objects.get()
    return {
        "business_day": reading.business_day,
        "since_at": reading.since_at.isoformat(),
        "read_at": reading.read_at.isoformat(),
        "differences": [
            {
                "what": one.what,
                "hour": one.starts_at.isoformat(),
                "names": list(one.names),
                "kept": _listed(one.kept),
                "summed": _listed(one.summed),
                "is_final": one.is_final,
            }
            for one in found
        ],
    }


def _listed(values: tuple[object, ...] | None) -> list[str] | None:
    return None if values is None else list(map(_text, values))


def _text(value: object) -> str:
    return money.plain(value) if isinstance(value, Decimal) else str(value)
