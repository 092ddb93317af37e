"""What staff type into the one box, and what it may be.

A term is looked up as every kind of thing that its reader may view and that it could name. All are
exact but the player's name, of which the beginning is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User

from reconciliation.office.search.finding import KINDS, MOST, Hit
from wallets import pages

LONGEST = 200  # Characters: no id is longer.


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The hits of one kind; `more` where there are more than are shown."""

    kind: str
    label: str
    hits: Sequence[Hit]
    more: bool


def groups(term: str, reader: User | AnonymousUser, *, kind: str = "") -> list[Group]:
    """What the term names, by kind; a constant number of queries. `kind` looks for that only."""
    found: list[Group] = []
    for name, one in KINDS.items():
        if kind not in ("", name) or not reader.has_perm(one.permission):
            continue
        # What its transaction or its player leads to anyway is not listed once more.
        if name == "callback" and any(group.kind == "transaction" for group in found):
            continue
        hits = list(one.find(term))
        if any(group.kind == "player" for group in found):
            hits = [hit for hit in hits if hit.player != term]
        if hits:
            found.append(Group(kind=name, label=one.label, hits=hits[:MOST], more=len(hits) > MOST))
    return _with_stories(found)


def _with_stories(found: list[Group]) -> list[Group]:
    """Of several transactions also what tells of them together; of one its page leads there."""
    booked = next((group for group in found if group.kind == "transaction"), None)
    if booked is None or len(booked.hits) < 2 or any(group.kind == "round" for group in found):
        return found
    told = {
        hit.story: Hit(url=hit.story[0], title=pages.short(hit.story[1])) for hit in booked.hits
    }
    hits = [hit for (url, _), hit in told.items() if url]
    story = Group(kind="story", label="What happened, in one story", hits=hits, more=False)
    return [story, *found] if hits else found


def only(found: Sequence[Group]) -> str:
    """The address of the one thing that was found; "" where there are none or several."""
    hits = [hit for group in found for hit in group.hits]
    return hits[0].url if len(hits) == 1 and not found[0].more else ""


def can_be(reader: User | AnonymousUser) -> list[tuple[str, str]]:
    """What this reader can look for: label and form."""
    return [(one.label, one.what) for one in KINDS.values() if reader.has_perm(one.permission)]
