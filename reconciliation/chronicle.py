"""A case's history on its page: who or what, when, why."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reconciliation import evidence, words
from reconciliation.evidence import Step
from reconciliation.models import CaseStatus, Resend, Resolution
from wallets import pages

CHANGED = {
    "status": "Status",
    "resolution": "Ended as",
    "resend": "Resend",
    "owner_id": "Owner",
    "follow_up_on": "Put off until",
    "amount": "At risk",
    "player": "Player",
    "tickets": "Tickets",
}
ENUMS: dict[str, Any] = {"status": CaseStatus, "resolution": Resolution, "resend": Resend}


def grid(name: str, headings: Sequence[str], rows: Iterable[SafeString]) -> SafeString:
    """A table with a heading for each column."""
    return format_html(
        '<table class="cage-grid cage-{}"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        name,
        format_html_join("", "<th>{}</th>", ((heading,) for heading in headings)),
        format_html_join("", "{}", ((row,) for row in rows)),
    )


def history(steps: Sequence[Step], *, is_cut: bool, at: datetime) -> SafeString:
    """Who or what, when, why."""
    names = evidence.names(steps)
    rows = [
        format_html(
            "<tr><td>{}</td><td>{}</td><td>{}{}</td></tr>",
            _when(step, at),
            pages.short(step.who) if step.who else "Cage",
            pages.short(step.why, longest=1_000),
            _changes(step, names),
        )
        for step in steps
    ]
    if is_cut:
        rows.append(format_html('<tr class="cage-gap"><td colspan="3">{}</td></tr>', "… and more"))
    return grid("history", ["When", "Who", "Why, and what changed"], rows)


def _when(step: Step, at: datetime) -> SafeString | str:
    if step.times == 1:
        return pages.moment(step.last_at)
    return format_html(
        "{}<div class='cage-note'>{} times since {}</div>",
        pages.moment(step.last_at),
        step.times,
        words.clock(step.first_at, at=at),
    )


def _changes(step: Step, names: dict[object, str]) -> SafeString | str:
    lines = [
        (CHANGED[name], _told(name, before, names), _told(name, after, names))
        for name, (before, after) in step.changes.items()
    ]
    return format_html_join("", '<div class="cage-note">{}: {} → {}</div>', lines)


def _told(name: str, value: Any, names: dict[object, str]) -> SafeString | str:
    if value in ("", None):
        return pages.NOTHING
    if name == "owner_id":
        return pages.short(names.get(value, f"#{value}"))
    if name in ENUMS:
        return str(ENUMS[name](value).label)
    return pages.amount(value) if name == "amount" else pages.short(str(value))
