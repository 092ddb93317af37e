"""What a statement's page shows: the file, where its movements stand, what could not be read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reconciliation import words
from reconciliation.models import (
    Bucket,
    BucketSum,
    Case,
    CaseStatus,
    Layout,
    Line,
    Statement,
    StatementStatus,
)
from reconciliation.office.statements import buckets, rows, zones
from reconciliation.office.statements.figures import figure, signed
from reconciliation.statements.keeping import NO_MOVEMENT
from wallets import pages

FIRST = 50  # Rejected rows on the page itself.
LOG = 50
TONES = {StatementStatus.IMPORTED: "good", StatementStatus.WITHDRAWN: "plain"}


def about(statement: Statement) -> dict[str, Any]:
    """For the template: a constant number of queries."""
    sums = list(statement.sums.all())
    counted = buckets.movements(sums)
    return {
        **head(statement),
        "layout": Layout(statement.format.layout),
        "has_totals": statement.format.layout == Layout.TOTALS,
        "bar": bar(statement, counted),
        "headline": headline(statement, counted),
        "tone": _edge(statement, counted),
        "blocks": list(_blocks(statement, sums)),
        "rejected": rejected(statement),
        "log": _log(statement),
    }


def head(statement: Statement) -> dict[str, Any]:
    """What stands at the top of every page about a statement."""
    status = StatementStatus(statement.status)
    return {
        "statement": statement,
        "original": statement,  # What the page's head leads back to.
        "name": f"{statement.provider} {zones.name(statement)}",
        "status": status_tag(statement),
        "status_sentence": status.sentence,
        "facts": list(_facts(statement)),
        "back": reverse("admin:reconciliation_statement_change", args=[statement.pk]),
    }


def status_tag(statement: Statement) -> SafeString:
    member = StatementStatus(statement.status)
    return pages.tag(member, tone=TONES[member])


def _facts(statement: Statement) -> Iterator[tuple[str, object]]:
    by = statement.imported_by
    yield "Provider", statement.provider
    yield "File", pages.short(statement.file_name)
    yield (
        "Format",
        pages.link(statement.format, statement.format.name),
    )
    yield "Window, as the provider counts", zones.window(statement)
    yield "Rows of the file", f"{statement.rows:,}"
    yield "Rejected rows", f"{statement.rejected:,}"
    yield "Imported", pages.moment(statement.imported_at)
    yield "Imported by", pages.short(by.get_username()) if by is not None else "A command"
    yield "Matched", pages.moment(statement.matched_at) if statement.matched_at else "Not yet"
    yield "Size", filesizeformat(statement.size)
    yield "SHA-256", format_html('<code class="cage-digest">{}</code>', statement.sha256)


def counts(statement: Statement) -> dict[Bucket, int]:
    """How many movements stand where."""
    return buckets.movements(statement.sums.all())


def headline(statement: Statement, counts: Mapping[Bucket, int]) -> str:
    """Where it stands, in a sentence."""
    if statement.status == StatementStatus.WITHDRAWN:
        return "It was taken back: nothing is matched with it."
    if statement.matched_at is None:
        return "It was not matched yet."
    if statement.format.layout == Layout.TOTALS:
        doubts = Case.objects.filter(statement=statement).exclude(status=CaseStatus.CLOSED).count()
        verb = "is" if doubts == 1 else "are"
        cases = f"{words.count(doubts, 'case')} {verb} open" if doubts else "no case is open"
        return f"Totals only, compared as they are given: {cases}."
    whole = sum(counts.values())
    if not whole:
        return "Neither the statement nor the books have a movement in this time."
    left = sum(buckets.is_open(counts).values())
    said = f"{buckets.share(counts)} of {words.count(whole, 'movement')} matched"
    return f"{said}, {left:,} open." if left else f"{said}. Nothing is open."


def _edge(statement: Statement, counts: Mapping[Bucket, int]) -> str:
    if statement.status == StatementStatus.WITHDRAWN or statement.matched_at is None:
        return ""
    if statement.format.layout == Layout.TOTALS:
        return ""
    tones = {buckets.TONES[bucket] for bucket in buckets.is_open(counts)}
    for tone in ("bad", "warning"):
        if tone in tones:
            return f"cage-{tone}-edge"
    return "" if tones else "cage-good-edge"


# -- The bar and the table -------------------------------------------------------------------


def bar(statement: Statement, counts: Mapping[Bucket, int]) -> list[dict[str, Any]]:
    """One piece for each bucket that holds something; each leads to its rows."""
    whole = sum(counts.values())
    return [
        {
            "slug": bucket.value.replace("_", "-"),
            "label": bucket.label,
            "sentence": bucket.sentence,
            "count": f"{count:,}",
            "share": _percent(count, whole),
            "grow": count,
            "url": rows.url(statement, bucket=bucket),
        }
        for bucket, count in counts.items()
    ]


def _percent(count: int, whole: int) -> str:
    hundredths = count * 10_000 // whole
    return f"{hundredths / 100:.2f}%" if hundredths else "under 0.01%"


def _blocks(statement: Statement, sums: Sequence[BucketSum]) -> Iterator[dict[str, Any]]:
    for block in buckets.blocks(sums):
        yield {
            "currency": block.currency,
            "rows": [
                {
                    "bucket": rows.tag(row.bucket) if row.bucket is not None else "",
                    "url": rows.url(statement, bucket=row.bucket or ""),
                    **_sides(row),
                }
                for row in block.rows
            ],
            "total": _sides(block.total),
        }


def _sides(row: buckets.Row) -> dict[str, Any]:
    return {
        "theirs": _side(row.theirs),
        "ours": _side(row.ours),
        "difference": signed(row.difference),
    }


def _side(side: buckets.Side) -> tuple[object, object, object]:
    if not side.count:
        empty = pages.money(None)
        return empty, empty, empty
    return f"{side.count:,}", figure(side.debit), figure(side.credit)


# -- What could not be read, what was done ----------------------------------------------------


def rejected(statement: Statement) -> list[dict[str, Any]]:
    """The first rows that were kept without being read, and why."""
    if not statement.rejected:
        return []
    # An index leads to them: what could not be read has no transaction id.
    found = Line.objects.filter(statement=statement, transaction_id="").order_by("number")
    return [rejection(line) for line in found.exclude(error=NO_MOVEMENT)[:FIRST]]


def rejection(line: Line) -> dict[str, Any]:
    return {
        "number": f"{line.number:,}",
        "error": pages.short(line.error, longest=500),
        "original": rows.original(line.original),
    }


def _log(statement: Statement) -> list[dict[str, Any]]:
    """What people did with it, the newest first."""
    kind = ContentType.objects.get_for_model(Statement)
    found = LogEntry.objects.filter(content_type=kind, object_id=str(statement.pk))
    return [
        {
            "at": pages.moment(one.action_time),
            "who": pages.short(one.user.get_username()),
            "what": pages.short(one.get_change_message(), longest=2_000),
        }
        for one in found.select_related("user").order_by("-id")[:LOG]
    ]
