"""What the providers believe against what the books say: pure, over plain values.

Some faults must never happen. A provider that was told success for something that isn't booked
exactly so, or that counts something void which is booked, disagrees with the books about money. A
player who has a wallet and never hears its balance can't play.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from providers.simulators.base import ZERO, Key, Kind, Move
from providers.simulators.beliefs import Belief, Held, Sent, back, open_bets
from wallets import money

WalletKey = tuple[str, str]  # uid, currency


class FaultKind(StrEnum):
    NOT_PAID = "acknowledged but not paid"
    PAID_TWICE = "paid twice"
    PAID_WRONGLY = "paid wrongly"
    PAID_VOID = "paid although the provider counts it void"
    NOT_TAKEN = "bet acknowledged but not taken"
    TAKEN_FAILED = "bet taken although it failed"
    NOT_GIVEN_BACK = "cancelled bet not given back"
    SETTLED_VOID = "settled although cancelled"
    OPEN_ON_ONE_SIDE = "bet open on one side only"
    OVERDRAWN = "balance below zero"
    BALANCE_REFUSED = "balance refused although there is a wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """One transaction of the books that moved money. `ours`: its id carries this run's prefix."""

    provider: str
    transaction_id: str
    moves: tuple[Move, ...]
    ours: bool = True

    @property
    def key(self) -> Key:
        return self.provider, self.transaction_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the books say of a run: its transactions, by how much each of its wallets changed and
    what is in it now, the bets that a settlement names, the bets that nothing names, and how many
    callbacks there are by key."""

    booked: Sequence[Booked] = ()
    changes: Mapping[WalletKey, Decimal] = field(default_factory=dict)
    balances: Mapping[WalletKey, Decimal] = field(default_factory=dict)
    settled: frozenset[Key] = frozenset()
    open_bets: frozenset[Key] = frozenset()
    callbacks: Mapping[Key, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    kind: FaultKind
    key: Key
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.key)}: {self.sentence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A belief, and what the books have under its own id and under those of its cancels."""

    belief: Belief
    own: Booked | None
    cancels: Sequence[Booked]

    @property
    def rows(self) -> tuple[Booked, ...]:
        return (*([self.own] if self.own else []), *self.cancels)

    @property
    def stands(self) -> bool:
        """Whether the books hold it, and it wasn't given back."""
        return self.own is not None and not self.cancels

    @property
    def moves(self) -> tuple[Move, ...]:
        """What it has moved, if each booking is what was asked for."""
        taken = self.belief.moves if self.own else ()
        return taken + (back(self.belief.moves) if self.cancels else ())


def faults(beliefs: Sequence[Belief], sent: Iterable[Sent], found: Evidence) -> list[Fault]:
    """Every disagreement between the providers and the books."""
    by_key = {row.key: row for row in found.booked if row.ours}
    pairs = [_pair(belief, by_key) for belief in beliefs]
    known = {key for belief in beliefs for key in belief.keys}
    named = [
        *(fault for pair in pairs for fault in _disagreements(pair, found)),
        *_wrong_copies(sent),
        *(
            _fault(FaultKind.PAID_WRONGLY, key, f"nobody asked for {_spell([row])}")
            for key, row in by_key.items()
            if key not in known
        ),
    ]
    keys = {fault.key for fault in named}
    return [
        *named,
        *(fault for fault in _open_on_one_side(beliefs, found) if fault.key not in keys),
        *_drifts(pairs, found, explained=_wallets(keys, pairs, by_key)),
        *(
            _fault(FaultKind.OVERDRAWN, wallet, money.plain(balance))
            for wallet, balance in found.balances.items()
            if balance < 0
        ),
    ]


def _pair(belief: Belief, by_key: Mapping[Key, Booked]) -> _Pair:
    own, *cancels = (by_key.get(key) for key in belief.keys)
    return _Pair(belief=belief, own=own, cancels=[row for row in cancels if row is not None])


def _disagreements(pair: _Pair, found: Evidence) -> Iterator[Fault]:
    belief = pair.belief
    if belief.held is Held.STANDS and not pair.stands:
        kind = FaultKind.NOT_TAKEN if belief.kind is Kind.BET else FaultKind.NOT_PAID
        state = f"given back: {_spell(pair.cancels)}" if pair.own else "nowhere in the books"
        yield _fault(kind, belief.key, f"{_spell_moves(belief.moves)} is {state}")
    if belief.held is Held.VOID and pair.stands:
        yield _void_but_booked(pair)
    if belief.held is Held.VOID and belief.key in found.settled:
        sentence = f"{_spell_moves(belief.moves)} doesn't stand, and a settlement names it"
        yield _fault(FaultKind.SETTLED_VOID, belief.key, sentence)
    yield from _wrong_terms(pair)


