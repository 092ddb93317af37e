"""Statements: the provider's own list of a period, line by line, and where each line stands."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from wallets.models import Money
from wallets.models.fields import AMOUNT_RANGE


class Layout(models.TextChoices):
    """What one row of a file says."""

    CAGE = "cage", "Cage's own"
    REPORT = "report", "The provider's report"
    TOTALS = "totals", "Totals only"

    @property
    def sentence(self) -> str:
        return {
            "cage": "One movement a row, named as Cage names it: operation, reference, uid, ...",
            "report": "One row as the provider counts: its protocol knows what it moves.",
            "totals": "Only sums, of a currency or of a player: nothing can be matched one by one.",
        }[self.value]


class StatementFormat(models.Model):
    """How to read one kind of file: which column is what, and how dates and numbers are written.

    `columns` is our field -> the file's heading, `constants` our field -> a value that no column
    has. Which fields there are is said by the layout and the provider's protocol.
    """

    name = models.SlugField(max_length=64, unique=True)
    protocol = models.CharField(
        max_length=32, blank=True, help_text="Whose reports these are; empty: any provider's."
    )
    layout = models.CharField(max_length=16, choices=Layout)
    columns = models.JSONField(default=dict)
    constants = models.JSONField(default=dict, blank=True)
    encoding = models.CharField(max_length=32, default="utf-8")
    delimiter = models.CharField(max_length=1, default=",", help_text="Between the cells of a CSV.")
    zone = models.CharField(
        max_length=64, blank=True, help_text="Of times without one; empty: the provider's reports'."
    )
    dates = models.CharField(
        max_length=64,
        default="iso",
        help_text='"iso", "seconds" or "milliseconds" since 1970, or a pattern such as %d-%m-%Y.',
    )
    decimal_mark = models.CharField(max_length=1, default=".")
    grouping = models.CharField(max_length=1, blank=True, help_text="Between thousands; or none.")
    shows_all_players = models.BooleanField(
        default=False, help_text="Of a round with several players, each one has a row."
    )
    tolerance = Money(default=0, help_text="Amounts that differ by no more are the same.")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="format_layout_is_known", condition=Q(layout__in=Layout.values)
            ),
            models.CheckConstraint(
                name="format_tolerance_in_range", condition=Q(tolerance__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="format_marks_differ", condition=~Q(decimal_mark=models.F("grouping"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StatementStatus(models.TextChoices):
    IMPORTED = "imported", "Imported"
    WITHDRAWN = "withdrawn", "Withdrawn"

    @property
    def sentence(self) -> str:
        return {
            "imported": "It counts: its lines are matched.",
            "withdrawn": "It was taken back, and is kept as evidence only.",
        }[self.value]


class Statement(models.Model):
    """One file of a provider about `start_at` (included) to `end_at` (excluded).

    `rows` are those of the file; `rejected` of them could not be read and are kept as they are.
    """

    provider = models.CharField(max_length=32, db_collation="C")
    format = models.ForeignKey(StatementFormat, on_delete=models.PROTECT)
    status = models.CharField(
        max_length=16, choices=StatementStatus, default=StatementStatus.IMPORTED
    )
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    day = models.DateField(null=True, blank=True, help_text="Where it is one day of the provider.")
    rows = models.BigIntegerField()
    rejected = models.BigIntegerField(default=0)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    matched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="statement_file_once",
                fields=["provider", "sha256"],
                condition=Q(status="imported"),
            ),
            models.CheckConstraint(
                name="statement_covers_a_time", condition=Q(start_at__lt=models.F("end_at"))
            ),
            models.CheckConstraint(
                name="statement_status_is_known", condition=Q(status__in=StatementStatus.values)
            ),
        ]
        indexes = [
            models.Index(name="statement_by_time", fields=["provider", "start_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day or self.start_at:%Y-%m-%d}"


class Line(models.Model):
    """One expected movement of a statement; a row of the file is one or more of them.

    `number` is the row's in the file (its heading, where it has one, is row 1), `part` 1, 2, ...
    within the row. `original` is the row as JSON, on part 1 only. A rejected row is one line with
    an `error` and nothing else. With `net_only` the row showed no more than a difference: it
    stands as a credit or, below 0, as a debit.
    """

    rights = "SELECT, INSERT"

    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    number = models.BigIntegerField()
    part = models.SmallIntegerField(default=1)
    transaction_id = models.CharField(max_length=200, blank=True, db_collation="C")
    uid = models.CharField(max_length=64, blank=True, db_collation="C")
    currency = models.CharField(max_length=10, blank=True, db_collation="C")
    debit = Money(default=0)
    credit = Money(default=0)
    net_only = models.BooleanField(default=False)
    round_id = models.CharField(max_length=128, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    original = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="line_once_per_statement", fields=["statement", "number", "part"]
            ),
            models.CheckConstraint(
                name="line_debit_in_range", condition=Q(debit__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="line_credit_in_range", condition=Q(credit__range=AMOUNT_RANGE)
            ),
            models.CheckConstraint(
                name="line_is_read_or_rejected",
                condition=Q(error="") & ~Q(transaction_id="") & ~Q(uid="") & ~Q(currency="")
                | ~Q(error="") & Q(transaction_id=""),
            ),
        ]
        indexes = [models.Index(name="line_by_key", fields=["statement", "transaction_id"])]

    def __str__(self) -> str:
        return f"row {self.number}"


class Total(models.Model):
    """A row of a statement that has totals only, and what our books sum up to there.

    Where `uid` or `operation` is empty it is over all of them. `compared` is None until then.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="totals")
    number = models.BigIntegerField()
    operation = models.CharField(max_length=32, blank=True, db_collation="C")
    uid = models.CharField(max_length=64, blank=True, db_collation="C")
    currency = models.CharField(max_length=10, db_collation="C")
    count = models.BigIntegerField(null=True, blank=True)
    debit = models.DecimalField(max_digits=38, decimal_places=8, null=True, blank=True)
    credit = models.DecimalField(max_digits=38, decimal_places=8, null=True, blank=True)
    net = models.DecimalField(
        max_digits=38, decimal_places=8, null=True, blank=True, help_text="Credit less debit."
    )
    our_count = models.BigIntegerField(null=True, blank=True)
    our_debit = models.DecimalField(max_digits=38, decimal_places=8, null=True, blank=True)
    our_credit = models.DecimalField(max_digits=38, decimal_places=8, null=True, blank=True)
    original = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="total_once_per_statement", fields=["statement", "number"]
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"


