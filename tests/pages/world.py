"""Rows of every table, full of what a hostile player, provider or file could write into them."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from providers.models import Callback, Outcome, Unauthentic
from reconciliation.matching import matching
from reconciliation.models import (
    Adjustment,
    AdjustmentLimit,
    Case,
    Export,
    Layout,
    Line,
    Statement,
    StatementFormat,
    Total,
)
from tests.cast import Books, instruction, post

SCRIPT = "<script>window.pwned=1</script>"
IMAGE = "\"'><img src=x onerror=window.pwned=2>"
HIDDEN = "\u202egnp.exe\u2066\u200b\u2028\ufeff\xad\U000e0041"
FLOOD = "Z" + "\u0301" * 300
EMOJI = "\U0001f3b0\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e6\U0001f1f9"
BELL = "\x07\x1b[31m\x85"  # As near to NUL as the database comes.
LONG = "W" * 10_000
WIDE = "\ufdfd" * 60  # One of these is as wide as a word.

# Where a column allows everything, and where it has to be printable for the books.
ANY = f"{IMAGE}{SCRIPT}{HIDDEN}{FLOOD}{EMOJI}{BELL}{WIDE}{LONG}"
BOOKED = f"{IMAGE}{HIDDEN}{EMOJI}{SCRIPT}{FLOOD}{WIDE}{LONG}"
FORMULA = '=HYPERLINK("http://192.0.2.1","x")'


def fill(books: Books, boss: User) -> None:
    """One of everything."""
    uid = f"{IMAGE}\u202e{EMOJI}"[:64]
    books.open(uid, "USD", "1000")
    books.open(FORMULA[:64], "USD", "5")
    booked = instruction(
        BOOKED[:120],
        (uid, "USD", "1", "2.5"),
        provider="jdb",
        round_id=ANY[:128],
        game=ANY[:128],
        stake=Decimal(1),
        details={ANY[:500]: ANY},
        settles=(f"bet:{BOOKED[:100]}",),
        occurred_at=timezone.now(),
    )
    post(booked, instruction("1", (FORMULA[:64], "USD", "0", "1"), provider="jdb"))
    _deliveries(booked.transaction_id)
    case = _cases(uid, boss)
    _office(case, uid, boss)
    _statement(booked.transaction_id, uid, boss)


def _deliveries(transaction_id: str) -> None:
    at = timezone.now()
    for outcome in (Outcome.POSTED, Outcome.CONFLICT, Outcome.FAILED):
        Callback.objects.create(
            delivery_id=uuid.uuid4(),
            provider="jdb",
            operation=ANY[:32],
            transaction_id=transaction_id,
            received_at=at,
            decided_at=at,
            address="192.0.2.9",
            headers={SCRIPT: ANY, HIDDEN + "name": [ANY], "cookie": IMAGE},
            body=ANY.encode(),
            unwrapped=json.dumps({ANY[:300]: ANY, "nested": [{"x": ANY}] * 3}).encode(),
            outcome=outcome,
            reason=f"Traceback\n  {ANY}\nRuntimeError: {ANY}",
            reply_status=200,
            reply=ANY.encode(),
            terms=b"\x00" * 32,
        )
    Unauthentic.objects.create(
        provider="jdb", address="192.0.2.9", minute=at, reason=ANY, sample=ANY.encode()
    )


def _cases(uid: str, boss: User) -> Case:
    made: dict[str, Any] = {
        "provider": "jdb",
        "operation": ANY[:32],
        "reference": ANY[:128],
        "player": uid,
        "amount": Decimal("12.5"),
        "currency": "USD",
        "reason": f"RuntimeError: {ANY}",
        "attempts": 3,
        "first_at": timezone.now(),
        "last_at": timezone.now(),
        "owner": boss,
        "notes": ANY,
        "tickets": ANY[:200],
        "opened_at": timezone.now(),
    }
    for kind in ("unsettled", "conflict", "dispute", "outage"):
        case = Case(kind=kind, subject=f"settle:{ANY}"[:200], **made)
        case._change_reason = ANY  # type: ignore[attr-defined]
        case.save()
    return case


def _office(case: Case, uid: str, boss: User) -> None:
    at = timezone.now()
    Adjustment.objects.create(
        kind="free",
        case=case,
        provider="house",
        transaction_id=f"adjustment:{ANY}"[:200],
        moves=[{"uid": uid, "currency": "USD", "debit": "0", "credit": "12.5"}],
        seal="x",
        seen="x",
        why="other",
        text=ANY,
        requested_by=boss,
        requested_at=at,
        expires_at=at + timedelta(days=1),
    )
    group = Group.objects.create(name=f"{IMAGE}{SCRIPT}")
    AdjustmentLimit.objects.create(group=group, currency="USD", amount=Decimal(10))
    Export.objects.create(
        what="cases",
        filters={ANY[:300]: ANY},
        file_name=ANY[:200],
        rows=1,
        size=1,
        sha256="0" * 64,
        exported_at=at,
        exported_by=boss,
    )


def _statement(transaction_id: str, uid: str, boss: User) -> None:
    at = timezone.now()
    read = StatementFormat.objects.create(
        name="hostile",
        protocol="jdb",
        layout=Layout.REPORT,
        columns={"reference": ANY},
        constants={"operation": ANY},
    )
    made: dict[str, Any] = {
        "provider": "jdb",
        "file_name": ANY[:200],
        "size": 1,
        "start_at": at - timedelta(hours=12),
        "end_at": at + timedelta(hours=12),
        "rows": 3,
        "rejected": 1,
        "imported_at": at,
        "imported_by": boss,
    }
    listed = Statement.objects.create(format=read, sha256="1", **made)
    row = json.dumps({ANY[:300]: ANY, **{f"{SCRIPT}{n}": IMAGE for n in range(30)}})
    for number, (key, credit) in enumerate([(transaction_id, "9"), (f"settle:{ANY}"[:200], "1")]):
        Line.objects.create(
            statement=listed,
            number=number + 2,
            transaction_id=key,
            uid=uid,
            currency="USD",
            debit=Decimal(1),
            credit=Decimal(credit),
            round_id=ANY[:128],
            occurred_at=at,
            original=row,
        )
    Line.objects.create(statement=listed, number=9, original=ANY, error=ANY)
    matching.match(listed, at=at)
    totals = StatementFormat.objects.create(name="summed-up", layout=Layout.TOTALS)
    summed = Statement.objects.create(format=totals, sha256="2", **made)
    Total.objects.create(
        statement=summed, number=2, uid=uid, currency="USD", operation=ANY[:32], net=1, original=row
    )
