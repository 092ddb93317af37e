"""How a simulation runs: how fast, how long, with what in it, and who sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from providers.simulators.base import Simulator
from providers.simulators.orders import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`rate` is rounds a second (0: as fast as it goes), `seconds` how long new ones come (None:
    until told to stop), `patience` how long the rest may take. Without `rounds` a settlement comes
    alone wherever Cage takes one without its bet."""

    rate: float
    seconds: float | None
    shares: Shares
    seed: int
    players: int
    connections: int
    patience: float
    url: str
    rounds: bool = False


class Stop:
    """Somebody wants an end: the first request lets open deliveries finish, the second doesn't."""

    def __init__(self) -> None:
        self.requests = 0

    def ask(self, *_: object) -> None:
        self.requests += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A provider that sends: its simulator and the paths under which Cage knows it."""

    simulator: Simulator
    paths: Sequence[str]