class Bucket(models.TextChoices):
    """Where a movement stands between a statement and the books."""

    MATCHED = "matched", "Matched"
    ONLY_IN_STATEMENT = "only_in_statement", "Only in the statement"
    ONLY_IN_LEDGER = "only_in_ledger", "Only in the ledger"
    AMOUNT_DIFFERS = "amount_differs", "Amount differs"
    PLAYER_DIFFERS = "player_differs", "Player differs"
    CURRENCY_DIFFERS = "currency_differs", "Currency differs"
    REPEATED_LINE = "repeated_line", "Repeated line"
    NOT_HANDLED = "not_handled", "Not handled here"
    IN_FLIGHT = "in_flight", "In flight"

    @property
    def sentence(self) -> str:
        return {
            "matched": "Both sides have it: the same player, currency and amounts.",
            "only_in_statement": "The provider lists it, and the books don't have it.",
            "only_in_ledger": "The books have it, and the provider doesn't list it.",
            "amount_differs": "Both sides have it, with other amounts.",
            "player_differs": "Both sides have it, for another player.",
            "currency_differs": "Both sides have it, in another currency.",
            "repeated_line": "The provider lists it again: the books' movement is taken already.",
            "not_handled": "An operation that this provider doesn't send through Cage.",
            "in_flight": "At the edge of the time: the other side may still bring it.",
        }[self.value]


class Match(models.Model):
    """Where one movement stands: of the statement, of the ledger, or one of each.

    A movement of the ledger satisfies one line at most, of whatever statement. Foreign keys would
    be checked row by row, a million of them at the commit; none of what they name is ever deleted.
    """

    statement = models.ForeignKey(
        Statement,
        on_delete=models.PROTECT,
        related_name="matches",
        db_constraint=False,
        db_index=False,
    )
    bucket = models.CharField(max_length=20, choices=Bucket, db_collation="C")
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    entry = models.ForeignKey(
        "wallets.Entry",
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.UniqueConstraint(
                name="match_once_per_line", fields=["line"], condition=Q(line__isnull=False)
            ),
            models.UniqueConstraint(
                name="match_entry_satisfies_one_line",
                fields=["entry"],
                condition=Q(line__isnull=False, entry__isnull=False),
            ),
            models.UniqueConstraint(
                name="match_only_in_ledger_once",
                fields=["entry", "statement"],
                condition=Q(line__isnull=True),
            ),
            models.CheckConstraint(
                name="match_is_of_something",
                condition=Q(line__isnull=False) | Q(entry__isnull=False),
            ),
            models.CheckConstraint(
                name="match_bucket_fits_its_sides",
                condition=Q(
                    bucket__in=["matched", "amount_differs", "player_differs", "currency_differs"],
                    line__isnull=False,
                    entry__isnull=False,
                )
                | Q(bucket="only_in_ledger", line__isnull=True)
                | Q(bucket__in=["only_in_statement", "repeated_line"], entry__isnull=True)
                | (
                    Q(bucket__in=["not_handled", "in_flight"])
                    & (Q(line__isnull=True) | Q(entry__isnull=True))
                ),
            ),
        ]
        indexes = [models.Index(name="match_by_bucket", fields=["statement", "bucket", "id"])]

    def __str__(self) -> str:
        return f"{self.get_bucket_display()}"


class BucketSum(models.Model):
    """What one bucket of a statement holds in one currency, on each side."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="sums")
    bucket = models.CharField(max_length=20, choices=Bucket)
    currency = models.CharField(max_length=10)
    lines = models.BigIntegerField(default=0)
    line_debit = models.DecimalField(max_digits=38, decimal_places=8, default=0)
    line_credit = models.DecimalField(max_digits=38, decimal_places=8, default=0)
    entries = models.BigIntegerField(default=0)
    entry_debit = models.DecimalField(max_digits=38, decimal_places=8, default=0)
    entry_credit = models.DecimalField(max_digits=38, decimal_places=8, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="bucket_sum_once", fields=["statement", "bucket", "currency"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bucket} {self.currency}"
