"""Times of the admin's pages in the viewer's zone, by a middleware that touches nothing else."""

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils import timezone

COOKIE = "cage_zone"
LONGEST = 64  # Characters of a name; the longest that exists has 32.
PAGES, FILES = "/admin/", "/admin/take/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page says of its times: `name` is the zone, `choices` are others at hand."""

    name: str
    choices: tuple[tuple[str, str], ...]


def in_the_viewers_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware: pages of the admin in the zone of the cookie, if there is such a zone.

    What is exported is told in the business's zone, whoever takes it.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PAGES) or request.path.startswith(FILES):
            return get_response(request)
        zone = known(request.COOKIES.get(COOKIE, "")) or timezone.get_default_timezone()
        request.zone = shown(str(zone))  # type: ignore[attr-defined]
        with timezone.override(zone):
            return get_response(request)

    return respond


def known(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of this name; None for what is no zone. A name never becomes a path."""
    if len(name) > LONGEST or name not in _names():
        return None
    return zoneinfo.ZoneInfo(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def shown(name: str) -> Shown:
    """For the choice at the top of every page."""
    choices = dict.fromkeys([name, settings.TIME_ZONE, "UTC"], "")
    choices[settings.TIME_ZONE] = " (business)"
    return Shown(name=name, choices=tuple((one, f"{one}{what}") for one, what in choices.items()))


# -- The frame, named in settings.UNFOLD -----------------------------------------------------------


def script(request: HttpRequest) -> str:
    """The address of what names the browser's zone."""
    return static("reconciliation/zone.js")


def keys(request: HttpRequest) -> str:
    """The address of what moves through lists by the keyboard."""
    return static("reconciliation/keys.js")
