"""The books: who has how much, and every step that led there.

Transactions and entries are append-only; triggers and the rights of the running role refuse
anything else (see `append_only.py` and `rights.py`). Money is exact: NUMERIC(28, 8).
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from wallets.instructions import Kind, Origin
from wallets.money import DECIMALS, DIGITS, LARGEST

# In PostgreSQL NaN is greater than every number, so an upper bound is what keeps it out.
AMOUNT_RANGE = (Decimal(0), LARGEST)


class Money(models.DecimalField):  # type: ignore[type-arg]  # generic in the stubs only
    """NUMERIC(28, 8); the unit is the wallet's currency."""

    def __init__(self, **options: object) -> None:
        options.update(max_digits=DIGITS, decimal_places=DECIMALS)
        super().__init__(**options)  # type: ignore[arg-type]


class Player(models.Model):
    """Who owns wallets. `uid` is the name every provider knows; it never changes."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        CLOSED = "closed", "Closed"

        @property
        def sentence(self) -> str:
            return {
                "active": "Plays, is paid.",
                "suspended": "Can't stake; what was won is still paid.",
                "closed": "Nothing new is booked; repetitions of old settlements still succeed.",
            }[self.value]

    rights = "SELECT, INSERT, UPDATE (status, is_test)"

    uid = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    is_test = models.BooleanField(
        "test player", default=False, help_text="Kept out of reports and dashboards."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="player_uid_is_printable",
                condition=Q(uid__regex=r"^[^[:cntrl:]]+$"),
            ),
            models.CheckConstraint(
                name="player_status_is_known",
                condition=Q(status__in=["active", "suspended", "closed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class Wallet(models.Model):
    """A player's money in one currency: always the last entry's `balance_after`."""

    rights = "SELECT, INSERT, UPDATE (balance, sequence)"

    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="wallets", db_index=False
    )
    currency = models.CharField(max_length=10)
    balance = Money(default=Decimal(0))
    sequence = models.BigIntegerField(default=0, help_text="Number of the last entry.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallet_one_per_player_and_currency", fields=["player", "currency"]
            ),
            models.CheckConstraint(
                name="wallet_currency_is_a_code",
                condition=Q(currency__regex=r"^[A-Z][A-Z0-9]{1,9}$"),
            ),
            models.CheckConstraint(
                name="wallet_balance_in_range", condition=Q(balance__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="wallet_sequence_not_negative", condition=Q(sequence__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player} {self.currency}"


class Transaction(models.Model):
    """One thing a provider (or the house) asked for, at most once: unique `transaction_id`.

    A row whose `refusal` is set moved nothing and never will: it is a refusal that stands, because
    the provider counts the order void from that answer on. It shares the key with what is paid, so
    that no race can both pay and refuse.
    """

    rights = "SELECT, INSERT"

    provider = models.CharField(
        max_length=32,
        help_text="The provider's name, or 'house' for the operator's own.",
    )
    transaction_id = models.CharField(
        max_length=200,
        help_text="<operation>:<the provider's id>, unique for the provider.",
    )
    kind = models.CharField(max_length=20, choices=Kind)
    terms = models.BinaryField(
        max_length=32,
        help_text="SHA-256 of who, currency, debit, credit of all movements.",
    )
    reference = models.CharField(max_length=128, blank=True, db_index=True)
    round_id = models.CharField(max_length=128, blank=True)
    game = models.CharField(max_length=128, blank=True)
    stake = Money(null=True, blank=True, help_text="As the message states it; moves nothing.")
    details = models.JSONField(default=dict, blank=True)
    refers_to = models.JSONField(
        default=list,
        blank=True,
        help_text="Transaction ids that this one settles or cancels.",
    )
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
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reversed_by",
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
                condition=Q(transaction_id__regex=r"^[a-z][a-z0-9._-]*:[^[:cntrl:]]+$"),
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
            models.CheckConstraint(
                name="transaction_does_not_reverse_itself",
                condition=Q(reverses__isnull=True) | ~Q(reverses=F("id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.transaction_id}"


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


class DatabaseMark(models.Model):
    """What this database is for, written once by its first migration and never changed.

    `simulate`, demo data and deposits by command refuse a production database; there is no force.
    """

    class Kind(models.TextChoices):
        DEMO = "demo", "Demo"
        PRODUCTION = "production", "Production"

    rights = "SELECT"

    id = models.SmallAutoField(primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind)

    class Meta:
        constraints = [
            models.CheckConstraint(name="database_has_one_mark", condition=Q(id=1)),
            models.CheckConstraint(
                name="database_mark_is_known",
                condition=Q(kind__in=["demo", "production"]),
            ),
        ]

    def __str__(self) -> str:
        return self.kind

    @classmethod
    def is_demo(cls) -> bool:
        """True on a database that `./cage` made; False where real money may lie."""
        return cls.objects.get().kind == cls.Kind.DEMO
