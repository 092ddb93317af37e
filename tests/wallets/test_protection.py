"""What a database is for, and who may do what to it: seen on real databases and roles."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from tests.cast import Books
from wallets.models import DatabaseMark


@pytest.fixture
def production(books: Books) -> Iterator[dict[str, str]]:
    """The environment of a new database that nobody marked as a demo."""
    name = f"{connections['owner'].settings_dict['NAME']}_production"
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    unmarked = f"&options={quote('-c cage.mark=')}"
    environment = {
        **os.environ,
        "DATABASE_URL": _renamed(os.environ["DATABASE_URL"], name),
        "MIGRATE_DATABASE_URL": _renamed(os.environ["MIGRATE_DATABASE_URL"], name) + unmarked,
    }
    yield environment
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")


def test_demo_commands_refuse_a_production_database(production: dict[str, str]) -> None:
    assert manage(production, "migrate", "--database", "owner").returncode == 0
    for words in (
        ["simulate", "--seconds", "1"],
        ["open_wallet", "alice", "USD", "--deposit", "10"],
    ):
        refused = manage(production, *words)
        assert refused.returncode == 1
        assert "production" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert manage(production, "open_wallet", "alice", "USD").returncode == 0
    assert manage(production, "verify_ledger").returncode == 0


def test_the_embedded_owner_marks_its_databases_as_demo(books: Books) -> None:
    assert DatabaseMark.is_demo()


def test_the_deployment_check_wants_a_role_that_owns_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("check", deploy=True, databases=["default"], fail_level="WARNING")
    default = connections["default"]
    default.close()
    monkeypatch.setitem(default.settings_dict, "USER", connections["owner"].settings_dict["USER"])
    with pytest.raises(SystemCheckError, match=r"wallets\.E001"):
        call_command("check", deploy=True, databases=["default"])
    default.close()


def manage(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
