"""Nobody raises themselves: what somebody with the right to change users can't do."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from tests import staff
from tests.cast import Books
from tests.staff import Staff


@pytest.fixture
def mona(books: Books) -> Staff:
    """Of finance, and somebody granted her the staff too."""
    user = User.objects.create_user("mona", is_staff=True)
    user.groups.add(Group.objects.get(name="Finance"))
    codenames = ["add_user", "change_user", "view_user", "delete_user", "change_group", "add_group"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return Staff(user)


def person(name: str, *groups: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def change(who: Staff, user: User, **form: object) -> int:
    asked = {"username": user.username, "is_active": "on", "is_staff": "on", **form}
    return who.answer("post", f"auth/user/{user.pk}/change/", asked).status_code


def ids(*names: str) -> list[int]:
    return [Group.objects.get(name=name).pk for name in names]


def test_nobody_makes_themselves_a_superuser(mona: Staff) -> None:
    assert change(mona, mona.user, is_superuser="on", groups=ids("Finance")) == 302
    mona.user.refresh_from_db()
    assert not mona.user.is_superuser
    fay = person("fay", "Finance")
    assert change(mona, fay, is_superuser="on", groups=ids("Finance")) == 302
    fay.refresh_from_db()
    assert not fay.is_superuser


def test_nobody_gives_a_group_that_they_are_not_in(mona: Staff) -> None:
    assert change(mona, mona.user, groups=ids("Finance", "Approver")) == 200
    assert [group.name for group in mona.user.groups.all()] == ["Finance"]
    fay = person("fay")
    assert change(mona, fay, groups=ids("Operations")) == 200
    assert not fay.groups.exists()
    assert change(mona, fay, groups=ids("Finance")) == 302
    assert [group.name for group in fay.groups.all()] == ["Finance"]


def test_permissions_of_their_own_are_not_given_at_all(mona: Staff) -> None:
    boss = staff.superuser()
    approve = Permission.objects.get(codename="approve_adjustment")
    for who in (mona, boss):
        assert change(who, mona.user, groups=ids("Finance"), user_permissions=approve.pk) == 302
    assert not mona.user.user_permissions.filter(pk=approve.pk).exists()


@pytest.mark.parametrize("path", ["change", "password"])
def test_whoever_may_do_more_is_out_of_reach_with_their_password(mona: Staff, path: str) -> None:
    boss, ann = staff.superuser().user, person("ann", "Approver")
    form = {"username": "x", "password1": staff.PASSWORD, "password2": staff.PASSWORD}
    for other in (boss, ann):
        before = User.objects.filter(pk=other.pk).values().get()
        where = f"auth/user/{other.pk}/{path}/"
        assert mona.answer("post", where, {**form, "usable_password": "true"}).status_code == 403
        assert User.objects.filter(pk=other.pk).values().get() == before


def test_only_superusers_change_groups(mona: Staff) -> None:
    finance = Group.objects.get(name="Finance")
    held = set(finance.permissions.values_list("codename", flat=True))
    every = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    form = {"name": "Finance", "permissions": every}
    path = f"auth/group/{finance.pk}/change/"
    assert mona.answer("post", path, form).status_code == 403
    assert mona.answer("post", "auth/group/add/", {"name": "Mine"}).status_code == 403
    assert set(finance.permissions.values_list("codename", flat=True)) == held


def test_nobody_is_deleted(mona: Staff) -> None:
    boss, fay = staff.superuser(), person("fay", "Finance")
    for who in (mona, boss):
        assert who.post(f"auth/user/{fay.pk}/delete/", post="yes") == 403
        selected = {"action": "delete_selected", "_selected_action": str(fay.pk), "post": "yes"}
        who.post("auth/user/", **selected)
    assert User.objects.filter(pk=fay.pk).exists()


def test_the_page_of_a_role_says_what_it_is_for(books: Books) -> None:
    boss = staff.superuser()
    (approver,) = ids("Approver")
    assert "It has none at first, and so approves nothing." in boss.get(
        f"auth/group/{approver}/change/"
    )
