"""What the providers believe against what the books say: pure, over plain values.

Some faults must never happen. A provider that was told success for a settlement that isn't paid
exactly so, or that counts an order void which is paid, disagrees with the books about money. A
player who has a wallet and never hears its balance can't play.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from providers.simulators.base import ZERO, Move
from wallets import money

Key = tuple[str, str]  # provider, the provider's id
WalletKey = tuple[str, str]  # uid, currency


class FaultKind(StrEnum):
    NOT_PAID = "acknowledged but not paid"
    PAID_TWICE = "paid twice"
    PAID_WRONGLY = "paid wrongly"
    PAID_VOID = "paid although the provider counts it void"
    BALANCE_REFUSED = "balance refused although there is a wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """One settlement as the provider knows it when everything was said.

    `wrong_copies` counts copies with other terms under the same id that were acknowledged.
    `sent`, `successes` and `answered` count deliveries, those copies included.
    """

    provider: str
    reference: str
    moves: tuple[Move, ...]
    acknowledged: bool = False
    void: bool = False
    wrong_copies: int = 0
    sent: int = 0
    successes: int = 0
    answered: int = 0
    reason: str = ""
    stranger: bool = False

    @property
    def key(self) -> Key:
        return self.provider, self.reference

    @property
    def unsettled(self) -> bool:
        """Neither acknowledged nor cancelled: the provider's people would ask now."""
        return not self.acknowledged and not self.void


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """One transaction of the books that moved money. `ours`: its id carries this run's prefix."""

    provider: str
    transaction_id: str
    moves: tuple[Move, ...]
    ours: bool = True

    @property
    def key(self) -> Key:
        return self.provider, self.transaction_id.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    kind: FaultKind
    key: Key
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.key)}: {self.sentence}"


def faults(
    beliefs: Sequence[Belief], booked: Sequence[Booked], changes: Mapping[WalletKey, Decimal]
) -> list[Fault]:
    """Every disagreement. `changes` is by how much each wallet's balance changed in the run."""
    by_key: defaultdict[Key, list[Booked]] = defaultdict(list)
    for row in booked:
        if row.ours:
            by_key[row.key].append(row)
    found = [
        fault for belief in beliefs for fault in _disagreements(belief, by_key.get(belief.key, []))
    ]
    known = {belief.key for belief in beliefs}
    found += [
        Fault(kind=FaultKind.PAID_WRONGLY, key=key, sentence=f"nobody asked for {_spell(rows)}")
        for key, rows in by_key.items()
        if key not in known
    ]
    return found + list(_drifts(beliefs, booked, changes, explained=_wallets(found, by_key)))


def _disagreements(belief: Belief, rows: Sequence[Booked]) -> Iterator[Fault]:
    def fault(kind: FaultKind, sentence: str) -> Fault:
        return Fault(kind=kind, key=belief.key, sentence=sentence)

    asked = _spell_moves(belief.moves)
    if belief.acknowledged and not rows:
        yield fault(FaultKind.NOT_PAID, f"{asked} is nowhere in the books")
    if len(rows) > 1:
        yield fault(FaultKind.PAID_TWICE, f"{len(rows)} transactions: {_spell(rows)}")
    if rows and any(_terms(row.moves) != _terms(belief.moves) for row in rows):
        yield fault(FaultKind.PAID_WRONGLY, f"asked {asked}, booked {_spell(rows)}")
    if belief.wrong_copies:
        yield fault(
            FaultKind.PAID_WRONGLY,
            f"acknowledged {belief.wrong_copies} times with other terms than {asked}",
        )
    if belief.void and rows:
        yield fault(FaultKind.PAID_VOID, f"refused ({belief.reason}), yet booked {_spell(rows)}")


def _drifts(
    beliefs: Iterable[Belief],
    booked: Iterable[Booked],
    changes: Mapping[WalletKey, Decimal],
    explained: set[WalletKey],
) -> Iterator[Fault]:
    """Wallets whose balance changed by something else than each paid settlement once.

    What isn't of this run (a top-up, another simulator) counts as the books have it.
    """
    paid = {row.key for row in booked if row.ours}
    once = [move for belief in beliefs if belief.key in paid for move in belief.moves]
    others = [move for row in booked if not row.ours for move in row.moves]
    expected: defaultdict[WalletKey, Decimal] = defaultdict(lambda: ZERO)
    for move in once + others:
        expected[move.uid, move.currency] += move.credit - move.debit
    for wallet, change in changes.items():
        if change != expected[wallet] and wallet not in explained:
            yield Fault(
                kind=FaultKind.PAID_TWICE,
                key=wallet,
                sentence=f"changed by {change:f}, its settlements say {expected[wallet]:f}",
            )


def _wallets(found: Iterable[Fault], by_key: Mapping[Key, Sequence[Booked]]) -> set[WalletKey]:
    """The wallets that a fault already names."""
    return {
        (move.uid, move.currency)
        for fault in found
        for row in by_key.get(fault.key, [])
        for move in row.moves
    }


def _terms(moves: Iterable[Move]) -> Counter[Move]:
    return Counter(moves)


def _spell(rows: Iterable[Booked]) -> str:
    return "; ".join(f"{row.transaction_id} {_spell_moves(row.moves)}" for row in rows)


def _spell_moves(moves: Iterable[Move]) -> str:
    return ", ".join(
        f"{move.uid} -{money.plain(move.debit)} +{money.plain(move.credit)} {move.currency}"
        for move in moves
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """One inbox row per delivery: `missing` and `surplus` list the ids where that isn't so.

    Every success has its row, and there are no more rows than deliveries. A refusal may have none
    where Cage had decided nothing (`unrecorded` counts those answers).
    """

    rows: int
    deliveries: int
    unrecorded: int
    missing: tuple[Key, ...]
    surplus: tuple[Key, ...]


def inbox(beliefs: Sequence[Belief], rows: Mapping[Key, int]) -> Inbox:
    """Compare deliveries with callback rows, counted by provider and the provider's id."""
    counted = [(belief, rows.get(belief.key, 0)) for belief in beliefs]
    return Inbox(
        rows=sum(count for _, count in counted),
        deliveries=sum(belief.sent for belief in beliefs),
        unrecorded=sum(max(0, belief.answered - count) for belief, count in counted),
        missing=tuple(belief.key for belief, count in counted if count < belief.successes),
        surplus=tuple(belief.key for belief, count in counted if count > belief.sent),
    )
