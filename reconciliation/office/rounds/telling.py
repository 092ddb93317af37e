"""Each row as steps of a story: what happened, in words."""

from collections.abc import Iterator
from dataclasses import replace

from providers import registry
from providers.models import SMOOTH, Callback, Outcome
from providers.readable import read
from reconciliation import wording
from reconciliation.office.rounds import doubts
from reconciliation.office.rounds.events import About, Event, Mark, Move
from reconciliation.office.rounds.gathering import Found
from wallets import pages
from wallets.instructions import Kind
from wallets.models import Transaction
from wallets.refusals import Refusal

SAID = 2_000  # Characters of a reply; the callback has all of it.


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
        yield from doubts.case(case, found.history.get(case.pk, ()), found.people)
    for line in found.lines:
        yield doubts.line(line, found.standing.get(line.pk, ""))
    for adjustment in found.adjustments:
        yield from doubts.adjustment(adjustment)


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
