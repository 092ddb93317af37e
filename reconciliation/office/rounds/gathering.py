"""The rows that a round or a reference left everywhere, each through an index and bounded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F, Prefetch, Q, QuerySet, prefetch_related_objects

from providers import pruned, registry
from providers.models import Callback
from providers.protocols import base
from reconciliation import evidence, words
from reconciliation.models import Adjustment, Case, Line, Match, Statement
from reconciliation.office.rounds import referring
from wallets import reversals
from wallets.models import Entry, Reference, Transaction

MOST = 200  # Transactions, lines.
FIRST, LAST = 100, 100  # Deliveries: the first and the last ones.
CASES, STEPS, ADJUSTMENTS, STATEMENTS = 50, 500, 100, 100
AROUND = timedelta(days=3)  # A statement of a neighbouring day may list it too.


@dataclass(slots=True, kw_only=True)
class Found:
    """`effects` are what others do to a transaction id, `naming` the transactions that say what
    they settle. `history` is each case's, the newest first, `people` their owners' names. `cancels`
    are the ids that a transaction gave back. `cut` says what was left out."""

    provider: str
    transactions: Sequence[Transaction]
    effects: Mapping[str, frozenset[str]]
    naming: frozenset[int]
    cancels: Mapping[int, frozenset[str]]
    callbacks: Sequence[Callback]
    cases: Sequence[Case]
    history: Mapping[int, Sequence[object]]
    people: Mapping[object, str]
    lines: Sequence[Line]
    standing: Mapping[int, str]
    adjustments: Sequence[Adjustment]
    cut: Sequence[str]


def of(provider: str, *, round_id: str, reference: str) -> Found:
    cut: list[str] = []
    named = _named(provider, round_id, reference)
    known = _bounded(named, MOST, "transaction", cut)
    references = _references(provider, known)
    transactions = _with_neighbours(provider, known, references)
    ids = _ids(provider, transactions, reference)
    callbacks = _callbacks(provider, ids, transactions, cut)
    cases = _cases(provider, ids, callbacks, cut)
    _tell_what_is_removed(transactions, callbacks, cases, cut)
    history = _history(cases, cut)
    lines = _lines(provider, ids, _span(transactions, callbacks), cases, cut)
    return Found(
        provider=provider,
        transactions=transactions,
        effects=referring.effects(references),
        naming=frozenset(one.transaction_id for one in references),
        cancels=referring.cancels(references),
        callbacks=callbacks,
        cases=cases,
        history=history,
        people=_people(history),
        lines=lines,
        standing=_standing(lines),
        adjustments=_adjustments(provider, ids, cases, cut),
        cut=cut,
    )


def spelled(provider: str, references: Iterable[str]) -> list[str]:
    """How the transactions of these references may be named, whether booked or not."""
    configured = registry.current().by_name.get(provider)
    operations = configured.protocol.booked if configured is not None else ()
    ids = [base.transaction_id(word, one) for one in references if one for word in operations]
    return [*ids, *(derived for one in ids for derived in reversals.derived(one))]


# -- Transactions ------------------------------------------------------------------------------


def _named(provider: str, round_id: str, reference: str) -> QuerySet[Transaction]:
    if round_id:
        return Transaction.objects.filter(provider=provider, round_id=round_id)
    if not reference:
        return Transaction.objects.none()
    ids = [reference, *spelled(provider, [reference])]
    return Transaction.objects.filter(
        Q(reference=reference) | Q(provider=provider, transaction_id__in=ids), provider=provider
    )


def _references(provider: str, known: Sequence[Transaction]) -> list[Reference]:
    """What they say of others, and others of them."""
    if not known:
        return []
    theirs = Reference.objects.filter(transaction__in=[one.pk for one in known])
    of_them = Reference.objects.filter(
        provider=provider, target__in=[one.transaction_id for one in known]
    )
    # Each through an index of its own: an OR of the two would read all of them.
    return [*theirs.order_by()[: MOST * 2], *of_them.order_by()[: MOST * 2]]


def _with_neighbours(
    provider: str, known: Sequence[Transaction], references: Sequence[Reference]
) -> list[Transaction]:
    """Also those that they settle or cancel, that do so to them, and what people decided."""
    have = {one.pk for one in known}
    ids = {one.target for one in references}
    ids.update(derived for one in known for derived in reversals.derived(one.transaction_id))
    ids -= {one.transaction_id for one in known}
    near = Q(provider=provider, transaction_id__in=sorted(ids))
    near |= Q(pk__in={one.transaction_id for one in references} - have)
    found = [*known, *(_ordered(Transaction.objects.filter(near))[:MOST] if known else ())]
    entries = Entry.objects.select_related("wallet__player").order_by("id")
    prefetch_related_objects(found, Prefetch("entries", queryset=entries))
    return sorted(found, key=lambda one: one.pk)


def _ids(provider: str, found: Sequence[Transaction], reference: str) -> list[str]:
    references = {one.reference for one in found} | {reference}
    booked = [one.transaction_id for one in found]
    return sorted({*booked, *spelled(provider, references), *([reference] if reference else ())})


# -- What came, what was doubted ---------------------------------------------------------------


def _callbacks(
    provider: str, ids: list[str], found: Sequence[Transaction], cut: list[str]
) -> list[Callback]:
    """Those with these ids, and those whose several transactions are kept under one of them."""
    origins: set[UUID] = {one.origin_id for one in found if one.origin_id is not None}
    named = Q(provider=provider, transaction_id__in=ids) | Q(delivery_id__in=origins)
    rows = Callback.objects.filter(named).defer("headers", "body", "unwrapped")
    first = list(rows.order_by("received_at", "id")[: FIRST + 1])
    if len(first) <= FIRST:
        return first
    last = list(rows.order_by("-received_at", "-id")[:LAST])[::-1]
    have = {one.pk for one in first[:FIRST]}
    cut.append(
        f"Only the first {FIRST} and the last {LAST} deliveries are shown: there may be more "
        "in between."
    )
    return [*first[:FIRST], *(one for one in last if one.pk not in have)]


def _tell_what_is_removed(
    found: Sequence[Transaction],
    callbacks: Sequence[Callback],
    cases: Sequence[Case],
    cut: list[str],
) -> None:
    """A word where deliveries are gone, because their month was removed."""
    said = pruned.told([*pruned.unseen(found, callbacks), *evidence.moments(cases)])
    if said:
        cut.append(said)


def _cases(
    provider: str, ids: list[str], callbacks: Sequence[Callback], cut: list[str]
) -> list[Case]:
    subjects = [*ids, *(f"callback:{one.pk}" for one in callbacks)]
    return _bounded(
        Case.objects.filter(provider=provider, subject__in=subjects), CASES, "case", cut
    )


def _history(cases: Sequence[Case], cut: list[str]) -> dict[int, list[object]]:
    if not cases:
        return {}
    rows = Case.history.filter(id__in=[one.pk for one in cases])  # type: ignore[attr-defined]
    read = list(rows.select_related("history_user").order_by("-history_id")[: STEPS + 1])
    if len(read) > STEPS:
        cut.append(f"Only the last {STEPS} steps of its cases are shown.")
    found: dict[int, list[object]] = {}
    for row in read[:STEPS]:
        found.setdefault(row.id, []).append(row)
    return found


def _people(history: Mapping[int, Sequence[object]]) -> dict[object, str]:
    owners = (getattr(row, "owner_id", None) for rows in history.values() for row in rows)
    ids = {owner for owner in owners if owner is not None}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "username")) if ids else {}


def _adjustments(
    provider: str, ids: list[str], cases: Sequence[Case], cut: list[str]
) -> list[Adjustment]:
    about = Q(provider=provider, transaction_id__in=ids) | Q(case__in=[one.pk for one in cases])
    found = Adjustment.objects.filter(about).select_related("requested_by", "decided_by")
    return _bounded(found, ADJUSTMENTS, "adjustment", cut)


# -- What the provider lists -------------------------------------------------------------------


def _span(
    found: Sequence[Transaction], callbacks: Sequence[Callback]
) -> tuple[datetime, datetime] | None:
    moments = [one.occurred_at or one.posted_at for one in found]
    moments += [one.received_at for one in callbacks]
    return (min(moments), max(moments)) if moments else None


def _lines(
    provider: str,
    ids: list[str],
    span: tuple[datetime, datetime] | None,
    cases: Sequence[Case],
    cut: list[str],
) -> list[Line]:
    """Of the statements of that time, else of the last ones."""
    statements = Statement.objects.filter(provider=provider).order_by("-start_at")
    if span is not None:
        statements = statements.filter(start_at__lt=span[1] + AROUND, end_at__gt=span[0] - AROUND)
    pks = set(statements.values_list("pk", flat=True)[:STATEMENTS])
    pks |= {one.statement_id for one in cases if one.statement_id is not None}
    if not pks:
        return []
    found = Line.objects.filter(statement__in=pks, transaction_id__in=ids)
    return _bounded(found.select_related("statement"), MOST, "statement line", cut)


def _standing(lines: Sequence[Line]) -> dict[int, str]:
    """In which bucket each line is."""
    if not lines:
        return {}
    found = Match.objects.filter(line__in=[one.pk for one in lines])
    return {one.line_id: one.bucket for one in found if one.line_id is not None}


# -- Bounds ------------------------------------------------------------------------------------


def _ordered(found: QuerySet[Transaction]) -> QuerySet[Transaction]:
    # The planner must not walk the whole table in that order to find a few.
    return found.order_by(F("id") + 0)


def _bounded(found: QuerySet, most: int, thing: str, cut: list[str]) -> list:  # type: ignore[type-arg]
    """The first `most` by number, and a word where there are more."""
    rows = list(found.order_by(F("id") + 0)[: most + 1])
    if len(rows) > most:
        cut.append(f"Only the first {words.count(most, thing)} are shown.")
    return rows[:most]
