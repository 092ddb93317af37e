"""manage.py verify_ledger: are the books right?"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from wallets import verification
from wallets.models import Entry, Transaction
from wallets.verification import Finding


class Command(BaseCommand):
    help = (
        "Prove the books, all checks at one instant and without blocking anybody: wallets are "
        "numbered without a gap, balances follow one from the other and add up, every "
        "transaction's entries fit its terms, every posted callback has its transaction and the "
        "other way round. Lists the first violations of each rule; exit status 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the findings for machines")
        parser.add_argument(
            "--shown",
            type=int,
            default=20,
            metavar="N",
            help="violations listed per rule (20)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        out = sys.stderr if options["json"] else sys.stdout
        console = Console(file=out)
        findings = _verify(console, shown=options["shown"])
        if options["json"]:
            self.stdout.write(json.dumps([_plain(finding) for finding in findings], indent=2))
        else:
            _print(console, findings)
        if any(finding.violations for finding in findings):
            sys.exit(1)


def _verify(console: Console, *, shown: int) -> list[Finding]:
    columns = (
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    findings = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(verification.CHECKS[0].name, total=len(verification.CHECKS))
        for finding, upcoming in zip(
            verification.verify(shown=shown),
            [*verification.CHECKS[1:], verification.CHECKS[-1]],
            strict=True,
        ):
            findings.append(finding)
            progress.update(task, advance=1, description=upcoming.name)
    return findings


def _print(console: Console, findings: list[Finding]) -> None:
    table = Table("rule", "violations", title="The ledger", title_justify="left")
    table.columns[1].justify = "right"
    for finding in findings:
        style = "bold red" if finding.violations else "green"
        table.add_row(finding.check.name, f"[{style}]{finding.violations}[/]")
    console.print(table)
    for finding in findings:
        for text in finding.first:
            console.print(f"  {text}", style="red", markup=False)
    wrong = sum(finding.violations for finding in findings)
    books = f"{Transaction.objects.count():,} transactions, {Entry.objects.count():,} entries"
    if wrong:
        console.print(f"[bold red]The books are wrong: {wrong} violations[/] ({books}).")
    else:
        console.print(f"[bold green]The books are right[/] ({books}).")


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.check.name,
        "violations": finding.violations,
        "first": list(finding.first),
    }
