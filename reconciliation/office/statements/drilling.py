"""Down to the rows: of one bucket, of a search, those that were rejected, totals and our side."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from reconciliation.exporting import sending
from reconciliation.models import Bucket, Layout, Line, Match, Statement, Total
from reconciliation.office.statements import comparison, finding, paging, statement_page
from reconciliation.office.statements import rows as both
from reconciliation.office.statements.statement_desk import FOLDER, MAY_LOOK, find, person

LONGEST = 200


def rows(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """The rows of one bucket, or of all; or those that a search finds."""
    user, statement = person(request, MAY_LOOK), find(statement_id)
    term = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST]
    bucket = _bucket(request)
    found = Match.objects.filter(statement=statement)
    if bucket is not None:
        found = found.filter(bucket=bucket)
    is_cut = False
    if term:
        ids = finding.matches(statement, term)
        is_cut = len(ids) == finding.MOST
        found = found.filter(id__in=ids)
    page = paging.page(found, request)
    context = {
        "rows": both.shown(statement, page.rows),
        "page": page,
        "term": term,
        "may_take": sending.may(user, "statement"),
        "is_cut": is_cut and finding.MOST,
        "bucket": bucket,
        "tag": both.tag(bucket) if bucket is not None else "",
        "choices": _choices(statement, bucket),
        "title": bucket.label if bucket is not None else "All movements",
    }
    return _shown(request, "rows", statement, context, frame)


def rejected(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """The rows of the file that could not be read, and why."""
    person(request, MAY_LOOK)
    statement = find(statement_id)
    # An index leads to them: what could not be read has no transaction id.
    found = Line.objects.filter(statement=statement, transaction_id="")
    page = paging.page(found, request, key="number")
    context = {
        "rejected": [statement_page.rejection(line) for line in page.rows],
        "page": page,
        "title": "Rejected rows",
    }
    return _shown(request, "rejected", statement, context, frame)


def totals(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """A statement of totals: each beside what our books sum up to."""
    person(request, MAY_LOOK)
    statement = find(statement_id)
    page = paging.page(Total.objects.filter(statement=statement), request, key="number")
    context = {
        "totals": {"rows": comparison.shown(statement, page.rows)},
        "page": page,
        "title": "Totals",
    }
    return _shown(request, "totals", statement, context, frame)


def first_totals(statement: Statement) -> dict[str, Any] | None:
    """The first of them for the statement's own page; None where it has none."""
    if statement.format.layout != Layout.TOTALS:
        return None
    found = list(Total.objects.filter(statement=statement).order_by("number")[: paging.SIZE + 1])
    return {
        "rows": comparison.shown(statement, found[: paging.SIZE]),
        "more": len(found) > paging.SIZE,
    }


def ours(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """Our movements of the window that one total is about."""
    person(request, MAY_LOOK)
    statement = find(statement_id)
    number = request.GET.get("total", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    total = get_object_or_404(Total, statement=statement, number=int(number))
    found = comparison.with_all(comparison.entries(statement, total))
    page = paging.page(found, request, order=comparison.unindexed)
    context = {
        "entries": comparison.entries_shown(statement, page.rows),
        "totals": {"rows": comparison.shown(statement, [total])},
        "page": page,
        "title": "Our movements",
    }
    return _shown(request, "ours", statement, context, frame)


def _bucket(request: HttpRequest) -> Bucket | None:
    word = request.GET.get("bucket", "")
    if not word:
        return None
    if word not in Bucket.values:
        raise Http404
    return Bucket(word)


def _choices(statement: Statement, chosen: Bucket | None) -> list[dict[str, Any]]:
    """The buckets that hold something, as tabs."""
    counts = statement_page.counts(statement)
    tabs: list[tuple[str, str, int, Bucket | None]] = [("All", "", sum(counts.values()), None)]
    tabs += [(str(one.label), one.value, count, one) for one, count in counts.items()]
    return [
        {
            "label": label,
            "count": f"{count:,}",
            "url": both.url(statement, bucket=word),
            "active": bucket is chosen,
        }
        for label, word, count, bucket in tabs
    ]


def _shown(
    request: HttpRequest,
    template: str,
    statement: Statement,
    context: dict[str, Any],
    frame: dict[str, Any],
) -> HttpResponse:
    named = statement_page.head(statement)
    title = f"{named['name']}: {context['title'].lower()}"
    return render(
        request,
        f"{FOLDER}/{template}.html",
        {**named, **context, **frame, "heading": context["title"], "title": title},
    )
