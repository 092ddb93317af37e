"""Why the ledger would not book an instruction: nouns of the domain, answered by the protocols.

A refusal is a value: `ledger.post` returns it in a receipt and doesn't raise it.
"""

from typing import ClassVar


class Refusal(Exception):
    """Nothing was moved, and this is why. `str(refusal)` is a sentence for staff."""

    sentence: ClassVar[str] = "The instruction was refused."
    kinds: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init_subclass__(cls) -> None:
        Refusal.kinds[cls.__name__] = cls

    def __init__(self, text: str = "") -> None:
        super().__init__(text or self.sentence)

    @property
    def name(self) -> str:
        """The class's name: how a refusal that stands is kept in `Transaction.refusal`, and
        found again in `Refusal.kinds`."""
        return type(self).__name__


class Conflict(Refusal):
    sentence = "The transaction id is known with other terms."


class UnknownPlayer(Refusal):
    sentence = "No such player."


class UnknownCurrency(Refusal):
    sentence = "No wallet in that currency."


class PlayerClosed(Refusal):
    sentence = "The player is closed."


class PlayerSuspended(Refusal):
    sentence = "The player is suspended and can't stake."


class InsufficientFunds(Refusal):
    sentence = "The balance does not cover it."


class BalanceTooLarge(Refusal):
    sentence = "The balance would exceed what a wallet can hold."


class UnknownBet(Refusal):
    sentence = "A bet that it settles or cancels is not known."


class BetRefused(Refusal):
    sentence = "A bet that it settles was refused."


class BetCancelled(Refusal):
    sentence = "The bet was cancelled."


class BetSettled(Refusal):
    sentence = "The bet is settled and can't be cancelled any more."


class NotBooked(Refusal):
    sentence = "No such transaction is in the books."


class AlreadyReversed(Refusal):
    sentence = "The transaction was cancelled or reversed already."


class NotReversible(Refusal):
    sentence = "This kind of transaction can't be reversed."


class NotReversed(Refusal):
    sentence = "What it replaces still stands."


class Declined(Refusal):
    """Refused for a reason outside the books, unless the id is known already."""

    sentence = "The operation is switched off."
