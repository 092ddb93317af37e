"""Adjustments: money that two people move, one asking and another approving."""

import uuid

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from reconciliation.models.cases import Case
from wallets.models import Money
from wallets.models.fields import AMOUNT_RANGE
from wallets.text import printable


class AdjustmentKind(models.TextChoices):
    """What is moved."""

    PAY = "pay", "Book what is missing"
    REVERSE = "reverse", "Reverse a transaction"
    CORRECT = "correct", "Accept the provider's terms"
    FREE = "free", "Move money by hand"

    @property
    def sentence(self) -> str:
        return {
            "pay": "Booked under the provider's own id: a copy that comes late is a duplicate.",
            "reverse": "Taken back once and for all: a copy that comes late is a conflict.",
            "correct": "The booked terms are replaced by the provider's: a copy with these is a "
            "duplicate from then on.",
            "free": "A transaction of the house, tied to its case and to no id of the provider.",
        }[self.value]


class AdjustmentStatus(models.TextChoices):
    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"

    @property
    def sentence(self) -> str:
        return {
            "requested": "Nothing was moved yet: somebody else has to approve it.",
            "approved": "A second person approved it, and the money was moved.",
            "rejected": "A second person said no. Nothing was moved.",
            "withdrawn": "Whoever asked took it back. Nothing was moved.",
            "expired": "Nobody decided in time. Nothing was moved.",
        }[self.value]


class Why(models.TextChoices):
    """The reason code of an adjustment."""

    UNREPORTED = "unreported", "Unreported"
    WRONG_TERMS = "wrong_terms", "Wrong terms"
    PAID_TWICE = "paid_twice", "Paid twice"
    VOID = "void", "Void"
    GOODWILL = "goodwill", "Goodwill"
    OTHER = "other", "Other"

    @property
    def sentence(self) -> str:
        return {
            "unreported": "The provider owes it and its delivery never came, or was not settled.",
            "wrong_terms": "It was booked for another amount, player or currency.",
            "paid_twice": "The same win was booked under two ids.",
            "void": "The provider voided the round.",
            "goodwill": "The operator gives it of its own will.",
            "other": "As the text says.",
        }[self.value]


class Adjustment(models.Model):
    """A request, and what became of it. `moves` is what its reader agreed to, for pages:
    [{"uid", "currency", "debit", "credit"}] as exact texts; `seal` digests what is booked.

    `request_id` is the `origin_id` of the transactions that it became. `provider` and
    `transaction_id` name what is booked, reversed or corrected; a free one is `house`'s own.
    `seen` digests what the books had of this reference when it was asked for.
    """

    # What was asked for never changes, and no request is deleted.
    rights = "SELECT, INSERT, UPDATE (status, decided_by_id, decided_at, decision)"

    request_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=AdjustmentKind)
    status = models.CharField(
        max_length=16, choices=AdjustmentStatus, default=AdjustmentStatus.REQUESTED
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="adjustments")
    provider = models.CharField(max_length=32, db_collation="C")
    transaction_id = models.CharField(max_length=200, db_collation="C")
    moves = models.JSONField()
    seal = models.CharField(max_length=64)
    seen = models.CharField(max_length=64)
    why = models.CharField("reason", max_length=16, choices=Why)
    text = models.TextField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(blank=True, help_text="What the second person says of it.")

    history = HistoricalRecords(history_change_reason_field=models.TextField(null=True))

    class Meta:
        permissions = [
            ("request_adjustment", "Can request adjustments"),
            ("approve_adjustment", "Can approve adjustments"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="adjustment_requested_once",
                fields=["provider", "transaction_id"],
                condition=Q(status="requested"),
            ),
            models.CheckConstraint(
                name="adjustment_kind_is_known", condition=Q(kind__in=AdjustmentKind.values)
            ),
            models.CheckConstraint(
                name="adjustment_takes_two_people",
                condition=~Q(status__in=["approved", "rejected"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
            ),
            models.CheckConstraint(
                name="adjustment_says_who_and_when",
                condition=Q(
                    status__in=["approved", "rejected", "withdrawn"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                | Q(status="requested", decided_by__isnull=True, decided_at__isnull=True)
                | Q(status="expired", decided_by__isnull=True, decided_at__isnull=False),
            ),
            models.CheckConstraint(name="adjustment_says_why", condition=~Q(text="")),
        ]
        indexes = [
            models.Index(name="adjustment_by_key", fields=["provider", "transaction_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.provider} {printable(self.transaction_id)}"


class AdjustmentLimit(models.Model):
    """Up to which amount the members of a group may approve, in one currency. None: nothing."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="adjustment_limits")
    currency = models.CharField(max_length=10)
    amount = Money()

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="adjustment_limit_once", fields=["group", "currency"]),
            models.CheckConstraint(
                name="adjustment_limit_in_range", condition=Q(amount__range=AMOUNT_RANGE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.amount} {self.currency}"
