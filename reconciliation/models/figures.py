"""Figures: what each hour brought, added up once, so that no page adds up the ledger."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from providers.models import Outcome
from wallets.instructions import Kind


class MoneyFigure(models.Model):
    """What moved in one hour, of one provider, currency and kind; without test players.

    Whatever two people moved is of the kind "adjustment". `starts_at` is the hour's first instant,
    hours being cut from the business day's start. `is_part`: only as much of the hour, a day ago,
    as had passed of the current one when it was read.
    """

    starts_at = models.DateTimeField()
    is_part = models.BooleanField(default=False)
    provider = models.CharField(max_length=32, db_collation="C")
    currency = models.CharField(max_length=10)
    kind = models.CharField(max_length=20, choices=Kind)
    transactions = models.BigIntegerField()
    # The sum of money columns may be wider than one of them.
    debit = models.DecimalField(max_digits=38, decimal_places=8)
    credit = models.DecimalField(max_digits=38, decimal_places=8)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="money_figure_once",
                fields=["starts_at", "is_part", "provider", "currency", "kind"],
            ),
            models.CheckConstraint(
                name="money_figure_kind_is_known", condition=Q(kind__in=Kind.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at} {self.provider} {self.kind} {self.currency}"


class DeliveryFigure(models.Model):
    """What one hour's deliveries of one provider came to; replays of ours are none.

    `answered` counts them by how long our answer took, a number for each bucket of
    rollups.answer_times: buckets of several hours can be added, percentiles can't.
    """

    starts_at = models.DateTimeField()
    is_part = models.BooleanField(default=False)
    provider = models.CharField(max_length=32, db_collation="C")
    outcome = models.CharField(max_length=16, choices=Outcome)
    count = models.BigIntegerField()
    last_at = models.DateTimeField()
    answered = ArrayField(models.BigIntegerField())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="delivery_figure_once",
                fields=["starts_at", "is_part", "provider", "outcome"],
            ),
            models.CheckConstraint(
                name="delivery_figure_outcome_is_known", condition=Q(outcome__in=Outcome.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at} {self.provider} {self.outcome}"


class FiguresReading(models.Model):
    """How far the figures go: one row, or none where nothing was ever read.

    They are complete from `since_at` to `read_at`, cut by the business day that is named here. One
    that is configured otherwise since makes them worthless.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    business_day = models.CharField(max_length=80, help_text="Its zone and start.")
    since_at = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(name="figures_reading_is_one", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.since_at} to {self.read_at}"
