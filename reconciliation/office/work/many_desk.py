"""What is done with the cases that somebody ticked: at once, or on a page that lists them first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from reconciliation import columns, desk, words, working
from reconciliation.models import Case, CaseStatus
from reconciliation.office.work import forms, many, saved
from wallets import money, pages

TICKED, SEEN = "_selected_action", "seen"
NAMED = 20  # Of those that were skipped.


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """`done` follows the number of cases: 3 cases were closed."""

    title: str
    sentence: str
    done: str
    act: Callable[..., many.Done]
    form: type[Form]


DEEDS: Mapping[str, Deed] = {
    "hand-over": Deed(
        title="Hand over",
        sentence="Somebody else works on these from now on.",
        done="handed over",
        act=many.hand_over,
        form=forms.HandOverMany,
    ),
    "close": Deed(
        title="Close",
        sentence="Nothing is left to do with any of these. This moves no money.",
        done="closed",
        act=many.close,
        form=forms.CloseMany,
    ),
}


def take(request: HttpRequest) -> HttpResponse:
    """Those that are ticked in the list, as they were shown there."""
    user, at = desk.person(request), timezone.now()
    try:
        _tell(request, many.take(ticked(request), by=user, at=at), "taken")
    except working.NotDone as reason:
        messages.error(request, str(reason))
    return _to_list(saved.of(request))


def begin(request: HttpRequest, slug: str, frame: dict[str, Any]) -> HttpResponse:
    """The page that lists what is ticked, and asks."""
    desk.person(request)
    chosen = ticked(request)
    if len(chosen) > many.MOST:
        messages.error(request, f"Nothing was done: {many.MOST} cases at most at a time.")
        return _to_list(saved.of(request))
    return _ask(request, slug, chosen, DEEDS[slug].form(), saved.of(request), frame)


def do(request: HttpRequest, slug: str, frame: dict[str, Any]) -> HttpResponse:
    """What was asked, and what came of it."""
    user, deed = desk.person(request), DEEDS.get(slug)
    if deed is None:
        raise Http404
    back = saved.clean(request.POST.get("back", ""))
    if request.method != "POST":
        return _to_list(back)
    chosen, form = _stamps(request.POST.getlist(SEEN)), deed.form(request.POST)
    if not form.is_valid():
        return _ask(request, slug, chosen, form, back, frame)
    try:
        result = deed.act(chosen, **form.cleaned_data, by=user, at=timezone.now())
        _tell(request, result, deed.done)
    except working.NotDone as reason:
        messages.error(request, str(reason))
    return _to_list(back)


def ticked(request: HttpRequest) -> dict[int, str]:
    """What is ticked in the list, each with the stamp that stood beside it; "" without one."""
    stamps = _stamps(request.POST.getlist(SEEN))
    numbers = (int(one) for one in request.POST.getlist(TICKED) if _is_number(one))
    return {number: stamps.get(number, "") for number in numbers}


def stamped(case: Case) -> str:
    """A case and what people have decided about it, as a form carries both."""
    return f"{case.pk}:{working.stamp(case)}"


def _stamps(carried: list[str]) -> dict[int, str]:
    pairs = (one.partition(":") for one in carried)
    return {int(number): stamp for number, _, stamp in pairs if _is_number(number)}


def are_numbers(request: HttpRequest) -> bool:
    """Whether a list like ours can have sent what is ticked."""
    return all(map(_is_number, request.POST.getlist(TICKED)))


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _ask(
    request: HttpRequest,
    slug: str,
    chosen: many.Seen,
    form: Form,
    back: str,
    frame: dict[str, Any],
) -> HttpResponse:
    deed = DEEDS[slug]
    cases = list(Case.objects.filter(pk__in=chosen).select_related("owner").order_by("id"))
    context = {
        **frame,
        "deed": deed,
        "form": form,
        "title": f"{deed.title} {words.count(len(cases), 'case')}",
        "action": reverse("admin:reconciliation_case_many", args=[slug]),
        "carried": [f"{number}:{stamp}" for number, stamp in chosen.items()],
        "query": back,
        "back": f"{reverse('admin:reconciliation_case_changelist')}?{back}",
        "rows": [_row(case, chosen[case.pk]) for case in cases],
        "sums": list(_sums(cases)),
    }
    return render(request, f"{desk.FOLDER}/many.html", context)


def _row(case: Case, seen: str) -> dict[str, object]:
    return {
        "named": pages.link(case, pages.short(columns.title(case))),
        "kind": columns.kind(case),
        "provider": case.provider,
        "player": pages.short(case.player),
        "risk": pages.money(case.amount, case.currency),
        "owner": pages.short(case.owner.get_username()) if case.owner else "Nobody yet",
        "why_not": _why_not(case, seen),
    }


def _why_not(case: Case, seen: str) -> str:
    if case.status == CaseStatus.CLOSED:
        return "Closed meanwhile: it will be skipped."
    return "" if seen == working.stamp(case) else "Changed meanwhile: it will be skipped."


def _sums(cases: list[Case]) -> Any:
    """What is at risk in each currency by itself, and how many state no amount."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for case in cases:
        if case.amount is not None:
            count, sum_ = sums.get(case.currency, (0, money.ZERO))
            sums[case.currency] = count + 1, money.EXACT.add(sum_, case.amount)
    for currency, (count, sum_) in sorted(sums.items()):
        yield words.count(count, "case"), pages.money(sum_, currency)
    if unknown := sum(case.amount is None for case in cases):
        yield words.count(unknown, "case"), "an unknown amount"


def _tell(request: HttpRequest, result: many.Done, done: str) -> None:
    if result.done:
        verb = "was" if len(result.done) == 1 else "were"
        messages.success(request, f"{words.count(len(result.done), 'case')} {verb} {done}.")
    if not result.skipped:
        return
    named = Case.objects.in_bulk([number for number, _ in result.skipped[:NAMED]])
    for number, why in result.skipped[:NAMED]:
        case = named.get(number)
        shown = pages.printable(columns.title(case))[:80] if case is not None else f"#{number}"
        messages.error(request, f"Skipped {shown}: {pages.printable(why)[:500]}")
    if len(result.skipped) > NAMED:
        messages.error(request, f"Skipped {len(result.skipped) - NAMED} more.")


def _to_list(query: str) -> HttpResponse:
    url = reverse("admin:reconciliation_case_changelist")
    return redirect(f"{url}?{query}" if query else url)
