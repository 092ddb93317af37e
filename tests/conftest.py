"""Every test of the books commits for real, as the application's role; the owner cleans up."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from providers import writer
from tests import emptying, front
from tests.cast import Books

GUARDED = [
    "wallets_transaction",
    "wallets_entry",
    "wallets_reference",
    "providers_callback",
    "providers_sentinstead",
    "providers_pruned",
    "reconciliation_line",
    "reconciliation_export",
    "reconciliation_comment",
    "reconciliation_attachment",
]
EMPTIED = [
    *GUARDED,
    "wallets_wallet",
    "wallets_player",
    "providers_unauthentic",
    "providers_doubt",
    "providers_undecided",
    "reconciliation_savedfilter",
    "reconciliation_case",
    "reconciliation_historicalcase",
    "reconciliation_task",
    "reconciliation_moneyfigure",
    "reconciliation_deliveryfigure",
    "reconciliation_figuresreading",
    "reconciliation_statement",
    "reconciliation_match",
    "reconciliation_bucketsum",
    "reconciliation_total",
    "reconciliation_adjustment",
    "reconciliation_historicaladjustment",
    "reconciliation_adjustmentlimit",
    "reconciliation_historicaladjustmentlimit",
    "reconciliation_historicalstatementformat",
    "axes_accessattempt",
    "axes_accesslog",
    "django_session",
    "reconciliation_historicaluser",
    "reconciliation_historicaluser_groups",
    "reconciliation_historicalgroup",
    "reconciliation_historicalgroup_permissions",
    "wallets_historicalplayer",
    "auth_user",
]

# The roles are there from their migration on, as they were given.
OTHER_GROUPS = """SELECT id FROM auth_group WHERE name NOT IN
    (SELECT role FROM reconciliation_rolegrant)"""

KEY = "0123456789abcdef"
IV = "fedcba9876543210"
SUD_APP_ID = "1461564080052506636"
SUD_SECRET = "test-app-secret"

PROVIDERS: dict[str, dict[str, Any]] = {
    "besoft": {"currency": "USD", "allowed_ips": ["127.0.0.0/8"]},
    # The settlements of most tests come without their bets.
    "jdb": {
        "key": KEY,
        "iv": IV,
        "currencies": {"XX": "USD", "RB": "CNY", "RM": "MYR"},
        "unknown_bet": "pay",
    },
    "sud": {"app_id": SUD_APP_ID, "app_secret": [SUD_SECRET, "previous"], "currency": "COIN"},
    # Its document's settle comes without its bet.
    "hotroad": {"currency": "THB", "allowed_ips": ["127.0.0.0/8"], "unknown_bet": "pay"},
}


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The owner makes the test database; every test then works on it as the application's role.

    Of several pytest processes side by side each has a database of its own.
    """
    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=0, interactive=False, aliases=dict.fromkeys(["default", "owner"])
        )
        yield
        writer.stop()  # Its connections would keep the database from being dropped.
        teardown_databases(made, verbosity=0)


@pytest.fixture
def books(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Books]:
    """Empty books that really commit. Everything is removed afterwards, by the owner."""
    with django_db_blocker.unblock():
        yield Books()
        front.leave_the_database()
        connections["default"].close()
        empty_the_books()


def empty_the_books() -> None:
    """Only the owner can, and only by switching the triggers off for a moment."""
    emptying.empty(
        EMPTIED,
        guarded=GUARDED,
        also=[
            "DELETE FROM reconciliation_statementformat WHERE name <> 'cage'",
            f"DELETE FROM auth_group_permissions WHERE group_id IN ({OTHER_GROUPS})",
            f"DELETE FROM auth_group WHERE id IN ({OTHER_GROUPS})",
        ],
    )


@pytest.fixture
def production(books: Books) -> Iterator[None]:
    """The books are marked as those where real money may lie, though `./cage` made them."""
    mark("production")
    yield
    mark("demo")


def mark(kind: str) -> None:
    """Only the owner can, and only by switching the trigger off for a moment."""
    table = "wallets_databasemark"
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"BEGIN; ALTER TABLE {table} DISABLE TRIGGER append_only; UPDATE {table} SET kind = "
            f"'{kind}'; ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only; COMMIT"
        )


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """`configure(jdb={...})` changes some providers; None removes one."""

    def configure(**changes: dict[str, Any] | None) -> None:
        named = {name.replace("_", "-"): change for name, change in changes.items()}
        merged = {**PROVIDERS, **named}
        settings.PROVIDERS = json.dumps({k: v for k, v in merged.items() if v is not None})

    return configure


@pytest.fixture
def providers(configure: Callable[..., None]) -> None:
    """The four providers, configured."""
    configure()
