"""Cases: every doubt about money, one row each, until somebody or something settles it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from wallets.models import Money
from wallets.text import printable


class CaseKind(models.TextChoices):
    """What is doubted."""

    UNSETTLED = "unsettled", "Unsettled"
    CONFLICT = "conflict", "Conflict"
    VOID_RISK = "void_risk", "Void risk"
    OUTAGE = "outage", "Outage"
    UNAUTHENTIC = "unauthentic", "Unauthentic"
    DISPUTE = "dispute", "Dispute"
    # What a statement shows; the names are those of its buckets.
    ONLY_IN_STATEMENT = "only_in_statement", "Only in the statement"
    ONLY_IN_LEDGER = "only_in_ledger", "Only in the ledger"
    AMOUNT_DIFFERS = "amount_differs", "Amount differs"
    PLAYER_DIFFERS = "player_differs", "Player differs"
    CURRENCY_DIFFERS = "currency_differs", "Currency differs"
    REPEATED_LINE = "repeated_line", "Repeated line"

    @property
    def sentence(self) -> str:
        return {
            "unsettled": "The provider asked for it and the books don't have it.",
            "conflict": "The same id came with other terms than those that are booked.",
            "void_risk": "We paid it, and the provider heard a refusal that voids the order.",
            "outage": "Deliveries were answered without a decision: nothing is known of them here.",
            "unauthentic": "Deliveries that don't prove who sent them. A wrong key looks the same.",
            "dispute": "A person doubts it, or it was given by hand and then delivered too.",
            "only_in_statement": "The provider lists it, and the books don't have it.",
            "only_in_ledger": "The books have it, and the provider doesn't list it.",
            "amount_differs": "The provider lists it with other amounts than are booked.",
            "player_differs": "The provider lists it for another player than it was booked for.",
            "currency_differs": "The provider lists it in another currency than is booked.",
            "repeated_line": "The provider lists it more often than it was booked.",
        }[self.value]


class CaseStatus(models.TextChoices):
    OPEN = "open", "Open"
    WAITING = "waiting", "Waiting"
    CLOSED = "closed", "Closed"

    @property
    def sentence(self) -> str:
        return {
            "open": "Nobody waits for anybody: it can be worked on, or heals by itself.",
            "waiting": "For the provider, the player or an approval, until the follow-up date.",
            "closed": "Nothing is left to do.",
        }[self.value]


class Resend(models.TextChoices):
    """Whether the provider sends it again by itself."""

    EXPECTED = "expected", "Expected"
    OVERDUE = "overdue", "Overdue"
    SILENT = "silent", "Silent"
    NONE = "none", "None"

    @property
    def sentence(self) -> str:
        return {
            "expected": "The provider sends it again by itself.",
            "overdue": "The provider's time for sending it again is over.",
            "silent": "It should have come again three times, and did not.",
            "none": "The provider is not known to send it again.",
        }[self.value]


class Resolution(models.TextChoices):
    """How a case ended."""

    HEALED = "healed", "Healed"
    REPLAYED = "replayed", "Replayed"
    ADJUSTED = "adjusted", "Adjusted"
    VOID = "void", "Void on both sides"
    ACCEPTED = "accepted", "Accepted difference"
    NO_FAULT = "no_fault", "Not a fault"
    MERGED = "merged", "Merged"

    @property
    def sentence(self) -> str:
        return {
            "healed": "A later delivery settled it.",
            "replayed": "Cage settled a kept delivery again.",
            "adjusted": "Two people moved the money.",
            "void": "Neither side holds anything any more.",
            "accepted": "The difference stays, and somebody answers for that.",
            "no_fault": "It turned out to be in order.",
            "merged": "It is worked on in another case.",
        }[self.value]


class Case(models.Model):
    """One doubt. `subject` is the transaction id, else `callback:<number>`, else empty: a case of
    the whole provider. At most one of a kind and subject is not closed.

    `attempts` are deliveries that did not settle it; replays by Cage are none.
    """

    kind = models.CharField(max_length=24, choices=CaseKind)
    status = models.CharField(max_length=16, choices=CaseStatus, default=CaseStatus.OPEN)
    resend = models.CharField(max_length=16, choices=Resend, default=Resend.NONE)
    resolution = models.CharField(max_length=16, choices=Resolution, blank=True)

    provider = models.CharField(max_length=32, db_collation="C")
    subject = models.CharField(max_length=200, blank=True, db_collation="C")
    operation = models.CharField(max_length=32, blank=True)
    reference = models.CharField(max_length=128, blank=True)
    player = models.CharField("player's uid", max_length=64, blank=True)
    amount = Money(verbose_name="amount at risk", null=True, blank=True)
    currency = models.CharField(max_length=10, blank=True)

    reason = models.TextField(blank=True, help_text="Why the last delivery was not settled.")
    attempts = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField("first delivery at", null=True, blank=True)
    last_at = models.DateTimeField("last delivery at", null=True, blank=True)
    expected_at = models.DateTimeField("next delivery expected at", null=True, blank=True)
    silent_at = models.DateTimeField("silent from", null=True, blank=True)
    due_at = models.DateTimeField("resent until", null=True, blank=True)

    replays = models.PositiveIntegerField(default=0, help_text="How often Cage tried again.")
    replay_at = models.DateTimeField("Cage tries again at", null=True, blank=True)

    statement = models.ForeignKey(
        "Statement",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="The one that shows it.",
    )

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    follow_up_on = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    tickets = models.CharField("outside ticket numbers", max_length=200, blank=True)

    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    alert = models.CharField(max_length=16, blank=True, help_text="What is still to be told.")
    alerted = models.JSONField(default=list, blank=True, help_text="What was told.")

    history = HistoricalRecords(history_change_reason_field=models.TextField(null=True))

    class Meta:
        permissions = [("replay_case", "Can settle a case's delivery again")]
        constraints = [
            models.UniqueConstraint(
                name="case_open_once",
                fields=["provider", "subject", "kind"],
                condition=~Q(status="closed"),
            ),
            models.CheckConstraint(
                name="case_kind_is_known", condition=Q(kind__in=CaseKind.values)
            ),
            models.CheckConstraint(
                name="case_resend_is_known", condition=Q(resend__in=Resend.values)
            ),
            models.CheckConstraint(
                name="case_closed_says_how_and_when",
                condition=Q(
                    status="closed", resolution__in=Resolution.values, closed_at__isnull=False
                )
                | Q(status__in=["open", "waiting"], resolution="", closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="case_waiting_says_until_when",
                condition=~Q(status="waiting") | Q(follow_up_on__isnull=False),
            ),
            models.CheckConstraint(
                name="case_amount_has_a_currency",
                condition=Q(amount__isnull=True) | ~Q(currency=""),
            ),
        ]
        indexes = [
            models.Index(
                name="case_open_by_due", fields=["due_at", "id"], condition=~Q(status="closed")
            ),
            models.Index(
                name="case_open_by_replay",
                fields=["replay_at"],
                condition=Q(replay_at__isnull=False) & ~Q(status="closed"),
            ),
            models.Index(name="case_to_tell", fields=["id"], condition=~Q(alert="")),
            models.Index(name="case_by_subject", fields=["provider", "subject"]),
            models.Index(name="case_by_player", fields=["player", "-id"], condition=~Q(player="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.provider} {printable(self.subject)}".strip()


class Task(models.Model):
    """When a periodic task last succeeded: who watches the watchers."""

    name = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField("watched since")
    succeeded_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
