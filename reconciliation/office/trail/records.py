"""One line of the trail, what is asked of it, and the place in it where a page begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

# A text is looked for in this much time, unless somebody says since when.
LOOKED_THROUGH = timedelta(days=90)
KINDS: Mapping[str, str] = {
    "cases": "Cases",
    "adjustments": "Adjustments",
    "limits": "Adjustment limits",
    "statements": "Statements",
    "formats": "Statement formats",
    "players": "Players",
    "wallets": "Wallets",
    "users": "Users",
    "groups": "Groups",
    "exports": "Exports",
    "callbacks": "Callbacks removed",
    "logins": "Logins",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field, as people read it. Of a secret only that it was changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that somebody did. Its texts are other people's: not escaped, not cut."""

    at: datetime
    kind: str
    who: str
    what: str
    on: str
    url: str = ""
    changes: tuple[Change, ...] = ()
    why: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Behind which row a page begins: everything on it is older, or of the same moment and behind.

    `rank` is the number of the source in the list of sources.
    """

    at: datetime
    rank: int
    pk: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.pk}"


def place(text: str) -> Place | None:
    """What `str` of a place says; None where it says nothing."""
    at, _, rest = text.partition("~")
    rank, _, pk = rest.partition("~")
    try:
        read = datetime.fromisoformat(at)
    except ValueError:
        return None
    if read.tzinfo is None or not (rank.isdecimal() and pk.isdecimal()) or len(pk) > 18:
        return None
    return Place(at=read, rank=int(rank), pk=int(pk))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the trail is limited to; nothing limits nothing. `user` is who `person` is, if any."""

    person: str = ""
    user: User | None = None
    kind: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""

    @property
    def begins(self) -> datetime | None:
        """The first moment that is looked at."""
        if self.since is not None:
            return _midnight(self.since)
        if self.text:
            return (self.ends or timezone.now()) - LOOKED_THROUGH
        return None

    @property
    def ends(self) -> datetime | None:
        """The first moment that isn't any more."""
        return _midnight(self.until + timedelta(days=1)) if self.until is not None else None

    @property
    def stated(self) -> dict[str, str]:
        """As words, for an address or the note of an export."""
        words = {
            "person": self.person,
            "kind": self.kind,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "q": self.text,
        }
        return {name: word for name, word in words.items() if word}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`older` is where the next one begins; None: this is the last."""

    records: list[Record] = field(default_factory=list)
    older: Place | None = None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
