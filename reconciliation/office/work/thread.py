"""What people have added to a case, for its page; and the files as downloads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from reconciliation import desk, working
from reconciliation.models import Attachment, Case
from reconciliation.office.work import attachments, comments, forms, walking
from wallets import pages

LOOK = "reconciliation.view_case"
ANCHOR = "thread"


def of(case: Case, *, may_work: bool) -> dict[str, Any]:
    """For the template: two queries."""
    said, is_cut = comments.of(case)
    return {
        "case": case,
        "may_work": may_work,
        "is_cut": is_cut,
        "comments": [
            {
                "who": pages.short(one.said_by.get_username()),
                "at": pages.moment(one.said_at),
                "text": pages.printable(one.text),
            }
            for one in said
        ],
        "files": [_file(one) for one in attachments.of(case)],
    }


def _file(one: Attachment) -> dict[str, object]:
    return {
        "url": reverse("admin:reconciliation_case_file", args=[one.case_id, one.pk]),
        "name": pages.short(one.name),
        "kind": one.media_type,
        "size": filesizeformat(one.size),
        "digest": one.sha256,
        "why": pages.short(one.why, longest=500) if one.why else "",
        "who": pages.short(one.attached_by.get_username()),
        "at": pages.moment(one.attached_at),
    }


def attach(request: HttpRequest, case_id: int, frame: dict[str, Any]) -> HttpResponse:
    """A file that is laid to the case; evidence may come after it was closed."""
    case, user = desk.find(request, case_id), desk.person(request)
    is_posted = request.method == "POST"
    form = forms.Attach(request.POST, request.FILES) if is_posted else forms.Attach()
    if is_posted and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = attachments.add(
                case_id,
                name=file.name or "",
                content=file.read(),
                why=form.cleaned_data["why"],
                by=user,
                at=timezone.now(),
            )
        except working.NotDone as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, f"{pages.printable(kept.name)} is attached.")
        return to(case, request)
    context = {"form": form, **desk.about(case, request), **frame, "title": "Attach a file"}
    return render(request, f"{desk.FOLDER}/attach.html", context)


def download(request: HttpRequest, case_id: int, number: int) -> HttpResponse:
    """The file's bytes, which no browser opens or guesses about."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(LOOK):
        raise PermissionDenied
    found = Attachment.objects.filter(case=case_id, pk=number).first()
    if found is None:
        raise Http404
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "no-store"
    return answer


def to(case: Case, request: HttpRequest) -> HttpResponse:
    url = reverse("admin:reconciliation_case_change", args=[case.pk])
    return redirect(f"{url}{walking.suffix(request)}#{ANCHOR}")
