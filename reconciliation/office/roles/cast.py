"""The staff of a demo: one login for each role."""

from decimal import Decimal

from django.contrib.auth.models import Group, User

from reconciliation.models import AdjustmentLimit
from reconciliation.office.roles import table

LIMIT = Decimal(1_000)
CURRENCIES = ("USD", "CNY", "THB", "COIN")


def hire(password: str) -> list[str]:
    """Make the logins that are missing, named as their roles; return all their names.

    Somebody who is there keeps their password and groups. Approver gets limits where it has none,
    so that somebody can approve something.
    """
    names = []
    for role in table.ROLES.values():
        name = role.name.lower()
        names.append(name)
        group = Group.objects.filter(name=role.name).first()
        if group is not None and not User.objects.filter(username=name).exists():
            user = User.objects.create_user(name, password=password, is_staff=True)
            user.groups.add(group)
    _let_approve()
    return names


def _let_approve() -> None:
    group = Group.objects.filter(name=table.APPROVER.name).first()
    if group is None or AdjustmentLimit.objects.filter(group=group).exists():
        return
    for currency in CURRENCIES:
        AdjustmentLimit.objects.create(group=group, currency=currency, amount=LIMIT)
