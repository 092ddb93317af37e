"""The database goes away, hangs, or loses a COMMIT: what the provider hears, what is booked."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from providers import checks, writer
from providers.models import Callback, Unauthentic
from tests.cast import Books
from tests.providers import senders
from tests.providers.faults import (
    at_commit,
    backends,
    frozen,
    lost_after,
    lost_before,
    raising,
    terminate_all,
    until,
)
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


@pytest.fixture(autouse=True, params=[True, False], ids=["in groups", "one by one"])
def verified(books: Books, providers: None, settings: Any, request: Any) -> None:
    """What a web process does before its first delivery; a fault planted there is another test."""
    settings.GROUP_COMMIT = request.param
    assert checks.configuration_is_verified()


@pytest.mark.parametrize(
    "fault",
    [
        lost_before,
        lost_after,
        pytest.param(raising(OperationalError, after=False), id="error before"),
        pytest.param(raising(OperationalError, after=True), id="error after"),
        pytest.param(raising(InterfaceError, after=False), id="interface error before"),
        pytest.param(raising(InterfaceError, after=True), id="interface error after"),
    ],
)
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


@pytest.mark.parametrize("error", [InternalError, MemoryError, ValueError])
def test_a_success_is_told_only_of_what_is_committed(
    books: Books,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    """Something of ours raises instead of COMMIT: its open transaction must not be believed.

    In groups it has to do so again, when the delivery is settled alone.
    """
    books.open("john", "USD")
    planted = [raising(error, after=False)] * (2 if settings.GROUP_COMMIT else 1)
    with at_commit(monkeypatch, *planted):
        assert send(SETTLE).json["status"] == "9999"
    assert (books.transactions(), books.outcomes()) == ([], ["failed"])
    assert send(SETTLE).body == OK
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
    assert send(SETTLE).body == OK
    terminate_all()
    connection.close()  # The test's own.
    assert send(SETTLE).body == OK
    assert books.outcomes() == ["posted", "duplicate"]


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
        writer.stop()
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


def test_a_frozen_database_is_not_waited_for(
    books: Books, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes what is sent, and answers nothing: none of its own timeouts comes into play."""
    if not settings.GROUP_COMMIT:  # Both deliveries are to use the connection that is frozen.
        monkeypatch.setattr(senders, "through", senders.in_thread)
    books.open("john", "USD")
    assert send(SETTLE).body == OK
    settings.ANSWER_WITHIN = timedelta(milliseconds=400)
    with frozen(backends()):
        assert send(altered_settle(2)).body == NO_VERDICT["jdb"][2]
    settings.ANSWER_WITHIN = timedelta(seconds=5)
    assert send(altered_settle(2)).json["balance"] == "0.20"
    assert books.outcomes() == ["posted", "posted"]
    assert books.violations() == []


