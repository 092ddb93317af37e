"""Amounts as providers write them, read exactly, and balances as providers are shown them.

Decimal alone would accept `NaN`, `1_000` and other scripts' digits; a money column would take
none of them. So the text must look like a decimal number before it becomes one. Nothing here
depends on the thread's decimal context.
"""

import math
import re
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from providers.protocols.base import Malformed
from wallets import money

LONGEST = 40
INTEGER_DIGITS = 18
# A double holds every decimal of 15 significant digits, and no more for certain. Whoever prints
# one so that it can be read back writes up to 17: noise is a number of 16 or 17 digits.
CERTAIN_DIGITS = 15
PRINTED_DIGITS = 17
ONE = Decimal(1)

NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
TEXT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)

# Wide enough that nothing of LONGEST characters and a two-digit exponent is ever rounded in it.
TRAPS = [DivisionByZero, InvalidOperation, Overflow]
WIDE = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=TRAPS)
TRUNCATING = Context(prec=200, rounding=ROUND_DOWN, traps=TRAPS)


def from_number(token: bytes, *, decimals: int, field: str) -> Decimal:
    """The value of a JSON number token, signed, with at most `decimals` decimals.

    A double that differs from such a decimal by binary noise only (0.30000000000000004) is that
    decimal. An exponent is a number's own spelling (Java writes ten million as 1.0E7) and fine.
    Raises Malformed.
    """
    if len(token) > LONGEST or not NUMBER.fullmatch(token):
        raise Malformed(f"{field} is not a decimal number")
    value = Decimal(token.decode())
    short = _short(value, decimals, field)
    if short != value and not _is_noise(value, short):
        raise Malformed(f"{field} has more than {decimals} decimals")
    return short


def from_text(text: str, *, decimals: int, field: str) -> Decimal:
    """The value of a decimal number in a JSON string: plain digits, no exponent, no spaces.

    Raises Malformed.
    """
    if len(text) > LONGEST or not TEXT.fullmatch(text):
        raise Malformed(f"{field} is not a decimal number")
    value = Decimal(text)
    short = _short(value, decimals, field)
    if short != value:
        raise Malformed(f"{field} has more than {decimals} decimals")
    return short


def not_negative(value: Decimal, *, field: str) -> Decimal:
    """`value`, or Malformed if it is below 0."""
    if value < 0:
        raise Malformed(f"{field} is negative")
    return value


def in_currency(value: Decimal, *, factor: Decimal, field: str) -> Decimal:
    """`value` of the provider's units as money: times `factor`, exactly. Signed.

    Raises Malformed if a money column doesn't hold the product without rounding.
    """
    product = WIDE.multiply(value, factor)
    try:
        held = money.fits(product.copy_abs())
    except DecimalException:
        held = False
    if not held:
        raise Malformed(f"{field} is not an amount that a wallet can hold")
    return product


def stated(text: str, *, decimals: int, factor: Decimal = ONE) -> Decimal | None:
    """An amount that only informs (a stake beside a settlement); None if it isn't a usable one."""
    try:
        value = from_number(text.encode(), decimals=decimals, field="")
        amount = in_currency(value, factor=factor, field="")
    except Malformed:
        return None
    return None if amount < 0 else amount


def shown(balance: Decimal, *, decimals: int, factor: Decimal = ONE) -> str:
    """A balance as a player sees it, in units of `factor`: exactly `decimals` decimals,
    truncated, never rounded up."""
    units = TRUNCATING.divide(balance, factor)
    return f"{units.quantize(_unit(decimals), context=TRUNCATING):f}"


def is_factor(factor: Decimal) -> bool:
    """True if `factor` can turn a provider's units into money: above 0 and itself an amount."""
    try:
        return factor > 0 and money.fits(factor)
    except DecimalException:  # NaN, or more digits than any amount has.
        return False


def _unit(decimals: int) -> Decimal:
    return ONE.scaleb(-decimals, context=WIDE)


def _short(value: Decimal, decimals: int, field: str) -> Decimal:
    """`value` rounded to `decimals`; 0 instead of -0."""
    if value and value.adjusted() >= INTEGER_DIGITS:
        raise Malformed(f"{field} is too large")
    short = value.quantize(_unit(decimals), context=WIDE)
    return short or short.copy_abs()


def _is_noise(value: Decimal, short: Decimal) -> bool:
    """True if `value` is what double arithmetic makes of the decimal `short`."""
    if not CERTAIN_DIGITS < _digits(value) <= PRINTED_DIGITS or _digits(short) > CERTAIN_DIGITS:
        return False
    # Below 1 the noise is that of the larger numbers it was computed from: 0.3 - 0.2 - 0.1.
    size = max(1.0, abs(float(short)))
    return WIDE.subtract(value, short).copy_abs() <= Decimal(4 * math.ulp(size))


def _digits(value: Decimal) -> int:
    """How many significant digits `value` has."""
    return len(value.normalize(WIDE).as_tuple().digits)
