"""What happened to a round or a reference: plain text and numbers, for pages, print and packs.

`of` reads a bounded number of rows through indexes, in a constant number of queries; where it is
cut, the story says so. Texts are other people's, as they are: whoever shows them escapes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import models

from reconciliation.office.rounds import gathering, telling
from reconciliation.office.rounds.events import Event
from reconciliation.office.rounds.gathering import Found
from wallets.instructions import Kind
from wallets.models import Reference, Transaction
from wallets.money import EXACT, ZERO

SETTLES, CANCELS = Reference.Effect.SETTLES, Reference.Effect.CANCELS


class State(models.TextChoices):
    """Where a round stands in our books."""

    OPEN = "open", "Open"
    SETTLED = "settled", "Settled"
    CANCELLED = "cancelled", "Cancelled"
    UNBOOKED = "unbooked", "Not in the books"

    @property
    def sentence(self) -> str:
        return {
            "open": "A bet was taken that nothing settles or cancels yet.",
            "settled": "What was taken is settled.",
            "cancelled": "All that was taken was given back.",
            "unbooked": "Nothing of it moved any money here.",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What one player paid in and got out, in one currency; without what was given back."""

    uid: str
    currency: str
    paid_in: Decimal
    paid_out: Decimal

    @property
    def net(self) -> Decimal:
        """Above 0 the player has won."""
        return EXACT.subtract(self.paid_out, self.paid_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Of a round where `round_id` is set, else of a `reference`. `events` in the order of time.

    `rounds` are the rounds that its transactions name, `references` their references. `cut` says
    what is left out, a sentence each.
    """

    provider: str
    round_id: str
    reference: str
    events: Sequence[Event]
    sums: Sequence[Sum]
    state: State
    games: Sequence[str]
    rounds: Sequence[str]
    references: Sequence[str]
    open_cases: int
    cut: Sequence[str]

    @property
    def is_empty(self) -> bool:
        return not self.events

    @property
    def players(self) -> Sequence[str]:
        """Whose money it moved."""
        return sorted({one.uid for one in self.sums})

    def for_player(self, uid: str) -> "Story":
        """The same without other players' money, names and balances."""
        events = [one.for_player(uid) for one in self.events]
        return replace(
            self,
            events=[one for one in events if one is not None],
            sums=[one for one in self.sums if one.uid == uid],
        )


def of(provider: str, *, round_id: str = "", reference: str = "") -> Story:
    """The story of one round or one reference of a provider, configured today or not."""
    found = gathering.of(provider, round_id=round_id, reference=reference)
    booked = [one for one in found.transactions if not one.refusal]
    events = sorted(telling.events(found), key=lambda one: (one.at, one.rank, one.key))
    return Story(
        provider=provider,
        round_id=round_id,
        reference=reference,
        events=events,
        sums=sums(booked, without=undone(found, booked)),
        state=state(found, booked),
        games=_distinct(one.game for one in booked),
        rounds=_distinct(one.round_id for one in found.transactions),
        references=_distinct(one.reference for one in found.transactions),
        open_cases=sum(1 for one in found.cases if one.status != "closed"),
        cut=found.cut,
    )


def undone(found: Found, booked: Sequence[Transaction]) -> set[int]:
    """What was given back, and what gave it back: the two are exactly equal, and are no play."""
    known = {one.transaction_id: one.pk for one in booked}
    pairs: set[int] = set()
    for one in booked:
        targets = found.cancels.get(one.pk, frozenset())
        if targets and targets <= known.keys():
            pairs |= {one.pk, *(known[target] for target in targets)}
    return pairs


def sums(booked: Iterable[Transaction], *, without: set[int]) -> list[Sum]:
    """Per player and currency, also 0; amounts of different currencies are never added."""
    whole: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for transaction in booked:
        for entry in transaction.entries.all():
            key = (entry.wallet.player.uid, entry.wallet.currency)
            paid_in, paid_out = whole.setdefault(key, (ZERO, ZERO))
            if transaction.pk not in without:
                whole[key] = EXACT.add(paid_in, entry.debit), EXACT.add(paid_out, entry.credit)
    return [
        Sum(uid=uid, currency=currency, paid_in=paid_in, paid_out=paid_out)
        for (uid, currency), (paid_in, paid_out) in sorted(whole.items())
    ]


def state(found: Found, booked: Sequence[Transaction]) -> State:
    """A bet is open until something settles or cancels it. Where a provider's settlements name no
    bets, one of them in the round settles those that are there."""
    if not any(list(one.entries.all()) for one in booked):
        return State.UNBOOKED
    bets = [one.transaction_id for one in booked if one.kind == Kind.BET]
    done = {bet: found.effects.get(bet, frozenset()) & {SETTLES, CANCELS} for bet in bets}
    names_none = any(one.kind == Kind.SETTLEMENT and one.pk not in found.naming for one in booked)
    if any(not effects for effects in done.values()) and not names_none:
        return State.OPEN
    if bets and all(CANCELS in effects for effects in done.values()):
        return State.CANCELLED
    return State.SETTLED


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))