def test_a_database_that_freezes_at_the_commit_may_have_paid_and_the_resend_hears_it(
    books: Books, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.open("john", "USD")
    assert send(SETTLE).body == OK
    settings.ANSWER_WITHIN = timedelta(milliseconds=400)
    stopped: list[int] = []

    def freeze(wrapper: Any, commit: Callable[[], None]) -> None:
        stopped.append(wrapper.connection.info.backend_pid)
        os.kill(stopped[0], signal.SIGSTOP)
        commit()

    with at_commit(monkeypatch, freeze):
        assert send(altered_settle(2)).body == NO_VERDICT["jdb"][2]
    os.kill(stopped[0], signal.SIGCONT)
    # Whether it commits once its client is gone is its own affair.
    until(lambda: len(books.transactions()) == 2 or stopped[0] not in backends())
    is_paid = len(books.transactions()) == 2
    settings.ANSWER_WITHIN = timedelta(seconds=5)
    assert send(altered_settle(2)).json["balance"] == "0.20"
    assert books.outcomes() == ["posted", "posted", *(["duplicate"] if is_paid else [])]
    assert books.violations() == []


def test_what_was_prepared_on_a_connection_and_is_gone_is_prepared_anew(books: Books) -> None:
    """As behind a pooler that gives a statement's connection to somebody else."""
    books.open("john", "USD")
    for number in range(1, 6):
        assert send(altered_settle(number)).json["status"] == "0000"
    with connection.cursor() as cursor:  # So that the client doesn't know.
        cursor.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
    assert send(altered_settle(6)).json["balance"] == "0.60"
    assert books.outcomes() == ["posted"] * 6


def altered_settle(number: int) -> Sent:
    return senders.jdb(senders.altered(senders.verbatim("jdb", "settle"), transferId=number))


def test_an_unauthentic_delivery_is_refused_also_without_a_database(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        assert send(Sent(path="jdb", body=b"x=")).json["status"] == "9017"
        connection.close()


def test_an_unknown_path_is_a_plain_404_and_nothing_is_stored(
    books: Books, providers: None
) -> None:
    assert send(Sent(path="nowhere", body=b"{}")).status == 404
    assert Callback.objects.count() == 0


@pytest.mark.parametrize("first_wait", [0.2, 0.28, 0.4])
def test_nothing_is_decided_after_the_deadline_however_the_waits_add_up(
    books: Books, providers: None, settings: Any, first_wait: float
) -> None:
    """First the wallet is locked elsewhere, then the id is being inserted elsewhere."""
    settings.ANSWER_WITHIN = timedelta(milliseconds=600)
    books.open("john", "USD")
    wallet_is_free, id_is_free = threading.Event(), threading.Event()

    def hold_the_id() -> None:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(ELSEWHERE)
            held.set()
            id_is_free.wait(5)
            transaction.set_rollback(True, using="owner")
        connections["owner"].close()

    held = threading.Event()
    holder = threading.Thread(target=hold_the_id)
    holder.start()
    held.wait(5)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT FROM wallets_wallet FOR UPDATE")
        release = threading.Timer(first_wait, wallet_is_free.set)
        answers: list[bytes] = []
        sender = threading.Thread(target=lambda: answers.append(deliver()))
        sender.start()
        release.start()
        wallet_is_free.wait(5)
    # While the id is still held: an answer is there soon after the deadline, or not at all.
    sender.join(1.2)
    answered = not sender.is_alive()
    id_is_free.set()
    holder.join(5)
    assert answered
    assert answers == [NO_VERDICT["jdb"][2]]
    assert (books.transactions(), books.outcomes()) == ([], [])
    assert send(SETTLE).body == OK


ELSEWHERE = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    details, refusal, origin, posted_at)
VALUES ('jdb', 'settle:272017', 'settlement', '', '', '', '', '{}', '', 'command', now())
"""


def deliver() -> bytes:
    try:
        return send(SETTLE).body
    finally:
        connection.close()


@pytest.mark.parametrize("error", [ValueError, InterfaceError, UnicodeEncodeError])
@pytest.mark.parametrize(
    "broken",
    [
        "providers.callbacks.count_unauthentic",
        "providers.protocols.jdb.Jdb.refuse",
        "providers.protocols.jdb.Jdb.unwrap",
    ],
)
def test_no_fault_of_ours_escapes_as_an_error_page(
    books: Books,
    providers: None,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    error: type[Exception],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("planted") if error is not UnicodeEncodeError else error("utf-8", "", 0, 0, "")

    monkeypatch.setattr(broken, fail)
    heard = send(Sent(path="jdb", body=b"x="))
    assert (heard.status, heard.json["status"] != "0000") == (200, True)


def test_a_stranger_is_answered_while_his_row_is_locked(books: Books, providers: None) -> None:
    stranger = Sent(path="jdb", body=b"x=")
    send(stranger)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT FROM providers_unauthentic FOR UPDATE")
        assert send(stranger).json["status"] == "9017"


def test_addresses_of_one_ipv6_network_are_counted_as_one(books: Books, providers: None) -> None:
    for number in range(1, 4):
        send(senders.from_address(NO_VERDICT["besoft"][0], f"2001:db8:1:2::{number}"))
    assert list(Unauthentic.objects.values_list("address", "count")) == [("2001:db8:1:2::", 3)]
