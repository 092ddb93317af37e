"""A Cage made up in memory: it books bets, payments and cancels, or does it wrongly on purpose."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from providers.simulators.answers import Answer, Statement, nothing, refused
from providers.simulators.base import Key, Kind, Message, Move, Simulator
from providers.simulators.beliefs import back
from providers.simulators.sending import Heard, Loss
from providers.simulators.verdict import Booked, Evidence
from tests.providers.simulators.cast import YES

REFUSED = refused("1003")
SILENCE = nothing("connection refused")


class Seen:
    """A simulator whose requests can be looked through: they are its messages."""

    def __init__(self, inner: Simulator) -> None:
        self.inner = inner
        self.provider, self.prefix = inner.provider, inner.prefix
        self.settles_alone = inner.settles_alone
        self.settle, self.game, self.cancel = inner.settle, inner.game, inner.cancel
        self.contradict, self.conclude = inner.contradict, inner.conclude

    def request(self, message: Message, **_: object) -> Any:
        return message

    def poll(self, message: Message, **_: object) -> Any:
        return Asked(message.moves[0].uid)


@dataclass(frozen=True)
class Asked:
    """A balance query that can be looked through."""

    uid: str


@dataclass
class MemoryCage:
    """Books each id once. `silent_until` deliveries get no answer at first; what is `deaf` is
    acknowledged and not done; what is `late` is refused, and done."""

    believes_anything: bool = False
    silent_until: int = 0
    tells: bool = True
    refuses_to_tell: int = 0  # So many balance queries are refused at first.
    deaf: frozenset[Kind] = frozenset()
    late: frozenset[Kind] = frozenset()
    refusal: Answer = REFUSED
    booked: dict[Key, tuple[Move, ...]] = field(default_factory=dict)
    void: set[Key] = field(default_factory=set)  # Cancelled, before it came or after.
    settled: set[Key] = field(default_factory=set)
    deliveries: Counter[Key] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, sent: Message | Asked, seen: Seen, *, path: str, loss: Loss) -> Heard:
        with self.lock:
            answer = self._tell(sent) if isinstance(sent, Asked) else self._answer(sent)
        lost = loss is not Loss.NONE
        return Heard(
            answer=nothing("reply lost") if lost else answer,
            said=answer.statement,
            seconds=0.001,
        )

    def evidence(self) -> Evidence:
        """What its books say, where every balance adds up."""
        rows = [Booked(provider=key[0], transaction_id=key[1], moves=moves)
                for key, moves in self.booked.items()]  # fmt: skip
        named = self.settled | self.void
        bets = {key for key in self.booked if key[1].startswith(("bet:", "withdraw:"))}
        return Evidence(
            booked=rows, settled=frozenset(self.settled), open_bets=frozenset(bets - named)
        )

    def _tell(self, asked: Asked) -> Answer:
        self.refuses_to_tell -= 1
        known = self.tells and not asked.uid.startswith("stranger")
        return YES if known and self.refuses_to_tell < 0 else REFUSED

    def _answer(self, message: Message) -> Answer:
        self.deliveries[message.key] += 1
        if self.deliveries.total() <= self.silent_until:
            return SILENCE
        if message.kind in self.deaf:
            return YES
        answer = self._cancel(message) if message.kind is Kind.CANCEL else self._book(message)
        if message.kind in self.late and answer.statement is Statement.SUCCESS:
            return self.refusal
        return answer

    def _book(self, message: Message) -> Answer:
        for key, moves in _parts(message):
            known = self.booked.get(key)
            if known is not None and sorted(known) != sorted(moves) and not self.believes_anything:
                return REFUSED
            if key in self.void or any(move.uid.startswith("stranger") for move in moves):
                return REFUSED
        if any((message.provider, bet) in self.void for bet in message.names):
            return REFUSED
        for key, moves in _parts(message):
            self.booked.setdefault(key, moves)
        self.settled |= {(message.provider, bet) for bet in message.names}
        return YES

    def _cancel(self, message: Message) -> Answer:
        (name,) = message.names
        bet = message.provider, name
        if bet in self.booked and bet not in self.void:
            self.booked[message.key] = back(self.booked[bet])
        self.void.add(bet)
        return YES


def _parts(message: Message) -> Iterator[tuple[Key, tuple[Move, ...]]]:
    return (((message.provider, id_), moves) for id_, moves in message.asks.items())
