"""The end of a day for people, as tables, and for machines, as JSON with exact texts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reconciliation import words
from reconciliation.day_end.flows import Closing, Flows
from reconciliation.day_end.reconciling import DayEnd, ProviderDay
from reconciliation.day_end.standing import Standing
from reconciliation.models import Bucket, CaseKind
from reconciliation.statements.periods import Period
from wallets import money, pages
from wallets.verification import Finding

# In the order of the sum, and whether it adds to the wallets.
FLOWS: Mapping[str, bool] = {
    "deposits": True,
    "withdrawals": False,
    "bets": False,
    "payouts": True,
    "reversals": False,
    "rewards": True,
    "adjustments": True,
}


# -- For people --------------------------------------------------------------------------------


def show(day_end: DayEnd, console: Console) -> None:
    """What moved, with what each flow adds to the wallets; then all that isn't in order."""
    console.print(f"[bold]Cage, {_span(day_end.period, day_end.zone)}[/]")
    console.print(_closings(day_end.closings))
    for closing in day_end.closings:
        if closing.test_players:
            currency = closing.flows.currency
            console.print(f"Test players counted in, {currency}: {closing.test_players:,}.")
    for one in day_end.providers:
        console.print()
        _show_provider(one, console)
    console.print()
    _show_ledger(day_end, console)
    if day_end.is_good:
        console.print("[bold green]Everything adds up, and nothing is open.[/]")
    else:
        console.print("[bold red]Not everything is in order.[/]")


def _closings(closings: Sequence[Closing]) -> Table:
    table = _table([one.flows for one in closings])
    table.add_row("opening", *(pages.amount(one.opening) for one in closings))
    _add_flows(table, [one.flows for one in closings])
    table.add_section()
    table.add_row("closing", *(pages.amount(one.closing) for one in closings), style="bold")
    table.add_row(
        "in the wallets",
        *(
            f"[{'green' if one.is_right else 'bold red'}]{pages.amount(one.wallets)}[/]"
            for one in closings
        ),
    )
    return table


def _show_provider(one: ProviderDay, console: Console) -> None:
    console.print(f"[bold]{one.provider}, {_span(one.period, one.zone)}[/]")
    flows = list(one.flows.values())
    table = _table(flows)
    _add_flows(table, flows)
    console.print(table if flows else "Nothing moved.")
    for standing in one.statements:
        console.print(escape(_sentence(standing)))
    for gap in one.missing:
        console.print(f"[red]No statement {_from_to(gap, one.zone)}.[/]")
    for open_ in one.cases:
        oldest = _time(open_.oldest_at, one.zone)
        label = CaseKind(open_.kind).label
        console.print(f"[red]{label}: {open_.count:,} open, the oldest since {oldest}.[/]")


def _show_ledger(day_end: DayEnd, console: Console) -> None:
    since = _time(day_end.verified_since, day_end.zone)
    wrong = [finding for finding in day_end.findings if finding.violations]
    console.print(
        f"The books since {since}: {len(day_end.findings)} rules, "
        f"{sum(finding.violations for finding in wrong):,} violations."
    )
    for finding in wrong:
        console.print(f"[bold red]{finding.violations:,}: {finding.check.name}[/]")
        for text in finding.first:
            console.print(f"  {escape(text)}", style="red")


def _table(columns: Sequence[Flows]) -> Table:
    """A column for each currency: they are never added up."""
    table = Table("")
    for one in columns:
        table.add_column(one.currency, justify="right")
    return table


def _add_flows(table: Table, columns: Sequence[Flows]) -> None:
    for name, adds in FLOWS.items():
        amounts: list[Decimal] = [getattr(one, name) for one in columns]
        added = [value if adds or not value else value.copy_negate() for value in amounts]
        table.add_row(name, *map(pages.amount, added))


