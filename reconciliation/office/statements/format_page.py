"""What a format's page shows: how it reads a file, what was read with it, who changed what."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from reconciliation.models import Layout, Statement, StatementFormat
from reconciliation.office.statements import zones
from reconciliation.office.statements.format_forms import DATES, DELIMITERS, GROUPINGS
from reconciliation.statements import formats, reading
from wallets import pages
from wallets.money import plain

STEPS = 100
LAST = 10


def about(format: StatementFormat) -> dict[str, Any]:
    """For the template: a constant number of queries."""
    return {
        "format": format,
        "layout": pages.explained(Layout(format.layout)),
        "facts": list(_facts(format)),
        "fields": [
            {
                "name": field.name,
                "sentence": field.sentence,
                "column": pages.short(format.columns.get(field.name, "")),
                "constant": pages.short(format.constants.get(field.name, "")),
            }
            for field in reading.fields(format)
        ],
        "problems": [pages.printable(sentence) for sentence in formats.problems(format)],
        "used": used(format),
        "steps": list(_steps(format)),
    }


def used(format: StatementFormat) -> list[object]:
    """Links to the last statements that were read with it."""
    if format._state.adding:
        return []
    found = Statement.objects.filter(format=format).order_by("-id")[:LAST]
    return [pages.link(one, f"{one.provider} {zones.name(one)}") for one in found]


def _facts(format: StatementFormat) -> Iterator[tuple[str, object]]:
    yield "Whose reports", format.protocol or "Any provider's"
    yield "Encoding", format.encoding
    yield "Between cells", dict(DELIMITERS).get(format.delimiter, format.delimiter)
    yield "Zone of times without one", format.zone or "The provider's reports'"
    yield "Times", dict(DATES).get(format.dates, format.dates)
    yield "Decimals", "Comma" if format.decimal_mark == "," else "Point"
    yield "Between thousands", GROUPINGS.get(format.grouping, format.grouping)
    yield "Shows all players of a round", "Yes" if format.shows_all_players else "No"
    yield "Tolerance", pages.money(format.tolerance)


def _steps(format: StatementFormat) -> Iterator[dict[str, Any]]:
    """Its history, the newest first."""
    # One more than shown: what a step changed is told by the one before it.
    records = list(
        format.history.all()  # type: ignore[attr-defined]
        .select_related("history_user")
        .order_by("-history_id")[: STEPS + 1]
    )
    for record, before in zip(records[:STEPS], [*records[1:], None], strict=False):
        who = record.history_user.get_username() if record.history_user else "Cage"
        yield {
            "at": pages.moment(record.history_date),
            "who": pages.short(who),
            "changes": _changes(record, before) if before is not None else [],
            "is_first": before is None,
        }


def _changes(record: Any, before: Any) -> list[object]:
    return [
        format_html(
            "{}: {} → {}",
            one.field.replace("_", " ").capitalize(),
            _told(one.old),
            _told(one.new),
        )
        for one in record.diff_against(before).changes
    ]


def _told(value: Any) -> object:
    if isinstance(value, dict):
        return pages.short(", ".join(f"{name} = {text}" for name, text in sorted(value.items())))
    if isinstance(value, Decimal):
        return plain(value)
    return pages.short(str(value), longest=300)


def head(format: StatementFormat) -> dict[str, Any]:
    """What the pages about it say at their top."""
    if format._state.adding:
        return {}
    back = reverse("admin:reconciliation_statementformat_change", args=[format.pk])
    return {"original": format, "back": back}
