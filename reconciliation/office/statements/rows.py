"""The rows of one bucket, both sides beside each other. Everything of a file is escaped here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reconciliation.models import Bucket, Case, CaseStatus, Line, Match, Statement
from reconciliation.office.statements import buckets, zones
from wallets import pages
from wallets.instructions import CORRECTED

FIELDS = 100  # Of one row of a file that are shown.


def shown(statement: Statement, page: Sequence[Match]) -> list[dict[str, Any]]:
    """For the template; three more queries, however many."""
    # Both sides are joined to these few: joined to a whole bucket, it would be sorted first.
    found = Match.objects.filter(id__in=[one.pk for one in page]).order_by("id")
    matches = list(found.select_related("line", "entry__transaction", "entry__wallet__player"))
    zone = zones.of(statement.provider)
    cases = open_cases(statement.provider, {_subject(one) for one in matches})
    kept = originals(statement, [one.line for one in matches if one.line is not None])
    return [
        {
            **_both(one),
            "bucket": tag(Bucket(one.bucket)),
            "times": list(_times(one, zone)),
            "cases": cases.get(_subject(one), []),
            "original": kept.get(one.line.number) if one.line is not None else None,
        }
        for one in matches
    ]


def tag(bucket: Bucket) -> SafeString:
    return pages.tag(bucket, tone=buckets.TONES[bucket])


# -- The two sides -----------------------------------------------------------------------------


def _both(one: Match) -> dict[str, Any]:
    line, entry = one.line, one.entry
    uids = [line.uid] if line is not None else []
    if entry is not None and entry.wallet.player.uid not in uids:
        uids.append(entry.wallet.player.uid)
    named: object = pages.short(line.transaction_id) if line is not None else pages.NOTHING
    if entry is not None:
        booked = entry.transaction
        named = pages.link(booked, pages.short(booked.transaction_id))
    return {
        "number": f"{line.number:,}" if line is not None else pages.NOTHING,
        "named": named,
        "players": _players(one, uids),
        "theirs": stated(line) if line is not None else None,
        "ours": (
            pages.money(entry.debit, entry.wallet.currency),
            pages.money(entry.credit, entry.wallet.currency),
        )
        if entry is not None
        else None,
        "differs": one.bucket in (Bucket.AMOUNT_DIFFERS, Bucket.CURRENCY_DIFFERS),
        "player_differs": len(uids) > 1,
    }


def stated(line: Line) -> tuple[object, object]:
    """Debit and credit as the statement has them."""
    debit, credit = (pages.money(one, line.currency) for one in (line.debit, line.credit))
    if not line.net_only:
        return debit, credit
    empty = format_html(
        '<span class="cage-note" title="{}">{}</span>', "The row shows only the difference.", "net"
    )
    return (debit, empty) if line.debit else (empty, credit)


def _players(one: Match, uids: Sequence[str]) -> SafeString | str:
    if len(uids) == 1:
        return pages.short(uids[0])
    named = zip(["Statement", "Books"], map(pages.short, uids), strict=True)
    return format_html_join(
        "",
        '<div><span class="cage-label">{}</span>{}</div>',
        named,
    )


def _times(one: Match, zone: tzinfo) -> Iterable[tuple[str, str]]:
    if one.line is not None:
        stated = one.line.occurred_at
        yield "In the statement", zones.moment(stated, zone) if stated else "without a time"
    if one.entry is not None:
        booked = one.entry.transaction
        yield "Booked", zones.moment(booked.posted_at, zone)
        if booked.occurred_at is not None:
            yield "Occurred", zones.moment(booked.occurred_at, zone)


# -- What belongs to them ------------------------------------------------------------------------


def _subject(one: Match) -> str:
    """The transaction id under which a case of it is kept."""
    if one.line is not None:
        return one.line.transaction_id
    return one.entry.transaction.transaction_id.removeprefix(f"{CORRECTED}:") if one.entry else ""


def open_cases(provider: str, subjects: set[str]) -> Mapping[str, list[SafeString]]:
    """Links to the open cases of these ids: one query."""
    found = Case.objects.filter(provider=provider, subject__in=subjects - {""})
    links: dict[str, list[SafeString]] = {}
    for case in found.exclude(status=CaseStatus.CLOSED).order_by("id"):
        text = f"Case #{case.pk}: {case.get_kind_display()}"
        links.setdefault(case.subject, []).append(pages.link(case, text))
    return links


def originals(statement: Statement, lines: Sequence[Line]) -> dict[int, SafeString]:
    """The rows of the file by their numbers; each stands on its first movement."""
    kept = {line.number: line.original for line in lines if line.part == 1}
    missing = {line.number for line in lines} - set(kept)
    if missing:
        firsts = Line.objects.filter(statement=statement, number__in=missing, part=1)
        kept.update(firsts.values_list("number", "original"))
    return {number: original(text) for number, text in kept.items()}


def original(text: str) -> SafeString:
    """A row of the file as it was, field by field."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return format_html('<code class="cage-text">{}</code>', pages.short(text, longest=1_000))
    rows = [
        (pages.short(str(name), longest=60), pages.short(str(value), longest=500))
        for name, value in list(fields.items())[:FIELDS]
    ]
    return pages.table(rows)


def url(statement: Statement, *, bucket: str = "", q: str = "") -> str:
    """The address of a bucket's rows, or of what a search finds."""
    query = {"bucket": bucket} if bucket else {}
    if q:
        query["q"] = q
    return reverse("admin:reconciliation_statement_rows", args=[statement.pk], query=query)
