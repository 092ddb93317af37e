"""Owed settlements that Cage settles again by itself, once what kept it from paying is gone.

With backoff: the longer a case is open, the rarer it is tried, from a minute to a quarter of an
hour. What the provider has voided is never among them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from providers import registry, replays
from providers.models import Callback, Outcome
from providers.replays import Replayed
from reconciliation import cases, facts
from reconciliation.models import Case, CaseKind, CaseStatus, Resolution
from wallets.models import Wallet

BATCH = 256
SOONEST, RAREST = timedelta(minutes=1), timedelta(minutes=15)


def replay_owed(*, at: datetime) -> int:
    """Try those that are due; how many were tried. Safe to run twice, also at once: the ledger
    pays an id once."""
    due = list(
        Case.objects.exclude(status=CaseStatus.CLOSED)
        .filter(kind=CaseKind.UNSETTLED, replay_at__lte=at)
        .order_by("replay_at")[:BATCH]
    )
    last = last_deliveries(due)
    ready = [callback for callback in last.values() if _is_ready(callback)]
    tried = {one.callback.pk: one for one in replays.replay(ready, clock=lambda: at)}
    _note(due, {id_: tried.get(callback.pk) for id_, callback in last.items()}, at)
    return len(ready)


def last_deliveries(due: Sequence[Case]) -> dict[int, Callback]:
    """The last delivery that did not go smoothly, by the case's id: what is settled again."""
    numbers = {case.pk: number for case in due if (number := _number(case)) is not None}
    keys = [(case.provider, case.subject) for case in due if case.pk not in numbers]
    known = {(one.provider.name, one.transaction_id): one.last for one in facts.of(keys)}
    unread = Callback.objects.in_bulk(list(numbers.values()))
    found = {
        case.pk: unread.get(numbers[case.pk])
        if case.pk in numbers
        else known.get((case.provider, case.subject))
        for case in due
    }
    return {id_: callback for id_, callback in found.items() if callback is not None}


def _number(case: Case) -> int | None:
    """The callback's number, of a case of a delivery without an id."""
    word, _, number = case.subject.partition(":")
    return int(number) if word == "callback" and number.isdecimal() else None


def _is_ready(callback: Callback) -> bool:
    """Whether everything is there that it needs; a fault of ours may be gone any time."""
    provider = registry.current().by_name.get(callback.provider)
    if provider is None:
        return False
    if callback.outcome == Outcome.FAILED:
        return True
    movements = [m for one in facts.meaning(provider, callback) for m in one.movements]
    return bool(movements) and all(
        Wallet.objects.filter(player__uid=movement.uid, currency=movement.currency).exists()
        for movement in movements
    )


def _note(due: Sequence[Case], tried: dict[int, Replayed | None], at: datetime) -> None:
    """What came of it, on the cases as they are by now."""
    with transaction.atomic(durable=True):
        current = Case.objects.select_for_update().filter(pk__in=[case.pk for case in due])
        for case in current.exclude(status=CaseStatus.CLOSED).order_by("pk"):
            replayed = tried.get(case.pk)
            case.replay_at = at + min(max((at - case.opened_at) / 2, SOONEST), RAREST)
            if replayed is None:  # What it needs is not there yet: nothing to tell.
                Case.objects.filter(pk=case.pk).update(replay_at=case.replay_at)
                continue
            case.replays += 1
            why = f"Tried again in vain: {replayed.refused or replayed.reason}"
            if replayed.is_paid:
                why = "Settled again by Cage."
                cases.close(case, Resolution.REPLAYED, at=at)
            cases.write([], [case], why, at=at)
