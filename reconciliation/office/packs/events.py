"""What happened, in the order in which it happened, as far as the reader of a pack may know it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from providers.models import Callback, Outcome
from providers.readable import read
from reconciliation import wording
from reconciliation.models import AdjustmentKind, Case, CaseKind, CaseStatus, Resolution
from reconciliation.office.packs import deliveries, redacting
from reconciliation.office.packs.collecting import Material
from reconciliation.office.packs.editions import Edition
from wallets import pages
from wallets.instructions import Kind
from wallets.models import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`what` is our own sentence, `said` the words of others; neither is escaped yet."""

    at: datetime
    what: str
    said: str = ""


def of(material: Material, edition: Edition) -> list[Event]:
    """The oldest first; of one moment what came before what was done."""
    found = [
        *(_delivery(one, edition) for one in material.callbacks),
        *(_transaction(one, edition) for one in material.transactions),
        *(event for case in material.cases for event in _case(case, edition)),
        *_statements(material, edition),
        *_adjustments(material, edition),
        *_staff(material),
    ]
    return sorted(found, key=lambda event: event.at)


def _delivery(one: Callback, edition: Edition) -> Event:
    outcome = Outcome(one.outcome)
    whose = "Settled again by Cage" if one.replay_of else f"Delivery of {one.provider}"
    why = wording.reason(deliveries.why(one, edition).strip().rpartition("\n")[2])
    answer, note = deliveries.reply(one, edition)
    heard = note if answer is None else read(answer)[1] if answer else "empty"
    return Event(
        at=one.received_at,
        what=f"{whose} #{one.pk} {edition.text(one.transaction_id)}: {outcome.label}. "
        f"{outcome.sentence}",
        said="\n".join(filter(None, [why, f"Reply, HTTP {one.reply_status}: {heard}"])),
    )


def _transaction(one: Transaction, edition: Edition) -> Event:
    named = edition.text(one.transaction_id)
    if one.refusal:
        kept = f"{named} is kept as refused for good: it moves nothing."
        return Event(at=one.posted_at, what=kept)
    moves = [
        f"{entry.wallet.player.uid}: debit {pages.amount(entry.debit)}, credit "
        f"{pages.amount(entry.credit)} {entry.wallet.currency}, balance "
        f"{pages.amount(entry.balance_before)} → {pages.amount(entry.balance_after)}"
        for entry in edition.entries(one)
    ]
    if edition.is_shared(one):
        moves.append(redacting.LEFT_OUT)
    return Event(
        at=one.posted_at, what=f"Booked: {named}, {Kind(one.kind).label}.", said="\n".join(moves)
    )


def _case(case: Case, edition: Edition) -> Iterator[Event]:
    kind = CaseKind(case.kind)
    reason = edition.text(wording.last_reason(case))
    opened = f"Case #{case.pk} is opened: {kind.label}. {kind.sentence}"
    yield Event(at=case.opened_at, what=opened, said=reason)
    if case.status == CaseStatus.CLOSED and case.closed_at is not None:
        ended = Resolution(case.resolution)
        yield Event(
            at=case.closed_at,
            what=f"Case #{case.pk} is closed: {ended.label}. {ended.sentence}",
        )


def _statements(material: Material, edition: Edition) -> Iterator[Event]:
    for line in material.lines:
        yield Event(
            at=line.statement.imported_at,
            what=f"Statement #{line.statement_id} of {line.statement.provider} lists it in row "
            f"{line.number:,}: {edition.text(line.transaction_id)}.",
            said=f"{line.uid}: debit {pages.amount(line.debit)}, credit "
            f"{pages.amount(line.credit)} {line.currency}",
        )


def _adjustments(material: Material, edition: Edition) -> Iterator[Event]:
    for one in material.adjustments:
        kind = AdjustmentKind(one.kind).label
        moves = "\n".join(
            f"{move['uid']}: debit {move['debit']}, credit {move['credit']} {move['currency']}"
            for move in one.moves
            if edition.uid in ("", move["uid"])
        )
        asked = f" by {one.requested_by.get_username()}" if edition.is_whole else ""
        yield Event(at=one.requested_at, what=f"{kind}: asked for{asked}.", said=moves)
        if one.decided_at is not None:
            decided = one.decided_by
            by = f" by {decided.get_username()}" if decided and edition.is_whole else ""
            became = one.get_status_display().lower()
            yield Event(at=one.decided_at, what=f"{kind}: {became}{by}.")


def _staff(material: Material) -> Iterator[Event]:
    """What people did and said; a player's edition has none of it to begin with."""
    for row in material.history:
        if row.history_user is not None:
            yield Event(
                at=row.history_date,
                what=f"Case #{row.id}: {row.history_user.get_username()}",
                said=row.history_change_reason or "",
            )
    for comment in material.comments:
        said_by = comment.said_by.get_username()
        yield Event(at=comment.said_at, what=f"Comment of {said_by}", said=comment.text)
    for file in material.attachments:
        yield Event(
            at=file.attached_at,
            what=f"{file.attached_by.get_username()} attached {file.name}",
            said=file.why,
        )
