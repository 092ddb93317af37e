"""What is doubted about a transaction id, given what is known of it: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from providers import replays
from providers.models import Callback, Outcome
from providers.protocols.base import NO_CURRENCY, RefusalMeans, Resends
from providers.registry import Provider
from reconciliation import facts
from reconciliation.facts import Facts
from reconciliation.models import CaseKind, Resend
from wallets import money
from wallets.instructions import Instruction
from wallets.models import Transaction
from wallets.refusals import Refusal, UnknownCurrency, UnknownPlayer

# Somebody may open the player or the wallet, or configure the currency.
PASSING = frozenset({UnknownPlayer, UnknownCurrency})
MISSED = 3  # Resends in a row that should have come and did not.


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Whose money is in doubt, and how much: nothing of it where that can't be told."""

    player: str = ""
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the provider sends again: next, until when, and from when it is silent."""

    expected_at: datetime | None = None
    silent_at: datetime | None = None
    due_at: datetime | None = None

    def resend(self, at: datetime) -> Resend:
        """Whether it is still going to."""
        if self.due_at is not None and at >= self.due_at:
            return Resend.OVERDUE
        if self.silent_at is not None and at >= self.silent_at:
            return Resend.SILENT
        return Resend.NONE if self == Schedule() else Resend.EXPECTED


def kind(known: Facts) -> CaseKind | None:
    """What is doubted, or None where both sides agree on what stands.

    A refusal that stands is no doubt: the provider counts the order void, and so do the books.
    """
    transaction = known.transaction
    if known.agrees:
        return None
    if known.unbooked and (transaction is None or not known.in_conflict):
        return CaseKind.UNSETTLED
    if transaction is None or transaction.refusal:
        return CaseKind.UNSETTLED if known.asked_again else None
    if known.means_void and known.refused:
        return CaseKind.VOID_RISK
    return CaseKind.CONFLICT if known.in_conflict else None


def is_replayable(provider: Provider, last: Callback) -> bool:
    """Whether the reason of an owed one may go away without the provider's doing.

    Not of a bet, which has failed since, nor of a cancel that would take a win back: by the time
    that Cage tries, people may have agreed on something else.
    """
    if provider.protocol.refusal_means is RefusalMeans.VOID:
        return False
    asked = facts.meaning(provider, last)
    if any(one.kind in replays.GIVEN_UP or one.undoes_wins for one in asked):
        return False
    return last.outcome == Outcome.FAILED or refusal(last) in PASSING


def refusal(callback: Callback) -> type[Refusal] | None:
    """Why a delivery was refused."""
    return Refusal.kinds.get(callback.reason.partition(":")[0])


def risk(known: Facts, what: CaseKind) -> Risk:
    """Of an unsettled one what is asked for; of a conflict by how much the two differ; of a void
    risk what was paid."""
    asked = _stated(facts.meaning(known.provider, known.last))
    if what is CaseKind.UNSETTLED or known.transaction is None:
        return asked
    booked = _booked(known.transaction)
    if what is CaseKind.VOID_RISK or asked.amount is None or booked.amount is None:
        return booked
    if (asked.player, asked.currency) != (booked.player, booked.currency):
        return booked
    with localcontext(money.EXACT):
        difference = abs(asked.amount - booked.amount)
    return Risk(player=booked.player, amount=difference, currency=booked.currency)


def schedule(known: Facts) -> Schedule:
    """From the provider's document or its configuration; empty where neither says anything."""
    stated = [
        instruction.occurred_at
        for instruction in facts.meaning(known.provider, known.last)
        if instruction.occurred_at is not None
    ]
    resends = known.provider.protocol.resends_of(known.last.operation)
    return _schedule(resends, began_at=min([known.first_at, *stated]), last_at=known.last_at)


def unread(provider: Provider, callback: Callback) -> Schedule:
    """The same of a delivery without an id."""
    resends = provider.protocol.resends_of(callback.operation)
    at = callback.received_at
    return Schedule() if resends.window is None else _schedule(resends, began_at=at, last_at=at)


def _schedule(resends: Resends, *, began_at: datetime, last_at: datetime) -> Schedule:
    every, window = resends.every, resends.window
    return Schedule(
        expected_at=None if every is None else last_at + every,
        silent_at=None if every is None else last_at + MISSED * every,
        due_at=None if window is None else began_at + window,
    )


def _stated(instructions: Sequence[Instruction]) -> Risk:
    movements = [movement for one in instructions for movement in one.movements]
    return risk_of([(m.uid, m.currency, m.debit, m.credit) for m in movements])


def _booked(transaction: Transaction) -> Risk:
    entries = transaction.entries.all()
    return risk_of([(e.wallet.player.uid, e.wallet.currency, e.debit, e.credit) for e in entries])


def risk_of(moves: Sequence[tuple[str, str, Decimal, Decimal]]) -> Risk:
    """One player's net, or what several gain together; no sum over different currencies."""
    players = {uid for uid, _, _, _ in moves}
    currencies = {currency for _, currency, _, _ in moves}
    player = players.pop() if len(players) == 1 else ""
    if len(currencies) != 1 or NO_CURRENCY in currencies:
        return Risk(player=player)
    with localcontext(money.EXACT):
        if player:
            amount = abs(sum((credit - debit for *_, debit, credit in moves), money.ZERO))
        else:
            amount = sum((credit for *_, credit in moves), money.ZERO)
    if not money.fits(amount):  # What several gain together may be more than a wallet can hold.
        return Risk(player=player)
    return Risk(player=player, amount=amount, currency=currencies.pop())
