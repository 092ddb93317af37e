"""What has to hold before an adjustment is asked for or decided, each with its sentence."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import Q

from providers import registry
from reconciliation import evidence, facts
from reconciliation.adjustments import limits, proposal
from reconciliation.models import Adjustment, AdjustmentStatus, Case, CaseStatus, Resolution
from reconciliation.working import NotDone
from wallets import reversals
from wallets.models import Reference, Transaction

DECIDED = ["status", "decided_by", "decided_at", "decision"]


def insist(holds: bool, sentence: str) -> None:
    if not holds:
        raise NotDone(sentence)


def case_is_open(case: Case) -> None:
    if case.status == CaseStatus.CLOSED:
        how = Resolution(case.resolution).label.lower()
        raise NotDone(f"Nothing was done: the case was closed meanwhile ({how}).")


def nothing_is_new(adjustment: Adjustment, case: Case) -> None:
    insist(
        seen(case, but=adjustment.request_id) == adjustment.seen,
        "Nothing was done: something was posted for its reference since it was asked for.",
    )


def within_limits(adjustment: Adjustment, by: User) -> None:
    over = limits.exceeded(by, proposal.net(adjustment.moves))
    if over is None:
        return
    currency, limit = over
    amount = proposal.net(adjustment.moves)[currency]
    allowed = "you may approve none" if limit is None else f"you may approve up to {limit:,f}"
    raise NotDone(f"Nothing was done: it moves {amount:,f} {currency}, and {allowed}.")


def seen(case: Case, *, but: UUID | None = None) -> str:
    """A digest of what the books have of the case's reference and ids, of what settles or cancels
    these, and of what two people gave for them before. `but`: not counting that request's own."""
    about = Q(reference=case.reference) if case.reference else Q(pk__in=[])
    ids = _ids(case)
    rows = Transaction.objects.filter(provider=case.provider).filter(
        about | Q(transaction_id__in=ids)
    )
    naming = Reference.objects.filter(provider=case.provider, target__in=ids)
    given = Adjustment.objects.filter(
        case__provider=case.provider, case__subject=case.subject, status=AdjustmentStatus.APPROVED
    )
    if but is not None:
        rows, naming = rows.exclude(origin_id=but), naming.exclude(transaction__origin_id=but)
    found = [
        sorted(rows.values_list("pk", flat=True)),
        sorted(naming.values_list("pk", flat=True)),
        sorted(given.values_list("pk", flat=True)) if case.subject else [],
    ]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _ids(case: Case) -> list[str]:
    """All that its last delivery asks for, and what people decided about these."""
    ids = {case.subject} - {""}
    provider = registry.current().by_name.get(case.provider)
    callback = evidence.doubted(case) if case.subject else None
    if provider is not None and callback is not None:
        ids |= {one.transaction_id for one in facts.meaning(provider, callback)}
    return [*ids, *(one for id_ in ids for one in reversals.derived(id_))]


@contextmanager
def one_of_an_id() -> Iterator[None]:
    """Two people who ask at once about one id, in different cases: the second is told so."""
    try:
        yield
    except IntegrityError as error:
        if "adjustment_requested_once" in str(error):
            raise NotDone("Somebody else has just asked for this id.") from error
        if "request_id" in str(error):
            raise NotDone("It was asked for already: the form was sent twice.") from error
        raise


def undecided(adjustment_id: int, at: datetime, *, lock: bool = False) -> Adjustment:
    """The request, as long as it can be decided. Raises NotDone."""
    rows = Adjustment.objects.select_related("case")
    if lock:
        rows = rows.select_for_update(of=("self",))
    adjustment = rows.get(pk=adjustment_id)
    status = AdjustmentStatus(adjustment.status)
    insist(
        status is AdjustmentStatus.REQUESTED,
        f"Nothing was done: it was decided already ({status.label.lower()}).",
    )
    insist(adjustment.expires_at > at, "Nothing was done: the request has expired. Ask anew.")
    return adjustment


def note_expiry(adjustment: Adjustment, at: datetime) -> None:
    adjustment.status, adjustment.decided_at = AdjustmentStatus.EXPIRED, at
    write(adjustment, why=AdjustmentStatus.EXPIRED.sentence, by=None, at=at)


def write(adjustment: Adjustment, *, why: str, by: User | None, at: datetime) -> None:
    row: object = adjustment
    row._history_user, row._change_reason, row._history_date = by, why, at  # type: ignore[attr-defined]
    is_new = adjustment.pk is None
    adjustment.save(update_fields=None if is_new else DECIDED)  # What was asked for never changes.