def _void_but_booked(pair: _Pair) -> Fault:
    belief, booked = pair.belief, _spell(pair.rows)
    if belief.cancels:
        return _fault(FaultKind.NOT_GIVEN_BACK, belief.key, f"cancelled, yet booked {booked}")
    kind = FaultKind.TAKEN_FAILED if belief.kind is Kind.BET else FaultKind.PAID_VOID
    return _fault(kind, belief.key, f"refused ({belief.reason}), yet booked {booked}")


def _wrong_terms(pair: _Pair) -> Iterator[Fault]:
    """Another amount, player or currency than was asked for, or given back than was taken."""
    belief = pair.belief
    if pair.own and Counter(pair.own.moves) != Counter(belief.moves):
        sentence = f"asked {_spell_moves(belief.moves)}, booked {_spell([pair.own])}"
        yield _fault(FaultKind.PAID_WRONGLY, belief.key, sentence)
    undone = Counter(back(belief.moves))
    if pair.cancels and not (pair.own and Counter(_moves(pair.cancels)) == undone):
        sentence = f"asked {_spell_moves(belief.moves)}, booked {_spell(pair.rows)}"
        yield _fault(FaultKind.PAID_WRONGLY, belief.key, sentence)


def _wrong_copies(sent: Iterable[Sent]) -> Iterator[Fault]:
    for one in sent:
        if one.wrong_copies:
            sentence = f"acknowledged {one.wrong_copies} times with other terms"
            yield _fault(FaultKind.PAID_WRONGLY, one.key, sentence)


def _drifts(
    pairs: Iterable[_Pair], found: Evidence, *, explained: set[WalletKey]
) -> Iterator[Fault]:
    """Wallets whose balance changed by something else than each booking once.

    What isn't of this run (a top-up, another simulator) counts as the books have it.
    """
    expected: defaultdict[WalletKey, Decimal] = defaultdict(lambda: ZERO)
    others = _moves(row for row in found.booked if not row.ours)
    for move in [*others, *(move for pair in pairs for move in pair.moves)]:
        expected[move.uid, move.currency] += move.credit - move.debit
    for wallet, change in found.changes.items():
        if change != expected[wallet] and wallet not in explained:
            sentence = f"changed by {change:f}, its bets and payments say {expected[wallet]:f}"
            yield _fault(FaultKind.PAID_TWICE, wallet, sentence)


def _wallets(
    keys: Collection[Key], pairs: Iterable[_Pair], by_key: Mapping[Key, Booked]
) -> set[WalletKey]:
    """The wallets that a fault under one of these keys already explains."""
    rows = [row for key, row in by_key.items() if key in keys]
    rows += [row for pair in pairs if pair.belief.key in keys for row in pair.rows]
    return {(move.uid, move.currency) for move in _moves(rows)}


def _open_on_one_side(beliefs: Sequence[Belief], found: Evidence) -> Iterator[Fault]:
    """Bets of which the provider is certain, and the books say something else."""
    certain, doubtful = open_bets(beliefs)
    tracked = {belief.key for belief in beliefs if belief.opens}
    for key in sorted(certain - found.open_bets):
        yield _fault(FaultKind.OPEN_ON_ONE_SIDE, key, "open for the provider, not in the books")
    for key in sorted((found.open_bets & tracked) - certain - doubtful):
        yield _fault(FaultKind.OPEN_ON_ONE_SIDE, key, "open in the books, not for the provider")


def _moves(rows: Iterable[Booked]) -> Iterator[Move]:
    return (move for row in rows for move in row.moves)


def _fault(kind: FaultKind, key: Key, sentence: str) -> Fault:
    return Fault(kind=kind, key=key, sentence=sentence)


def _spell(rows: Iterable[Booked]) -> str:
    return "; ".join(f"{row.transaction_id} {_spell_moves(row.moves)}" for row in rows)


def _spell_moves(moves: Iterable[Move]) -> str:
    return ", ".join(
        f"{move.uid} -{money.plain(move.debit)} +{money.plain(move.credit)} {move.currency}"
        for move in moves
    )
