"""A balance asked for: told, or asked for again until it is clear that it is refused."""

from dataclasses import dataclass

from providers.simulators.answers import Answer, Statement
from providers.simulators.base import Message, Simulator
from providers.simulators.verdict import Fault, FaultKind

# Seconds until the next one after a refusal. Providers ask every few seconds anyway, so what a
# player hears while the database is away is no refusal yet.
REFUSED = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True, kw_only=True)
class Poll:
    """The question for the first player in `message`; a `stranger` has no wallet."""

    simulator: Simulator
    message: Message
    stranger: bool = False
    refused: int = 0

    def next_try(self, answer: Answer) -> float | None:
        """Seconds until it is asked again after `answer`; None: it isn't."""
        if answer.statement is not Statement.REFUSED:
            return None
        self.refused += 1
        if self.stranger or self.refused > len(REFUSED):
            return None
        return REFUSED[self.refused - 1]

    def fault(self, answer: Answer) -> Fault:
        """What it is that this player never hears a balance."""
        move = self.message.moves[0]
        return Fault(
            kind=FaultKind.BALANCE_REFUSED,
            key=(self.simulator.provider, move.uid),
            sentence=f"{move.currency}, asked {self.refused} times: {answer.reason}",
        )
