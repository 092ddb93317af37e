"""Groups get what their role may do: once, and what an operator changed later stays changed.

What was given is noted (RoleGrant). So a permission that comes with a new version reaches the roles
that the table gives it to, one that was taken away by hand is not given again, and a group that was
deleted or renamed does not come back.
"""

from typing import Any

from django.apps import apps as current_apps
from django.contrib.auth.management import create_permissions
from django.db import connections, transaction

from reconciliation.office.roles import table

LABELS = sorted({name.partition(".")[0] for role in table.ROLES.values() for name in role.may})


def after_migrate(*, using: str, **_: Any) -> None:
    """The hook behind every migration; where nothing is new it reads two tables."""
    give(current_apps, using=using)


def give(apps: Any, *, using: str) -> None:
    """Make the groups that never were, and give them what they never got.

    `apps` are those of now, or of a migration. A permission whose model isn't there yet waits for
    the next call.
    """
    if not _is_there(apps, using):
        return
    _make_permissions(apps, using)
    with transaction.atomic(using=using):
        for role in table.ROLES.values():
            _give(apps, role, using)


def _is_there(apps: Any, using: str) -> bool:
    """Whether there is a table to note it in: not where an older state was migrated to."""
    wanted = apps.get_model("reconciliation", "RoleGrant")._meta.db_table
    return wanted in connections[using].introspection.table_names()


def _make_permissions(apps: Any, using: str) -> None:
    """Django makes permissions after a migration; the groups of this one need them in it."""
    for label in LABELS:
        config = current_apps.get_app_config(label)
        create_permissions(config, verbosity=0, using=using, apps=apps)


def _give(apps: Any, role: table.Role, using: str) -> None:
    grants = apps.get_model("reconciliation", "RoleGrant").objects.using(using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    given = set(grants.filter(role=role.name).values_list("permission", flat=True))
    missing = {name: found for name in role.may - given if (found := _find(apps, name, using))}
    if not missing:
        return
    group = groups.filter(name=role.name).first()
    if group is None and given:
        return  # Somebody deleted or renamed it.
    if group is None:
        (group,) = groups.bulk_create([groups.model(name=role.name)])
    # In bulk, which writes no history: what was given is noted here, and nobody did it.
    through = groups.model.permissions.through
    through.objects.using(using).bulk_create(
        [through(group_id=group.pk, permission_id=found.pk) for found in missing.values()],
        ignore_conflicts=True,
    )
    grants.bulk_create([grants.model(role=role.name, permission=name) for name in sorted(missing)])


def _find(apps: Any, name: str, using: str) -> Any:
    label, _, codename = name.partition(".")
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    return permissions.filter(content_type__app_label=label, codename=codename).first()
