"""The pages of the two people: translate, one domain call, translate back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from reconciliation import desk
from reconciliation.adjustments import asking, deciding, forms, proposals, shown
from reconciliation.models import Adjustment, AdjustmentKind, Case
from reconciliation.working import NotDone

FOLDER = "admin/reconciliation/adjustment"


# -- The first person -----------------------------------------------------------------------------


def ask(request: HttpRequest, case_id: int, word: str, frame: dict[str, Any]) -> HttpResponse:
    """What would be booked, and the form that asks for it."""
    by, case = _person(request, asking.MAY), get_object_or_404(Case, pk=case_id)
    if word not in AdjustmentKind.values:
        raise Http404
    kind = AdjustmentKind(word)
    if kind is AdjustmentKind.FREE:
        return _ask_by_hand(request, case, by, frame)
    proposal = proposals.of(case, kind)
    if proposal.refused:
        messages.error(request, f"Nothing was done. {proposal.refused}")
        return desk.to(case, request)
    data = request.POST if request.method == "POST" else None
    form = forms.Ask(data, initial={"seal": proposal.seal, "why": forms.USUAL[kind]})
    if request.method == "POST" and form.is_valid():
        return _asked(
            request,
            case,
            lambda: asking.request(case.pk, kind, **form.cleaned_data, by=by, at=timezone.now()),
        )
    return _form(request, case, kind, form, frame, shown.asked(proposal))


def _ask_by_hand(request: HttpRequest, case: Case, by: User, frame: dict[str, Any]) -> HttpResponse:
    form = forms.AskByHand(request.POST if request.method == "POST" else None, case=case)
    if request.method == "POST" and form.is_valid():
        return _asked(
            request,
            case,
            lambda: asking.request_by_hand(case.pk, **form.cleaned_data, by=by, at=timezone.now()),
        )
    return _form(request, case, AdjustmentKind.FREE, form, frame, {})


def _asked(request: HttpRequest, case: Case, act: Callable[[], Adjustment]) -> HttpResponse:
    try:
        adjustment = act()
    except NotDone as reason:
        messages.error(request, str(reason))
        return desk.to(case, request)
    messages.success(request, "It was asked for. Somebody else has to approve it.")
    return to(adjustment)


def _form(
    request: HttpRequest,
    case: Case,
    kind: AdjustmentKind,
    form: Form,
    frame: dict[str, Any],
    proposal: dict[str, Any],
) -> HttpResponse:
    context = {
        "form": form,
        "kind": kind,
        "proposal": proposal,
        **desk.about(case, request),
        **frame,
        "title": kind.label,
    }
    return render(request, f"{FOLDER}/ask.html", context)


# -- The second person ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One end of a request: who may choose it, and what is said afterwards."""

    act: Callable[..., Adjustment]
    may: str
    done: str


VERDICTS: Mapping[str, Verdict] = {
    "approve": Verdict(
        act=deciding.approve, may=deciding.MAY, done="It was approved, and the money was moved."
    ),
    "reject": Verdict(act=deciding.reject, may=deciding.MAY, done="It was rejected."),
    "withdraw": Verdict(act=deciding.withdraw, may=asking.MAY, done="It was taken back."),
}


def decide(request: HttpRequest, adjustment_id: int, word: str) -> HttpResponse:
    """One of the buttons on a request's page, posted."""
    verdict = VERDICTS.get(word)
    if verdict is None or request.method != "POST":
        raise Http404
    by = _person(request, verdict.may)
    adjustment = get_object_or_404(Adjustment, pk=adjustment_id)
    form = forms.Decide(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was done: the form was not complete.")
        return to(adjustment)
    asked = dict(form.cleaned_data)
    if verdict.act is not deciding.approve:
        asked.pop("seal")
    try:
        verdict.act(adjustment.pk, **asked, by=by, at=timezone.now())
    except NotDone as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, verdict.done)
    return to(adjustment)


def choices(user: User, adjustment: Adjustment) -> list[str]:
    """What `user` may do with a request that is undecided."""
    if adjustment.requested_by_id == user.pk:
        return ["withdraw"] if user.has_perm(asking.MAY) else []
    return ["approve", "reject"] if user.has_perm(deciding.MAY) else []


def to(adjustment: Adjustment) -> HttpResponse:
    return redirect("admin:reconciliation_adjustment_change", adjustment.pk)


def _person(request: HttpRequest, permission: str) -> User:
    """Who asks. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user
