"""Figures of a table whose heading names the currency."""

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from wallets import pages


def figure(value: Decimal | None) -> SafeString:
    """An amount without its currency."""
    if value is None:
        return pages.money(None)
    tone = "" if value else " cage-zero"
    return format_html('<span class="cage-money{}">{}</span>', tone, pages.amount(value))


def counted(value: int | None) -> SafeString:
    if value is None:
        return pages.money(None)
    return format_html('<span class="cage-money">{}</span>', f"{value:,}")


def signed(value: Decimal | None, *, places: int = 2) -> SafeString:
    """A difference: in red with its sign, and faint where there is none."""
    if value is None:
        return pages.money(None)
    text = pages.amount(value) if places else f"{value:,f}"
    if not value:
        return format_html('<span class="cage-money cage-zero">{}</span>', text)
    sign = "+" if value > 0 else ""
    return format_html('<span class="cage-money cage-is-bad">{}{}</span>', sign, text)
