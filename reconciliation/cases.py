"""What opens, updates and closes a case by itself, minute by minute.

There is no cursor: the inbox leaves a row for every delivery that did not go smoothly, in the same
commit, and here it is removed in the commit that takes notice of it. One bookkeeper at a time; a
second one waits for it, batch by batch, and one that is killed has changed nothing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from simple_history.utils import get_history_manager_for_model

from providers import registry
from providers.models import Callback, Doubt
from providers.registry import Provider
from reconciliation import alerts, facts, incidents, judging, locks
from reconciliation.judging import Risk, Schedule
from reconciliation.models import Case, CaseKind, CaseStatus, Resend, Resolution
from wallets.instructions import Key

BATCH = 1_000

# One more attempt is counted; only what a person would want to be told of is history.
COUNTED = ["attempts", "first_at", "last_at", "expected_at", "silent_at"]
TOLD = ["operation", "player", "amount", "currency", "reason", "due_at", "resend"]
WORKED_ON = ["status", "resolution", "closed_at", "follow_up_on", "replays", "replay_at", "alert"]

# Unsettled ones whose id is in the books by now, however it came there.
HEALED = """
SELECT c.id, t.refusal <> '', t.origin, c.provider, c.subject
FROM reconciliation_case c
JOIN wallets_transaction t ON t.provider = c.provider AND t.transaction_id = c.subject
WHERE c.status <> 'closed' AND c.kind = 'unsettled' AND c.id > %s
ORDER BY c.id
LIMIT %s
"""
BY_ORIGIN = {"replay": Resolution.REPLAYED, "adjustment": Resolution.ADJUSTED}


@dataclass(slots=True, kw_only=True)
class Summary:
    """What one run did."""

    looked_at: int = 0
    opened: int = 0
    updated: int = 0
    closed: int = 0


def update(*, at: datetime, watch: Callable[[Summary], None] = lambda _: None) -> Summary:
    """Bring every case up to date, as of `at`. Safe to run at any time, by any number at once."""
    summary = Summary()
    for step in (_take_doubts, _take_incidents, _follow_statements, _heal, _tell_the_time):
        while step(summary, at):
            watch(summary)
    return summary


def _take_doubts(summary: Summary, at: datetime) -> bool:
    """One batch of what the inbox left; True if there may be more."""
    with transaction.atomic(durable=True):
        locks.wait_for_the_others()
        # One of a provider that isn't configured (yet, here) waits until it is.
        known = Doubt.objects.filter(provider__in=registry.current().by_name)
        doubts = list(known.order_by("id")[:BATCH])
        named = {(doubt.provider, doubt.transaction_id) for doubt in doubts if doubt.transaction_id}
        found = [*_named(named, at), *_nameless([d for d in doubts if not d.transaction_id], at)]
        _apply(found, summary, at)
        Doubt.objects.filter(id__in=[doubt.id for doubt in doubts]).delete()
    summary.looked_at += len(doubts)
    return len(doubts) == BATCH


def _take_incidents(summary: Summary, at: datetime) -> bool:
    """What concerns a whole provider, or was given by hand too; never more than one batch."""
    from reconciliation.adjustments import following  # Which asks for cases in its turn.

    with transaction.atomic(durable=True):
        locks.wait_for_the_others()
        found = [*incidents.outages(at), *incidents.strangers(at), *following.given_twice(at)]
        _apply(found, summary, at)
    return False


def _follow_statements(summary: Summary, at: datetime) -> bool:
    """What statements show, where the books have moved on; it writes cases itself."""
    from reconciliation.matching import following  # Which closes cases by this module.

    followed = following.update(at=at).cases
    summary.opened += followed.opened
    summary.updated += followed.updated
    summary.closed += followed.closed
    return False


def _named(keys: Collection[Key], at: datetime) -> Iterator[Case]:
    """The cases that these transaction ids deserve, as they should be now."""
    for known in facts.of(keys):
        kind = judging.kind(known)
        if kind is None:
            continue
        schedule = judging.schedule(known) if kind is CaseKind.UNSETTLED else Schedule()
        yield _case(
            kind,
            schedule,
            judging.risk(known, kind),
            at=at,
            provider=known.provider.name,
            subject=known.transaction_id,
            # Which of several sums is owed is for a person to say.
            replay_at=at
            if _replayable(kind, known.provider, known.last) and not known.terms_differ
            else None,
            reference=known.transaction_id.partition(":")[2][:128],
            operation=known.last.operation,
            reason=_sentence(known.last),
            attempts=known.attempts,
            first_at=known.first_at,
            last_at=known.last_at,
        )


def _nameless(doubts: Sequence[Doubt], at: datetime) -> Iterator[Case]:
    """Authentic deliveries that no id could be read of: each is a case under its own number."""
    by_name = registry.current().by_name
    ids = [doubt.delivery_id for doubt in doubts]
    for callback in Callback.objects.filter(delivery_id__in=ids):
        if callback.provider not in by_name:
            continue
        yield _case(
            CaseKind.UNSETTLED,
            judging.unread(by_name[callback.provider], callback),
            Risk(),
            at=at,
            provider=callback.provider,
            subject=f"callback:{callback.pk}",
            replay_at=at
            if _replayable(CaseKind.UNSETTLED, by_name[callback.provider], callback)
            else None,
            operation=callback.operation,
            reason=_sentence(callback),
            attempts=1,
            first_at=callback.received_at,
            last_at=callback.received_at,
        )


def _replayable(kind: CaseKind, provider: Provider, last: Callback) -> bool:
    return kind is CaseKind.UNSETTLED and judging.is_replayable(provider, last)


def _case(
    kind: CaseKind, schedule: Schedule, risk: Risk, *, at: datetime, **fields: object
) -> Case:
    return Case(
        kind=kind,
        resend=schedule.resend(at),
        expected_at=schedule.expected_at,
        silent_at=schedule.silent_at,
        due_at=schedule.due_at,
        player=risk.player,
        amount=risk.amount,
        currency=risk.currency,
        opened_at=at,
        **fields,
    )


def _apply(found: Sequence[Case], summary: Summary, at: datetime) -> None:
    """Open those that are new, bring those up to date that are open already."""
    open_ = {
        (case.provider, case.subject, case.kind): case
        for case in locks.held().filter(
            provider__in={case.provider for case in found},
            subject__in=[case.subject for case in found],
        )
    }
    new: list[Case] = []
    told: list[Case] = []
    counted: list[Case] = []
    for case in found:
        known = open_.get((case.provider, case.subject, case.kind))
        if known is None:
            new.append(case)
            continue
        is_news = any(getattr(known, name) != getattr(case, name) for name in TOLD)
        (told if is_news else counted).append(known)
        for name in COUNTED + TOLD:
            setattr(known, name, getattr(case, name))
        if case.replay_at is None or known.replay_at is None:  # Else its backoff goes on.
            known.replay_at = case.replay_at
    write(new, told, "A delivery that did not go smoothly.", at=at)
    _upsert(counted, [*COUNTED, "replay_at"])
    summary.opened += len(new)
    summary.updated += len(told) + len(counted)


def _heal(summary: Summary, at: datetime) -> bool:
    """Close what the books have by now, in batches: some of it stays open."""
    after: int | None = 0
    while after is not None:
        after = _heal_those(after, summary, at)
    return False


def _heal_those(after: int, summary: Summary, at: datetime) -> int | None:
    """One batch of those with higher numbers; the number after which there may be more."""
    with transaction.atomic(durable=True):
        locks.wait_for_the_others()
        with connection.cursor() as cursor:
            cursor.execute(HEALED, [after, BATCH])
            found = cursor.fetchall()
        doubted = {
            (known.provider.name, known.transaction_id)
            for known in facts.of({(provider, subject) for *_, provider, subject in found})
            if known.unbooked or known.asked_again
        }
        rows = {row[0]: (row[1], row[2]) for row in found if row[3:] not in doubted}
        cases = list(locks.held().filter(id__in=rows))
        for case in cases:
            stands, origin = rows[case.pk]
            settled = BY_ORIGIN.get(origin, Resolution.HEALED)
            close(case, Resolution.VOID if stands else settled, at=at)
        write([], cases, "The books have it by now.", at=at)
    summary.closed += len(cases)
    return found[-1][0] if len(found) == BATCH else None


def _tell_the_time(summary: Summary, at: datetime) -> bool:
    """Whose time is over, and who has fallen silent."""
    with transaction.atomic(durable=True):
        locks.wait_for_the_others()
        waiting = locks.held()
        late = waiting.filter(resend__in=[Resend.EXPECTED, Resend.SILENT], due_at__lte=at)
        silent = waiting.filter(resend=Resend.EXPECTED, silent_at__lte=at)
        cases = list((late | silent)[:BATCH])
        for case in cases:
            schedule = Schedule(
                expected_at=case.expected_at, silent_at=case.silent_at, due_at=case.due_at
            )
            case.resend = schedule.resend(at)
        write([], cases, "Time passed.", at=at)
    summary.updated += len(cases)
    return len(cases) == BATCH


def close(case: Case, resolution: Resolution, *, at: datetime) -> None:
    """Set what a closed case has; it is still to be written."""
    case.status, case.resolution, case.closed_at = CaseStatus.CLOSED, resolution, at
    case.resend, case.follow_up_on, case.replay_at = Resend.NONE, None, None


def write(
    new: list[Case], changed: list[Case], why: str, *, at: datetime, by: User | None = None
) -> None:
    """Insert and update cases with their history, and note what is to be told of them. `by` is
    whoever decided it; None: nobody did."""
    for case in [*new, *changed]:
        alerts.mark(case)
    history = get_history_manager_for_model(Case)
    Case.objects.bulk_create(new)
    noted = {"default_user": by, "default_change_reason": why, "default_date": at}
    history.bulk_history_create(new, **noted)
    _upsert(changed, [*COUNTED, *TOLD, *WORKED_ON])
    history.bulk_history_create(changed, update=True, **noted)


def _upsert(cases: list[Case], fields: list[str]) -> None:
    """An upsert of rows that exist: many times as fast as Django's bulk_update."""
    Case.objects.bulk_create(
        cases, update_conflicts=True, update_fields=fields, unique_fields=["id"]
    )


def _sentence(callback: Callback) -> str:
    """Why it was not settled: of a traceback its last line."""
    return callback.reason.strip().rpartition("\n")[2][:500]
