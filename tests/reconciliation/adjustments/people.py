"""Two people of finance, what they may, and what they do."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from reconciliation import cases
from reconciliation.adjustments import asking, deciding, proposals
from reconciliation.models import Adjustment, AdjustmentKind, AdjustmentLimit, Case, Why
from tests.providers import senders
from tests.providers.senders import Heard, altered, send

SETTLE = senders.verbatim("jdb", "settle")
PAY, REVERSE, CORRECT = AdjustmentKind.PAY, AdjustmentKind.REVERSE, AdjustmentKind.CORRECT


def person(name: str, permission: str, **limits: str) -> User:
    """One of a group that may do this, up to these amounts."""
    group = Group.objects.create(name=f"{name}'s")
    group.permissions.add(Permission.objects.get(codename=permission))
    for currency, amount in limits.items():
        AdjustmentLimit.objects.create(group=group, currency=currency, amount=Decimal(amount))
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(group)
    return user


def finance(name: str = "fay") -> User:
    return person(name, "request_adjustment")


def approver(name: str = "ann", **limits: str) -> User:
    return person(name, "approve_adjustment", **(limits or {"USD": "1000"}))


def settle(amount: float = 25, uid: str = "alice", **changes: Any) -> Heard:
    ts = int(timezone.now().timestamp() * 1000)
    return send(senders.jdb(altered(SETTLE, ts=ts, uid=uid, amount=amount, **changes)))


def bookkeeping() -> None:
    cases.update(at=timezone.now())


def case(kind: str) -> Case:
    bookkeeping()
    return Case.objects.get(kind=kind)


def ask(about: Case, kind: AdjustmentKind, by: User, *, at: datetime | None = None) -> Adjustment:
    return asking.request(
        about.pk,
        kind,
        seal=proposals.of(about, kind).seal,
        why=Why.UNREPORTED,
        text="Their statement has it.",
        by=by,
        at=at or timezone.now(),
    )


def approve(asked: Adjustment, by: User, *, later: timedelta = timedelta(0)) -> Adjustment:
    return deciding.approve(
        asked.pk, seal=asked.seal, text="Checked.", by=by, at=timezone.now() + later
    )
