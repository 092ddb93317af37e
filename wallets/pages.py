"""How the admin shows the books: money exact, times with their zone, no bare constant, no edits.

Other apps' pages build on these too. Everything that comes from a provider or a player is escaped
here, and characters that change how the text around them reads are spelled out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import wraps
from typing import Any, Protocol, TypeVar

from django.contrib.admin import ShowFacets, SimpleListFilter
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from wallets import lists
from wallets.models import DatabaseMark
from wallets.text import printable as printable

NOTHING = "–"  # noqa: RUF001  (the dash of an empty cell)
LONGEST = 200  # Characters, as long as the longest id; in a list the style sheet cuts earlier.

TONES: Mapping[str, str] = {
    **dict.fromkeys(["active", "posted"], "good"),
    **dict.fromkeys(["suspended", "refused"], "warning"),
    **dict.fromkeys(["conflict", "failed"], "bad"),
}


class Meaning(Protocol):
    """A member of one of our enums: every one has a label and one sentence."""

    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def sentence(self) -> str: ...


# -- Values ----------------------------------------------------------------------------------


def amount(value: Decimal) -> str:
    """`value` exactly, with thousands separators and at least two decimals: 1,234.50."""
    whole, _, decimals = f"{value:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def money(value: Decimal | None, currency: str = "") -> SafeString:
    """An amount for a right-aligned cell. Never given a sum over several currencies."""
    if value is None:
        return format_html('<span class="cage-money cage-zero">{}</span>', NOTHING)
    return format_html(
        '<span class="cage-money{}">{} <span class="cage-unit">{}</span></span>',
        "" if value else " cage-zero",
        amount(value),
        currency,
    )


# The zone of a provider's own clock: whoever knows the providers adds it when it loads.
clocks: list[Callable[[str], tzinfo | None]] = []


def moment(
    value: datetime | None, *, precise: bool = False, provider: str = ""
) -> SafeString | str:
    """A time in the viewer's zone, to the second or (`precise`) the millisecond; in the tooltip
    it stands as UTC and, of a `provider`, as that provider's own clock tells it."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    others = [f"{told(value.astimezone(UTC))} UTC"]
    others += [f"{provider}: {text}" for text in [theirs(value, provider)] if text]
    return format_html(
        '<span class="cage-moment" title="{}">{} {}</span>',
        " · ".join(others),
        told(local, precise=precise),
        zone_of(local),
    )


def both(value: datetime | None, *, provider: str) -> SafeString | str:
    """A time in the viewer's zone, with the provider's own beside it: for a detail page."""
    shown = moment(value, precise=True, provider=provider)
    text = theirs(value, provider) if value is not None else ""
    if not text:
        return shown
    return format_html(
        '{} <span class="cage-theirs">{}, by its clock: {}</span>', shown, provider, text
    )


def theirs(value: datetime, provider: str) -> str:
    """A time as the provider's clock tells it: 2026-11-21 20:00:00 UTC+08:00; "" if unknown."""
    zone = next((zone for clock in clocks if (zone := clock(provider)) is not None), None)
    if not provider or zone is None:
        return ""
    local = value.astimezone(zone)
    distance = f"{local:%z}"
    shift = "" if distance == "+0000" else f"{distance[:3]}:{distance[3:5]}"
    return f"{told(local)} UTC{shift}"


def told(local: datetime, *, precise: bool = False) -> str:
    """2026-11-21 12:00:00, with milliseconds if `precise`."""
    return local.isoformat(" ", "milliseconds" if precise else "seconds")[: 23 if precise else 19]


