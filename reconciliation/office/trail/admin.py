"""The page of the trail: who did what, when and why, with filters; and its file."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from reconciliation.exporting import sending
from reconciliation.office.trail import reading, taking
from reconciliation.office.trail.records import KINDS, LOOKED_THROUGH, Asked, Record, place
from wallets import pages

NAME = "admin_logentry"
FOLDER = "admin/reconciliation/trail"
ON_A_PAGE = 50
LONGEST = 150


class Question(forms.Form):
    """What the trail is limited to."""

    person = forms.CharField(required=False, max_length=LONGEST, empty_value="")
    kind = forms.ChoiceField(required=False, choices=[("", "Everything"), *KINDS.items()])
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    q = forms.CharField(required=False, max_length=LONGEST, empty_value="")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, date) and isinstance(until, date) and since > until:
            self.add_error("until", "It ends before it begins.")
        return cleaned

    @property
    def asked(self) -> Asked:
        """What is wrong limits nothing; the page says that it is wrong."""
        said = self.cleaned_data
        person = said.get("person", "")
        return Asked(
            person=person,
            user=User.objects.filter(username=person).first() if person else None,
            kind=said.get("kind", ""),
            since=said.get("since"),
            until=said.get("until"),
            text=said.get("q", ""),
        )


@admin.register(LogEntry)
class TrailAdmin(pages.ReadOnly):
    """One list over Django's log, all histories, exports and logins. Nobody edits it."""

    class Media:
        css = {
            "all": [
                "reconciliation/cases.css",
                "reconciliation/statements.css",
                "reconciliation/trail.css",
            ]
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{NAME}_changelist"),
            path("take/", view(self.take), name=f"{NAME}_take"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = Question(request.GET)
        asked = form.asked if form.is_valid() else Asked()
        read = reading.page(asked, after=place(request.GET.get("after", "")), count=ON_A_PAGE)
        context = {
            **self.admin_site.each_context(request),
            "media": self.media,
            "title": "Trail",
            "form": form,
            "kinds": KINDS.items(),
            "people": User.objects.order_by("username").values_list("username", flat=True)[:500],
            "rows": [_shown(record) for record in read.records],
            "older": urlencode({**asked.stated, "after": str(read.older)}) if read.older else "",
            "is_later": "after" in request.GET,
            "newest": urlencode(asked.stated),
            "stated": asked.stated,
            "looked": LOOKED_THROUGH.days if asked.text and not asked.since else 0,
            "may_take": sending.may(request.user, taking.WHAT),  # type: ignore[arg-type]
        }
        return render(request, f"{FOLDER}/page.html", context)

    def take(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """The file, to those who may take exports. Only posted: that it was taken is noted."""
        user = request.user
        if not isinstance(user, User) or not sending.may(user, taking.WHAT):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = Question(request.POST)
        if not form.is_valid():
            messages.error(request, "Nothing was taken: the filters can't be read.")
            return redirect(f"admin:{NAME}_changelist")
        try:
            return taking.response(form.asked, by=user)
        except taking.TooMany as reason:
            messages.error(request, f"Nothing was taken. {reason}")
            return redirect(f"admin:{NAME}_changelist")


def _shown(record: Record) -> dict[str, Any]:
    """A record for the template: other people's text cut, and nothing hidden in it."""
    return {
        "at": pages.moment(record.at),
        "who": pages.short(record.who) if record.who else "Cage, or a command",
        "kind": KINDS.get(record.kind, "Other"),
        "what": pages.printable(record.what)[:500],
        "on": pages.short(record.on) if record.on else "",
        "url": record.url,
        "changes": [
            {
                "field": pages.short(one.field, longest=60),
                "before": pages.short(one.before, longest=120) if one.before else "",
                "after": pages.short(one.after, longest=120),
                "is_secret": one.after == "changed" and not one.before,
            }
            for one in record.changes
        ],
        "why": pages.short(record.why, longest=500) if record.why else "",
        "address": record.address,
    }
