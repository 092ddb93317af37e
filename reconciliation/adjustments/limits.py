"""Up to which amount somebody may approve, in each currency: what one of their groups allows.

A superuser sets the limits and has none. Amounts of different currencies are never added.
"""

from collections.abc import Mapping
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Max

from reconciliation.models import AdjustmentLimit


def exceeded(by: User, amounts: Mapping[str, Decimal]) -> tuple[str, Decimal | None] | None:
    """The first currency whose amount is more than `by` may approve, with what they may: None
    where no group of theirs has a limit in it. None if nothing is exceeded."""
    if by.is_superuser:
        return None
    allowed = of(by)
    for currency, amount in sorted(amounts.items()):
        if currency not in allowed or amount > allowed[currency]:
            return currency, allowed.get(currency)
    return None


def of(by: User) -> dict[str, Decimal]:
    """Currency -> the highest limit of their groups."""
    rows = AdjustmentLimit.objects.filter(group__in=by.groups.all())
    return dict(rows.values_list("currency").annotate(Max("amount")))
