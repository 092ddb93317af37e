"""What people do with a statement: match it again, take it back. Each stands in its log."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from reconciliation.forms import why
from reconciliation.matching import matching
from reconciliation.models import Statement, StatementStatus
from reconciliation.office.statements import statement_page

FOLDER = "admin/reconciliation/statement"
MAY_LOOK = "reconciliation.view_statement"
MAY_IMPORT = "reconciliation.add_statement"
MAY_WORK = "reconciliation.change_statement"


class Withdraw(forms.Form):
    why = why("Stands in the log of this statement for good, with your name.")


def match(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """Look again where everything stands. Only posted."""
    by = person(request, MAY_WORK)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    statement = find(statement_id)
    try:
        matching.match(statement, at=timezone.now())
    except matching.NotMatched as reason:
        messages.error(request, str(reason))
    else:
        log(statement, "Matched again.", by=by)
        messages.success(request, "It was matched again.")
    return to(statement)


def withdraw(request: HttpRequest, statement_id: int, *, frame: dict[str, Any]) -> HttpResponse:
    """Take it back: asked first, with a reason."""
    by, statement = person(request, MAY_WORK), find(statement_id)
    if statement.status == StatementStatus.WITHDRAWN:
        messages.error(request, "It is withdrawn already.")
        return to(statement)
    form = Withdraw(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            matching.withdraw(statement, by=by, at=timezone.now())
        except matching.NotMatched as reason:
            messages.error(request, str(reason))
        else:
            log(statement, f"Withdrawn. {form.cleaned_data['why']}", by=by)
            messages.success(request, "It was withdrawn.")
        return to(statement)
    context = {"form": form, **statement_page.head(statement), **frame, "title": "Withdraw"}
    return render(request, f"{FOLDER}/withdraw.html", context)


def find(statement_id: int) -> Statement:
    found = Statement.objects.select_related("format", "imported_by")
    return get_object_or_404(found, pk=statement_id)


def person(request: HttpRequest, permission: str) -> User:
    """Who asks. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user


def log(statement: Statement, message: str, *, by: User) -> None:
    """Who did what, in the admin's own log."""
    LogEntry.objects.log_actions(
        by.pk, [statement], CHANGE, change_message=message, single_object=True
    )


def to(statement: Statement) -> HttpResponse:
    return redirect("admin:reconciliation_statement_change", statement.pk)
