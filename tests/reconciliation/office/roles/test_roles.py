"""The roles as groups: made by the migration, given once, and kept as people change them."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, connections

from reconciliation.models import RoleGrant
from reconciliation.office.roles import giving, table
from tests.cast import Books


def held(name: str) -> set[str]:
    permissions = Permission.objects.filter(group__name=name).select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in permissions}


@pytest.fixture
def tampered(books: Books) -> Iterator[None]:
    """Whatever is done to the groups, afterwards they are as the migration made them."""
    yield
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM auth_group_permissions; DELETE FROM auth_group; "
            "DELETE FROM reconciliation_rolegrant"
        )
    giving.after_migrate(using="owner")


def test_the_migration_made_each_role_with_all_that_the_table_says(books: Books) -> None:
    assert {name: held(name) for name in table.ROLES} == {
        role.name: set(role.may) for role in table.ROLES.values()
    }


def test_whoever_only_reads_may_nothing_but_look_and_take_exports() -> None:
    for role in (table.VIEWER, table.AUDITOR):
        doing = {name for name in role.may if ".view_" not in name}
        assert doing <= {"reconciliation.take_export"}
    assert table.VIEWER.may == table.LOOK


def test_nobody_asks_for_an_adjustment_and_approves_it_by_one_role() -> None:
    both = {"reconciliation.request_adjustment", "reconciliation.approve_adjustment"}
    assert not [role.name for role in table.ROLES.values() if both <= role.may]


def test_no_role_touches_staff_groups_or_limits() -> None:
    forbidden = ("auth.add", "auth.change", "auth.delete", "reconciliation.add_adjustmentlimit")
    for role in table.ROLES.values():
        assert not [name for name in role.may if name.startswith(forbidden)]
        assert "reconciliation.change_adjustmentlimit" not in role.may


def test_what_was_taken_away_by_hand_is_not_given_again(tampered: None) -> None:
    finance = Group.objects.get(name="Finance")
    finance.permissions.remove(Permission.objects.get(codename="request_adjustment"))
    giving.after_migrate(using="owner")
    assert held("Finance") == table.FINANCE.may - {"reconciliation.request_adjustment"}


def test_a_permission_that_comes_with_a_new_version_reaches_its_roles(tampered: None) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM reconciliation_rolegrant WHERE permission = 'wallets.add_wallet'; "
            "DELETE FROM auth_group_permissions USING auth_permission p "
            "WHERE p.id = permission_id AND p.codename = 'add_wallet'"
        )
    assert "wallets.add_wallet" not in held("Operations")
    giving.after_migrate(using="owner")
    assert held("Operations") == table.OPERATIONS.may


def test_a_role_that_was_deleted_does_not_come_back(tampered: None) -> None:
    Group.objects.get(name="Viewer").delete()
    giving.after_migrate(using="owner")
    assert not Group.objects.filter(name="Viewer").exists()


def test_giving_again_changes_nothing(books: Books) -> None:
    before = list(RoleGrant.objects.order_by("id").values_list())
    giving.give(apps, using="owner")
    assert list(RoleGrant.objects.order_by("id").values_list()) == before


def test_what_was_given_is_out_of_reach_of_the_running_role(books: Books) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reconciliation_rolegrant")
