"""What the books' columns have in common."""

from decimal import Decimal

from django.db import models

from wallets.money import DECIMALS, DIGITS, LARGEST

# In PostgreSQL NaN is greater than every number, so an upper bound is what keeps it out.
AMOUNT_RANGE = (Decimal(0), LARGEST)


class Money(models.DecimalField):  # type: ignore[type-arg]  # generic in the stubs only
    """NUMERIC(28, 8); the unit is the wallet's currency."""

    def __init__(self, **options: object) -> None:
        options.update(max_digits=DIGITS, decimal_places=DECIMALS)
        super().__init__(**options)  # type: ignore[arg-type]
