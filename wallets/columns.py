"""The cells of the books' lists and pages: what a wallet, a transaction, an entry shows."""

from collections.abc import Iterable
from decimal import Decimal

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from wallets import pages
from wallets.instructions import Kind, Origin
from wallets.models import Entry, Reference, Transaction, Wallet
from wallets.money import EXACT, ZERO
from wallets.refusals import Refusal

WALLET = "wallet__id__exact"  # The query parameter of one wallet's statement.

PASSIVE = {"settles": "Settled by", "cancels": "Cancelled by", "mentions": "Mentioned by"}
OPEN = "Open: nothing settles or cancels it yet."


class WalletColumns:
    """A wallet's cells."""

    @admin.display(description="Wallet")
    def wallet(self, wallet: Wallet) -> SafeString:
        return pages.link(wallet, wallet.currency)

    @admin.display(description="Player")
    def owner(self, wallet: Wallet) -> SafeString:
        return pages.link(wallet.player, pages.short(wallet.player.uid))

    @admin.display(description="Balance")
    def balance_now(self, wallet: Wallet) -> SafeString:
        return pages.money(wallet.balance, wallet.currency)

    @admin.display(description="Statement")
    def statement(self, wallet: Wallet) -> SafeString:
        url = reverse("admin:wallets_entry_changelist", query={WALLET: wallet.pk})
        count = "1 entry" if wallet.sequence == 1 else f"{wallet.sequence:,} entries"
        return format_html('<a class="cage-link" href="{}">{}</a>', url, count)

    @admin.display(description="Opened at")
    def opened_at(self, wallet: Wallet) -> SafeString | str:
        return pages.moment(wallet.created_at)


class EntryColumns:
    """An entry's cells, in its own list and under its transaction."""

    @admin.display(description="Player")
    def player(self, entry: Entry) -> SafeString:
        player = entry.wallet.player
        return pages.link(player, pages.short(player.uid))

    @admin.display(description="Debit")
    def debit_(self, entry: Entry) -> SafeString:
        return pages.money(entry.debit, entry.wallet.currency)

    @admin.display(description="Credit")
    def credit_(self, entry: Entry) -> SafeString:
        return pages.money(entry.credit, entry.wallet.currency)

    @admin.display(description="Balance before")
    def before(self, entry: Entry) -> SafeString:
        return pages.money(entry.balance_before, entry.wallet.currency)

    @admin.display(description="Balance after")
    def after(self, entry: Entry) -> SafeString:
        return pages.money(entry.balance_after, entry.wallet.currency)

    @admin.display(description="No. in wallet")
    def number(self, entry: Entry) -> str:
        return f"{entry.sequence:,}"

    @admin.display(description="Transaction")
    def booked_by(self, entry: Entry) -> SafeString:
        transaction = entry.transaction
        name = f"{transaction.provider} {transaction.transaction_id}"
        return pages.link(transaction, pages.short(name))

    @admin.display(description="Kind")
    def kind_(self, entry: Entry) -> SafeString:
        return pages.explained(Kind(entry.transaction.kind))

    @admin.display(description="Posted at")
    def posted(self, entry: Entry) -> SafeString | str:
        return pages.moment(entry.transaction.posted_at, provider=entry.transaction.provider)


