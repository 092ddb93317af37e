"""Every step that led there: transactions, what they refer to, and their entries."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from wallets.instructions import Kind, Origin
from wallets.models.fields import AMOUNT_RANGE, Money
from wallets.models.listed import RISING, Combined
from wallets.models.players import Wallet
from wallets.text import printable

# Names are compared by code point, whatever the database's language: a prefix is then a range of
# the index. PostgreSQL's [[:cntrl:]] would know ASCII only in this collation.
BYTES = "C"
NAMED = r"^[a-z][a-z0-9._-]*:[^\u0001-\u001f\u007f-\u009f]+$"


class Transaction(models.Model):
    """One thing a provider (or the house) asked for, at most once: unique `transaction_id`.

    A row whose `refusal` is set moved nothing and never will: it is a refusal that stands, because
    the provider counts the order void from that answer on, or cancelled the bet before it came. It
    shares the key with what is paid, so that no race can both pay and refuse.
    """

    rights = "SELECT, INSERT"

    provider = models.CharField(
        max_length=32,
        db_collation=BYTES,
        help_text="The provider's name, or 'house' for the operator's own.",
    )
    transaction_id = models.CharField(
        max_length=200,
        db_collation=BYTES,
        help_text="<operation>:<the provider's id>, unique for the provider.",
    )
    kind = models.CharField(max_length=20, choices=Kind)
    terms = models.BinaryField(
        max_length=32,
        help_text="SHA-256 of who, currency, debit, credit of all movements.",
    )
    reference = models.CharField(max_length=128, blank=True)
    round_id = models.CharField(max_length=128, blank=True)
    game = models.CharField(max_length=128, blank=True)
    stake = Money(null=True, blank=True, help_text="As the message states it; moves nothing.")
    details = models.JSONField(default=dict, blank=True)
    refusal = models.CharField(
        max_length=32,
        blank=True,
        help_text="Why nothing was moved, where that answer is final.",
    )
    origin = models.CharField(max_length=16, choices=Origin)
    origin_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The delivery, or the request, that asked for it.",
    )
    occurred_at = models.DateTimeField(null=True, blank=True, help_text="By the provider's clock.")
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="transaction_posted_once", fields=["provider", "transaction_id"]
            ),
            models.CheckConstraint(
                name="transaction_id_names_its_operation",
                condition=Q(transaction_id__regex=NAMED),
            ),
            models.CheckConstraint(
                name="transaction_provider_is_a_name",
                condition=Q(provider__regex=r"^[a-z][a-z0-9-]{0,31}$"),
            ),
            models.CheckConstraint(
                name="transaction_kind_is_known", condition=Q(kind__in=Kind.values)
            ),
            models.CheckConstraint(
                name="transaction_origin_is_known",
                condition=Q(origin__in=Origin.values),
            ),
            models.CheckConstraint(
                name="transaction_stake_in_range",
                condition=Q(stake__isnull=True) | Q(stake__range=AMOUNT_RANGE),
            ),
        ]
        indexes = [
            # A round's story. Many transactions have none, and pay nothing for it.
            models.Index(
                name="transaction_by_round",
                fields=["provider", "round_id"],
                condition=~Q(round_id=""),
            ),
            # A day of a provider's own clock. Rows come nearly in that order, so a few bytes for
            # each range of pages find it, and a settlement pays nothing for them.
            BrinIndex(
                Coalesce("occurred_at", "posted_at"),
                name="transaction_by_time",
                pages_per_range=32,
                autosummarize=True,
            ),
            # A day of our own books.
            BrinIndex(
                fields=["posted_at"],
                name="transaction_by_posting",
                pages_per_range=32,
                autosummarize=True,
            ),
            # The three filters of the list, alone or together, newest first (see wallets.lists).
            models.Index(Combined("provider", "kind", "origin"), RISING, name="transaction_listed"),
            # No prefix of it is ever looked for: Django would add a second index for that.
            models.Index(name="transaction_by_reference", fields=["reference"]),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {printable(self.transaction_id)}"


class Reference(models.Model):
    """What a transaction says of another one of the same provider: a bet's state is read here.

    A bet without any is open. `target` is a transaction id and no key, because a settlement may
    come for a bet that never passed through Cage.
    """

    class Effect(models.TextChoices):
        SETTLES = "settles", "Settles"
        CANCELS = "cancels", "Cancels"
        MENTIONS = "mentions", "Mentions"

        @property
        def sentence(self) -> str:
            return {
                "settles": "The bet is settled by it.",
                "cancels": "The bet is given back by it, or can't be taken any more.",
                "mentions": "It cancels nothing: the bet was refused or cancelled before.",
            }[self.value]

    rights = "SELECT, INSERT"

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="references", db_index=False
    )
    provider = models.CharField(max_length=32, db_collation=BYTES)
    target = models.CharField(max_length=200, db_collation=BYTES)
    effect = models.CharField(max_length=16, choices=Effect)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reference_once_per_target", fields=["transaction", "target"]
            ),
            models.UniqueConstraint(
                name="reference_cancels_once",
                fields=["provider", "target"],
                condition=Q(effect="cancels"),
            ),
            models.CheckConstraint(
                name="reference_effect_is_known",
                condition=Q(effect__in=["settles", "cancels", "mentions"]),
            ),
        ]
        indexes = [models.Index(name="reference_by_target", fields=["provider", "target"])]

    def __str__(self) -> str:
        return f"{self.transaction} {self.effect} {printable(self.target)}"


class Entry(models.Model):
    """One movement of one wallet. A loss of 0 is an entry too."""

    rights = "SELECT, INSERT"

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    sequence = models.BigIntegerField()
    debit = Money()
    credit = Money()
    balance_before = Money()
    balance_after = Money()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(
                name="entry_sequence_once_per_wallet", fields=["wallet", "sequence"]
            ),
            models.UniqueConstraint(
                name="entry_once_per_transaction_and_wallet",
                fields=["transaction", "wallet"],
            ),
            models.CheckConstraint(name="entry_sequence_positive", condition=Q(sequence__gte=1)),
            models.CheckConstraint(
                name="entry_debit_in_range", condition=Q(debit__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="entry_credit_in_range", condition=Q(credit__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="entry_balances_in_range",
                condition=Q(balance_before__range=AMOUNT_RANGE)
                & Q(balance_after__range=AMOUNT_RANGE),
            ),
            models.CheckConstraint(
                name="entry_adds_up",
                condition=Q(balance_after=F("balance_before") - F("debit") + F("credit")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet} #{self.sequence}"
