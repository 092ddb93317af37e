"""Bets, settlements and cancels in whatever order: the books follow a small model."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import Books, post
from tests.wallets.test_bets import bet, cancel, refused, settle, step
from wallets.instructions import Instruction, Kind, Receipt

BETS = ["1", "2", "3"]
OPENING = 100

references = st.sampled_from(BETS)
amounts = st.sampled_from(["5", "10", "70"])
players = st.sampled_from(["alice", "alice", "alice", "bob", "nobody"])  # Who has no wallet.
targets = st.sampled_from(
    [f"bet:{name}" for name in BETS]
    + [f"slot:{name}" for name in BETS]
    + ["settle:a", "settle:b", "cancel:a", "cancel:b"]
)
several = st.lists(references, min_size=1, max_size=3)


@st.composite
def instructions(draw: st.DrawFn) -> Instruction:
    uid, reference, amount = draw(players), draw(references), draw(amounts)
    what = draw(st.sampled_from(["bet", "bet", "slot", "settle", "cancel", "undo"]))
    if what == "bet":
        return bet(reference, amount, uid)
    if what == "slot":
        return step(
            "slot",
            reference,
            Kind.BET_AND_SETTLEMENT,
            uid,
            debit=amount,
            credit=draw(amounts),
            refusal_stands=True,
        )
    own = draw(st.sampled_from("abc"))
    if what == "settle":
        return settle(own, *draw(several), amount=amount, uid=uid, needs_bets=draw(st.booleans()))
    names = draw(st.lists(targets.filter(f"cancel:{own}".__ne__), min_size=1, max_size=3))
    stated = draw(st.sampled_from(["0", "0", "10", "15", "20"]))
    return cancel(own, *names, amount=stated, uid=uid, undoes_wins=what == "undo")


deliveries = st.lists(st.lists(instructions(), min_size=1, max_size=3), min_size=1, max_size=14)


@dataclass
class Line:
    """A transaction of the model."""

    terms: bytes
    kind: Kind
    uid: str = ""
    debit: int = 0
    credit: int = 0
    refusal: str = ""
    cancelled: bool = False


@dataclass
class Model:
    """The rules of the ledger once more, as plainly as they can be said."""

    balances: dict[str, int] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def deliver(self, together: Sequence[Instruction]) -> list[str]:
        balances, settled = dict(self.balances), set(self.settled)
        lines = {key: replace(line) for key, line in self.lines.items()}
        answers = [self.answer(one) for one in together]
        refusals = [answer for answer in answers if answer not in ("posted", "duplicate")]
        if refusals and len(together) > 1:
            self.balances, self.lines, self.settled = balances, lines, settled
            for one in together:
                if one.refusal_stands and one.transaction_id not in lines:
                    lines[one.transaction_id] = Line(one.terms, one.kind, refusal=refusals[0])
            return refusals[:1] * len(together)
        return answers

    def answer(self, one: Instruction) -> str:
        known = self.lines.get(one.transaction_id)
        if known is not None:
            if known.terms not in (one.terms, b""):
                return "Conflict"
            return "BetCancelled" if known.cancelled else known.refusal or "duplicate"
        refusal = self.cancel(one) if one.cancels else self.play(one)
        if refusal and one.refusal_stands:
            self.lines[one.transaction_id] = Line(one.terms, one.kind, refusal=refusal)
        return refusal or "posted"

    def play(self, one: Instruction) -> str:
        (movement,) = one.movements
        uid, debit, credit = movement.uid, int(movement.debit), int(movement.credit)
        if uid not in self.balances:
            return "UnknownPlayer"
        if self.balances[uid] < debit:
            return "InsufficientFunds"
        for key in dict.fromkeys(one.settles):
            line = self.lines.get(key)
            if line is None:
                if one.needs_bets:
                    return "UnknownBet"
            elif line.cancelled or line.refusal == "BetCancelled":
                return "BetCancelled"
            elif line.refusal:
                return "BetRefused"
            elif line.uid != uid:
                return "UnknownBet"
        self.settled |= set(one.settles)
        self.book(one, debit, credit)
        return ""

    def cancel(self, one: Instruction) -> str:
        (movement,) = one.movements
        stated, debit, credit = int(movement.credit), 0, 0
        keys = list(dict.fromkeys(one.cancels))
        undone, missing, over = [], [], 0
        for key in keys:
            line = self.lines.get(key)
            if line is not None and (line.refusal or line.cancelled):
                if line.uid not in ("", movement.uid):
                    return "UnknownBet"
                over += 1
                continue
            undoable = {Kind.BET, Kind.BET_AND_SETTLEMENT} if one.undoes_wins else {Kind.BET}
            if key in self.settled or (line is not None and line.kind not in undoable):
                return "BetSettled"
            if line is None:
                missing.append(key)
            elif line.uid != movement.uid:
                return "UnknownBet"
            else:
                undone.append(line)
                debit, credit = debit + line.credit, credit + line.debit
        if stated and (stated < credit or (len(undone) == len(keys) and stated != credit)):
            return "Conflict"
        if self.balances.get(movement.uid, 0) - debit + credit < 0:
            return "InsufficientFunds"
        for line in undone:
            line.cancelled = True
        for key in missing:
            self.lines[key] = Line(b"", Kind.BET, refusal="BetCancelled", cancelled=True)
        self.book(one, debit, credit)
        return ""

    def book(self, one: Instruction, debit: int, credit: int) -> None:
        uid = one.movements[0].uid
        if uid in self.balances:
            self.balances[uid] += credit - debit
        self.lines[one.transaction_id] = Line(one.terms, one.kind, uid, debit, credit)


def answer(receipt: Receipt) -> str:
    refusal = refused(receipt)
    if refusal is not None:
        return refusal.__name__
    return "posted" if receipt.posted else "duplicate"


worlds = itertools.count()


def in_new_world(stories: list[list[Instruction]]) -> list[list[Instruction]]:
    """The same stories among players and bets that nobody has seen."""
    world = next(worlds)

    def renamed(name: str) -> str:
        return f"{name}-{world}"

    def moved(one: Instruction, origin: UUID) -> Instruction:
        return replace(
            one,
            transaction_id=renamed(one.transaction_id),
            settles=tuple(map(renamed, one.settles)),
            cancels=tuple(map(renamed, one.cancels)),
            movements=tuple(replace(each, uid=renamed(each.uid)) for each in one.movements),
            origin_id=origin,
        )

    return [[moved(one, origin) for one in story] for story in stories for origin in [uuid4()]]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories=deliveries, cuts=st.lists(st.integers(1, 6), max_size=14))
def test_the_books_follow_the_model_in_groups_and_alone(
    books: Books, stories: list[list[Instruction]], cuts: list[int]
) -> None:
    for sizes in (itertools.repeat(1), itertools.chain(cuts, itertools.repeat(64))):
        world = in_new_world(stories)
        model = Model()
        names = {one.movements[0].uid for story in world for one in story}
        for uid in names:
            if not uid.startswith("nobody"):
                books.open(uid, "USD", str(OPENING))
                model.balances[uid] = OPENING
        left = list(world)
        for size in sizes:
            if not left:
                break
            group, left = left[:size], left[size:]
            receipts = post(*(one for story in group for one in story))
            seen = list(map(answer, receipts))
            assert seen == [said for story in group for said in model.deliver(story)]
        for uid, balance in model.balances.items():
            assert books.balance(uid, "USD") == Decimal(balance)
    assert books.violations() == []
