"""What belongs into a pack, found through indexes and bounded; nothing is written here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from providers import pruned, registry
from providers.models import Callback
from providers.protocols import base
from reconciliation import evidence
from reconciliation.models import Adjustment, Attachment, Case, Comment, Line
from wallets import reversals
from wallets.models import Entry, Reference, Transaction

MOST = 200  # Transactions of a round.
LINES = 1_000
STEPS = 2_000
NEAR = timedelta(days=3)  # A statement that lists a transaction is of a day about as old.


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All of it, oldest first. `left_out` deliveries are neither the first nor the last ones."""

    title: str
    provider: str
    name: str  # For the file: case-12, round-272017.
    cases: Sequence[Case]
    callbacks: Sequence[Callback]
    left_out: int
    removed: str  # A sentence where some are gone, because their month was removed.
    transactions: Sequence[Transaction]
    lines: Sequence[Line]
    rows: Mapping[tuple[int, int], Sequence[Line]]  # All movements of each row of a file.
    adjustments: Sequence[Adjustment]
    comments: Sequence[Comment]
    attachments: Sequence[Attachment]  # Without their content.
    history: Sequence[Any]

    @property
    def is_empty(self) -> bool:
        return not (self.cases or self.callbacks or self.transactions or self.lines)


def of_case(case: Case) -> Material:
    """What its page shows, whole."""
    found = evidence.transaction(case) if case.subject else None
    near = evidence.related(case, found) if case.subject else []
    transactions = [*([found] if found is not None else []), *near]
    ids = {case.subject, *(one.transaction_id for one in transactions)} - {""}
    word, _, number = case.subject.partition(":")
    numbers = [int(number)] if word == "callback" and number.isdecimal() else []
    return _material(
        title=f"Case #{case.pk}",
        name=f"case-{case.pk}",
        provider=case.provider,
        cases=[case],
        transactions=transactions,
        ids=ids,
        numbers=numbers,
    )


def of_round(provider: str, named: str) -> Material:
    """What a provider calls `named`: a round, a reference or a whole transaction id."""
    transactions = _of_round(provider, named)
    ids = {*_spelled(provider, named), *(one.transaction_id for one in transactions)}
    cases = Case.objects.filter(provider=provider, subject__in=ids).select_related("owner")
    return _material(
        title=f"Round or reference {named} of {provider}",
        name=f"round-{provider}",
        provider=provider,
        cases=list(cases.order_by("id")[:MOST]),
        transactions=transactions,
        ids=ids,
        numbers=[],
    )


def _material(
    *,
    cases: Sequence[Case],
    transactions: Sequence[Transaction],
    ids: set[str],
    numbers: list[int],
    provider: str,
    **named: str,
) -> Material:
    callbacks, left_out = _callbacks(provider, ids, numbers)
    prefetch_related_objects(list(transactions), "references")
    mine = [case.pk for case in cases]
    lines = _lines(provider, ids, cases, transactions, callbacks)
    asked = Adjustment.objects.filter(
        Q(case__in=mine) | Q(provider=provider, transaction_id__in=ids)
    )
    histories: QuerySet[Any] = Case.history.filter(id__in=mine)  # type: ignore[attr-defined]
    return Material(
        **named,
        provider=provider,
        cases=cases,
        callbacks=callbacks,
        left_out=left_out,
        removed=_removed(cases, transactions, callbacks),
        transactions=sorted(transactions, key=lambda one: one.pk),
        lines=lines,
        rows=_rows(lines),
        adjustments=list(asked.select_related("requested_by", "decided_by").order_by("id")[:MOST]),
        comments=list(
            Comment.objects.filter(case__in=mine).select_related("said_by").order_by("id")
        ),
        attachments=list(
            Attachment.objects.filter(case__in=mine)
            .select_related("attached_by")
            .defer("content")
            .order_by("id")
        ),
        history=list(histories.select_related("history_user").order_by("history_id")[:STEPS]),
    )


def _callbacks(provider: str, ids: set[str], numbers: list[int]) -> tuple[list[Callback], int]:
    """The first half and the last half of what may go in, and how many lie between."""
    found = Callback.objects.filter(provider=provider, transaction_id__in=ids)
    if numbers:
        found = Callback.objects.filter(Q(provider=provider) & Q(pk__in=numbers)) | found
    most = settings.PACK_DELIVERIES
    first = list(found.order_by("received_at", "id")[: most + 1])
    if len(first) <= most:
        return first, 0
    half = most // 2
    last = list(found.order_by("-received_at", "-id")[: most - half])[::-1]
    return [*first[:half], *last], found.count() - most


def _removed(
    cases: Sequence[Case], transactions: Sequence[Transaction], callbacks: Sequence[Callback]
) -> str:
    return pruned.told([*pruned.unseen(transactions, callbacks), *evidence.moments(cases)])


def _of_round(provider: str, named: str) -> list[Transaction]:
    """Those of the round or reference, and what settles or cancels one of them."""
    entries = Entry.objects.select_related("wallet__player").order_by("id")
    books = Transaction.objects.filter(provider=provider).prefetch_related(
        Prefetch("entries", queryset=entries), "references"
    )
    spelled = _spelled(provider, named)
    own = [
        *books.filter(reference=named).order_by("id")[:MOST],
        *books.filter(transaction_id__in=spelled).order_by("id")[:MOST],
        # As the index of rounds has it.
        *books.filter(round_id=named).exclude(round_id="")[:MOST],
    ]
    ids = {one.transaction_id for one in own}
    targets = {one.target for transaction in own for one in transaction.references.all()}
    sources = Reference.objects.filter(provider=provider, target__in=ids)
    near = {
        *targets,
        *sources.values_list("transaction__transaction_id", flat=True)[:MOST],
        *(derived for one in ids for derived in reversals.derived(one)),
    }
    others = books.filter(transaction_id__in=near - ids).order_by("id")[:MOST]
    return list({one.pk: one for one in [*own, *others]}.values())[:MOST]


def _spelled(provider: str, named: str) -> list[str]:
    configured = registry.current().by_name.get(provider)
    words = configured.protocol.booked if configured is not None else ()
    return [named, *(base.transaction_id(word, named) for word in words)]


def _lines(
    provider: str,
    ids: set[str],
    cases: Iterable[Case],
    transactions: Iterable[Transaction],
    callbacks: Iterable[Callback],
) -> list[Line]:
    """What statements of about that time list of these ids, and the case's own statement."""
    moments = [
        *(one.occurred_at or one.posted_at for one in transactions),
        *(one.received_at for one in callbacks),
        *(one.opened_at for one in cases),
    ]
    near = Q(statement__in=[case.statement_id for case in cases if case.statement_id])
    if moments:
        near |= Q(
            statement__provider=provider,
            statement__end_at__gte=min(moments) - NEAR,
            statement__start_at__lte=max(moments) + NEAR,
        )
    found = Line.objects.filter(near, transaction_id__in=ids - {""}).select_related("statement")
    return list(found.order_by("statement_id", "number", "part")[:LINES])


def _rows(lines: Sequence[Line]) -> dict[tuple[int, int], list[Line]]:
    """Of each row of a file, all of its movements: the first one holds its cells."""
    numbers: dict[int, set[int]] = {}
    for line in lines:
        numbers.setdefault(line.statement_id, set()).add(line.number)
    found: dict[tuple[int, int], list[Line]] = {}
    for statement_id, wanted in numbers.items():
        parts = Line.objects.filter(statement=statement_id, number__in=wanted)
        for line in parts.order_by("number", "part"):
            found.setdefault((statement_id, line.number), []).append(line)
    return found
