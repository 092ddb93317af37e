"""What is known of a case: its deliveries, its transactions, its history. Each is bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Prefetch, Q, QuerySet

from providers import pruned, registry
from providers.models import SMOOTH, Callback, Outcome
from providers.protocols import base
from providers.pruned import Span
from reconciliation.models import Case
from wallets import reversals
from wallets.models import Entry, Reference, Transaction

LAST = 50
STEPS = 300  # Rows of a case's history that are read.
TOLD = ["status", "resolution", "resend", "owner_id", "follow_up_on", "amount", "player", "tickets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """The first one, the last ones, and how many there are in all. Oldest first."""

    first: Callback | None
    last: Sequence[Callback]
    count: int

    @property
    def between(self) -> int:
        """How many are not shown."""
        return self.count - len(self.last) - (1 if self.first is not None else 0)


@dataclass(slots=True, kw_only=True)
class Step:
    """One entry of a case's history; several of the bookkeeping in a row are one."""

    first_at: datetime
    last_at: datetime
    who: str
    why: str
    times: int
    changes: dict[str, tuple[object, object]]


def deliveries(case: Case) -> Deliveries:
    """All that name the case's transaction; of one without an id the one that it is about."""
    found = _of(case).defer("headers", "body", "unwrapped")
    count = found.count()
    last = list(found.order_by("-received_at", "-id")[:LAST])[::-1]
    first = found.order_by("received_at", "id").first() if count > len(last) else None
    return Deliveries(first=first, last=last, count=count)


def removed(case: Case, kept: Deliveries, gone: Sequence[Span]) -> str:
    """A sentence where deliveries of it are gone, because their month was removed; else empty.

    `gone` is when its transaction was booked, where the delivery of that has no row any more.
    """
    spans = [*gone]
    if not kept.count or kept.count < case.attempts:
        spans.append((case.first_at or case.opened_at, case.last_at or case.opened_at))
    return pruned.told(spans)


def moments(cases: Iterable[Case]) -> list[Span]:
    """When the first and when the last delivery of each came."""
    found = (at for one in cases for at in (one.first_at, one.last_at))
    return [(at, at) for at in found if at is not None]


def booked(case: Case) -> Callback | None:
    """The delivery that the books took."""
    return _of(case).filter(outcome=Outcome.POSTED).order_by("received_at").first()


def doubted(case: Case) -> Callback | None:
    """The last one that was not taken."""
    rough = _of(case).exclude(outcome__in=SMOOTH).filter(replay_of=None)
    return rough.order_by("-received_at").first()


def transaction(case: Case) -> Transaction | None:
    """The one that the case is about."""
    return _with_entries().filter(provider=case.provider, transaction_id=case.subject).first()


def related(case: Case, found: Transaction | None) -> list[Transaction]:
    """Others with its reference, and those that it settles or cancels, or that do so to it."""
    near = Q(provider=case.provider, transaction_id__in=_neighbours(case, found))
    provider = registry.current().by_name.get(case.provider)
    if case.reference and provider is not None:
        ids = [base.transaction_id(word, case.reference) for word in provider.protocol.booked]
        near |= Q(provider=case.provider, transaction_id__in=ids)
    others = _with_entries().filter(near).exclude(transaction_id=case.subject)
    return list(others.order_by("id")[:LAST])


def _neighbours(case: Case, found: Transaction | None) -> list[str]:
    targets = [] if found is None else list(found.references.values_list("target", flat=True))
    sources = Reference.objects.filter(provider=case.provider, target=case.subject)
    decided = reversals.derived(case.subject)  # By two people.
    named = sources.values_list("transaction__transaction_id", flat=True)[:LAST]
    return [*targets, *named, *decided]


def history(case: Case) -> tuple[list[Step], bool]:
    """The newest first; and whether there is more than was read."""
    rows = case.history.all().select_related("history_user").order_by("-history_id")  # type: ignore[attr-defined]
    read = list(rows[: STEPS + 1])
    return steps(read, most=STEPS), len(read) > STEPS


def steps(read: Sequence[object], *, most: int) -> list[Step]:
    """The first `most` rows of one case's history, the newest first, as steps."""
    pairs = zip(read[:most], [*read[1:], None], strict=False)
    found: list[Step] = []
    for row, before in pairs:
        step = _step(row, before)
        if found and _continues(found[-1], step):
            found[-1].first_at = step.first_at
            found[-1].times += 1
        else:
            found.append(step)
    return found


def names(steps: Iterable[Step]) -> dict[object, str]:
    """Who the owners in these changes are."""
    ids = [int(str(one)) for step in steps for one in step.changes.get("owner_id", ()) if one]
    return {user.pk: user.get_username() for user in User.objects.filter(pk__in=ids)}


def _step(row: object, before: object | None) -> Step:
    changes = {
        name: (getattr(before, name), getattr(row, name))
        for name in TOLD
        if before is not None and getattr(before, name) != getattr(row, name)
    }
    user = row.history_user  # type: ignore[attr-defined]
    return Step(
        first_at=row.history_date,  # type: ignore[attr-defined]
        last_at=row.history_date,  # type: ignore[attr-defined]
        who=user.get_username() if user is not None else "",
        why=row.history_change_reason or "",  # type: ignore[attr-defined]
        times=1,
        changes=changes,
    )


def _continues(newer: Step, older: Step) -> bool:
    """Whether both are the bookkeeping's, for the same reason, and neither changed anything."""
    plain = not newer.changes and not older.changes
    return plain and not newer.who and not older.who and newer.why == older.why


def _of(case: Case) -> QuerySet[Callback]:
    word, _, number = case.subject.partition(":")
    if word == "callback" and number.isdecimal():
        return Callback.objects.filter(pk=int(number), provider=case.provider)
    if not case.subject:
        return Callback.objects.none()
    return Callback.objects.filter(provider=case.provider, transaction_id=case.subject)


def _with_entries() -> QuerySet[Transaction]:
    entries = Entry.objects.select_related("wallet__player").order_by("id")
    return Transaction.objects.prefetch_related(Prefetch("entries", queryset=entries))
