"""A page of the trail: the newest keys of all sources in one query, then the rows behind them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import BigIntegerField, F, IntegerField, Q, Value
from django.db.models.functions import Cast

from reconciliation.office.trail import sources
from reconciliation.office.trail.records import Asked, Page, Place, Record
from reconciliation.office.trail.sources import Source

Key = tuple[Any, int, int]


def page(asked: Asked, *, after: Place | None, count: int) -> Page:
    """`count` rows at most, newest first, behind `after`. Those without a difference are no record,
    so there may be fewer records than rows."""
    known = sources.all_of_them()
    keys = _keys(known, asked, after=after, count=count + 1)
    shown = keys[:count]
    older = Place(at=shown[-1][0], rank=shown[-1][1], pk=shown[-1][2]) if keys[count:] else None
    return Page(records=_records(known, shown), older=older)


def everything(asked: Asked, *, at_once: int = 500) -> Iterator[Record]:
    """All that is asked for, newest first, in constant memory."""
    after: Place | None = None
    while True:
        read = page(asked, after=after, count=at_once)
        yield from read.records
        if read.older is None:
            return
        after = read.older


def _keys(known: Sequence[Source], asked: Asked, *, after: Place | None, count: int) -> list[Key]:
    """When, which source, which row: each source gives its newest, and the newest of these stay."""
    newest = (
        _newest(source, rank, asked, after=after, count=count) for rank, source in enumerate(known)
    )
    parts = [part for part in newest if not part.query.is_empty()]
    if len(parts) < 2:
        return [key for part in parts for key in part]
    found = parts[0].union(*parts[1:], all=True).order_by("-at", "-rank", "-key")
    return list(found[:count])


def _newest(source: Source, rank: int, asked: Asked, *, after: Place | None, count: int) -> Any:
    rows = source.rows(asked)
    if after is not None:
        rows = rows.filter(_behind(source, rank, after), **{f"{source.time}__lte": after.at})
    keyed = rows.annotate(
        at=F(source.time),
        rank=Value(rank, output_field=IntegerField()),
        key=Cast(F("pk"), output_field=BigIntegerField()),
    )
    return keyed.order_by(f"-{source.time}", "-pk").values_list("at", "rank", "key")[:count]


def _behind(source: Source, rank: int, after: Place) -> Q:
    """Older; of the same moment, what comes behind."""
    older = Q(**{f"{source.time}__lt": after.at})
    if rank < after.rank:
        return older | Q(**{source.time: after.at})
    if rank == after.rank:
        return older | Q(**{source.time: after.at}, pk__lt=after.pk)
    return older


def _records(known: Sequence[Source], keys: Sequence[Key]) -> list[Record]:
    """The records of the rows behind `keys`, in their order."""
    by_rank: dict[int, list[int]] = defaultdict(list)
    for _, rank, pk in keys:
        by_rank[rank].append(pk)
    told = [
        record
        for rank, pks in sorted(by_rank.items(), reverse=True)
        for record in _tell(known[rank], pks)
    ]
    # A stable order: rows of one moment stay as their sources gave them.
    return sorted(told, key=lambda record: record.at, reverse=True)


def _tell(source: Source, pks: Sequence[int]) -> Iterator[Record]:
    rows = source.model._default_manager.filter(pk__in=pks).order_by(f"-{source.time}", "-pk")
    yield from source.tell(list(rows))
