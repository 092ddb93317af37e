"""The database goes away, hangs, or loses a COMMIT: what the provider hears, what is booked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper

from providers.models import Callback
from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import Sent, send

SETTLE = senders.jdb(senders.verbatim("jdb", "settle"))
OK = b'{"status":"0000","balance":"0.10","err_text":""}'

NO_VERDICT = {
    "besoft": (senders.besoft(senders.verbatim("besoft", "result")), 503, b""),
    "jdb": (SETTLE, 200, b'{"status":"9999","err_text":"Not decided yet, send again."}'),
    "sud": (
        senders.sud(senders.verbatim("sud", "match_settle")),
        200,
        b'{"ret_code":2,"ret_msg":"Not decided yet, send again."}',
    ),
    "hotroad": (
        senders.hotroad(senders.verbatim("hotroad", "settle")),
        200,
        b'{"code":"9999","desc":"Not decided yet, send again."}',
    ),
}


def terminate(pid: int) -> None:
    """Kill the backend of another connection of our own role."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@contextmanager
def at_commit(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any, Callable[[], None]], None]
) -> Iterator[None]:
    """`fault(wrapper, commit)` happens instead of the next COMMIT, once."""
    original = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
    faults = [fault]

    def commit(self: DatabaseWrapper) -> None:
        if faults and threading.current_thread() is threading.main_thread():
            faults.pop()(self, lambda: original(self))
        else:
            original(self)

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "_commit", commit)
        yield
    assert not faults


def lost_before(wrapper: DatabaseWrapper, commit: Callable[[], None]) -> None:
    terminate(wrapper.connection.info.backend_pid)
    commit()


def lost_after(wrapper: DatabaseWrapper, commit: Callable[[], None]) -> None:
    commit()
    terminate(wrapper.connection.info.backend_pid)
    raise OperationalError("the connection was lost while COMMIT was answered")


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_connection_lost_around_commit_is_one_payment_one_row_and_a_success(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    books.open("john", "USD")
    with at_commit(monkeypatch, fault):
        assert send(SETTLE).body == OK
    assert books.transactions() == ["settle:272017"]
    assert books.outcomes() == ["posted"]
    assert send(SETTLE).body == OK
    assert books.outcomes() == ["posted", "duplicate"]
    assert books.violations() == []


def test_a_refusal_whose_commit_was_lost_is_one_row(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No wallet is locked and no id inserted: the delivery's own row decides."""
    with at_commit(monkeypatch, lost_after):
        assert send(SETTLE).json["status"] == "7501"
    assert books.outcomes() == ["refused"]


def test_a_backend_killed_between_two_deliveries_costs_nothing(
    books: Books, providers: None
) -> None:
    books.open("john", "USD")
    connection.ensure_connection()
    terminate(connection.connection.info.backend_pid)
    assert send(SETTLE).body == OK
    assert books.outcomes() == ["posted"]


@pytest.mark.parametrize("provider", NO_VERDICT)
def test_with_the_database_away_no_verdict_is_heard_and_the_resend_is_paid(
    books: Books,
    providers: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    provider: str,
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=200)
    sent, status, body = NO_VERDICT[provider]
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        heard = send(sent)
        connection.close()
    assert (heard.status, heard.body) == (status, body)
    lines = [record.getMessage() for record in caplog.records if record.name == "cage.inbox"]
    assert [line.partition(":")[0] for line in lines] == ["answered without a row"]
    assert Callback.objects.count() == 0
    for uid, currency in [("useraccount", "USD"), ("john", "USD"), ("hrgpl0001", "THB")]:
        books.open(uid, currency, "100")
    for uid in ("fa1c53c4", "f0818db8"):
        books.open(uid, "COIN", "100")
    settings.ANSWER_WITHIN = timedelta(seconds=2)
    assert send(sent).status == 200
    assert books.outcomes() == ["posted"]


def test_a_wallet_locked_elsewhere_is_waited_for_until_the_deadline_only(
    books: Books, providers: None, settings: Any
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=300)
    books.open("john", "USD")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT FROM wallets_wallet FOR UPDATE")
        assert send(SETTLE).body == NO_VERDICT["jdb"][2]
    assert books.transactions() == []
    assert send(SETTLE).body == OK
    assert books.violations() == []


def test_an_unauthentic_delivery_is_refused_also_without_a_database(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        assert send(Sent(path="jdb", body=b"x=")).json["status"] == "9006"
        connection.close()


def test_an_unknown_path_is_a_plain_404_and_nothing_is_stored(
    books: Books, providers: None
) -> None:
    assert send(Sent(path="nowhere", body=b"{}")).status == 404
    assert Callback.objects.count() == 0
