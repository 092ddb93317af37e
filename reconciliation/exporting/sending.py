"""An export as the answer to a request of staff."""

import tempfile
from collections.abc import Mapping
from typing import cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from django.utils import timezone

from reconciliation.exporting import taking

TAKE = "reconciliation.take_export"
# Who takes rows out may also look at them.
LOOK: Mapping[str, tuple[str, ...]] = {
    "cases": ("reconciliation.view_case",),
    "statement": ("reconciliation.view_statement",),
    "transactions": ("wallets.view_transaction", "wallets.view_entry"),
    "player": ("wallets.view_player", "wallets.view_entry"),
    "journal": ("wallets.view_transaction", "wallets.view_entry"),
    "trail": ("admin.view_logentry",),
}
TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "journal": "text/plain; charset=utf-8",
}


def may(user: User, what: str) -> bool:
    """Whether `user` may take `what` out."""
    return user.has_perms([TAKE, *LOOK.get(what, ())])


def response(
    request: HttpRequest, what: str, stated: Mapping[str, str], ending: str
) -> FileResponse:
    """The file as a download, streamed from the disk; its length says whether all of it came.

    Raises PermissionDenied, and BadFilter as `taking.export`.
    """
    user = cast(User, request.user)
    if not may(user, what):
        raise PermissionDenied
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    try:
        taken = taking.export(what, stated, ending, file, by=user, at=timezone.now())
    except BaseException:
        file.close()
        raise
    file.seek(0)
    answer = FileResponse(
        file, as_attachment=True, filename=taken.file_name, content_type=TYPES[ending]
    )
    answer["Cache-Control"] = "no-store"
    return answer
