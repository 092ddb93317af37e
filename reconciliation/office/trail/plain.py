"""What needs no comparison: Django's log, and what left Cage."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import prefetch_related_objects
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from providers.models import Pruned
from reconciliation import words
from reconciliation.models import Export
from reconciliation.office.trail.records import Change, Record

SECRET = Change(field="Password", before="", after="changed")
# What the desk of statements writes: a word or two, and behind it the reason that was given.
WITH_REASON = ("Withdrawn.",)
KINDS = {"statement": "statements", "wallet": "wallets", "user": "users"}


def logged(rows: list[LogEntry]) -> Iterator[Record]:
    prefetch_related_objects(rows, "user", "content_type")
    for row in rows:
        message = row.get_change_message() or row.get_action_flag_display()
        first, _, why = message.partition(" ")
        if first not in WITH_REASON:
            first, why = message, ""
        about = row.content_type
        yield Record(
            at=row.action_time,
            kind=KINDS.get(about.model if about else "", ""),
            who=row.user.get_username(),
            what=f"{about.name.capitalize()}: {first}" if about else first,
            on=row.object_repr,
            url=row.get_admin_url() or "" if not row.is_deletion() else "",
            changes=(SECRET,) if "password" in message.lower() else (),
            why=why,
        )


def exported(rows: list[Export]) -> Iterator[Record]:
    prefetch_related_objects(rows, "exported_by")
    for row in rows:
        by = row.exported_by
        yield Record(
            at=row.exported_at,
            kind="exports",
            who=by.get_username() if by else "",
            what=f"Took out {row.rows:,} rows: {row.what}.",
            on=row.file_name,
            url=reverse("admin:reconciliation_export_change", args=[row.pk]),
            changes=tuple(_limited(row.filters)),
        )


def pruned(rows: list[Pruned]) -> Iterator[Record]:
    for row in rows:
        yield Record(
            at=row.pruned_at,
            kind="callbacks",
            who=row.pruned_by,
            what=f"Removed {words.count(row.rows, 'callback')}, {filesizeformat(row.size)}.",
            on=f"What came in {row}",
        )


def _limited(filters: dict[str, Any]) -> Iterator[Change]:
    for name, value in sorted(filters.items()):
        yield Change(field=f"Limited by {name}", before="", after=str(value))
