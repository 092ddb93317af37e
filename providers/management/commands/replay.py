"""manage.py replay: settle kept deliveries again, through the inbox."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from providers import replays
from providers.models import Callback, Outcome
from providers.replays import CannotReplay, Replayed
from wallets.models import Transaction

HELP = """\
Settle deliveries again that were refused or failed when they came: from the kept, decrypted body,
through the same functions, under the provider's own id. Whoever sends it again afterwards is told
that it is paid. Each replay is kept as a row of its own that names the original.

Not replayed, and it says why: what the provider counts as void after a refusal (it would be paid
here and void there), bets, conflicts, what is settled by now, and what would move other money than
it asked for when it came (a currency's factor was changed, for instance).

  replay --reference 272017                     every delivery with this reference
  replay --failed --provider jdb                all of a provider that failed by a fault of ours
  replay --failed --provider jdb --dry-run      tell what it would do, and do nothing
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--reference", help="the provider's id, or the whole transaction id")
        which.add_argument("--failed", action="store_true", help="all that failed and aren't paid")
        parser.add_argument("--provider", help="only of this provider; needed with --failed")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["failed"] and not options["provider"]:
            raise CommandError("Say which provider's: --failed --provider NAME.")
        found = _failed(options["provider"]) if options["failed"] else _of(**options)
        chosen = _latest(found)
        if not chosen:
            raise CommandError("There is nothing that was refused or failed under that.")
        step = _would if options["dry_run"] else _replay
        console = Console(stderr=True)
        done = list(track(step(chosen), total=len(chosen), console=console, transient=True))
        self._tell(done, dry_run=options["dry_run"], as_json=options["json"])
        if not all(one.is_paid for one in done):
            raise SystemExit(1)

    def _tell(self, done: list[Replayed], *, dry_run: bool, as_json: bool) -> None:
        lines = [_line(one, dry_run=dry_run) for one in done]
        if as_json:
            rows = [
                {
                    "callback": one.callback.pk,
                    "provider": one.callback.provider,
                    "transaction_id": one.callback.transaction_id,
                    "result": text,
                }
                for one, text in zip(done, lines, strict=True)
            ]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for one, text in zip(done, lines, strict=True):
            name = one.callback.transaction_id or f"callback {one.callback.pk}"
            self.stdout.write(f"{one.callback.provider} {name}: {text}")
        for text, count in Counter(lines).most_common():
            self.stdout.write(f"{count} {text}")


def _failed(provider: str) -> QuerySet[Callback]:
    return Callback.objects.filter(provider=provider, outcome=Outcome.FAILED)


def _of(*, reference: str, provider: str | None, **_: Any) -> QuerySet[Callback]:
    found = Callback.objects.filter(outcome__in=[Outcome.REFUSED, Outcome.FAILED])
    if ":" in reference:
        found = found.filter(transaction_id=reference)
    else:
        found = found.filter(transaction_id__endswith=f":{reference}")
    return found.filter(provider=provider) if provider else found


def _latest(found: QuerySet[Callback]) -> list[Callback]:
    """The last delivery of each transaction id; those without one stand for themselves."""
    booked = Transaction.objects.filter(
        provider=OuterRef("provider"), transaction_id=OuterRef("transaction_id"), refusal=""
    )
    rows = found.filter(replay_of=None).annotate(paid=Subquery(booked.values("id")[:1]))
    latest: dict[tuple[str, str], Callback] = {}
    for row in rows.filter(paid=None).order_by("id").iterator(chunk_size=1_000):
        latest[row.provider, row.transaction_id or str(row.pk)] = row
    return list(latest.values())


def _replay(chosen: list[Callback]) -> Any:
    return replays.replay(chosen)


def _would(chosen: list[Callback]) -> Any:
    for callback in chosen:
        try:
            replays.prepare(callback, at=timezone.now())
        except CannotReplay as reason:
            yield Replayed(callback=callback, refused=reason)
        else:
            yield Replayed(callback=callback, outcome=Outcome.POSTED)


def _line(one: Replayed, *, dry_run: bool) -> str:
    if one.refused is not None:
        return f"not replayed: {one.refused}"
    if dry_run:
        return "would be settled again"
    words = {Outcome.POSTED: "paid", Outcome.DUPLICATE: "was paid already"}
    assert one.outcome is not None
    return words.get(one.outcome, f"{one.outcome.label.lower()}: {one.reason}")
