"""The page of a story."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reconciliation.office.rounds import shown
from reconciliation.office.rounds import story as stories
from wallets import pages

MAY = "wallets.view_transaction"
LONGEST = 200  # Characters of an id.


def story(request: HttpRequest, provider: str) -> HttpResponse:
    """`?round=` or `?reference=` says which. 404 without one: there is no story of everything."""
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    round_id = request.GET.get("round", "")
    reference = "" if round_id else request.GET.get("reference", "")
    named = round_id or reference
    if not named or "\0" in named or len(named) > LONGEST:
        raise Http404("Say which round or reference, with ?round= or ?reference=.")
    told = stories.of(provider, round_id=round_id, reference=reference)
    frame = admin.site.each_context(request)
    about = shown.page(told, request.user)
    title = f"Story of {provider} {pages.printable(named)[:60]}"
    printed = {
        "printed_by": request.user.get_username(),
        "printed_at": pages.moment(timezone.now()),
    }
    return render(
        request,
        "admin/reconciliation/round/page.html",
        {**frame, **about, **printed, "title": title},
    )
