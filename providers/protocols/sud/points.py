"""SUD's points as money: whole numbers without a currency, worth what is configured."""

from dataclasses import dataclass
from decimal import Decimal

from providers.protocols import amounts
from wallets import money
from wallets.instructions import Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What one provider's points are: `factor` of `currency` each."""

    provider: str
    currency: str
    factor: Decimal

    def amount(self, points: int, *, field: str) -> Decimal:
        """So many points as money, signed. Raises Malformed."""
        return amounts.in_currency(Decimal(points), factor=self.factor, field=field)

    def change(self, uid: str, points: int, *, field: str) -> Movement:
        """The player gains `points`, or loses them where they are below 0. Raises Malformed."""
        amount = self.amount(points, field=field)
        return Movement(
            uid=uid,
            currency=self.currency,
            debit=amount.copy_abs() if amount < 0 else money.ZERO,
            credit=amount if amount > 0 else money.ZERO,
        )

    def shown(self, balance: Decimal) -> bytes:
        """A balance as whole points: what is left between two points isn't told."""
        return amounts.shown(balance, decimals=0, factor=self.factor).encode()
