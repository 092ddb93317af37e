"""Exports: which data left Cage, with whom, and its digest."""

from django.conf import settings
from django.db import models

from wallets.text import printable


class Export(models.Model):
    """One file that somebody took out. Append-only."""

    rights = "SELECT, INSERT"

    what = models.CharField(max_length=32)
    filters = models.JSONField(default=dict, blank=True)
    file_name = models.CharField(max_length=200)
    rows = models.BigIntegerField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    exported_at = models.DateTimeField()
    exported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="Nobody: by command.",
    )

    class Meta:
        permissions = [("take_export", "Can take exports")]
        indexes = [models.Index(name="export_by_time", fields=["exported_at"])]

    def __str__(self) -> str:
        return printable(self.file_name)
