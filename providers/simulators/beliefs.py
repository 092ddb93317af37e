"""What a provider holds to be true when everything was said: plain values for the verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from providers.simulators.base import Key, Kind, Move


class Held(Enum):
    """What a provider holds of one of its bets or payments."""

    STANDS = "stands"
    VOID = "void"  # It failed, or it was cancelled.
    OWED = "owed"  # Refused, but due: the provider's people would ask now.
    UNKNOWN = "unknown"  # Neither it nor its cancel was answered.


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """One bet or payment as the provider knows it. `moves` is what it asked for.

    `cancels` are the transaction ids under which it was cancelled, or tried to. `opens`: a bet
    that is open until something names it; `settlements` are the payments that name it.
    """

    provider: str
    transaction_id: str
    kind: Kind
    moves: tuple[Move, ...]
    held: Held
    opens: bool = False
    cancels: tuple[str, ...] = ()
    settlements: tuple[str, ...] = ()
    reason: str = ""
    stranger: bool = False

    @property
    def key(self) -> Key:
        return self.provider, self.transaction_id

    @property
    def keys(self) -> tuple[Key, ...]:
        """Its own, and those of its cancels."""
        return self.key, *((self.provider, cancel) for cancel in self.cancels)

    @property
    def is_unsettled(self) -> bool:
        return self.held in (Held.OWED, Held.UNKNOWN)

    @property
    def net(self) -> tuple[Move, ...]:
        """What it changes for good, if the provider is right; not what is in doubt."""
        return self.moves if self.held is Held.STANDS else ()


def back(moves: Iterable[Move]) -> tuple[Move, ...]:
    """The moves that undo `moves`."""
    return tuple(move._replace(debit=move.credit, credit=move.debit) for move in moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The deliveries of one message: how many, how many were told success, or anything at all.

    `wrong_copies` counts copies with other terms under the same id that were told success.
    """

    key: Key
    deliveries: int = 0
    successes: int = 0
    answered: int = 0
    wrong_copies: int = 0


def open_bets(beliefs: Sequence[Belief]) -> tuple[set[Key], set[Key]]:
    """(bets that the provider holds to be open, bets of which it can't say).

    A bet is open while it stands and nothing that settles it does.
    """
    held = {belief.key: belief.held for belief in beliefs}
    certain: set[Key] = set()
    doubtful: set[Key] = set()
    for belief in beliefs:
        settlements = {held[belief.provider, id_] for id_ in belief.settlements}
        if not belief.opens or belief.held is Held.VOID or Held.STANDS in settlements:
            continue
        is_certain = belief.held is Held.STANDS and settlements <= {Held.VOID}
        (certain if is_certain else doubtful).add(belief.key)
    return certain, doubtful
