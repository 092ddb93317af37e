"""Histories told as sentences: what somebody did to a thing, and which fields became what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import NoReverseMatch, reverse

from reconciliation.models import AdjustmentKind, AdjustmentStatus, CaseKind, Resolution
from reconciliation.office.trail import changes
from reconciliation.office.trail.changes import Step
from reconciliation.office.trail.records import Record

MADE, DELETED = "+", "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """How the history of one model is told. `fields` are those whose change is shown."""

    kind: str
    fields: tuple[str, ...]
    what: Callable[[Step], str]
    named: Callable[[Any], str]
    why: Callable[[Step], str]
    many: str = ""

    def __call__(self, rows: list[Any]) -> Iterator[Record]:
        prefetch_related_objects(rows, "history_user")
        for step in changes.steps(rows, self.fields, self.many):
            # A form saves a thing and then its groups: the first of the two changes nothing.
            if step.changes or step.row.history_type != "~" or self.kind == "cases":
                yield self._record(step)

    def _record(self, step: Step) -> Record:
        row = step.row
        return Record(
            at=row.history_date,
            kind=self.kind,
            who=row.history_user.get_username() if row.history_user else "",
            what=self.what(step),
            on=self.named(row),
            url=_url(row),
            changes=tuple(step.changes),
            why=self.why(step),
        )


def _url(row: Any) -> str:
    """The page of what it is about, if there is one still."""
    options = row.instance_type._meta
    if row.history_type == DELETED:
        return ""
    try:
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.id])
    except NoReverseMatch:
        return ""


# -- What was done ---------------------------------------------------------------------------


def _usual(noun: str) -> Callable[[Step], str]:
    words = {MADE: f"Made {noun}.", DELETED: f"Deleted {noun}."}
    return lambda step: words.get(step.row.history_type, f"Changed {noun}.")


def _case(step: Step) -> str:
    row, reason = step.row, step.row.history_change_reason or ""
    if row.history_type == MADE:
        return "Opened a case."
    if reason.startswith(("Settled again", "Tried again")):
        return "Settled a delivery again."
    if step.is_changed("status") and row.resolution:
        return f"Closed a case: {Resolution(row.resolution).label.lower()}."
    if step.is_changed("owner"):
        return "Took a case." if row.owner_id == row.history_user_id else "Handed a case over."
    if step.is_changed("follow_up_on") and row.follow_up_on:
        return "Put a case off."
    return "Worked on a case."


def _adjustment(step: Step) -> str:
    if step.row.history_type == MADE:
        return f"Asked for an adjustment: {AdjustmentKind(step.row.kind).label.lower()}."
    return f"Adjustment {AdjustmentStatus(step.row.status).label.lower()}."


def _reason(step: Step) -> str:
    return step.row.history_change_reason or ""


def _both_say(step: Step) -> str:
    row = step.row
    return str(row.text if row.history_type == MADE else row.decision)


def _case_name(row: Any) -> str:
    return f"#{row.id} {CaseKind(row.kind).label}: {row.provider} {row.subject}".strip()


def _by(field: str) -> Callable[[Any], str]:
    return lambda row: str(getattr(row, field))


TOLD: Mapping[str, Callable[[list[Any]], Iterable[Record]]] = {
    teller.kind: teller
    for teller in [
        Teller(
            kind="cases",
            fields=("status", "resolution", "owner", "follow_up_on", "notes", "tickets"),
            what=_case,
            named=_case_name,
            why=_reason,
        ),
        Teller(
            kind="adjustments",
            fields=("status", "why"),
            what=_adjustment,
            named=lambda row: f"#{row.id} {row.provider} {row.transaction_id}",
            why=_both_say,
        ),
        Teller(
            kind="limits",
            fields=("group", "currency", "amount"),
            what=_usual("an adjustment limit"),
            named=_by("currency"),
            why=_reason,
        ),
        Teller(
            kind="formats",
            fields=(
                *("name", "protocol", "layout", "encoding", "delimiter", "zone", "dates"),
                *("decimal_mark", "grouping", "shows_all_players", "tolerance"),
                *("columns", "constants"),
            ),
            what=_usual("a statement format"),
            named=_by("name"),
            why=_reason,
        ),
        Teller(
            kind="players",
            fields=("status", "is_test"),
            what=_usual("a player"),
            named=_by("uid"),
            why=_reason,
        ),
        Teller(
            kind="users",
            fields=(
                *("username", "first_name", "last_name", "email"),
                *("is_active", "is_staff", "is_superuser"),
            ),
            what=_usual("a user"),
            named=_by("username"),
            why=_reason,
            many="groups",
        ),
        Teller(
            kind="groups",
            fields=("name",),
            what=_usual("a group"),
            named=_by("name"),
            why=_reason,
            many="permissions",
        ),
    ]
}
