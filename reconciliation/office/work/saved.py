"""Lists of cases under a name: what may stand in their addresses, whose they are."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, QueryDict

from reconciliation import filters, working
from reconciliation.models import CaseKind, SavedFilter
from reconciliation.working import NotDone

MOST = 30  # Of one person.
SHOWN = 60  # Those of others included.


def _short(longest: int) -> Callable[[str], bool]:
    return lambda value: 0 < len(value) <= longest and value.isprintable()


# What a list of cases can be limited by; nothing else is ever kept.
KNOWN: Mapping[str, Callable[[str], bool]] = {
    filters.Queue.parameter_name: lambda value: value in filters.TITLES,
    "kind__exact": lambda value: value in CaseKind.values,
    "provider": _short(32),
    filters.Because.parameter_name: _short(64),
    "q": _short(200),
}


def clean(query: str) -> str:
    """The known parameters of an address that hold something sensible, always in one order."""
    given = dict(parse_qsl(query.removeprefix("?"), max_num_fields=50))
    return urlencode({name: given[name] for name, may in KNOWN.items() if may(given.get(name, ""))})


def of(request: HttpRequest) -> str:
    """That of the list that is shown."""
    return clean(request.GET.urlencode())


def save(*, name: str, query: str, is_shared: bool, by: User, at: datetime) -> SavedFilter:
    """Raises NotDone. Only who may work on cases shares lists with the others."""
    called, kept = name.strip(), clean(query)
    if not called or len(called) > 60 or not called.isprintable():
        raise NotDone("A list needs a name of 60 characters at most.")
    if not kept:
        raise NotDone("This is the list that everybody begins with: narrow it first.")
    if is_shared and not by.has_perm(working.MAY):
        raise NotDone("Only who may work on cases shares a list.")
    if SavedFilter.objects.filter(owner=by).count() >= MOST:
        raise NotDone(f"You have {MOST} lists already: delete one first.")
    try:
        with transaction.atomic():
            return SavedFilter.objects.create(
                owner=by, name=called, query=kept, is_shared=is_shared, saved_at=at
            )
    except IntegrityError:
        raise NotDone("You have a list of this name already.") from None


def delete(saved_id: int, *, by: User) -> SavedFilter:
    """One's own only. Raises NotDone."""
    found = SavedFilter.objects.filter(pk=saved_id, owner=by).first()
    if found is None:
        raise NotDone("It is not yours, or was deleted already.")
    SavedFilter.objects.filter(pk=found.pk).delete()
    return found


def at_hand(user: User) -> list[SavedFilter]:
    """One's own and those that others share, by name."""
    found = SavedFilter.objects.filter(Q(owner=user.pk) | Q(is_shared=True))
    return list(found.select_related("owner").order_by("name", "id")[:SHOWN])


def parameters(query: str) -> QueryDict:
    """As a request would have them; of an address that somebody sent, only what is known."""
    return QueryDict(clean(query))
