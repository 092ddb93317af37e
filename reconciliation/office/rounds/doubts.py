"""Cases, lines of statements and adjustments as steps of a story."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from reconciliation import chronicle, evidence
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
from reconciliation.office.statements import buckets
from wallets import pages

DECIDED = {
    AdjustmentStatus.APPROVED: ("Adjustment approved and paid", "good"),
    AdjustmentStatus.REJECTED: ("Adjustment rejected", "bad"),
    AdjustmentStatus.WITHDRAWN: ("Adjustment withdrawn", "plain"),
    AdjustmentStatus.EXPIRED: ("Adjustment expired", "plain"),
}


def case(case: Case, rows: Sequence[object], people: Mapping[object, str]) -> Iterator[Event]:
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


def line(line: Line, bucket: str) -> Event:
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


def adjustment(one: Adjustment) -> Iterator[Event]:
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
