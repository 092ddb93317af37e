"""Exact amounts: what a money column holds, and arithmetic that raises before it rounds."""

from decimal import (
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
)

DIGITS = 28
DECIMALS = 8
LARGEST = Decimal("99999999999999999999.99999999")
ZERO = Decimal(0)
UNIT = Decimal("0.00000001")

EXACT = Context(
    prec=DIGITS + 12,
    traps=[DivisionByZero, Inexact, InvalidOperation, Overflow, Rounded],
)


def fits(amount: Decimal) -> bool:
    """True if `amount` is 0 or more and a money column holds it without rounding."""
    if not amount.is_finite() or not ZERO <= amount <= LARGEST:
        return False
    try:
        amount.quantize(UNIT, context=EXACT)
    except DecimalException:
        return False
    return True


def plain(amount: Decimal) -> str:
    """`amount` in its one canonical spelling: no exponent, no trailing zeros, as PostgreSQL's
    `trim_scale(amount)::text` spells it."""
    text = f"{amount or ZERO:f}"  # -0 is 0.
    return text.rstrip("0").rstrip(".") if "." in text else text
