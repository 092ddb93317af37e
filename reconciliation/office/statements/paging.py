"""Long lists by their key: a page begins after the last row that was seen, and nothing is counted.

However far into a statement of a million rows, a page costs what the first one costs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

SIZE = 50
LARGEST = 2**63 - 1
RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[RowT]):
    """Some rows in order. `earlier` and `later` are the addresses of the pages around them, ""
    where there is none."""

    rows: Sequence[RowT]
    earlier: str
    later: str


def page(
    found: QuerySet[RowT],
    request: HttpRequest,
    *,
    key: str = "id",
    order: Callable[[str], Combinable] = F,
) -> Page[RowT]:
    """The page of `found` that the address asks for, by `key`, which is unique there.

    `order` may hide the key from the planner where an index on it would lead through everything.
    """
    before, after = _number(request, "before"), _number(request, "after")
    if before is not None:
        some = list(found.filter(**{f"{key}__lt": before}).order_by(order(key).desc())[: SIZE + 1])  # type: ignore[attr-defined]
        rows = some[:SIZE][::-1]
        more_before, more_after = len(some) > SIZE, bool(rows)
    else:
        if after is not None:
            found = found.filter(**{f"{key}__gt": after})
        some = list(found.order_by(order(key).asc())[: SIZE + 1])  # type: ignore[attr-defined]
        rows = some[:SIZE]
        more_before, more_after = after is not None, len(some) > SIZE
    return Page(
        rows=rows,
        earlier=_address(request, "before", getattr(rows[0], key)) if rows and more_before else "",
        later=_address(request, "after", getattr(rows[-1], key)) if rows and more_after else "",
    )


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), LARGEST)


def _address(request: HttpRequest, name: str, value: Any) -> str:
    query = request.GET.copy()
    for one in ("before", "after"):
        query.pop(one, None)
    query[name] = str(value)
    return f"?{query.urlencode()}"
