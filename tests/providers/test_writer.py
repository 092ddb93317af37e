"""Group commit: what waits at the same time shares a commit, and nobody waits for a stranger."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from providers import callback_page, checks, instead, settling, waiting, writer
from providers.models import Callback, SentInstead
from providers.protocols.base import Reply
from providers.protocols.jdb import Jdb
from tests.cast import Books
from tests.providers import senders
from tests.providers.faults import at_commit, until
from tests.providers.senders import Heard, Sent, altered, send

SETTLE = senders.verbatim("jdb", "settle")
OK = b'{"status":"0000","balance":"0.10","err_text":""}'
NO_VERDICT = b'{"status":"9999","err_text":"Not decided yet, send again."}'


@pytest.fixture(autouse=True, params=[senders.on_loop, senders.in_thread])
def group_commit(
    books: Books,
    providers: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Whether its view is a coroutine or has a thread."""
    monkeypatch.setattr(senders, "through", request.param)
    settings.GROUP_COMMIT = True
    settings.ANSWER_WITHIN = timedelta(seconds=20)  # No slow machine decides a test.
    monkeypatch.setattr(waiting, "OWN", 20)
    monkeypatch.setattr(writer, "PATIENCE", 20)
    assert checks.configuration_is_verified()


def settlement(number: int, uid: str = "john") -> Sent:
    return senders.jdb(altered(SETTLE, transferId=number, uid=uid))


@pytest.fixture
def deliver() -> Iterator[Callable[..., Future[Heard]]]:
    """`deliver(sent)` sends in a thread of its own."""

    def run(sent: Sent) -> Heard:
        try:
            return send(sent)
        finally:
            connection.close()

    with ThreadPoolExecutor(80) as pool:
        yield lambda sent: pool.submit(run, sent)


@contextmanager
def held_at_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, Any]]:
    """The writer's next COMMIT is `there`, and happens once `go` is set."""
    there, go = threading.Event(), threading.Event()

    def hold(_: Any, commit: Callable[[], None]) -> None:
        there.set()
        assert go.wait(20)
        commit()

    with at_commit(monkeypatch, hold):
        try:
            yield there, go
        finally:
            go.set()


def queued(count: int) -> None:
    """Wait until so many deliveries wait for the first lane."""
    until(lambda: writer._writer._first.waiting.qsize() >= count)


@pytest.mark.parametrize("count", [1, 20, 64, 70])
def test_what_waits_while_a_group_is_committed_is_the_next_group(
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
    deliver: Callable[[Sent], Future[Heard]],
    count: int,
) -> None:
    books.open("john", "USD")
    with held_at_commit(monkeypatch) as (there, go):
        first = deliver(settlement(0))
        assert there.wait(20)
        others = [deliver(settlement(number)) for number in range(1, count + 1)]
        queued(count)
        go.set()
        assert first.result(20).body == OK
        heard = {one.result(20).json["balance"] for one in others}
    tenths = [Decimal(number + 1) / 10 for number in range(1, count + 1)]
    assert heard == {f"{amount:.2f}" for amount in tenths}
    groups = list(Callback.objects.values_list("decided_at", flat=True))
    sizes = sorted(groups.count(at) for at in set(groups))
    assert sizes == {1: [1, 1], 20: [1, 20], 64: [1, 64], 70: [1, 6, 64]}[count]
    assert books.balance("john", "USD") == Decimal(count + 1) / 10
    assert books.violations() == []


