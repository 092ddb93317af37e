"""The filters beside the books' lists."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from wallets import columns, lists
from wallets.instructions import Kind, Origin
from wallets.models import Entry


class ByKind(lists.Led):
    """Filter transactions by kind."""

    title = "kind"
    parameter_name = "kind__exact"
    field = "kind"

    @classmethod
    def values(cls, model: type[Model]) -> list[str]:
        return list(Kind.values)

    def label(self, value: str) -> str:
        return Kind(value).label


class ByOrigin(lists.Led):
    """Filter transactions by who asked for them."""

    title = "origin"
    parameter_name = "origin__exact"
    field = "origin"

    @classmethod
    def values(cls, model: type[Model]) -> list[str]:
        return list(Origin.values)

    def label(self, value: str) -> str:
        return Origin(value).label


class OfKind(admin.SimpleListFilter):
    """Filter one wallet's statement by kind. Of all entries the list of transactions does that: its
    index knows the kinds, and a search through every entry for a rare one would read them all."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Kind.choices) if columns.WALLET in request.GET else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        kind = self.value()
        return queryset.filter(transaction__kind=kind) if kind else queryset
