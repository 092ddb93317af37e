"""The stream against a Cage made up in memory: what is sent, and what is believed at the end."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from providers.simulators import polls, verdict
from providers.simulators.base import Answer, Move, Settlement, Simulator, Statement
from providers.simulators.orders import Shares
from providers.simulators.sending import Heard, Loss
from providers.simulators.tally import total, words
from providers.simulators.traffic import Course, Sender, Stop, Traffic
from providers.simulators.verdict import Booked, FaultKind
from tests.providers.simulators.cast import RUN, simulator

UIDS = ["alice", "bob", "carol", "dave"]
SUCCESS = Answer(statement=Statement.SUCCESS)
REFUSED = Answer(statement=Statement.REFUSED, reason="1003")
SILENCE = Answer(statement=Statement.NOTHING, reason="connection refused")


class Seen:
    """A simulator whose requests can be looked through: they are its settlements."""

    def __init__(self, inner: Simulator) -> None:
        self.inner = inner
        self.provider, self.prefix = inner.provider, inner.prefix
        self.refusal_means = inner.refusal_means
        self.settle, self.contradict = inner.settle, inner.contradict

    def request(self, settlement: Settlement, **_: object) -> Any:
        return settlement

    def poll(self, settlement: Settlement, **_: object) -> Any:
        return Asked(settlement.moves[0].uid)


@dataclass(frozen=True)
class Asked:
    """A balance query that can be looked through."""

    uid: str


@dataclass
class MemoryCage:
    """Pays each id once; `paid` are its books. `silent_until` deliveries get no answer at first."""

    believes_anything: bool = False
    pays: bool = True
    silent_until: int = 0
    tells: bool = True
    refuses_to_tell: int = 0  # So many balance queries are refused at first.
    paid: dict[tuple[str, str], tuple[Move, ...]] = field(default_factory=dict)
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, sent: Settlement | Asked, seen: Seen, *, path: str, loss: Loss) -> Heard:
        with self.lock:
            answer = self._tell(sent) if isinstance(sent, Asked) else self._answer(sent)
        lost = loss is not Loss.NONE
        return Heard(
            answer=Answer(statement=Statement.NOTHING, reason="reply lost") if lost else answer,
            said=answer.statement,
            seconds=0.001,
        )

    def _tell(self, asked: Asked) -> Answer:
        self.refuses_to_tell -= 1
        known = self.tells and not asked.uid.startswith("stranger")
        return SUCCESS if known and self.refuses_to_tell < 0 else REFUSED

    def _answer(self, settlement: Settlement) -> Answer:
        key = settlement.provider, settlement.reference
        self.deliveries[key] += 1
        if self.deliveries.total() <= self.silent_until:
            return SILENCE
        known = key in self.paid
        if any(move.uid.startswith("stranger") for move in settlement.moves):
            return REFUSED
        if self.pays:
            self.paid.setdefault(key, settlement.moves)
        same = not known or sorted(self.paid[key]) == sorted(settlement.moves)
        return SUCCESS if same or self.believes_anything else REFUSED

    def booked(self) -> list[Booked]:
        return [
            Booked(provider=provider, transaction_id=f"settle:{reference}", moves=moves)
            for (provider, reference), moves in self.paid.items()
        ]


def stream(cage: MemoryCage, *protocols: str, seconds: float = 0.5, **shares: float) -> Traffic:
    traffic = Traffic(
        senders=[Sender(simulator=Seen(simulator(one)), paths=[one]) for one in protocols],  # type: ignore[arg-type]
        uids=UIDS,
        course=Course(
            rate=200,
            seconds=seconds,
            shares=Shares(**shares),
            seed=7,
            players=4,
            connections=4,
            patience=5,
            url="",
        ),
        line=cage,  # type: ignore[arg-type]
        run=RUN,
    )
    traffic.run(stop=Stop(), watch=lambda _: None)
    return traffic


def faults(traffic: Traffic, cage: MemoryCage) -> Counter[FaultKind]:
    return Counter(fault.kind for fault in verdict.faults(traffic.beliefs(), cage.booked(), {}))


def test_a_cage_that_pays_once_is_found_without_fault() -> None:
    cage = MemoryCage()
    traffic = stream(
        cage, "besoft", "jdb", "sud", "hotroad",
        resends=0.3, conflicts=0.2, lost_replies=0.2, unknown_players=0.1,
    )  # fmt: skip
    whole = total(list(traffic.tallies.values()))
    assert faults(traffic, cage) == {}
    assert whole.settlements == len(traffic.beliefs()) == 100
    assert whole.paid == len(cage.paid)
    assert whole.deliveries == cage.deliveries.total()
    assert min(whole.repeated, whole.conflicts_refused, whole.silent["reply lost"]) > 0
    assert {belief.stranger for belief in traffic.beliefs() if not belief.acknowledged} == {True}
    assert {belief.sent for belief in traffic.beliefs()} > {1, 2}


def test_a_cage_that_takes_conflicting_copies_is_found_out() -> None:
    cage = MemoryCage(believes_anything=True)
    traffic = stream(cage, "jdb", "sud", conflicts=0.3, unknown_players=0)
    assert faults(traffic, cage).keys() == {FaultKind.PAID_WRONGLY}


def test_a_cage_that_only_says_success_is_found_out() -> None:
    cage = MemoryCage(pays=False)
    traffic = stream(cage, "hotroad", unknown_players=0)
    assert faults(traffic, cage)[FaultKind.NOT_PAID] == 100


def test_what_got_no_answer_is_sent_until_it_does() -> None:
    cage = MemoryCage(silent_until=150)
    traffic = stream(cage, "besoft", "jdb", lost_replies=0, unknown_players=0)
    assert all(belief.acknowledged for belief in traffic.beliefs())
    assert faults(traffic, cage) == {}


def test_the_seed_repeats_who_gets_what() -> None:
    moves = []
    for _ in range(2):
        cage = MemoryCage()
        stream(cage, "besoft", "sud", seconds=0.2, lost_replies=0, unknown_players=0)
        moves.append(cage.paid)
    assert moves[0] == moves[1]


def test_asked_to_stop_it_ends_at_once_and_still_knows_what_it_believes() -> None:
    cage, stop = MemoryCage(), Stop()
    stop.ask()
    traffic = Traffic(
        senders=[Sender(simulator=Seen(simulator("jdb")), paths=["jdb"])],  # type: ignore[arg-type]
        uids=UIDS,
        course=Course(
            rate=100, seconds=None, shares=Shares(), seed=1, players=4, connections=2,
            patience=60, url="",
        ),
        line=cage,  # type: ignore[arg-type]
        run=RUN,
    )  # fmt: skip
    traffic.run(stop=stop, watch=lambda _: None)
    assert len(traffic.beliefs()) == traffic.tallies["jdb"].settlements
    assert sum(move.credit for moves in cage.paid.values() for move in moves) >= Decimal(0)


def test_balance_queries_are_counted_apart_and_strangers_are_refused() -> None:
    cage = MemoryCage()
    traffic = stream(cage, "jdb", "sud", "hotroad", polls=1.0, unknown_players=0.1)
    whole = total(list(traffic.tallies.values()))
    strangers = sum(belief.stranger for belief in traffic.beliefs())
    assert strangers > 0
    assert whole.polls == whole.settlements == 100
    assert whole.told == 100 - strangers
    assert whole.polls_refused == {"unknown player": strangers}
    assert (whole.deliveries, traffic.denied) == (cage.deliveries.total(), [])
    assert len(traffic.seconds_to_tell) == 100
    assert words(whole).endswith(
        f"{whole.told} balances told, {strangers} balance refused (unknown player)"
    )


def test_a_balance_that_is_refused_for_a_while_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polls, "REFUSED", (0.01, 0.01))
    cage = MemoryCage(refuses_to_tell=2)
    traffic = stream(cage, "jdb", polls=1.0, unknown_players=0)
    whole = total(list(traffic.tallies.values()))
    assert (whole.polls, whole.told, traffic.denied) == (102, 100, [])


def test_a_cage_that_never_tells_a_balance_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "REFUSED", (0.01, 0.01))
    traffic = stream(MemoryCage(tells=False), "jdb", polls=0.1, unknown_players=0)
    assert {fault.kind for fault in traffic.denied} == {FaultKind.BALANCE_REFUSED}
    assert traffic.tallies["jdb"].polls == 3 * len(traffic.denied)
    assert "asked 3 times: 1003" in str(traffic.denied[0])