def _sentence(standing: Standing) -> str:
    statement = standing.statement
    counts = [
        f"{count:,} {Bucket(bucket).label.lower()}"
        for bucket, count in _counts(standing).items()
        if bucket != Bucket.MATCHED
    ]
    if statement.rejected:
        counts.append(f"{statement.rejected:,} rejected")
    rest = f": {', '.join(counts)}" if counts else ""
    return (
        f"Statement {statement.pk}, {statement.file_name}: {standing.share} of "
        f"{standing.lines:,} lines matched{rest}."
    )


def _counts(standing: Standing) -> dict[str, int]:
    """Per bucket the lines, or the movements where it has no lines: counts of all currencies."""
    found: dict[str, int] = {}
    for row in standing.rows:
        found[row.bucket] = found.get(row.bucket, 0) + max(row.lines, row.entries)
    return {bucket.value: found[bucket] for bucket in Bucket if bucket in found}


def _span(period: Period, zone: tzinfo) -> str:
    return f"{period.day} ({words.offset(period.start_at.astimezone(zone))})"


def _from_to(period: Period, zone: tzinfo) -> str:
    return f"from {_time(period.start_at, zone)} to {_time(period.end_at, zone)}"


def _time(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


# -- For machines ------------------------------------------------------------------------------


def as_json(day_end: DayEnd) -> dict[str, Any]:
    """Amounts are exact texts, and add up as `flows` says."""
    return {
        "is_good": day_end.is_good,
        "cage": {
            **_plain_period(day_end.period, day_end.zone),
            "currencies": [_plain_closing(closing) for closing in day_end.closings],
        },
        "ledger": {
            "since": _iso(day_end.verified_since, day_end.zone),
            "rules": len(day_end.findings),
            "violations": list(_plain_findings(day_end.findings)),
        },
        "providers": [_plain_provider(one) for one in day_end.providers],
    }


def _plain_closing(closing: Closing) -> dict[str, Any]:
    flows = _plain_flows(closing.flows)
    return {
        "currency": flows.pop("currency"),
        "opening": money.plain(closing.opening),
        **flows,
        "closing": money.plain(closing.closing),
        "wallets": money.plain(closing.wallets),
        "is_right": closing.is_right,
        "test_players": closing.test_players,
    }


def _plain_flows(flows: Flows) -> dict[str, Any]:
    amounts: dict[str, Decimal] = {name: getattr(flows, name) for name in FLOWS}
    return {
        "currency": flows.currency,
        "movements": flows.movements,
        **{name: money.plain(amount) for name, amount in amounts.items()},
    }


def _plain_findings(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    for finding in findings:
        if finding.violations:
            yield {
                "rule": finding.check.name,
                "violations": finding.violations,
                "first": list(finding.first),
            }


def _plain_provider(one: ProviderDay) -> dict[str, Any]:
    return {
        "provider": one.provider,
        "is_good": one.is_good,
        **_plain_period(one.period, one.zone),
        "currencies": [_plain_flows(flows) for flows in one.flows.values()],
        "statements": [_plain_standing(standing) for standing in one.statements],
        "missing": [_plain_period(gap, one.zone) for gap in one.missing],
        "cases": [
            {
                "kind": open_.kind,
                "open": open_.count,
                "oldest_at": _iso(open_.oldest_at, one.zone),
            }
            for open_ in one.cases
        ],
    }


def _plain_standing(standing: Standing) -> dict[str, Any]:
    return {
        "statement": standing.statement.pk,
        "file_name": standing.statement.file_name,
        "lines": standing.lines,
        "matched": standing.matched,
        "rejected": standing.statement.rejected,
        "buckets": _counts(standing),
    }


def _plain_period(period: Period, zone: tzinfo) -> dict[str, Any]:
    day = {"date": period.day.isoformat()} if period.day else {}
    return {
        **day,
        "zone": str(zone),
        "start_at": _iso(period.start_at, zone),
        "end_at": _iso(period.end_at, zone),
    }


def _iso(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).isoformat()