def test_large_deliveries_are_not_all_of_one_transaction(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    monkeypatch.setattr(writer, "HEAVIEST", 2 * len(settlement(1).body))
    with held_at_commit(monkeypatch) as (there, go):
        first = deliver(settlement(0))
        assert there.wait(20)
        others = [deliver(settlement(number)) for number in range(1, 6)]
        queued(5)
        go.set()
        assert {one.result(20).status for one in [first, *others]} == {200}
    groups = list(Callback.objects.values_list("decided_at", flat=True))
    assert sorted(groups.count(at) for at in set(groups)) == [1, 1, 2, 2]
    assert books.violations() == []


def test_a_repetition_in_the_group_of_its_first_delivery_is_a_duplicate(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    with held_at_commit(monkeypatch) as (there, go):
        deliver(settlement(0))
        assert there.wait(20)
        twins = [deliver(settlement(1)) for _ in range(5)]
        queued(5)
        other = deliver(senders.jdb(altered(SETTLE, transferId=1, amount=7)))
        queued(6)
        go.set()
        assert {one.result(20).json["balance"] for one in twins} == {"0.20"}
        assert other.result(20).json["status"] == "9999"
    assert books.outcomes() == ["posted", "posted", *["duplicate"] * 4, "conflict"]
    assert len(books.transactions()) == 2
    assert books.violations() == []


def test_sixty_three_are_answered_as_if_the_one_whose_wallet_is_held_were_not_there(
    books: Books, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    for number in range(64):
        books.open(f"p{number}", "USD")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT FROM wallets_wallet w JOIN wallets_player p ON p.id = w.player_id"
            " WHERE p.uid = 'p0' FOR UPDATE OF w"
        )
        sent = [deliver(settlement(number, f"p{number}")) for number in range(64)]
        answered = wait(sent[1:], timeout=15)
        assert not answered.not_done  # While the wallet is still held.
        assert not sent[0].done()
    assert {one.result(15).body for one in sent} == {OK}
    assert books.outcomes() == ["posted"] * 64
    assert books.violations() == []


def test_of_a_group_with_one_that_raises_the_others_are_paid(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    original = Jdb.reply

    def reply(self: Jdb, operation: str, receipts: Any, **rest: Any) -> Reply:
        if receipts and receipts[0].instruction.reference == "13":
            raise ZeroDivisionError("planted")
        return original(self, operation, receipts, **rest)

    monkeypatch.setattr(Jdb, "reply", reply)
    with held_at_commit(monkeypatch) as (there, go):
        deliver(settlement(0))
        assert there.wait(20)
        sent = {number: deliver(settlement(number)) for number in range(1, 31)}
        queued(30)
        go.set()
        heard = {number: one.result(20).json["status"] for number, one in sent.items()}
    assert heard.pop(13) == "9999"
    assert set(heard.values()) == {"0000"}
    failed = Callback.objects.get(outcome="failed")
    assert (failed.transaction_id, "planted" in failed.reason) == ("settle:13", True)
    assert sorted(books.outcomes()) == ["failed"] + ["posted"] * 30
    assert books.violations() == []


def test_more_than_can_be_answered_in_time_hear_no_verdict(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    monkeypatch.setattr(writer, "LONGEST", 3)
    with held_at_commit(monkeypatch) as (there, go):
        sent = [deliver(settlement(0))]
        assert there.wait(20)
        sent += [deliver(settlement(number)) for number in (1, 2, 3)]
        queued(3)
        assert send(settlement(4)).body == NO_VERDICT
        go.set()
        assert {one.result(20).json["status"] for one in sent} == {"0000"}
    assert len(books.transactions()) == 4
    assert send(settlement(4)).json["status"] == "0000"
    assert books.violations() == []


def test_at_the_deadline_no_verdict_is_told_while_the_commit_is_still_on_its_way(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    books.open("john", "USD")
    settings.ANSWER_WITHIN = timedelta(milliseconds=300)
    monkeypatch.setattr(instead, "_looked", time.monotonic())
    with held_at_commit(monkeypatch) as (_, go):
        assert send(settlement(1)).body == NO_VERDICT
        assert books.transactions() == []
        go.set()
        until(lambda: books.transactions() == ["settle:1"])
    settings.ANSWER_WITHIN = timedelta(seconds=20)
    assert not SentInstead.objects.exists()  # Nobody has looked yet, for however long.
    monkeypatch.setattr(instead, "KEPT", 0)
    monkeypatch.setattr(instead, "EVERY", 0)
    assert send(settlement(1)).body == OK
    assert books.outcomes() == ["posted", "duplicate"]
    until(lambda: SentInstead.objects.exists())
    (sent,) = SentInstead.objects.all()
    first = Callback.objects.earliest("id")
    assert (sent.delivery_id, sent.received_at) == (first.delivery_id, first.received_at)
    assert (bytes(sent.reply), sent.status) == (NO_VERDICT, 200)
    assert bytes(first.reply) == OK
    assert "The provider did not hear this." in callback_page.meaning(first)
    assert "did not hear" not in callback_page.meaning(Callback.objects.latest("id"))
    assert books.violations() == []


def test_no_verdict_that_stands_in_the_row_too_was_not_sent_instead_of_anything(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own fault is kept with the reply that was heard; a delivery without a row has none."""
    books.open("john", "USD")
    monkeypatch.setattr(instead, "EVERY", 0)
    monkeypatch.setattr(instead, "_told", {})
    with monkeypatch.context() as patch:
        patch.setattr(writer, "LONGEST", 0)
        assert send(settlement(1)).body == NO_VERDICT
    with monkeypatch.context() as patch:
        patch.setattr(Jdb, "reply", lambda *_, **__: 1 / 0)
        assert send(settlement(2)).body == NO_VERDICT
    assert len(instead._told) == 1
    assert send(settlement(3)).body == OK
    assert books.outcomes() == ["failed", "posted"]
    assert not SentInstead.objects.exists()
    monkeypatch.setattr(instead, "KEPT", 0)
    assert send(settlement(3)).body == OK
    until(lambda: not instead._told)


def test_what_a_stuck_writer_has_not_taken_is_settled_alone(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    books.open("jane", "USD")
    monkeypatch.setattr(waiting, "OWN", 0.1)
    monkeypatch.setattr(writer, "STUCK", 0.2)
    with held_at_commit(monkeypatch) as (there, go):
        first = deliver(settlement(0))
        assert there.wait(20)
        alone = deliver(settlement(1, "jane"))
        assert alone.result(20).body == OK
        until(lambda: writer.state() == "stuck")
        assert not first.done()
        go.set()
        assert first.result(20).body == OK
    until(lambda: writer.state() == "idle")
    assert books.outcomes() == ["posted"] * 2
    assert books.violations() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lane_that_dies_leaves_nobody_waiting_and_is_started_again(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(settling, "settle_free", die)
        assert send(settlement(1)).body == OK
        until(lambda: writer.state() == "not started")
    assert send(settlement(2)).json["balance"] == "0.20"
    until(lambda: writer.state() == "idle")
    assert books.outcomes() == ["posted"] * 2
    assert books.violations() == []


def deliver_and_close(sent: Sent) -> bytes:
    try:
        return send(sent).body
    finally:
        connection.close()


def test_a_forked_process_starts_a_writer_of_its_own(books: Books) -> None:
    books.open("john", "USD")
    assert send(settlement(1)).body == OK
    connection.close()
    read, written = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(written, writer.state().encode() + b" " + deliver_and_close(settlement(2)))
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 1000) == b"not started " + OK.replace(b"0.10", b"0.20")
    assert send(settlement(3)).json["balance"] == "0.30"
    assert books.violations() == []


def test_stopping_finishes_what_waits(
    books: Books, monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Sent], Future[Heard]]
) -> None:
    books.open("john", "USD")
    with held_at_commit(monkeypatch) as (there, go):
        sent = [deliver(settlement(0))]
        assert there.wait(20)
        sent += [deliver(settlement(number)) for number in range(1, 10)]
        queued(9)
        stopping = threading.Thread(target=writer.stop)
        stopping.start()
        go.set()
        stopping.join(20)
        assert not stopping.is_alive()
        assert {one.result(20).json["status"] for one in sent} == {"0000"}
    assert writer.state() == "not started"
    assert books.violations() == []
