"""Staff: what each role was given, and who became what in the course of time."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models
from simple_history import register
from simple_history.models import HistoricalRecords

# What a login writes: when it was, and its password in a newer hash.
BY_LOGGING_IN = frozenset({"last_login", "password"})


class RoleGrant(models.Model):
    """A permission that a role was given. It is given once; taken away by hand it stays away."""

    rights = "SELECT"

    role = models.CharField(max_length=150)
    permission = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="role_grant_once", fields=["role", "permission"])
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"


class StaffRecords(HistoricalRecords):
    """A history in which logging in is no change."""

    def post_save(
        self, instance: models.Model, created: bool, using: str | None = None, **options: Any
    ) -> None:
        fields = options.get("update_fields")
        if not fields or not BY_LOGGING_IN.issuperset(fields):
            super().post_save(instance, created, using=using, **options)


# No hash of a password is kept: that it was changed stands in the admin's log.
register(
    User,
    app="reconciliation",
    records_class=StaffRecords,
    m2m_fields=["groups"],
    excluded_fields=["password", "last_login"],
)
register(Group, app="reconciliation", m2m_fields=["permissions"])
