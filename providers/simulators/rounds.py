"""One round as the provider's side lives it: what is said next, and what it holds to be true.

No clock, no thread and no network: whoever drives a round sends what is `due`, in whatever order,
and tells the round what the provider heard of each delivery, `nothing` included. Whatever was due
once may also be delivered again, or late. What an answer means is in the rules of the simulator
(`Rule`); a copy with other terms is no part of a round, and its answer is not told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from providers.simulators.answers import Answer, Conclusion, Statement
from providers.simulators.base import Game, Key, Kind, Message, Simulator, Table
from providers.simulators.beliefs import Belief, Held

# So often a refused message is sent again, then people talk about it. Nobody is going to open a
# wallet for a made-up player.
REFUSALS, REFUSALS_OF_STRANGER = 6, 2


class Pace(Enum):
    """How soon a provider sends what is due."""

    AT_ONCE = "at once"
    PLAYED = "when the game is played"
    CANCEL = "a minute after the bet"
    SILENCE = "soon after nothing was said"
    REFUSAL = "a minute after a refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that may be sent now; of one that is sent again, the `nth` time for its pace."""

    message: Message
    pace: Pace
    nth: int = 0


@dataclass(slots=True, kw_only=True)
class _Step:
    """A message, and what became of it."""

    message: Message
    pace: Pace
    conclusion: Conclusion | None = None
    cancel: Message | None = None
    last: Pace | None = None
    silent: int = 0
    refused: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.conclusion in (None, Conclusion.AGAIN)

    def hear(self, answer: Answer) -> None:
        if answer.statement is Statement.NOTHING:
            self.silent += 1
            self.last = Pace.SILENCE
            self.reason = self.reason or answer.reason
        elif answer.statement is Statement.REFUSED:
            self.refused += 1
            self.last = Pace.REFUSAL
            self.reason = answer.reason

    def conclude(self, conclusion: Conclusion) -> None:
        """The first word counts, except that a failure is believed after a success too. Once a
        cancel is under way, that decides."""
        if self.cancel is None and (self.is_open or conclusion is Conclusion.FAILED):
            self.conclusion = conclusion


class Round:
    """Send what is `due`, `hear` every answer; `beliefs` at any time. One thread at a time."""

    def __init__(self, simulator: Simulator, game: Game, *, stranger: bool = False) -> None:
        self.simulator, self.game, self.stranger = simulator, game, stranger
        self._limit = REFUSALS_OF_STRANGER if stranger else REFUSALS
        self._steps: dict[Key, _Step] = {}
        self._followed = False
        for message in game.opening:
            self._add(message, Pace.AT_ONCE)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that was due so far. Any of them may be delivered again, or late."""
        return tuple(step.message for step in self._steps.values())

    def due(self) -> list[Due]:
        """What waits for its first good answer, sent already or not. Nothing: the round is over."""
        return [_due(step) for step in self._steps.values() if self._is_awaited(step)]

    def hear(self, message: Message, answer: Answer) -> None:
        """What the provider heard of one delivery of `message`, in whatever order it hears."""
        step = self._steps[message.key]
        step.hear(answer)
        step.conclude(self.simulator.conclude(message, answer))
        self._follow()

    def is_done(self, message: Message) -> bool:
        """Whether `message` was told success, and counts as such."""
        return self._steps[message.key].conclusion is Conclusion.STANDS

    def beliefs(self) -> list[Belief]:
        """One of each bet and payment."""
        return [
            belief
            for step in self._steps.values()
            if step.message.kind is not Kind.CANCEL
            for belief in self._believe(step)
        ]

    # -- What follows ---------------------------------------------------------------------------

    def _add(self, message: Message, pace: Pace) -> None:
        self._steps[message.key] = _Step(message=message, pace=pace)

    def _follow(self) -> None:
        for step in list(self._steps.values()):
            if step.conclusion is Conclusion.CANCEL:
                self._cancel(step, Pace.CANCEL)
        opening = [self._steps[message.key] for message in self.game.opening]
        if self._followed or any(self._is_awaited(step) for step in opening):
            return
        self._followed = True
        standing = [step for step in opening if step.conclusion is Conclusion.STANDS]
        if self.game.is_void:
            for step in standing:
                self._cancel(step, Pace.PLAYED)
        elif standing:
            for message in self.game.settle(tuple(step.message for step in standing)):
                self._add(message, Pace.PLAYED)

    def _cancel(self, step: _Step, pace: Pace) -> None:
        if step.cancel is None:
            step.cancel = self.simulator.cancel(step.message)
            self._add(step.cancel, pace)

    def _is_awaited(self, step: _Step) -> bool:
        return step.is_open and step.refused <= self._limit

    # -- What is believed -----------------------------------------------------------------------

    def _believe(self, step: _Step) -> Iterator[Belief]:
        message, cancel = step.message, step.cancel
        for transaction_id, moves in message.asks.items():
            yield Belief(
                provider=message.provider,
                transaction_id=transaction_id,
                kind=message.kind,
                moves=moves,
                held=self._held(step),
                opens=message.opens,
                cancels=tuple(cancel.asks) if cancel else (),
                settlements=tuple(self._settlements(transaction_id)),
                reason=self._steps[cancel.key].reason or step.reason if cancel else step.reason,
                stranger=self.stranger,
            )

    def _held(self, step: _Step) -> Held:
        if step.cancel is not None:
            return _HELD_BY_CANCEL[self._steps[step.cancel.key].conclusion]
        if step.is_open and step.refused and step.message.kind is Kind.PAYMENT:
            return Held.OWED
        return _HELD[step.conclusion]

    def _settlements(self, transaction_id: str) -> Iterator[str]:
        for message in self.messages:
            if message.kind is Kind.PAYMENT and transaction_id in message.names:
                yield from message.asks


def begin(simulator: Simulator, number: int, table: Table, *, whole: bool) -> Round:
    """Round `number` from its bets on; without `whole` a settlement alone, where Cage takes one."""
    if whole or not simulator.settles_alone:
        game = simulator.game(number, table)
    else:
        game = Game(opening=(simulator.settle(number, table),))
    return Round(simulator, game, stranger=bool(table.stranger))


_HELD = {
    None: Held.UNKNOWN,
    Conclusion.AGAIN: Held.UNKNOWN,
    Conclusion.STANDS: Held.STANDS,
    Conclusion.FAILED: Held.VOID,
}
_HELD_BY_CANCEL = {
    None: Held.UNKNOWN,
    Conclusion.AGAIN: Held.UNKNOWN,
    Conclusion.STANDS: Held.VOID,
    Conclusion.RESTORED: Held.STANDS,
}


def _due(step: _Step) -> Due:
    if step.last is None:
        return Due(message=step.message, pace=step.pace)
    nth = step.silent if step.last is Pace.SILENCE else step.refused
    return Due(message=step.message, pace=step.last, nth=nth)
