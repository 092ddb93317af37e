"""All that a day needs: cases up to date, statements matched, books proved, money closed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.utils import timezone

from providers import registry
from providers.registry import Provider
from reconciliation import cases
from reconciliation.day_end import flows, standing
from reconciliation.day_end.flows import Closing, Flows
from reconciliation.day_end.standing import OpenCases, Standing
from reconciliation.exporting import reading
from reconciliation.matching import matching
from reconciliation.models import Statement
from reconciliation.statements import periods
from reconciliation.statements.periods import Period
from wallets import verification
from wallets.verification import Finding

RECENT = timedelta(days=3)

Watch = Callable[[str], None]


class NotReconciled(Exception):
    """Why there is no such day; a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDay:
    """One provider's day, by the zone of its reports. `missing` are the parts of it that no
    statement is about, where there should be one by now."""

    provider: str
    zone: tzinfo
    period: Period
    flows: Mapping[str, Flows]
    statements: tuple[Standing, ...]
    missing: tuple[Period, ...]
    cases: tuple[OpenCases, ...]

    @property
    def is_good(self) -> bool:
        rejected = sum(one.statement.rejected for one in self.statements)
        return not (self.cases or self.missing or rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnd:
    """`period` and `closings` are of all of Cage, by its own zone; `verified_since` is from when on
    the books were proved."""

    zone: tzinfo
    period: Period
    closings: tuple[Closing, ...]
    verified_since: datetime
    findings: tuple[Finding, ...]
    providers: tuple[ProviderDay, ...]

    @property
    def is_good(self) -> bool:
        """Nothing is wrong, and nobody has anything left to do."""
        return (
            all(closing.is_right for closing in self.closings)
            and not any(finding.violations for finding in self.findings)
            and all(one.is_good for one in self.providers)
        )


def reconcile(
    provider: str | None,
    *,
    day: date | None,
    at: datetime,
    watch: Watch = lambda doing: None,
) -> DayEnd:
    """Do all of it, as of `at`; safe to run again. `provider` None: all; `day` None: yesterday.

    A day of a provider is one of its reports' zone, the whole's is one of TIME_ZONE; one that isn't
    over ends `at`. `watch` hears what is being done. Raises NotReconciled.
    """
    chosen = _providers(provider)
    zone = timezone.get_default_timezone()
    whole = _period(day, zone, at)
    own = {one.name: _period(day, one.protocol.zone, at) for one in chosen}
    watch("bringing cases up to date")
    cases.update(at=at)
    found = {one.name: standing.statements(one.name, own[one.name]) for one in chosen}
    for statement in [statement for several in found.values() for statement in several]:
        watch(f"matching {statement}")
        _match(statement, at=at)
    since = min([whole.start_at, *(period.start_at for period in own.values())])
    watch("verifying the ledger")
    findings = tuple(verification.verify(since=since))
    watch("adding up")
    with reading.instant():
        return DayEnd(
            zone=zone,
            period=whole,
            closings=tuple(flows.close(whole)),
            verified_since=since,
            findings=findings,
            providers=tuple(_provider_day(one, own[one.name], at=at) for one in chosen),
        )


def match_recent(*, at: datetime) -> int:
    """Match what was imported for the last days of the providers that opted in, where it was not
    yet or where something of its time was posted since; how many statements those were.

    Costs next to nothing where nothing changed, so it is asked again and again.
    """
    due = [
        statement
        for one in registry.current().by_name.values()
        if one.protocol.settings.reconcile_daily
        for statement in standing.statements(one.name, Period(start_at=at - RECENT, end_at=at))
        if standing.is_due(statement)
    ]
    return sum(_match(statement, at=at) for statement in due)


def _providers(name: str | None) -> list[Provider]:
    by_name = registry.current().by_name
    if name is None:
        return list(by_name.values())
    if name not in by_name:
        raise NotReconciled(f"{name!r} is none of {', '.join(by_name) or 'no providers at all'}.")
    return [by_name[name]]


def _period(day: date | None, zone: tzinfo, at: datetime) -> Period:
    """A day, up to now."""
    today = at.astimezone(zone).date()
    period = periods.of_day(day or today - timedelta(days=1), zone)
    if period.start_at >= at:
        raise NotReconciled(f"{day} has not begun yet ({zone}).")
    return Period(start_at=period.start_at, end_at=min(period.end_at, at), day=period.day)


def _match(statement: Statement, *, at: datetime) -> bool:
    """False where it was withdrawn meanwhile."""
    try:
        matching.match(statement, at=at)
    except matching.NotMatched:
        return False
    return True


def _provider_day(provider: Provider, period: Period, *, at: datetime) -> ProviderDay:
    settings = provider.protocol.settings
    found = standing.statements(provider.name, period)
    is_expected = settings.reconcile_daily and not provider.retired and period.end_at < at
    return ProviderDay(
        provider=provider.name,
        zone=provider.protocol.zone,
        period=period,
        flows=flows.of(period, provider=provider.name),
        statements=tuple(map(standing.of, found)),
        missing=tuple(standing.missing(period, found)) if is_expected else (),
        cases=tuple(standing.cases(provider.name)),
    )
