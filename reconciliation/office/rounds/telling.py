"""Each row as steps of a story: what happened, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from providers import registry
from providers.models import SMOOTH, Callback, Outcome
from providers.readable import read
from reconciliation import chronicle, evidence, wording
from reconciliation.models import (
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
    Bucket,
    Case,
    CaseKind,
    Line,
    StatementStatus,
    Why,
)
from reconciliation.office.rounds.events import About, Event, Mark, Move
from reconciliation.office.rounds.gathering import Found
from reconciliation.office.statements import buckets
from wallets import pages
from wallets.instructions import Kind
from wallets.models import Transaction
from wallets.refusals import Refusal

SAID = 2_000  # Characters of a reply; the callback has all of it.
DECIDED = {
    AdjustmentStatus.APPROVED: ("Adjustment approved and paid", "good"),
    AdjustmentStatus.REJECTED: ("Adjustment rejected", "bad"),
    AdjustmentStatus.WITHDRAWN: ("Adjustment withdrawn", "plain"),
    AdjustmentStatus.EXPIRED: ("Adjustment expired", "plain"),
}


def events(found: Found) -> Iterator[Event]:
    """All steps, in no order."""
    times: dict[str, int] = {}
    players = _players(found)
    for callback in found.callbacks:
        uids = players.get(callback.transaction_id, ())
        yield replace(_delivery(callback, times), uids=uids)
        if callback.replay_of is None:
            yield replace(reply(callback), uids=uids)
    for transaction in found.transactions:
        yield _transaction(transaction)
    for case in found.cases:
        yield from _case(case, found.history.get(case.pk, ()), found.people)
    for line in found.lines:
        yield _line(line, found.standing.get(line.pk, ""))
    for adjustment in found.adjustments:
        yield from _adjustment(adjustment)


def _players(found: Found) -> dict[str, list[str]]:
    """Whom the booked transactions are about, by their ids."""
    return {
        one.transaction_id: sorted({entry.wallet.player.uid for entry in one.entries.all()})
        for one in found.transactions
    }


# -- Deliveries and replies --------------------------------------------------------------------


def _delivery(callback: Callback, times: dict[str, int]) -> Event:
    outcome = Outcome(callback.outcome)
    return Event(
        at=callback.received_at,
        about=About.DELIVERY,
        key=callback.pk,
        title=_came(callback, times),
        subject=callback.transaction_id,
        mark=Mark(
            label=str(outcome.label),
            sentence=outcome.sentence,
            tone=pages.TONES.get(outcome.value, "plain"),
        ),
        text=_reason(callback),
    )


def _came(callback: Callback, times: dict[str, int]) -> str:
    if callback.replay_of is not None:
        return "Settled again by Cage: nobody sent it"
    count = times[callback.transaction_id] = times.get(callback.transaction_id, 0) + 1
    what = f"Delivery of {callback.operation}" if callback.operation else "Delivery"
    return what if count == 1 or not callback.transaction_id else f"{what}, again ({count})"


def _reason(callback: Callback) -> str:
    if callback.outcome in SMOOTH:
        return callback.reason
    # Of a traceback the last line says what happened.
    return wording.reason(callback.reason.strip().rpartition("\n")[2])


def reply(callback: Callback) -> Event:
    """What the provider heard, and what it takes that for."""
    provider = registry.current().by_name.get(callback.provider)
    body = bytes(callback.reply)
    heard = "The provider heard"
    text, source = "The provider is not configured any more: its codes are not known.", ""
    if provider is not None:
        meant = provider.protocol.meaning_of(callback.operation, body, callback.reply_status)
        heard = f"The provider heard {meant.code}" if meant.code else "The provider heard no code"
        text, source = meant.sentence, meant.source
    took = (callback.decided_at - callback.received_at).total_seconds() * 1000
    return Event(
        at=callback.decided_at,
        about=About.REPLY,
        key=callback.pk,
        title=heard,
        subject=callback.transaction_id,
        text=text,
        source=source,
        said=literal(body, callback.reply_status),
        details=[("Answered after", f"{took:,.0f} ms")],
    )


def literal(body: bytes, status: int) -> str:
    """A reply on one line, as it was sent."""
    if not body:
        return f"HTTP {status}, empty"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = read(body)[1]
    return (text if status == 200 else f"HTTP {status} {text}")[:SAID]


# -- The books ---------------------------------------------------------------------------------


def _transaction(one: Transaction) -> Event:
    kind = Kind(one.kind)
    title = str(kind.label)
    text = kind.sentence
    if one.refusal:
        refusal = Refusal.kinds.get(one.refusal)
        text = refusal.sentence if refusal is not None else one.refusal
    stated = [("Round", one.round_id), ("Game", one.game), ("Reference", one.reference)]
    return Event(
        at=one.posted_at,
        about=About.TRANSACTION,
        key=one.pk,
        title=title,
        subject=one.transaction_id,
        mark=Mark(label="Refused for good", sentence="It moved nothing.", tone="warning")
        if one.refusal
        else Mark(label="Booked", sentence="The books changed, once.", tone="good"),
        text=text,
        occurred_at=one.occurred_at,
        details=[(name, value) for name, value in stated if value],
        moves=[
            Move(
                uid=entry.wallet.player.uid,
                currency=entry.wallet.currency,
                debit=entry.debit,
                credit=entry.credit,
                before=entry.balance_before,
                after=entry.balance_after,
            )
            for entry in one.entries.all()
        ],
    )


# -- Cases -------------------------------------------------------------------------------------


def _case(case: Case, rows: Sequence[object], people: Mapping[object, str]) -> Iterator[Event]:
    kind = CaseKind(case.kind)
    yield Event(
        at=case.opened_at,
        about=About.CASE,
        key=case.pk,
        title=f"Case opened: {str(kind.label).lower()}",
        subject=case.subject,
        text=kind.sentence,
        uids=[case.player] if case.player else [],
    )
    is_whole = bool(rows) and getattr(rows[-1], "history_type", "") == "+"
    for step in evidence.steps(rows, most=len(rows) - is_whole):
        if not step.changes and not step.why:
            continue
        closed = step.changes.get("status", ("", ""))[1] == "closed"
        since = f" ({step.times} times)" if step.times > 1 else ""
        did = "Case closed by" if closed else "Case worked on by"
        yield Event(
            at=step.last_at,
            about=About.CASE,
            key=case.pk,
            title=f"{did} {step.who or 'Cage'}{since}",
            subject=case.subject,
            text=step.why,
            uids=[case.player] if case.player else [],
            details=[
                (chronicle.CHANGED[name], _change(name, before, after, people))
                for name, (before, after) in step.changes.items()
            ],
        )


def _change(name: str, before: object, after: object, people: Mapping[object, str]) -> str:
    return f"{_told(name, before, people)} → {_told(name, after, people)}"


def _told(name: str, value: object, people: Mapping[object, str]) -> str:
    if value in ("", None):
        return "none"
    if name == "owner_id":
        return people.get(value, f"person #{value}")
    if name in chronicle.ENUMS:
        return str(chronicle.ENUMS[name](value).label)
    return pages.amount(value) if isinstance(value, Decimal) else str(value)


# -- Statements and adjustments ----------------------------------------------------------------


def _line(line: Line, bucket: str) -> Event:
    statement = line.statement
    stands = Bucket(bucket) if bucket else None
    withdrawn = statement.status == StatementStatus.WITHDRAWN
    return Event(
        at=statement.imported_at,
        about=About.LINE,
        key=statement.pk,
        title=f"Listed in the provider's statement, row {line.number:,}"
        + (" (withdrawn)" if withdrawn else ""),
        subject=line.transaction_id,
        mark=Mark(
            label=str(stands.label), sentence=stands.sentence, tone=buckets.TONES.get(stands, "")
        )
        if stands is not None
        else None,
        occurred_at=line.occurred_at,
        details=[
            ("File", statement.file_name),
            *([("The row shows", "only the difference")] if line.net_only else []),
        ],
        moves=[
            Move(uid=line.uid, currency=line.currency, debit=line.debit, credit=line.credit),
        ],
    )


def _adjustment(one: Adjustment) -> Iterator[Event]:
    kind = AdjustmentKind(one.kind)
    moves = [
        Move(
            uid=move["uid"],
            currency=move["currency"],
            debit=Decimal(move["debit"]),
            credit=Decimal(move["credit"]),
        )
        for move in one.moves
    ]
    yield Event(
        at=one.requested_at,
        about=About.ADJUSTMENT,
        key=one.pk,
        title=f"Adjustment requested by {one.requested_by.get_username()}",
        subject=one.transaction_id,
        text=f"{kind.label}. {Why(one.why).label}: {one.text}",
        details=[("Case", f"#{one.case_id}")],
        moves=moves,
    )
    status = AdjustmentStatus(one.status)
    if one.decided_at is None or status not in DECIDED:
        return
    title, tone = DECIDED[status]
    by = f" by {one.decided_by.get_username()}" if one.decided_by is not None else ""
    yield Event(
        at=one.decided_at,
        about=About.ADJUSTMENT,
        key=one.pk,
        title=f"{title}{by}",
        subject=one.transaction_id,
        mark=Mark(label=str(status.label), sentence=status.sentence, tone=tone),
        text=one.decision,
    )
