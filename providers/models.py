"""The inbox: every authentic delivery that could move money, as evidence."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from wallets.models.listed import RISING, Combined
from wallets.text import printable


class Outcome(models.TextChoices):
    """What became of one delivery."""

    POSTED = "posted", "Posted"
    DUPLICATE = "duplicate", "Duplicate"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CONFLICT = "conflict", "Conflict"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"

    @property
    def sentence(self) -> str:
        return {
            "posted": "The ledger changed; the provider heard success and the new balance.",
            "duplicate": "Known id, same terms: the transaction stands and nothing moved again.",
            "acknowledged": "Understood; it moves no money.",
            "conflict": "Known id, other terms: nothing moved. Staff compare the two.",
            "refused": "Not booked, for the reason given; the provider heard its own code for it.",
            "failed": "A fault of ours: the provider heard that nothing has been decided.",
        }[self.value]


class Callback(models.Model):
    """One delivery: what came, what it meant, what was answered. Append-only, kept by month.

    The table is partitioned by `received_at` (a migration in SQL), so its primary key there is
    (id, received_at) and others point at it without a database constraint. It is written in the
    same commit as the money that it moved.
    """

    rights = "SELECT, INSERT"

    delivery_id = models.UUIDField()
    provider = models.CharField(max_length=32, db_collation="C")
    operation = models.CharField(max_length=32, blank=True)
    transaction_id = models.CharField(max_length=200, blank=True, db_collation="C")
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True, blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    unwrapped = models.BinaryField(
        null=True,
        blank=True,
        help_text="The body after decryption, where that differs.",
    )
    outcome = models.CharField(max_length=16, choices=Outcome)
    reason = models.TextField(blank=True)
    reply_status = models.SmallIntegerField()
    reply = models.BinaryField()
    terms = models.BinaryField(
        null=True,
        blank=True,
        help_text="Digest of what it asked for as it was read then, where it did not go smoothly.",
    )
    replay_of = models.UUIDField(
        null=True,
        blank=True,
        help_text="The delivery that was settled again; nobody sent this one.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="callback_once_per_delivery", fields=["delivery_id", "received_at"]
            ),
            models.CheckConstraint(
                name="callback_outcome_is_known",
                condition=Q(outcome__in=Outcome.values),
            ),
        ]
        indexes = [
            models.Index(name="callback_by_key", fields=["provider", "transaction_id"]),
            # An hour of deliveries. Rows come in that order, so a few bytes for each range of pages
            # find it, and a delivery pays nothing for them.
            BrinIndex(
                fields=["received_at"],
                name="callback_by_time",
                pages_per_range=32,
                autosummarize=True,
            ),
            # The two filters of the list, alone or together, newest first (see wallets.lists).
            models.Index(Combined("provider", "outcome"), RISING, name="callback_listed"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.provider} {printable(self.operation)}"


# A delivery that ended so left nothing to be done.
SMOOTH = frozenset({Outcome.POSTED, Outcome.DUPLICATE, Outcome.ACKNOWLEDGED})


class Doubt(models.Model):
    """A delivery that did not go smoothly, until the bookkeeping has looked at it.

    Written in the same commit as its callback and removed in the same commit as its case is
    opened: nothing is skipped or seen twice, however late a commit becomes visible.
    """

    delivery_id = models.UUIDField()
    received_at = models.DateTimeField()
    provider = models.CharField(max_length=32, db_collation="C")
    transaction_id = models.CharField(max_length=200, blank=True, db_collation="C")

    def __str__(self) -> str:
        return f"{self.provider} {self.transaction_id or self.delivery_id}"


class Undecided(models.Model):
    """Deliveries that were answered without a row: from when to when, and how many.

    Written by the process that answered, when it reaches the database again; removed in the same
    commit as its case is opened.
    """

    provider = models.CharField(max_length=32, db_collation="C")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    reason = models.TextField()

    class Meta:
        verbose_name_plural = "undecided deliveries"

    def __str__(self) -> str:
        return f"{self.provider}: {self.count}"


class SentInstead(models.Model):
    """What a provider heard in place of the reply that stands in its delivery's row.

    The time was up while the COMMIT was on its way: the answer was "no verdict", and then it turned
    out that the delivery had been decided. Written by the process that answered.
    """

    rights = "SELECT, INSERT"

    delivery_id = models.UUIDField()
    received_at = models.DateTimeField()
    provider = models.CharField(max_length=32, db_collation="C")
    sent_at = models.DateTimeField()
    status = models.SmallIntegerField()
    reply = models.BinaryField()

    class Meta:
        verbose_name_plural = "sent instead"
        constraints = [
            models.UniqueConstraint(
                name="sent_instead_once_per_delivery", fields=["delivery_id", "received_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.delivery_id}"


class Unauthentic(models.Model):
    """Deliveries that did not prove to come from their provider: counted, never booked.

    One row per provider, address and minute, with the first body as a sample, so that strangers
    can't fill the books. A wrong key of ours looks just like this.
    """

    provider = models.CharField(max_length=32)
    address = models.GenericIPAddressField()
    minute = models.DateTimeField()
    count = models.BigIntegerField(default=1)
    reason = models.TextField()
    sample = models.BinaryField()

    class Meta:
        verbose_name_plural = "unauthentic deliveries"
        constraints = [
            models.UniqueConstraint(
                name="unauthentic_counted_by_minute",
                fields=["provider", "address", "minute"],
            ),
            models.CheckConstraint(name="unauthentic_count_positive", condition=Q(count__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.provider} from {self.address}"


class Pruned(models.Model):
    """A month of callbacks that was removed, and what it was. Append-only.

    Written by the tables' owner in the same commit as the month goes. `last_posted_at` is when the
    last transaction was booked whose delivery went with it, where that was after its end: it came
    in the last moment of the month. `posted` of its `rows` are of deliveries that the ledger took.

    A month that was put back from a dump and removed again has two rows.
    """

    rights = "SELECT"

    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    last_posted_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField()
    posted = models.BigIntegerField()
    size = models.BigIntegerField(help_text="In bytes, with its indexes.")
    pruned_at = models.DateTimeField()
    pruned_by = models.CharField(max_length=200, help_text="Who ran the command, on which machine.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="pruned_is_a_time", condition=Q(start_at__lt=F("end_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m}"
