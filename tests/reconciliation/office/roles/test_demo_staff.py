"""A demo has a login for each role; production has none of them."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from reconciliation.models import AdjustmentLimit
from reconciliation.office.roles import table
from tests import staff
from tests.cast import Books
from wallets.models import DatabaseMark


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = staff.PLAIN["PASSWORD_HASHERS"]
    settings.DEMO_STAFF_PASSWORD = staff.PASSWORD


def hire() -> str:
    out = StringIO()
    call_command("demo_staff", stdout=out)
    return out.getvalue().strip()


def test_each_role_has_a_login_of_its_name(books: Books) -> None:
    assert hire() == "viewer, finance, approver, operations, auditor"
    for role in table.ROLES.values():
        user = User.objects.get(username=role.name.lower())
        assert user.check_password(staff.PASSWORD)
        assert (user.is_staff, user.is_superuser) == (True, False)
        assert user.get_all_permissions() == role.may
    assert AdjustmentLimit.objects.filter(group__name="Approver").count() == 4


def test_whoever_is_there_stays_as_they_are(books: Books) -> None:
    hire()
    User.objects.get(username="viewer").groups.clear()
    AdjustmentLimit.objects.filter(currency="USD").update(amount=5)
    hire()
    assert not User.objects.get(username="viewer").groups.exists()
    assert AdjustmentLimit.objects.get(currency="USD").amount == 5
    assert AdjustmentLimit.objects.count() == 4


def test_production_is_refused(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseMark, "is_demo", classmethod(lambda cls: False))
    with pytest.raises(CommandError, match="production"):
        hire()
    assert not User.objects.exists()


def test_a_password_has_to_be_said(books: Books, settings: Any) -> None:
    settings.DEMO_STAFF_PASSWORD = ""
    with pytest.raises(CommandError, match="DEMO_STAFF_PASSWORD"):
        hire()
