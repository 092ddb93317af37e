"""Formats made, changed, taken out and brought in: translate, one domain call, translate back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from reconciliation.models import StatementFormat
from reconciliation.office.statements import format_forms, format_page, format_preview
from reconciliation.office.statements.statement_desk import person
from reconciliation.statements import formats
from wallets import pages

FOLDER = "admin/reconciliation/statementformat"
MAY_LOOK = "reconciliation.view_statementformat"
MAY_MAKE = "reconciliation.add_statementformat"
MAY_CHANGE = "reconciliation.change_statementformat"


def edit(
    request: HttpRequest, format_id: int | None = None, *, frame: dict[str, Any]
) -> HttpResponse:
    """The editor: try a file, choose columns, see what Cage reads of it, then save."""
    by = person(request, MAY_MAKE if format_id is None else MAY_CHANGE)
    format = get_object_or_404(StatementFormat, pk=format_id) if format_id else StatementFormat()
    about = format_page.head(format)
    if request.method == "POST":
        form = format_forms.Editor(request.POST, request.FILES, instance=format)
        if form.is_valid() and "save" in request.POST:
            save(form.instance, by)
            messages.success(request, "The format was saved.")
            return redirect("admin:reconciliation_statementformat_change", form.instance.pk)
        tried = format_preview.of_form(form)
        if "save" not in request.POST:
            tried["is_tried"] = True
    else:
        form = format_forms.Editor(instance=format, initial={"protocol": format.protocol})
        tried = format_preview.nothing(form)
    title = f"Change {format.name}" if format_id else "Make a format"
    context = {"form": form, "used": format_page.used(format), "zones": format_forms.zones()}
    return render(
        request, f"{FOLDER}/editor.html", {**context, **tried, **about, **frame, "title": title}
    )


def export(request: HttpRequest, format_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """The format as a JSON file, for another Cage."""
    person(request, MAY_LOOK)
    format = get_object_or_404(StatementFormat, pk=format_id)
    response = HttpResponse(formats.as_json(format), content_type="application/json")
    # A name is a slug: nothing of it needs quoting.
    response["Content-Disposition"] = f'attachment; filename="{format.name}.json"'
    return response


def import_(request: HttpRequest, *, frame: dict[str, Any]) -> HttpResponse:
    """A format that another Cage wrote. One of that name is changed, by those who may."""
    by = person(request, MAY_MAKE)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = format_forms.Json(data, files)
    if request.method == "POST" and form.is_valid():
        try:
            format = formats.from_json(form.cleaned_data["file"])
        except formats.NotAFormat as reason:
            for sentence in reason.sentences:
                form.add_error("file", pages.printable(sentence))
        else:
            if format.pk is not None:
                person(request, MAY_CHANGE)
            save(format, by)
            messages.success(request, "The format was imported.")
            return redirect("admin:reconciliation_statementformat_change", format.pk)
    return render(
        request, f"{FOLDER}/import.html", {"form": form, **frame, "title": "Import a format"}
    )


def save(format: StatementFormat, by: User) -> None:
    """Keep it, and in its history who did."""
    format._history_user = by  # type: ignore[attr-defined]
    format.save()
