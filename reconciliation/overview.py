"""What stands above the list of cases: what is late here, which list this is, what only waits."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from reconciliation import filters, queue, watching, wording, words
from reconciliation.models import CaseKind
from reconciliation.office.work import keeping, links
from wallets import pages


def above(request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """For the list's template; one query each for lines, tasks, my cases and kept lists."""
    is_default = filters.chosen(request) == filters.PERSON
    provider = request.GET.get("provider")
    lines = [line for line in queue.lines() if provider in (None, line.provider)]
    return {
        "tabs": filters.tabs(request, counts={filters.MINE: links.mine(request)}),
        **keeping.above(request),
        "narrowing": narrowing(request),
        "widened": _widened(request),
        "late": list(late(at=at)),
        "lines": [_line(line, at) for line in lines] if is_default else [],
    }


def narrowing(request: HttpRequest) -> list[str]:
    """Which cases of its list are shown only, in words."""
    asked = request.GET
    kinds = {kind.value: kind.label for kind in CaseKind}
    words = [
        kinds.get(asked.get("kind__exact", ""), ""),
        asked.get("provider", ""),
        wording.kind_of_reason(asked["because"]) if asked.get("because") else "",
    ]
    return [pages.printable(word) for word in words if word]


def _widened(request: HttpRequest) -> str:
    """The address of the whole list."""
    return f"?{urlencode({'list': filters.chosen(request)})}"


def _line(line: queue.Line, at: datetime) -> dict[str, object]:
    url = reverse("admin:reconciliation_case_changelist")
    query = {"list": filters.WAITING, "provider": line.provider, "because": line.word}
    verb = "waits" if line.count == 1 else "wait"
    since = f"since {words.clock(line.since, at=at)}" if line.since else ""
    due = line.first_due_at
    until = ""
    if due is not None and due > at:
        until = f"The first until {words.clock(due, at=at)}, {words.span(due - at)} left"
    return {
        "url": f"{url}?{urlencode(query)}",
        "provider": line.provider,
        "count": f"{line.count:,} {verb} for a resend",
        "since": since,
        "reason": line.reason,
        "until": until,
        "amounts": [pages.money(sum_, currency) for currency, sum_ in line.amounts.items()],
    }


def late(*, at: datetime) -> Iterator[tuple[str, str]]:
    """Each late task in words: what is not done because of it can't be seen on a page."""
    missed = set(watching.late(at=at))
    for name, age in watching.ages(at=at):
        if name in missed:
            short = name.rpartition(".")[2]
            yield short, f"{words.span(age)} ago" if age is not None else "never"
