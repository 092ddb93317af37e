"""Probes: live always; ready once all was seen, and after that whatever the database does."""

from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.test import Client

from config import health
from tests.cast import Books


@pytest.fixture(autouse=True)
def not_ready_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ready", False)


def ready() -> tuple[int, str]:
    response = Client().get("/health/ready")
    return response.status_code, response.json().get("reason", "")


def test_live_asks_nothing() -> None:
    assert Client().get("/health/live").status_code == 200


def test_ready_follows_the_database_only_until_it_has_answered_once(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        assert ready() == (503, "the database does not answer")
    assert ready() == (200, "")
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        assert ready() == (200, "")
    connection.close()


def test_not_ready_with_migrations_missing(books: Books, providers: None) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'providers' RETURNING app, name")
        removed = cursor.fetchall()
        assert ready() == (503, "migrations are missing")
        cursor.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", removed
        )
    assert ready() == (200, "")


def test_not_ready_with_a_wrong_configuration(books: Books, configure: Callable[..., None]) -> None:
    configure(besoft={"currency": "USD"})
    status, reason = ready()
    assert (status, "the configuration is not valid" in reason) == (503, True)


def test_metrics_name_providers_and_no_path(books: Books, providers: None) -> None:
    from tests.providers import senders

    senders.send(senders.jdb(senders.verbatim("jdb", "settle")))
    text = Client().get("/metrics").content.decode()
    assert 'cage_callbacks_total{operation="settle",outcome="refused",provider="jdb"}' in text
