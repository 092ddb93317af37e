"""Cases as they are kept, and what is posted about many of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from reconciliation import cases
from reconciliation.models import Case
from reconciliation.office.work import many_desk
from tests.staff import Staff

LIST = "reconciliation/case/"


def keep(reference: str, *, at: datetime | None = None, **changes: Any) -> Case:
    """An unsettled case of jdb that nothing is expected of any more."""
    now = at or timezone.now()
    fields: dict[str, Any] = {
        "kind": "unsettled",
        "provider": "jdb",
        "subject": f"settle:{reference}",
        "reference": reference,
        "player": "alice",
        "amount": Decimal("12.5"),
        "currency": "USD",
        "reason": "UnknownPlayer: No such player.",
        "attempts": 1,
        "opened_at": now,
    }
    case = Case(**{**fields, **changes})
    cases.write([case], [], "A delivery that did not go smoothly.", at=now)
    return Case.objects.get(subject=case.subject, kind=case.kind)


def tick(who: Staff, action: str, *shown: Case, path: str = LIST) -> Any:
    """What the list's form sends: the cases as they were when it was shown."""
    form = {
        "action": f"{action}_many",
        "_selected_action": [str(case.pk) for case in shown],
        "seen": [many_desk.stamped(case) for case in shown],
    }
    return who.answer("post", path, form)


def confirm(who: Staff, slug: str, *shown: Case, **form: str) -> Any:
    """What the page between sends."""
    seen = [many_desk.stamped(case) for case in shown]
    return who.answer("post", f"{LIST}many/{slug}/", {"seen": seen, **form})
