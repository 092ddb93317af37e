"""Who is told of a case, and when: by mail and by a signed webhook, once for each thing to tell.

What is to be told stands on the case, written with the change that caused it; Celery sends it
later, so no callback ever waits for a mail server. Cases of one provider about which the same is
to be told are one message.
"""

import hashlib
import hmac
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice

import urllib3
from django.conf import settings
from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models import Case as Cond
from django.db.models import F, Value, When

from reconciliation.models import Case, CaseKind, CaseStatus, Resend, Resolution
from wallets import money

BATCH = 1_000
LISTED = 20
TIME_OUT = 10.0
BY_ITSELF = frozenset({Resolution.HEALED, Resolution.REPLAYED, Resolution.VOID})

log = logging.getLogger("cage.alerts")
http = urllib3.PoolManager(timeout=TIME_OUT, retries=False)


class Event(StrEnum):
    """What is told."""

    CONFLICT = "conflict"
    VOID_RISK = "void_risk"
    OUTAGE = "outage"
    OVERDUE = "overdue"
    OPENED = "opened"
    CLOSED = "closed"

    @property
    def sentence(self) -> str:
        return {
            "conflict": "came again with other terms than are booked",
            "void_risk": "paid here, and void on the provider's side",
            "outage": "answered without a decision for a while",
            "overdue": "not settled, and not sent again any more",
            "opened": "not settled, above the threshold of the currency",
            "closed": "closed by itself; you had taken it",
        }[self.value]


AT_ONCE = {
    CaseKind.CONFLICT: Event.CONFLICT,
    CaseKind.VOID_RISK: Event.VOID_RISK,
    CaseKind.OUTAGE: Event.OUTAGE,
}


def mark(case: Case) -> None:
    """Note on `case`, before it is written, what is to be told of it as it is now."""
    event = _event(case)
    if event is not None and event.value not in case.alerted:
        case.alert = event.value


def send(*, at: datetime) -> int:
    """Tell what is to be told; how many cases. What can't be sent stays for the next time."""
    with transaction.atomic(durable=True):
        # One sender at a time, and no case is locked while a mail server takes its time.
        if not _is_only_sender():
            return 0
        waiting = Case.objects.exclude(alert="").select_related("owner").order_by("id")
        groups: defaultdict[tuple[str, str, int | None, bool], list[Case]] = defaultdict(list)
        for case in waiting[:BATCH]:
            owner = case.owner_id if case.alert == Event.CLOSED else None
            groups[case.alert, case.provider, owner, _mailed(case) in case.alerted].append(case)
        told = [case for group in groups.values() if _tell(group, at) for case in group]
        for case in told:
            # What is to be told of it by now, if that is something else, stays.
            Case.objects.filter(pk=case.pk).update(
                alerted=[*(one for one in case.alerted if one != _mailed(case)), case.alert],
                alert=Cond(When(alert=case.alert, then=Value("")), default=F("alert")),
            )
    return len(told)


def _is_only_sender() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('cage_alerts'))")
        return bool(cursor.fetchone()[0])


def _event(case: Case) -> Event | None:
    if case.status == CaseStatus.CLOSED:
        told = case.owner_id is not None and case.resolution in BY_ITSELF
        return Event.CLOSED if told else None
    if case.kind in AT_ONCE:
        return AT_ONCE[CaseKind(case.kind)]
    if case.resend == Resend.OVERDUE:
        return Event.OVERDUE
    threshold = settings.ALERT_THRESHOLDS.get(case.currency)
    large = threshold is not None and case.amount is not None
    return Event.OPENED if large and case.amount >= Decimal(threshold) else None


def _tell(group: Sequence[Case], at: datetime) -> bool:
    """One message about cases of which the same is to be told; False where it did not get out."""
    event = Event(group[0].alert)
    one = f"{group[0].provider} {group[0].subject}".strip()
    who = one if len(group) == 1 else f"{group[0].provider}, {len(group)} cases"
    subject = f"Cage: {who}: {event.sentence}"
    try:
        to = _receivers(group, event)
        if to and _mailed(group[0]) not in group[0].alerted:
            send_mail(subject, "\n".join(_lines(group)), None, to)
            for case in group:  # Whatever the webhook does, one mail is enough.
                case.alerted = [*case.alerted, _mailed(case)]
                Case.objects.filter(pk=case.pk).update(alerted=case.alerted)
        if settings.ALERT_WEBHOOK_URL and event is not Event.CLOSED:
            _post(event, subject, group, at)
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        log.warning("an alert could not be sent: %s", error)
        return False
    return True


def _mailed(case: Case) -> str:
    """What stands in `alerted` between the mail and the webhook."""
    return f"{case.alert} by mail"


def _receivers(group: Sequence[Case], event: Event) -> list[str]:
    if event is not Event.CLOSED:
        return list(settings.ALERT_EMAILS)
    owner = group[0].owner
    return [owner.email] if owner is not None and owner.email else []


def _lines(group: Iterable[Case]) -> list[str]:
    """The first of them, one line each; no sums, they may be of several currencies."""
    shown = list(islice(group, LISTED))
    lines = [
        f"{case.provider} {case.subject} {case.player} {_amount(case)} {case.reason}".strip()
        for case in shown
    ]
    return [*lines, "..."] if len(shown) == LISTED else lines


def _amount(case: Case) -> str:
    return "" if case.amount is None else f"{money.plain(case.amount)} {case.currency}"


def _post(event: Event, subject: str, group: Sequence[Case], at: datetime) -> None:
    """JSON, signed: `Cage-Signature` is the hex HMAC-SHA256 of the body."""
    body = json.dumps(
        {
            "event": event.value,
            "sentence": subject,
            "at": at.isoformat(),
            "count": len(group),
            "cases": [
                {
                    "id": case.pk,
                    "kind": case.kind,
                    "provider": case.provider,
                    "subject": case.subject,
                    "player": case.player,
                    "amount": None if case.amount is None else money.plain(case.amount),
                    "currency": case.currency,
                    "reason": case.reason,
                }
                for case in islice(group, LISTED)
            ],
        }
    ).encode()
    key = settings.ALERT_WEBHOOK_SECRET.encode()
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Cage-Signature": signature}
    response = http.request("POST", settings.ALERT_WEBHOOK_URL, body=body, headers=headers)
    if response.status >= 300:
        raise urllib3.exceptions.HTTPError(f"the webhook answered {response.status}")
