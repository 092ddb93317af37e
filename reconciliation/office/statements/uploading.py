"""The page on which a statement is imported and matched: translate, call, translate back."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reconciliation import words
from reconciliation.matching import matching
from reconciliation.models import Statement
from reconciliation.office.statements import statement_desk, upload_forms
from reconciliation.statements import importing
from wallets import pages

SUMS = "sums"


def upload(request: HttpRequest, *, frame: dict[str, Any]) -> HttpResponse:
    """The form; then the statement, or why the file is refused."""
    by = statement_desk.person(request, statement_desk.MAY_IMPORT)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = upload_forms.Upload(data, files, initial=request.GET.dict())
    sums = upload_forms.StatedSums(data, prefix=SUMS)
    refused: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid() and sums.is_valid():
        try:
            statement = _import(form.cleaned_data, sums, by=by)
        except importing.Refused as reason:
            refused = _refusal(reason)
        else:
            _match(request, statement, by=by)
            return statement_desk.to(statement)
    context = {"form": form, "sums": sums, "refused": refused, **frame}
    context |= {"title": "Import a statement"}
    # A refusal is an answer to what was sent, not a page that is there anyway.
    status = 422 if refused else 200
    return render(request, f"{statement_desk.FOLDER}/upload.html", context, status=status)


def _import(asked: dict[str, Any], sums: Any, *, by: User) -> Statement:
    with _path(asked["file"]) as path:
        return importing.import_file(
            provider=asked["provider"],
            path=path,
            file_name=asked["file"].name or "",
            format=asked["format"],
            start_at=asked["start_at"],
            end_at=asked["end_at"],
            day=asked["day"],
            stated=upload_forms.stated(asked["rows"], sums),
            skip_bad=asked["skip_bad"],
            by=by,
            at=timezone.now(),
        )


@contextmanager
def _path(file: "UploadedFile[Any]") -> Iterator[str]:
    """Where the upload lies on the disk; a small one was only in memory."""
    if isinstance(file, TemporaryUploadedFile):
        yield file.temporary_file_path()
        return
    with tempfile.NamedTemporaryFile(prefix="cage-upload-") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield copy.name


def _match(request: HttpRequest, statement: Statement, *, by: User) -> None:
    """It is imported by now, whatever comes of matching it."""
    statement_desk.log(statement, "Imported.", by=by)
    rows = words.count(statement.rows, "row")
    try:
        matching.match(statement, at=timezone.now())
    except matching.NotMatched as reason:
        messages.warning(request, f"{rows} imported, and not matched: {reason}")
    else:
        messages.success(request, f"{rows} imported and matched.")


def _refusal(reason: importing.Refused) -> dict[str, Any]:
    return {
        "sentence": pages.printable(reason.sentence),
        "count": reason.count,
        "shown": len(reason.problems),
        "problems": [
            (f"{row:,}" if row else "", pages.short(column), pages.short(sentence, longest=500))
            for row, column, sentence in reason.problems
        ],
    }
