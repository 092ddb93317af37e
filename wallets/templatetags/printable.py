"""For templates that are not ours: text of others with nothing hidden in it."""

from django import template

from wallets import text

register = template.Library()


@register.filter
def printable(value: object) -> str:
    """`value` with every character spelled out that would hide or reorder something."""
    return text.printable(str(value))
