"""What people add to a case while they work on it, and the lists that they keep at hand."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from reconciliation.models.cases import Case
from wallets.text import printable


class Comment(models.Model):
    """What somebody said about a case: signed, dated, never edited and never deleted."""

    rights = "SELECT, INSERT"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField()
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="comment_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"Comment on case #{self.case_id}"


class Attachment(models.Model):
    """A file that somebody laid to a case. Append-only, and only ever given out as a download.

    `name` is the file's own, made harmless; `media_type` is what its first bytes look like, for
    people to read: nothing is ever served under it.
    """

    rights = "SELECT, INSERT"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    why = models.TextField(blank=True, help_text="What it shows.")
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    attached_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="attachment_once_per_case", fields=["case", "sha256"]),
            models.CheckConstraint(name="attachment_holds_something", condition=Q(size__gte=1)),
            models.CheckConstraint(name="attachment_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return printable(self.name)


class SavedFilter(models.Model):
    """A list of cases that somebody keeps under a name: the parameters of its address."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    is_shared = models.BooleanField(default=False, help_text="Everybody who sees cases has it too.")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="saved_filter_once_per_name", fields=["owner", "name"]),
            models.CheckConstraint(name="saved_filter_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return printable(self.name)
