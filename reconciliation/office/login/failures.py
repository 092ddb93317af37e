"""Wrong passwords and wrong codes, counted by axes for a name from an address."""

from datetime import datetime

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from providers import views


def address(request: HttpRequest) -> str | None:
    """Where the request comes from, read as for callbacks; None where the server doesn't know."""
    return views.client_address(request.META) or None


def locked(request: HttpRequest, user: User) -> bool:
    """Whether `user` has failed too often from here to be heard now."""
    return not AxesProxyHandler.is_allowed(request, {"username": user.get_username()})


def count(request: HttpRequest, user: User) -> bool:
    """Note a wrong code as one more failure; True if it was the one that locks."""
    user_login_failed.send(
        sender=__name__, credentials={"username": user.get_username()}, request=request
    )
    return bool(getattr(request, "axes_locked_out", False))


def forget(request: HttpRequest, user: User) -> None:
    """All steps were taken: what went wrong before, from here, was the person's own."""
    AccessAttempt.objects.filter(username=user.get_username(), ip_address=address(request)).delete()


def locks(username: str) -> QuerySet[AccessAttempt]:
    """Failures of this name that still count, from any address."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    return AccessAttempt.objects.filter(username=username, attempt_time__gte=since).order_by("id")


def locked_until(request: HttpRequest, username: str) -> datetime:
    """When the lock of `username` from here ends."""
    found = locks(username).filter(ip_address=address(request))
    last: datetime = found.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    return last + settings.AXES_COOLOFF_TIME
