"""The pages on which packs are taken: GET asks for whom, POST gives the file."""

import tempfile
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from providers import registry
from reconciliation.exporting import sending
from reconciliation.exporting.filters import BadFilter
from reconciliation.office.packs import editions, taking
from wallets import pages

NEEDED = (sending.TAKE, "reconciliation.view_case")
FOLDER = "admin/reconciliation/case"


class ForWhom(forms.Form):
    """The whole pack, or one player's edition."""

    for_ = forms.CharField(
        label="Player's edition of",
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "players", "autocomplete": "off"}),
        help_text="Without what concerns anybody else. Empty: the whole pack, for the house and "
        "its auditors.",
    )

    def add_prefix(self, field_name: str) -> str:
        return field_name.rstrip("_")


class OfRound(ForWhom):
    provider = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    round = forms.CharField(
        label="Round or reference",
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="The provider's own, exactly; or a whole transaction id.",
    )
    field_order = ("provider", "round", "for_")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        names = sorted(registry.current().by_name)
        field.choices = [("", "---------"), *((name, name) for name in names)]


def may(user: User) -> bool:
    return user.has_perms(NEEDED)


def of_case(request: HttpRequest, case_id: int, frame: dict[str, Any]) -> HttpResponseBase:
    """The pack of a case."""
    asked = {"case": str(case_id)}
    return _page(request, asked, ForWhom, frame, reverse(f"{CASE}_change", args=[case_id]))


def of_round(request: HttpRequest, frame: dict[str, Any]) -> HttpResponseBase:
    """The pack of a round or a reference, also of one that is nobody's case."""
    given = request.POST if request.method == "POST" else request.GET
    asked = {name: given.get(name, "") for name in ("provider", "round")}
    return _page(request, asked, OfRound, frame, reverse(f"{CASE}_changelist"))


CASE = "admin:reconciliation_case"


def _page(
    request: HttpRequest,
    asked: Mapping[str, str],
    kind: type[ForWhom],
    frame: dict[str, Any],
    back: str,
) -> HttpResponseBase:
    user = request.user
    if not isinstance(user, User) or not may(user):
        raise PermissionDenied
    is_posted = request.method == "POST"
    initial = {**asked, "for_": request.GET.get("for", "")}
    form = kind(request.POST if is_posted else None, initial=initial)
    if is_posted and form.is_valid():
        try:
            return _file(asked, form.cleaned_data["for_"], user)
        except BadFilter as reason:
            form.add_error(None, str(reason))
    context = {
        **frame,
        "form": form,
        "title": f"Evidence pack of case #{asked['case']}" if "case" in asked else "Evidence pack",
        "back": back,
        "players": _players(request, asked),
    }
    return render(request, f"{FOLDER}/pack.html", context)


def _players(request: HttpRequest, asked: Mapping[str, str]) -> list[str]:
    """Whose editions there can be, where it is said of what."""
    if not asked.get("case") and not (asked.get("provider") and asked.get("round")):
        return []
    try:
        return sorted(map(pages.printable, editions.players(taking.collect(asked))))
    except BadFilter as reason:
        if request.method != "POST":
            messages.error(request, str(reason))
        return []


def _file(asked: Mapping[str, str], uid: str, user: User) -> HttpResponse | FileResponse:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    try:
        taken = taking.take(asked, uid, file, by=user, at=timezone.now())
    except BaseException:
        file.close()
        raise
    file.seek(0)
    answer = FileResponse(
        file, as_attachment=True, filename=taken.file_name, content_type="application/zip"
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
