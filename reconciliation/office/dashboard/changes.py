"""How a number changed against the same part of the day before, and shares, in words."""

from decimal import Decimal

from wallets import pages

NEW = "none the day before"
MOST = 10  # Times as much: beyond that a percentage is no help.


def amount(now: Decimal, then: Decimal | None) -> str:
    """`+12.3 %, 1,100.00 before`, where a share can be told; "" where there is no day before."""
    return "" if then is None else _change(now, then, pages.amount(then))


def count(now: int, then: int | None) -> str:
    return "" if then is None else _change(Decimal(now), Decimal(then), f"{then:,}")


def _change(now: Decimal, then: Decimal, told: str) -> str:
    if not then:
        return NEW if now else ""
    # Of something below nothing there is no share, and one of next to nothing says nothing.
    if now < 0 or then < 0 or now > then * MOST:
        return f"{told} before"
    return f"{(now - then) / then * 100:+,.1f} %, {told} before"


def share(part: int, whole: int) -> str:
    """In percent, with one decimal; what is there is never called 0, nor all what isn't."""
    if not whole:
        return pages.NOTHING
    thousandths = round(part * 1_000 / whole)
    if part and not thousandths:
        return "< 0.1 %"
    if part < whole and thousandths == 1_000:
        return "> 99.9 %"
    return f"{thousandths / 10:.1f} %"
