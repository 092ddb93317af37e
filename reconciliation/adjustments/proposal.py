"""What an adjustment would do, as a value: ids, movements, and the seal of what people agree to."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from reconciliation.models import AdjustmentKind
from wallets import money
from wallets.instructions import Instruction, Movement
from wallets.models import Transaction

Moves = dict[tuple[str, str], tuple[Decimal, Decimal]]  # (uid, currency) -> debit, credit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be booked, or `refused`: why it can't be. `reverses` is taken back before.

    `source` says where it was read, for people.
    """

    kind: AdjustmentKind
    provider: str = ""
    transaction_id: str = ""
    reverses: Transaction | None = None
    instructions: tuple[Instruction, ...] = ()
    source: str = ""
    refused: str = ""
    booked: Moves = field(default_factory=dict)

    @property
    def asked(self) -> Moves:
        """What the new instructions move."""
        return added((m.uid, m.currency, m.debit, m.credit) for m in self._movements())

    @property
    def moves(self) -> Moves:
        """What each wallet loses and gains in the end."""
        back = [(*wallet, credit, debit) for wallet, (debit, credit) in self.booked.items()]
        asked = [(*wallet, debit, credit) for wallet, (debit, credit) in self.asked.items()]
        return added([*back, *asked])

    @property
    def as_json(self) -> list[dict[str, str]]:
        """`moves` as it is kept: exact texts."""
        return [
            {
                "uid": uid,
                "currency": currency,
                "debit": money.plain(debit),
                "credit": money.plain(credit),
            }
            for (uid, currency), (debit, credit) in self.moves.items()
        ]

    @property
    def seal(self) -> str:
        """What a person has agreed to: the same ids, the same money."""
        lines = [self.kind.value, self.provider, self.transaction_id]
        if self.reverses is not None:
            lines.append(f"{self.reverses.pk} {bytes(self.reverses.terms).hex()}")
        lines += [
            f"{one.transaction_id} {one.kind} {one.terms.hex()} {sorted(one.settles)}"
            for one in self.instructions
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _movements(self) -> Iterable[Movement]:
        return (movement for one in self.instructions for movement in one.movements)


def added(rows: Iterable[tuple[str, str, Decimal, Decimal]]) -> Moves:
    """(uid, currency, debit, credit), added up by wallet."""
    total: Moves = {}
    with localcontext(money.EXACT):
        for uid, currency, debit, credit in rows:
            before = total.get((uid, currency), (money.ZERO, money.ZERO))
            total[uid, currency] = before[0] + debit, before[1] + credit
    return total


def net(moves: Sequence[dict[str, Any]]) -> dict[str, Decimal]:
    """Of kept moves: currency -> how much all wallets change, each by its difference."""
    total: dict[str, Decimal] = {}
    with localcontext(money.EXACT):
        for move in moves:
            change = abs(Decimal(move["credit"]) - Decimal(move["debit"]))
            total[move["currency"]] = total.get(move["currency"], money.ZERO) + change
    return total
