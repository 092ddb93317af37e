"""Which fields became what, of many rows of one history in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db.models import ForeignKey, OuterRef, Subquery
from django.utils import timezone

from reconciliation.office.trail.records import Change
from wallets import pages

Names = Mapping[tuple[str, Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row of a history, and what it changed."""

    row: Any
    changes: list[Change]
    changed: frozenset[str]

    def is_changed(self, name: str) -> bool:
        return name in self.changed


def steps(rows: Sequence[Any], fields: Sequence[str], many: str = "") -> Iterator[Step]:
    """Each of `rows`, which are of one history, beside the row before it.

    `many` is a field with several values that is compared too: what came, what went.
    """
    befores = _before(rows)
    everything = [*rows, *befores.values()]
    names = _names(everything, fields)
    held = _held(everything, many) if many else {}
    for row in rows:
        before = befores.get(row.history_id)
        found = {} if row.history_type == "-" else dict(_changes(row, before, fields, names))
        if many and row.history_type != "-":
            found |= _gone_and_come(row, before, held, many)
        yield Step(row=row, changes=list(found.values()), changed=frozenset(found))


def _before(rows: Sequence[Any]) -> dict[int, Any]:
    """The row before each, by the number of the later one."""
    model = type(rows[0])
    earlier = model.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
    pairs = dict(
        model.objects.filter(pk__in=[row.pk for row in rows])
        .order_by()
        .annotate(earlier=Subquery(earlier.order_by("-history_id").values("history_id")[:1]))
        .values_list("history_id", "earlier")
    )
    found = model.objects.in_bulk([pk for pk in pairs.values() if pk is not None])
    return {pk: found[earlier] for pk, earlier in pairs.items() if earlier in found}


def _changes(
    row: Any, before: Any, fields: Sequence[str], names: Names
) -> Iterator[tuple[str, Change]]:
    for name in fields:
        field = row._meta.get_field(name)
        now = getattr(row, field.attname)
        then = getattr(before, field.attname) if before is not None else None
        if now == then or (before is None and now in ("", None, False)):
            continue
        label = str(field.verbose_name)
        yield (
            name,
            Change(
                field=label[:1].upper() + label[1:],
                before=_told(field, then, names),
                after=_told(field, now, names),
            ),
        )


def _told(field: Any, value: Any, names: Names) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(field, ForeignKey):
        return names.get((field.related_model._meta.label, value), f"#{value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    match value:
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return pages.amount(value)
        case datetime():
            return timezone.localtime(value).isoformat(" ", "seconds")
        case dict():
            return ", ".join(f"{name}: {one}" for name, one in sorted(value.items()))
        case _:
            return str(value)


def _names(rows: Iterable[Any], fields: Sequence[str]) -> Names:
    """What the users and groups are called that the rows point to."""
    wanted: dict[Any, set[Any]] = defaultdict(set)
    for row in rows:
        for name in fields:
            field = row._meta.get_field(name)
            if isinstance(field, ForeignKey) and field.related_model in (User, Group):
                wanted[field.related_model].add(getattr(row, field.attname))
    return {
        (model._meta.label, pk): str(found)
        for model, pks in wanted.items()
        for pk, found in model.objects.in_bulk(pks - {None}).items()
    }


def _held(rows: Sequence[Any], many: str) -> Mapping[int, set[str]]:
    """What each row of the history had in `many`, by names."""
    history = rows[0]._meta
    kept = apps.get_model(history.app_label, f"{history.object_name}_{many}")
    to = "group__name" if many == "groups" else "permission__name"
    held: dict[int, set[str]] = defaultdict(set)
    of_rows = kept.objects.filter(history__in=[row.history_id for row in rows])
    for pk, name in of_rows.values_list("history_id", to):
        held[pk].add(name or "(deleted)")
    return held


def _gone_and_come(
    row: Any, before: Any, held: Mapping[int, set[str]], many: str
) -> dict[str, Change]:
    now = held.get(row.history_id, set())
    then = held.get(before.history_id, set()) if before is not None else set()
    found = {"removed": then - now, "added": now - then}
    return {
        f"{many} {word}": Change(
            field=f"{many.capitalize()} {word}", before="", after=", ".join(sorted(names))
        )
        for word, names in found.items()
        if names
    }
