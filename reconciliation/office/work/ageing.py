"""How long a case has needed a person: in words first, the colour only repeats them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from reconciliation import wording, words
from reconciliation.models import Case, CaseKind, CaseStatus, Resend


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """A word for it, the sentence behind the word, and how long it is in words."""

    value: str
    label: str
    sentence: str
    span: str = ""


TONES = {"fresh": "plain", "older": "warning", "old": "bad"}


def of(case: Case, *, at: datetime) -> Age | None:
    """None where nobody is needed: it heals by itself, was put off, or is closed."""
    since = needs_since(case, at=at)
    if since is None:
        return None
    age = max(at - since, timedelta(0))
    fresh, older = settings.CASE_AGES
    span = words.span(age)
    if age < fresh:
        return Age(
            value="fresh",
            label="Fresh",
            sentence=f"It has needed a person for less than {words.span(fresh)}.",
            span=span,
        )
    if age < older:
        return Age(
            value="older",
            label="Older",
            sentence=f"It has needed a person for more than {words.span(fresh)}.",
            span=span,
        )
    return Age(
        value="old",
        label="Old",
        sentence=f"It has needed a person for more than {words.span(older)}.",
        span=span,
    )


def needs_since(case: Case, *, at: datetime) -> datetime | None:
    """When it came to need a person: when it was opened, when the provider stopped sending it, or
    on the day to which it was put off, whichever was last."""
    if case.status == CaseStatus.CLOSED:
        return None
    since = case.opened_at
    if case.kind == CaseKind.UNSETTLED:
        state = wording.resend(case, at=at)
        if state is Resend.EXPECTED:
            return None
        stopped = case.silent_at if state is Resend.SILENT else _stopped(case)
        since = max(since, stopped) if stopped is not None else since
    if case.status == CaseStatus.WAITING and case.follow_up_on is not None:
        again = timezone.make_aware(datetime.combine(case.follow_up_on, time.min))
        if again > at:
            return None
        since = max(since, again)
    return since


def _stopped(case: Case) -> datetime | None:
    """When an overdue one fell silent, or its time was over."""
    moments = [moment for moment in (case.silent_at, case.due_at) if moment is not None]
    return min(moments, default=None)
