"""The one search: straight to the thing, or a short list."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static

from reconciliation.office.search import finding, looking
from wallets import pages


def search(request: HttpRequest) -> HttpResponse:
    """`?q=` is looked for among everything that the person may view; `?kind=` narrows it."""
    term = request.GET.get("q", "").strip()
    kind = request.GET.get("kind", "")
    found = []
    # No id has a NUL, and PostgreSQL takes none.
    if term and len(term) <= looking.LONGEST and "\0" not in term:
        found = looking.groups(term, request.user, kind=kind)
        if straight := looking.only(found):
            return redirect(straight)
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "searched": term[: looking.LONGEST],
        "named": pages.short(term, longest=80) if term else "",
        "too_long": looking.LONGEST if len(term) > looking.LONGEST else 0,
        "groups": found,
        "most": finding.MOST,
        "can_be": looking.can_be(request.user),
    }
    return render(request, "admin/reconciliation/search/page.html", context)


def script(request: HttpRequest) -> str:
    """The address of what makes "/" lead into the box; named in settings.UNFOLD."""
    return static("reconciliation/search.js")


def style(request: HttpRequest) -> str:
    return static("reconciliation/search.css")
