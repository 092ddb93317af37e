"""Lists that stay fast on their last page, and where a filter leaves few of many rows.

`?p=20000` would make the database read a million rows to leave them out. Here a page says which
row it begins behind, `?before=<number>` or `?after=<number>`, and an index leads there.

A filter has a trap of its own. Asked for the newest deposits, PostgreSQL reads backwards until it
has 50 of them, as if they were spread evenly; where they are all old it reads the whole table. So
the list itself looks up what such a filter (`Led`) chooses, each combination by itself, in an order
that only the index made for the list knows (see models.listed).
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Case, Model, QuerySet, Value, When
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from wallets.models.listed import RISING, Combined, combined

BEFORE, AFTER, OLDEST = "before", "after", "oldest"
NUMBERED = frozenset({"id", "sequence"})  # Unique in the lists that are ordered by it.


class Led(SimpleListFilter):
    """A filter by one of the fields that the index of the list combines.

    The list's ModelAdmin names them in that order: `led_by = [ByProvider, ByKind]`.
    """

    field: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is searched for is found by another index, and is few rows."""
        if self.value() and request.GET.get("q"):
            return queryset.filter(**{self.field: self.value()})
        return queryset

    @classmethod
    def values(cls, model: type[Model]) -> Sequence[str]:
        """All that occur."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, self.label(value)) for value in self.values(model_admin.model)]

    def label(self, value: str) -> str:
        return value


class ByNumber(InfinitePaginator):  # type: ignore[misc]
    """How such a list is paged: its links are the list's own."""

    template_name = "admin/pages_by_number.html"


class PagedList(ChangeList):  # type: ignore[misc]
    """A list that is ordered by `-id` or another falling number; any other is paged as usual."""

    newest: str | None = None
    newer: str | None = None
    older: str | None = None
    oldest: str | None = None

    def get_queryset(self, request: HttpRequest, *rest: Any, **options: Any) -> QuerySet[Any]:
        # Before anything reads them as filters; a filter's link begins at the first page again.
        self.before, self.after = (_number(self._take(name)) for name in (BEFORE, AFTER))
        self.backwards = self._take(OLDEST) is not None or self.after is not None
        found: QuerySet[Any] = super().get_queryset(request, *rest, **options)
        return found

    def get_results(self, request: HttpRequest) -> None:
        order = self.model_admin.get_ordering(request)
        field = str(order[0]).removeprefix("-") if len(order) == 1 else ""
        if field not in NUMBERED or order[0] != f"-{field}":
            super().get_results(request)
            return
        rows = self._rows(field, self._chosen())
        more, rows = len(rows) > self.list_per_page, rows[: self.list_per_page]
        if self.backwards:
            rows.reverse()
        self._link(field, rows, more=more)
        self._state(rows)

    # -- Which rows --------------------------------------------------------------------------

    def _chosen(self) -> Mapping[type[Led], str]:
        specs = [spec for spec in self.filter_specs if isinstance(spec, Led)]
        return {} if self.query else {type(spec): spec.value() for spec in specs if spec.value()}  # type: ignore[misc]

    def _rows(self, field: str, chosen: Mapping[type[Led], str]) -> list[Any]:
        """One more than a page shows; the oldest of them first where the list goes backwards."""
        order = field if self.backwards else f"-{field}"
        if not chosen:
            return list(self._behind(field).order_by(order)[: self.list_per_page + 1])
        led: Sequence[type[Led]] = self.model_admin.led_by
        values = ([chosen[one]] if one in chosen else one.values(self.model) for one in led)
        parts = [self._part([one.field for one in led], combined) for combined in product(*values)]
        if not parts:
            return []
        # The newest of each combination, and of those the newest: a few steps in one index.
        ids = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        first = sorted((id_ for (id_,) in ids), reverse=not self.backwards)
        found = self.queryset.filter(id__in=first[: self.list_per_page + 1])
        return list(found.order_by(order))

    def _behind(self, field: str) -> QuerySet[Any]:
        behind: QuerySet[Any] = self.queryset
        if self.after is not None:
            behind = behind.filter(**{f"{field}__gt": self.after})
        elif self.before is not None:
            behind = behind.filter(**{f"{field}__lt": self.before})
        return behind

    def _part(self, fields: Sequence[str], values: Sequence[str]) -> QuerySet[Any]:
        """The ids of one combination."""
        found = along_the_index(self.queryset.prefetch_related(None), fields, values)
        if self.after is not None:
            found = found.filter(rising__gt=self.after)
        elif self.before is not None:
            found = found.filter(rising__lt=self.before)
        order = "rising" if self.backwards else "-rising"
        return found.order_by(order).values_list("id")[: self.list_per_page + 1]

    # -- What its page is told ---------------------------------------------------------------

    def _link(self, field: str, rows: list[Any], *, more: bool) -> None:
        is_older = self.after is not None if self.backwards else more
        is_newer = more if self.backwards else self.before is not None
        if is_older and rows:
            self.older = self.get_query_string({BEFORE: getattr(rows[-1], field)})
            self.oldest = self.get_query_string({OLDEST: 1})
        if is_newer:
            self.newest = self.newer = self.get_query_string()
            if rows:
                self.newer = self.get_query_string({AFTER: getattr(rows[0], field)})

    def _state(self, rows: list[Any]) -> None:
        """What Django's templates ask a list for."""
        self.result_list: Any = rows
        self.paginator = ByNumber(self.queryset, self.list_per_page)
        self.page_num = 2 if self.newer else 1
        self.result_count = len(rows)
        self.full_result_count = self.result_count  # Equal: then no number is shown.
        self.show_full_result_count = self.can_show_all = False
        self.show_admin_actions = True
        self.multi_page = bool(self.newer or self.older)

    def _take(self, name: str) -> str | None:
        self.filter_params.pop(name, None)
        value: str | None = self.params.pop(name, None)
        return value


def along_the_index(
    rows: QuerySet[Any], fields: Sequence[str], values: Sequence[str]
) -> QuerySet[Any]:
    """The rows with these values, found by their number in the list's index; `rising` is its order.

    `fields` are all that it combines, in its order.
    """
    numbered = rows.annotate(rising=RISING, number=Combined(*fields))
    # Others may have that number. As plain conditions the planner would take the words for further
    # limits, expect a handful of rows, and read and sort all of them; of a CASE it expects little.
    words = dict(zip(fields, values, strict=True))
    exactly = Case(When(**words, then=Value(True)), default=Value(False))
    found: QuerySet[Any] = numbered.filter(exactly, number=combined(*values))
    return found


def _number(text: str | None) -> int | None:
    """A number that a row may have; what is none is no place."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 18:
        return None
    return int(text)
