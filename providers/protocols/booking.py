"""What a report expects in the books, and the instruction that books it where it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wallets.instructions import Instruction, Kind, Movement


class CannotBook(Exception):
    """Why what a report shows can't be booked from it; a sentence for staff."""


def transaction_id(operation: str, their_id: object) -> str:
    """How a transaction of any provider is named: `settle:272017`."""
    return f"{operation}:{their_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One movement that a row expects, in our players' and currencies' names.

    `net_only`: the row shows only what the player gained or lost; `debit` or `credit` is that.
    `settles` are the transaction ids of the bets that it settles, where the row says so.
    """

    operation: str
    reference: str
    uid: str
    currency: str
    debit: Decimal
    credit: Decimal
    net_only: bool = False
    round_id: str = ""
    occurred_at: datetime | None = None
    settles: tuple[str, ...] = ()

    @property
    def transaction_id(self) -> str:
        return transaction_id(self.operation, self.reference)


def instruction(
    expected: Sequence[Expected],
    *,
    provider: str,
    kind: Kind | None,
    settles: tuple[str, ...],
    is_of_several: bool,
) -> Instruction:
    """What books these movements, all of one transaction id. `kind` is None where the operation
    can't be booked from a report, and `is_of_several` where it moves more than one player's money.
    Raises CannotBook."""
    first = expected[0]
    if any(one.transaction_id != first.transaction_id for one in expected):
        raise CannotBook("These are rows of several ids.")
    if any(one.net_only for one in expected):
        raise CannotBook("The report shows only the difference: stake and win are not known.")
    if kind is None:
        raise CannotBook("The report does not say what it gives back, or is of no known operation.")
    if len({(one.uid, one.currency) for one in expected}) < len(expected):
        raise CannotBook("The report lists the same player more than once.")
    if len(expected) > 1 and not is_of_several:
        raise CannotBook("The report lists several players for an operation that has one.")
    if any(
        (kind is Kind.BET and one.credit) or (kind is Kind.REWARD and one.debit) for one in expected
    ):
        raise CannotBook("The report has a bet that gives money, or a reward that takes some.")
    return Instruction(
        provider=provider,
        transaction_id=first.transaction_id,
        kind=kind,
        movements=tuple(
            Movement(uid=one.uid, currency=one.currency, debit=one.debit, credit=one.credit)
            for one in expected
        ),
        reference=first.reference,
        round_id=first.round_id,
        stake=first.debit if kind is Kind.BET else None,
        settles=settles,
        occurred_at=first.occurred_at,
    )
