"""How long a login lasts: not for ever, and not beyond a change of what the person may do."""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from reconciliation.office.login import failures
from wallets.models import DatabaseMark

STAMP = "login"


def stamp(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Receiver of `user_logged_in`: note in the session when that was, and who it was then."""
    # Read anew: the object at hand may remember what the person might do before.
    now = role(User.objects.get(pk=user.pk))
    request.session[STAMP] = {"at": timezone.now().isoformat(), "role": now}
    if DatabaseMark.is_demo():
        failures.forget(request, user)  # There is no second step.


def role(user: User) -> str:
    """A digest of what `user` may do: another one after every change of it."""
    everything = [] if user.is_superuser else sorted(user.get_all_permissions())
    text = " ".join([str(user.is_staff), str(user.is_superuser), *everything])
    return hashlib.sha256(text.encode()).hexdigest()


def over(request: HttpRequest, user: User, *, at: datetime) -> str:
    """Why this login has ended, for the person; "" while it lasts."""
    login = request.session.get(STAMP)
    if login is None:
        return "Please log in again."
    if at - datetime.fromisoformat(login["at"]) >= settings.SESSION_ENDS_AFTER:
        return "You have been logged in for long enough. Please log in again."
    if login["role"] != role(user):
        return "What you may do has changed. Please log in again."
    return ""


def end(user: User) -> int:
    """End every session of `user`, at once; return how many there were."""
    # A session says whose it is in its data only. Staff are few, so that all can be read.
    live = Session.objects.filter(expire_date__gte=timezone.now()).iterator()
    theirs = [row.pk for row in live if row.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)
