"""The pages on which staff do something with a case: translate, one domain call, translate back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from reconciliation import columns, deeds, forms, manual_replays, summary, working
from reconciliation.models import Case, CaseStatus
from reconciliation.office.work import walking
from wallets import pages

FOLDER = "admin/reconciliation/case"
PREFILLED = ("provider", "named", "player", "currency")  # By the pages that lead to a dispute.


def do(request: HttpRequest, case_id: int, slug: str, frame: dict[str, Any]) -> HttpResponse:
    """One deed: its form, or what came of it."""
    deed, case, user = deeds.DEEDS.get(slug), find(request, case_id), person(request)
    if deed is None:
        raise Http404
    if case.status == CaseStatus.CLOSED and not deed.is_late and request.method != "POST":
        messages.error(request, "The case is closed: nothing can be done with it any more.")
        return to(case, request)
    form = deed.ask(case, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            deed.do(case_id, form.cleaned_data, by=user, at=timezone.now())
        except working.NotDone as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, deed.done)
        return to(case, request)
    if not deed.asks:
        return to(case, request)
    context = {"deed": deed, "form": form, **about(case, request), **frame, "title": deed.title}
    return render(request, f"{FOLDER}/deed.html", context)


def replay(request: HttpRequest, case_id: int, frame: dict[str, Any]) -> HttpResponse:
    """What settling it again would pay, to whom, under which id; then that."""
    user, at = person(request, manual_replays.MAY), timezone.now()
    case = find(request, case_id, manual_replays.MAY)
    plan = manual_replays.plan(case, at=at)
    if plan.refused:
        messages.error(request, f"Nothing was done. {plan.refused}")
        return to(case, request)
    data = request.POST if request.method == "POST" else None
    form = forms.Replay(data, differs=plan.differs, initial={"seal": plan.seal})
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            replayed = manual_replays.carry_out(
                case_id,
                seal=asked["seal"],
                other_terms=asked.get("other_terms", False),
                why=asked["why"],
                by=user,
                at=at,
            )
        except working.NotDone as reason:
            messages.error(request, str(reason))
        else:
            tell(request, replayed)
        return to(case, request)
    context = {"form": form, **about(case, request), **summary.plan(case, plan), **frame}
    return render(request, f"{FOLDER}/replay.html", {**context, "title": "Settle it again"})


def dispute(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """A case that a person opens."""
    user = person(request)
    given = {name: request.GET[name] for name in PREFILLED if name in request.GET}
    form = forms.Dispute(request.POST if request.method == "POST" else None, initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            case = working.dispute(**form.cleaned_data, by=user, at=timezone.now())
        except working.AlreadyOpen as reason:
            messages.error(request, str(reason))
            return to(reason.case, request)
        messages.success(request, "The dispute was opened. It is yours.")
        return to(case, request)
    context = {"form": form, **frame, "title": "Open a dispute"}
    return render(request, f"{FOLDER}/dispute.html", context)


def tell(request: HttpRequest, replayed: Any) -> None:
    """What came of a replay."""
    if replayed.is_paid:
        again = "" if replayed.outcome == "posted" else " It had been paid already."
        messages.success(request, f"It is settled.{again}")
        return
    why = replayed.refused or summary.reason(replayed.reason)
    messages.error(request, f"It was tried, and is still not settled: {why}")


def find(request: HttpRequest, case_id: int, permission: str = working.MAY) -> Case:
    """The case. Who may not do this with it is told so before."""
    person(request, permission)
    try:
        return Case.objects.select_related("owner").get(pk=case_id)
    except Case.DoesNotExist:
        raise Http404 from None


def person(request: HttpRequest, permission: str = working.MAY) -> User:
    """Who asks. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user


def to(case: Case, request: HttpRequest) -> HttpResponse:
    """The case's page, which still knows the list that it was opened from."""
    url = reverse("admin:reconciliation_case_change", args=[case.pk])
    return redirect(f"{url}{walking.suffix(request)}")


def about(case: Case, request: HttpRequest) -> dict[str, Any]:
    """What every page about a case says at its top."""
    kept = walking.suffix(request)
    return {
        "case": case,
        "original": case,
        "name": pages.printable(columns.title(case)),
        "back": f"{reverse('admin:reconciliation_case_change', args=[case.pk])}{kept}",
        "kept": kept,
        "head": summary.head(case, at=timezone.now()),
    }
