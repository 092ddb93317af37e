"""What a database is for."""

from django.db import models
from django.db.models import Q


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
