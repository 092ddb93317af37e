"""Where the trail comes from: each table, by what its rows are found, and how they are told.

Each is read by an index of its time, so a page costs the same however long the trail is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db.models import Model, Q, QuerySet

from providers.models import Pruned
from reconciliation.models import (
    Adjustment,
    AdjustmentLimit,
    Case,
    Export,
    Statement,
    StatementFormat,
)
from reconciliation.office.trail import histories, logins, plain
from reconciliation.office.trail.records import Asked, Record
from wallets.models import Player, Wallet

Rows = QuerySet[Any]
Tell = Callable[[list[Any]], Iterable[Record]]

# The kinds of thing in Django's log, and which of them have a history that says more.
LOGGED: Mapping[str, type[Model]] = {
    "statements": Statement,
    "wallets": Wallet,
    "players": Player,
    "users": User,
    "groups": Group,
    "limits": AdjustmentLimit,
    "formats": StatementFormat,
}
TOLD_BY_HISTORY = ("players", "users", "groups", "limits", "formats")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`kind` is empty for Django's log, which has several; `person` where none of the staff did it.
    `person` and `text` are the fields that
    are filtered by; `limit` leaves out what is nobody's doing, or told by another source."""

    kind: str
    model: type[Model]
    time: str
    person: str
    text: tuple[str, ...]
    tell: Tell
    limit: Q = field(default_factory=Q)

    def rows(self, asked: Asked) -> Rows:
        """All that is asked for, in no order."""
        rows = self.model._default_manager.filter(self.limit)
        if asked.kind:
            rows = self._of_kind(rows, asked.kind)
        if asked.person:
            rows = self._of_person(rows, asked)
        if asked.begins is not None:
            rows = rows.filter(**{f"{self.time}__gte": asked.begins})
        if asked.ends is not None:
            rows = rows.filter(**{f"{self.time}__lt": asked.ends})
        return rows.filter(self._holds(asked.text)) if asked.text else rows

    def _of_kind(self, rows: Rows, kind: str) -> Rows:
        if self.kind:
            return rows if self.kind == kind else rows.none()
        return rows.filter(of(LOGGED[kind])) if kind in LOGGED else rows.none()

    def _of_person(self, rows: Rows, asked: Asked) -> Rows:
        if not self.person:
            return rows.none()
        if self.person == "username":
            return rows.filter(username=asked.person)
        return rows.filter(**{self.person: asked.user}) if asked.user else rows.none()

    def _holds(self, text: str) -> Q:
        found = Q()
        for name in self.text:
            found |= Q(**{f"{name}__icontains": text})
        return found


def of(model: type[Model]) -> Q:
    """The rows of Django's log about `model`."""
    options = model._meta
    return Q(content_type__app_label=options.app_label, content_type__model=options.model_name)


def _told_by_history() -> Q:
    """What the log says of things with a history, but for passwords, which no history holds."""
    about = Q()
    for kind in TOLD_BY_HISTORY:
        about |= of(LOGGED[kind])
    return about & ~Q(change_message__icontains="password")


def _history(kind: str, model: type[Model], *text: str, by_people: bool = False) -> Source:
    history = model.history.model  # type: ignore[attr-defined]
    return Source(
        kind=kind,
        model=history,
        time="history_date",
        person="history_user",
        text=("history_change_reason", *text),
        tell=histories.TOLD[kind],
        limit=Q(history_user__isnull=False) if by_people else Q(),
    )


LOG = Source(
    kind="",
    model=LogEntry,
    time="action_time",
    person="user",
    text=("object_repr", "change_message"),
    tell=plain.logged,
    limit=~_told_by_history(),
)
OURS = (
    LOG,
    # What the bookkeeping does with them by itself stands on their own pages.
    _history("cases", Case, "subject", "player", "notes", "tickets", by_people=True),
    _history("adjustments", Adjustment, "transaction_id", "text", "decision", by_people=True),
    _history("limits", AdjustmentLimit, "currency", "group__name"),
    _history("formats", StatementFormat, "name"),
    _history("players", Player, "uid"),
    _history("users", User, "username", "email", "first_name", "last_name"),
    _history("groups", Group, "name"),
    Source(
        kind="exports",
        model=Export,
        time="exported_at",
        person="exported_by",
        text=("file_name", "what"),
        tell=plain.exported,
    ),
    # By whoever had the owner's password; that is nobody of the staff's.
    Source(
        kind="callbacks",
        model=Pruned,
        time="pruned_at",
        person="",
        text=("pruned_by",),
        tell=plain.pruned,
    ),
)


def all_of_them() -> tuple[Source, ...]:
    """Ours, and where django-axes is installed its logins, failures and lock-outs."""
    if not apps.is_installed("axes"):
        return OURS
    # The log of failures has a row of each; without it there is one that counts.
    is_kept = getattr(settings, "AXES_ENABLE_ACCESS_FAILURE_LOG", False)
    failures = "AccessFailureLog" if is_kept else "AccessAttempt"
    return (*OURS, _axes("AccessLog", logins.came_in), _axes(failures, logins.failed))


def _axes(model: str, tell: Tell) -> Source:
    return Source(
        kind="logins",
        model=apps.get_model("axes", model),
        time="attempt_time",
        person="username",
        text=("username", "ip_address"),
        tell=tell,
    )
