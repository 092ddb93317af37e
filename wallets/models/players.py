"""Who has how much: players and their wallets."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from wallets.models.fields import AMOUNT_RANGE, Money
from wallets.text import printable


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

    history = HistoricalRecords()

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
        return printable(self.uid)


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
