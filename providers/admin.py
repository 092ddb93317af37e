"""The inbox as staff read it: what came, what it meant, what was answered. Nothing is edited."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from providers import callback_page, counting, office, readable, registry  # noqa: F401  (office registers its own pages)
from providers.callback_page import BIG
from providers.models import Callback, Outcome, Unauthentic
from providers.protocols import base
from wallets import lists, pages
from wallets.admin import TransactionAdmin
from wallets.models import Transaction
from wallets.refusals import Refusal


class ByOutcome(lists.Led):
    """Filter deliveries by what became of them."""

    title = "outcome"
    parameter_name = "outcome__exact"
    field = "outcome"

    @classmethod
    def values(cls, model: type[Model]) -> list[str]:
        return list(Outcome.values)

    def label(self, value: str) -> str:
        return Outcome(value).label


@admin.register(Callback)
class CallbackAdmin(pages.ReadOnly):
    """Every authentic delivery that could move money, with the exact reply it got."""

    # What other apps know about a delivery, each as a link; they add theirs when they load.
    related: ClassVar[list[Callable[[Callback], SafeString | str]]] = []

    when_empty = (
        "No provider has delivered anything that could move money. Its address is "
        "/callbacks/ and the path that PROVIDERS states; balance queries are kept nowhere."
    )
    list_display = [
        "id",
        "received",
        "provider",
        "operation_",
        "named",
        "times",
        "outcome_",
        "why",
    ]
    list_display_links = ["id"]
    list_filter = led_by = [pages.LedByProvider, ByOutcome]
    search_fields = ["transaction_id__exact"]
    search_help_text = "Reference, transaction id or #number, exactly"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "outcome_explained",
                    "why_in_full",
                    "provider",
                    "operation_",
                    "received_both",
                ]
            },
        ),
        ("The reply, as it was sent", {"fields": ["meant", "reply_status", "reply_text", "took"]}),
        ("Its transaction", {"fields": ["named", "transaction", "see_also", "deliveries"]}),
        ("What differs from the first delivery", {"fields": ["difference"]}),
        ("The request", {"fields": ["unwrapped_text", "body_text", "headers_table", "original"]}),
        ("Its identity", {"fields": ["delivery_id"]}),
    ]

    class Media:
        css = {"all": ["providers/callbacks.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Callback]:
        callbacks: QuerySet[Callback] = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and (match.url_name or "").endswith("_changelist")
        return callbacks.defer(*BIG) if is_list else callbacks

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return counting.CountedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Callback], search_term: str
    ) -> tuple[QuerySet[Callback], bool]:
        term = search_term.strip()
        return (find(queryset, term) if term else queryset), False

    @admin.display(description="Received at")
    def received(self, callback: Callback) -> SafeString | str:
        return pages.moment(callback.received_at, precise=True, provider=callback.provider)

    @admin.display(description="Received at")
    def received_both(self, callback: Callback) -> SafeString | str:
        return pages.both(callback.received_at, provider=callback.provider)

    @admin.display(description="Operation")
    def operation_(self, callback: Callback) -> SafeString | str:
        return pages.short(callback.operation)

    @admin.display(description="Transaction id")
    def named(self, callback: Callback) -> SafeString | str:
        return pages.short(callback.transaction_id)

    @admin.display(description="Delivered")
    def times(self, callback: Callback) -> str:
        """How often its transaction id came, as the list has counted it."""
        number = getattr(callback, "delivered", 1)
        return f"{number:,} times" if number > 1 else "Once"

    @admin.display(description="See also")
    @pages.once
    def see_also(self, callback: Callback) -> SafeString | str:
        links = filter(None, (related(callback) for related in self.related))
        return format_html_join(" · ", "{}", ((one,) for one in links)) or pages.NOTHING

    @admin.display(description="Who sent it")
    @pages.once
    def original(self, callback: Callback) -> SafeString | str:
        return callback_page.original(callback)

    @admin.display(description="Outcome")
    def outcome_(self, callback: Callback) -> SafeString:
        return pages.tag(Outcome(callback.outcome))

    @admin.display(description="Outcome")
    def outcome_explained(self, callback: Callback) -> SafeString:
        return pages.explained(Outcome(callback.outcome))

    @admin.display(description="Reason")
    def why(self, callback: Callback) -> SafeString | str:
        # Of a traceback the last line says what happened.
        last = callback.reason.strip().rpartition("\n")[2]
        name, _, sentence = last.partition(": ")
        return pages.short(sentence if name in Refusal.kinds else last)

    @admin.display(description="Reason")
    def why_in_full(self, callback: Callback) -> SafeString | str:
        if "\n" not in callback.reason.strip():
            return pages.short(callback.reason, longest=1_000)
        return readable.panel(callback.reason.encode())

    @admin.display(description="Decided at")
    def took(self, callback: Callback) -> SafeString | str:
        return callback_page.took(callback)

    @admin.display(description="What it means to them")
    @pages.once
    def meant(self, callback: Callback) -> SafeString | str:
        return callback_page.meaning(callback)

    @pages.once
    def _booked(self, callback: Callback) -> Transaction | None:
        return Transaction.objects.filter(
            provider=callback.provider, transaction_id=callback.transaction_id
        ).first()

    @pages.once
    def _removed(self, callback: Callback) -> str:
        return callback_page.removed(callback, self._booked(callback))

    @admin.display(description="Transaction")
    @pages.once
    def transaction(self, callback: Callback) -> SafeString | str:
        found = self._booked(callback)
        if found is None:
            return "None in the books."
        return pages.link(found, f"#{found.pk} {pages.printable(str(found))}")

    @admin.display(description="Deliveries")
    @pages.once
    def deliveries(self, callback: Callback) -> SafeString | str:
        return callback_page.deliveries(callback, removed=self._removed(callback))

    @admin.display(description="Difference")
    @pages.once
    def difference(self, callback: Callback) -> SafeString | str:
        return callback_page.difference(callback, removed=self._removed(callback))

    @admin.display(description="Reply")
    def reply_text(self, callback: Callback) -> SafeString:
        return readable.panel(callback.reply)

    @admin.display(description="Body")
    def body_text(self, callback: Callback) -> SafeString:
        return readable.panel(callback.body)

    @admin.display(description="Unwrapped body")
    def unwrapped_text(self, callback: Callback) -> SafeString | str:
        if callback.unwrapped is None:
            return "The body as it came."
        return readable.panel(callback.unwrapped)

    @admin.display(description="Headers")
    def headers_table(self, callback: Callback) -> SafeString | str:
        return callback_page.headers(callback)


@admin.register(Unauthentic)
class UnauthenticAdmin(pages.ReadOnly):
    """Who knocked without the key: counted by the minute, with one sample."""

    when_empty = (
        "That is as it should be: every delivery proved who sent it. If a provider says that "
        "it gets errors, look at Callbacks, and here again for a wrong key."
    )
    list_display = ["id", "in_minute", "provider", "address", "times", "why"]
    list_filter = [pages.ByProvider]
    fields = ["provider", "address", "in_minute", "times", "why", "sample_text"]

    @admin.display(description="Minute")
    def in_minute(self, unauthentic: Unauthentic) -> SafeString | str:
        return pages.moment(unauthentic.minute)

    @admin.display(description="Deliveries")
    def times(self, unauthentic: Unauthentic) -> str:
        return f"{unauthentic.count:,}"

    @admin.display(description="Reason")
    def why(self, unauthentic: Unauthentic) -> SafeString | str:
        return pages.short(unauthentic.reason)

    @admin.display(description="First body")
    def sample_text(self, unauthentic: Unauthentic) -> SafeString:
        return readable.panel(unauthentic.sample)


def find(callbacks: QuerySet[Callback], term: str) -> QuerySet[Callback]:
    """Those with this transaction id or reference, or `#number`: found through an index.

    The index holds (provider, transaction_id) and people know the bare id, so it is looked up
    with every word that a provider's transaction ids begin with.
    """
    if term.startswith("#") and term[1:].isdecimal():
        return callbacks.filter(id=int(term[1:]))
    keys = Q()
    for name, provider in registry.current().by_name.items():
        spelled = [base.transaction_id(word, term) for word in provider.protocol.booked]
        keys |= Q(provider=name, transaction_id__in=[term, *spelled])
    return callbacks.filter(keys) if keys else callbacks.none()


def deliveries_of(transaction: Transaction) -> SafeString:
    """A link from a transaction to every delivery that named it."""
    query = {"provider": transaction.provider, "q": transaction.transaction_id}
    url = reverse("admin:providers_callback_changelist", query=query)
    return format_html('<a class="cage-link" href="{}">Its deliveries</a>', url)


def clock_of(provider: str) -> tzinfo | None:
    """The zone that a provider reckons its days in; None for one that is not configured."""
    found = registry.current().by_name.get(provider)
    return found.protocol.zone if found is not None else None


TransactionAdmin.related.append(deliveries_of)
pages.clocks.append(clock_of)