def zone_of(local: datetime) -> str:
    """The short name of its zone: CET, UTC; UTC+04 where it has no name but its distance."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in ("+", "-") else name


def tag(member: Meaning, *, tone: str = "") -> SafeString:
    """A label in its colour (good, warning, bad, plain); its sentence is the tooltip."""
    tone = tone or TONES.get(member.value, "plain")
    return format_html(
        '<span class="cage-tag cage-{}" title="{}">{}</span>', tone, member.sentence, member.label
    )


def explained(member: Meaning) -> SafeString:
    """A label and its sentence, for a detail page."""
    return format_html("{} <span>{}</span>", tag(member), member.sentence)


def short(text: str, *, longest: int = LONGEST) -> SafeString | str:
    """Somebody else's text: cut, with all of it in the tooltip; in a list it stays on one line."""
    if not text:
        return NOTHING
    shown = printable(text)
    cut = f"{shown[:longest]}…" if len(shown) > longest else shown
    return format_html('<span class="cage-text" title="{}">{}</span>', shown[:2_000], cut)


def link(target: Model, text: object) -> SafeString:
    """A link to the page of `target`."""
    options = target._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[target.pk])
    return format_html('<a class="cage-link" href="{}">{}</a>', url, text)


def table(rows: Iterable[tuple[object, object]]) -> SafeString:
    """Names and what they hold."""
    cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
    return format_html('<table class="cage-table">{}</table>', cells)


RowT = TypeVar("RowT", bound=Model)
ValueT = TypeVar("ValueT")
Cell = Callable[[Any, RowT], SafeString | str]


def once(cell: Callable[[Any, RowT], ValueT]) -> Callable[[Any, RowT], ValueT]:
    """A cell of a detail page that asks the database, or what several cells ask: unfold asks for
    each of them five times."""

    @wraps(cell)
    def asked(self: Any, row: RowT) -> ValueT:
        kept: dict[str, ValueT] = row.__dict__.setdefault("_cells", {})
        if cell.__name__ not in kept:
            kept[cell.__name__] = cell(self, row)
        return kept[cell.__name__]

    return asked


# -- Pages -----------------------------------------------------------------------------------


class Listed(ModelAdmin):  # type: ignore[misc]
    """A list that stays fast however many rows there are, and rows that nobody deletes.

    Lists are newest first and never counted: a COUNT(*) of a big table is a long wait, so they
    have an older page and no number of pages. Nothing is sorted by a column without an index, and
    never by amounts, which are of different currencies.
    """

    actions = None
    ordering = ["-id"]
    sortable_by: list[str] = []
    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = InfinitePaginator

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[Any]:
        return lists.PagedList

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(Listed):
    """A table that nobody changes in the admin, superusers included."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByProvider(SimpleListFilter):
    """Filter by provider, for models with an index that begins with `provider`."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in providers_in(model_admin.model)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class LedByProvider(lists.Led):
    """The same in a list of millions, led by an index that has the rows' order too."""

    title = "provider"
    parameter_name = "provider"
    field = "provider"

    @classmethod
    def values(cls, model: type[Model]) -> list[str]:
        return providers_in(model)


def providers_in(model: type[Model]) -> list[str]:
    """The providers that occur in `model`: one probe of its index per name, however many rows."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE name AS (SELECT min(provider) AS name FROM {table} UNION ALL "
            f"SELECT (SELECT min(provider) FROM {table} WHERE provider > name.name) FROM name "
            "WHERE name.name IS NOT NULL) SELECT name FROM name WHERE name IS NOT NULL"
        )
        return [name for (name,) in cursor.fetchall()]


# -- The frame, named in settings.UNFOLD -------------------------------------------------------


def environment(request: HttpRequest) -> list[str]:
    """What this database is for, top right on every page."""
    kind = DatabaseMark.Kind(DatabaseMark.objects.get().kind)
    return [kind.label, "info" if kind == DatabaseMark.Kind.DEMO else "danger"]


def style(request: HttpRequest) -> str:
    """The address of what the tags, amounts and boxes above look like."""
    return static("wallets/pages.css")


def icon(request: HttpRequest) -> str:
    """The address of the browser tab's picture."""
    return static("wallets/cage.svg")
