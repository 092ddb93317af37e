"""Players, wallets and the books. Money tables are read-only for everyone, superusers included."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from wallets import columns, filters, pages, search
from wallets.columns import EntryColumns, TransactionColumns, WalletColumns
from wallets.models import Entry, Player, Transaction, Wallet

OVERVIEW = ["provider", "named", "kind_explained", "result_explained", "posted"]


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Rows under the thing they belong to: looked at, never edited."""

    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WalletInline(WalletColumns, ReadOnlyInline):
    model = Wallet
    fields = readonly_fields = ["wallet", "balance_now", "statement", "opened_at"]


@admin.register(Player)
class PlayerAdmin(pages.Listed):
    """Players are made, suspended and closed; their uid stays, and so do they."""

    when_empty = (
        "A player has to be here before a provider's delivery can name one. Add the first, then "
        "open a wallet in each currency that is played in."
    )
    list_display = ["id", "player", "state", "test", "joined_at"]
    list_display_links = ["id", "player"]
    list_filter = ["status", "is_test"]
    search_fields = ["uid__startswith"]
    search_help_text = "Player, from the first character"
    radio_fields = {"status": admin.VERTICAL}
    # What other apps show on a player's page, as values of its template; they add theirs when
    # they load, and the template too.
    parts: ClassVar[list[Callable[[HttpRequest, Player], dict[str, Any]]]] = []

    def get_fields(self, request: HttpRequest, obj: Player | None = None) -> list[str]:
        return ["named" if obj else "uid", "status", "is_test", *(["joined_at"] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Player | None = None) -> list[str]:
        return ["named", "joined_at"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Player | None) -> list[type[WalletInline]]:
        return [WalletInline] if obj else []

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> Any:
        options["choices"] = [
            (status.value, f"{status.label}: {status.sentence}") for status in Player.Status
        ]
        return super().formfield_for_choice_field(db_field, request, **options)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        if (player := options.get("obj")) is not None:
            for part in self.parts:
                context |= part(request, player)
        shown: HttpResponse = super().render_change_form(request, context, *args, **options)
        return shown

    def save_model(self, request: HttpRequest, obj: Player, form: Any, change: bool) -> None:
        """Write what may change and nothing else: our role may not UPDATE the other columns."""
        obj._history_user = request.user  # type: ignore[attr-defined]
        obj.save(update_fields=["status", "is_test"] if change else None)

    @admin.display(description="Player")
    def player(self, player: Player) -> SafeString | str:
        return pages.short(player.uid)

    @admin.display(description="Uid")
    def named(self, player: Player) -> SafeString | str:
        return pages.short(player.uid)

    @admin.display(description="Status")
    def state(self, player: Player) -> SafeString:
        return pages.tag(Player.Status(player.status))

    @admin.display(description="Test player")
    def test(self, player: Player) -> SafeString | str:
        if not player.is_test:
            return ""
        sentence = "Kept out of reports and dashboards."
        return format_html('<span class="cage-tag cage-plain" title="{}">Test</span>', sentence)

    @admin.display(description="Created at")
    def joined_at(self, player: Player) -> SafeString | str:
        return pages.moment(player.created_at)


class OpenWalletForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new wallet: whose, and in which currency. It starts empty."""

    currency = forms.CharField(
        max_length=10,
        widget=UnfoldAdminTextInputWidget,
        validators=[RegexValidator(r"\A[A-Z][A-Z0-9]{1,9}\Z", "Enter a code such as USD or COIN.")],
        help_text="A code such as USD or COIN, as the provider's configuration spells it.",
    )


@admin.register(Wallet)
class WalletAdmin(WalletColumns, pages.Listed):
    """Wallets are opened empty; only the ledger moves what is in them."""

    form = OpenWalletForm
    when_empty = (
        "A player plays in a currency as soon as there is a wallet for it. Add one here: it starts "
        "empty, and only booked transactions change it."
    )
    list_display = ["id", "owner", "balance_now", "statement", "opened_at"]
    list_select_related = ["player"]
    search_fields = ["player__uid__startswith"]
    search_help_text = "Player, from the first character"
    autocomplete_fields = ["player"]
    readonly_fields = ["owner", "balance_now", "statement", "opened_at"]

    def get_fields(self, request: HttpRequest, obj: Wallet | None = None) -> list[str]:
        return ["owner", "balance_now", "statement", "opened_at"] if obj else ["player", "currency"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EntryInline(EntryColumns, ReadOnlyInline):
    model = Entry
    fields = readonly_fields = ["player", "debit_", "credit_", "before", "after", "number"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        entries: QuerySet[Entry] = super().get_queryset(request)
        return entries.select_related("wallet__player").order_by("id")


@admin.register(Transaction)
class TransactionAdmin(TransactionColumns, pages.ReadOnly):
    """What providers and the house asked for, and the entries that it became."""

    # What other apps know about a transaction, each as a link; they add theirs when they load.
    related: ClassVar[list[Callable[[Transaction], SafeString | str]]] = []

    when_empty = (
        "The first delivery that moves money makes the first transaction. If a provider is sending "
        "already, look at Callbacks: what was refused, and why, stands there."
    )
    list_display = [
        "posted",
        "provider",
        "named",
        "kind_",
        "players",
        "debited",
        "credited",
        "result",
    ]
    list_display_links = ["named"]
    list_filter = led_by = [pages.LedByProvider, filters.ByKind, filters.ByOrigin]
    search_fields = ["reference__exact"]
    search_help_text = search.HELP
    inlines = [EntryInline]
    fieldsets = [
        (None, {"fields": [*OVERVIEW, "see_also"]}),
        (
            "As the provider states it",
            {
                "fields": [
                    "reference_",
                    "round",
                    "game_",
                    "stake_",
                    "stated",
                    "refers",
                    "referred",
                    "occurred",
                ]
            },
        ),
        ("Where it comes from", {"fields": ["origin_", "origin_id", "digest"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transaction]:
        entries = Entry.objects.select_related("wallet__player").order_by("id")
        transactions: QuerySet[Transaction] = super().get_queryset(request)
        return transactions.prefetch_related(Prefetch("entries", queryset=entries))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transaction], search_term: str
    ) -> tuple[QuerySet[Transaction], bool]:
        term = search_term.strip()
        return (search.transactions(queryset, term) if term else queryset), False

    @admin.display(description="See also")
    @pages.once
    def see_also(self, transaction: Transaction) -> SafeString | str:
        links = filter(None, (related(transaction) for related in self.related))
        return format_html_join(" · ", "{}", ((one,) for one in links)) or pages.NOTHING


@admin.register(Entry)
class EntryAdmin(EntryColumns, pages.ReadOnly):
    """Every movement; of one wallet, its statement with the running balance."""

    when_empty = (
        "Each movement of a wallet is an entry, made with its transaction. A wallet's own are "
        "reached from Wallets, by its number of entries."
    )
    list_display = ["posted", "player", "number", "booked_by", "debit_", "credit_", "after"]
    list_display_links = ["number"]
    list_filter = [filters.OfKind]
    list_select_related = ["wallet__player", "transaction"]
    search_fields = ["transaction__reference__exact"]
    search_help_text = search.HELP
    fields = ["player", "number", "booked_by", "kind_", "posted", "before", "debit_", "credit_"]
    fields += ["after"]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Of one wallet by its own numbers, which an index follows."""
        return ["-sequence"] if columns.WALLET in request.GET else ["-id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        term = search_term.strip()
        return (search.entries(queryset, term) if term else queryset), False