class TransactionColumns:
    """A transaction's cells."""

    @admin.display(description="Transaction id")
    def named(self, transaction: Transaction) -> SafeString | str:
        return pages.short(transaction.transaction_id)

    @admin.display(description="Kind")
    def kind_(self, transaction: Transaction) -> SafeString:
        return pages.tag(Kind(transaction.kind))

    @admin.display(description="Kind")
    def kind_explained(self, transaction: Transaction) -> SafeString:
        return pages.explained(Kind(transaction.kind))

    @admin.display(description="Players")
    def players(self, transaction: Transaction) -> SafeString | str:
        entries = list(transaction.entries.all())
        if len(entries) > 1:
            return f"{len(entries)} players"
        return pages.short(entries[0].wallet.player.uid) if entries else pages.NOTHING

    @admin.display(description="Debit")
    def debited(self, transaction: Transaction) -> SafeString:
        return _by_currency((entry, entry.debit) for entry in transaction.entries.all())

    @admin.display(description="Credit")
    def credited(self, transaction: Transaction) -> SafeString:
        return _by_currency((entry, entry.credit) for entry in transaction.entries.all())

    @admin.display(description="Result")
    def result(self, transaction: Transaction) -> SafeString:
        tone, label, sentence = _result(transaction)
        return format_html(
            '<span class="cage-tag cage-{}" title="{}">{}</span>', tone, sentence, label
        )

    @admin.display(description="Result")
    def result_explained(self, transaction: Transaction) -> SafeString:
        return format_html("{} <span>{}</span>", self.result(transaction), _result(transaction)[2])

    @admin.display(description="Posted at")
    def posted(self, transaction: Transaction) -> SafeString | str:
        return pages.moment(transaction.posted_at, provider=transaction.provider)

    @admin.display(description="Reference")
    def reference_(self, transaction: Transaction) -> SafeString | str:
        return pages.short(transaction.reference)

    @admin.display(description="Round")
    def round(self, transaction: Transaction) -> SafeString | str:
        return pages.short(transaction.round_id)

    @admin.display(description="Game")
    def game_(self, transaction: Transaction) -> SafeString | str:
        return pages.short(transaction.game)

    @admin.display(description="Stake")
    def stake_(self, transaction: Transaction) -> SafeString:
        return pages.money(transaction.stake, " ".join(_currencies(transaction)))

    @admin.display(description="Other statements")
    def stated(self, transaction: Transaction) -> SafeString | str:
        rows = [(name, pages.short(str(value))) for name, value in transaction.details.items()]
        return pages.table(rows) if rows else pages.NOTHING

    @admin.display(description="Refers to")
    @pages.once
    def refers(self, transaction: Transaction) -> SafeString | str:
        """What it settles or cancels, linked where the books know it."""
        references = list(transaction.references.order_by("id"))
        targets = Transaction.objects.filter(
            provider=transaction.provider,
            transaction_id__in=[reference.target for reference in references],
        )
        known = {target.transaction_id: target for target in targets}
        return _lines(
            (Reference.Effect(one.effect).label, known.get(one.target), one.target)
            for one in references
        )

    @admin.display(description="Occurred at, as the provider states")
    def occurred(self, transaction: Transaction) -> SafeString | str:
        return pages.both(transaction.occurred_at, provider=transaction.provider)

    @admin.display(description="Origin")
    def origin_(self, transaction: Transaction) -> SafeString:
        return pages.explained(Origin(transaction.origin))

    @admin.display(description="Outcome")
    @pages.once
    def referred(self, transaction: Transaction) -> SafeString | str:
        """What settles or cancels it. A bet of which nothing does is open."""
        found = Reference.objects.filter(
            provider=transaction.provider, target=transaction.transaction_id
        )
        lines = _lines(
            (PASSIVE[one.effect], one.transaction, one.transaction.transaction_id)
            for one in found.select_related("transaction").order_by("id")
        )
        is_open = transaction.kind == Kind.BET and not transaction.refusal
        return OPEN if is_open and lines == pages.NOTHING else lines

    @admin.display(description="Digest of the terms")
    def digest(self, transaction: Transaction) -> SafeString:
        return format_html("<code>{}</code>", bytes(transaction.terms).hex())


def _result(transaction: Transaction) -> tuple[str, str, str]:
    """Tone, label and sentence: a refusal that stands is a transaction too, and moved nothing."""
    if not transaction.refusal:
        return "good", "Booked", "The books changed, once."
    refusal = Refusal.kinds.get(transaction.refusal)
    reason = refusal.sentence if refusal else transaction.refusal
    if not bytes(transaction.terms):
        return "warning", "Cancelled", f"{reason} It had not come: if it does, it is refused."
    final = "Nothing was moved and never will be: the provider counts the order void."
    return "warning", "Refused", f"{reason} {final}"


def _lines(references: Iterable[tuple[str, Transaction | None, str]]) -> SafeString | str:
    """One line each: what it does, and to or by which transaction."""
    lines = [
        (word, pages.link(target, pages.short(name)) if target else pages.short(name))
        for word, target, name in references
    ]
    return format_html_join("", "<div>{} {}</div>", lines) or pages.NOTHING


def _currencies(transaction: Transaction) -> list[str]:
    return sorted({entry.wallet.currency for entry in transaction.entries.all()})


def _by_currency(amounts: Iterable[tuple[Entry, Decimal]]) -> SafeString:
    """One sum per currency; different currencies are never added."""
    sums: dict[str, Decimal] = {}
    for entry, value in amounts:
        currency = entry.wallet.currency
        sums[currency] = EXACT.add(sums.get(currency, ZERO), value)
    cells = [(pages.money(value, currency),) for currency, value in sorted(sums.items())]
    return format_html_join("", "<div>{}</div>", cells) or pages.money(None)
