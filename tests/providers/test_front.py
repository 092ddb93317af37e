"""Callbacks on an event loop: many at once, and what can't be answered there."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from providers import checks, instead, opening, settling, undecided, writer
from providers.front import Front
from providers.models import Callback, Unauthentic
from providers.waiting import GivenUp, InThread, OnLoop
from tests import front
from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import Sent, altered, on_loop, send

SETTLE = senders.verbatim("jdb", "settle")
OK = b'{"status":"0000","balance":"0.10","err_text":""}'
NO_VERDICT = b'{"status":"9999","err_text":"Not decided yet, send again."}'
BALANCE = senders.jdb(b'{"action":6,"ts":1,"uid":"john","currency":"XX","gType":0,"mType":0}')


@pytest.fixture(autouse=True)
def john(books: Books, providers: None) -> None:
    books.open("john", "USD")
    assert checks.configuration_is_verified()


def settlement(number: int) -> Sent:
    return senders.jdb(altered(SETTLE, transferId=number))


def test_what_one_loop_is_told_at_once_is_all_paid_once(books: Books) -> None:
    async def all_of_them() -> list[bytes]:
        sent = [settlement(number) for number in range(100)] * 2
        heard = await asyncio.gather(*map(senders.through_loop, sent))
        return [one.body for one in heard]

    told = front.run(all_of_them())
    assert len([body for body in told if b'"status":"0000"' in body]) == 200
    assert books.balance("john", "USD") == 10
    assert sorted(books.outcomes()) == ["duplicate"] * 100 + ["posted"] * 100
    assert books.violations() == []


def test_without_group_commit_the_same_is_answered(books: Books, settings: Any) -> None:
    settings.GROUP_COMMIT = False
    assert send(settlement(1)).body == send(settlement(1)).body == OK
    assert books.outcomes() == ["posted", "duplicate"]


@contextmanager
def no_thread_is_free(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """One thread beside the loop, that is busy until it `may_go`."""
    threads, may_go = ThreadPoolExecutor(1), threading.Event()
    threads.submit(may_go.wait, 20)
    made = Front(None, threads=threads)
    monkeypatch.setattr(front, "FRONT", made)
    strangers = made._strangers
    try:
        yield may_go
    finally:
        may_go.set()
        front.leave_the_database(threads, strangers)
        threads.shutdown()


def test_where_no_thread_is_free_in_time_that_is_no_verdict_and_nothing_happens_later(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=200)
    settings.GROUP_COMMIT = False
    monkeypatch.setattr(undecided, "_spans", {})
    with no_thread_is_free(monkeypatch):
        assert on_loop(BALANCE).json["status"] == "9999"
        assert on_loop(settlement(1)).body == NO_VERDICT
    assert undecided._spans["jdb"].count == 2
    assert books.transactions() == []
    assert not Callback.objects.exists()


def test_what_a_failed_group_may_have_committed_is_looked_for_where_no_thread_is_free(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=500)
    monkeypatch.setattr(instead, "_told", {})
    monkeypatch.setattr(settling, "settle_free", lambda *_, **__: 1 / 0)
    with no_thread_is_free(monkeypatch):
        assert on_loop(settlement(1)).body == NO_VERDICT
    assert len(instead._told) == 1
    assert books.transactions() == []


class NoMore(ThreadPoolExecutor):
    """No further thread can be started; what was to be done waits for one that there is."""

    def submit(self, call: Any, /, *args: Any, **kwargs: Any) -> Any:
        super().submit(call, *args, **kwargs)
        raise RuntimeError("can't start new thread")


def test_what_no_thread_could_be_started_for_is_done_in_time_or_never(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.GROUP_COMMIT = False
    settings.ANSWER_WITHIN = timedelta(milliseconds=500)
    threads, may_go = NoMore(1), threading.Event()
    monkeypatch.setattr(front, "FRONT", Front(None, threads=threads))
    assert on_loop(settlement(1)).body == OK
    ThreadPoolExecutor.submit(threads, may_go.wait, 20)
    assert on_loop(settlement(2)).body == NO_VERDICT
    may_go.set()
    front.leave_the_database(threads)
    threads.shutdown()
    assert books.transactions() == ["settle:1"]


def test_our_own_fault_beside_the_group_is_looked_for_too(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instead, "_told", {})
    monkeypatch.setattr(writer, "settle_on_loop", lambda *_, **__: 1 / 0)
    assert on_loop(settlement(1)).body == NO_VERDICT
    assert len(instead._told) == 1


def test_strangers_wait_for_threads_of_their_own_and_leave_no_row(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=200)
    monkeypatch.setattr(undecided, "_spans", {})
    stranger = Sent(path="jdb", body=b"x=")
    with no_thread_is_free(monkeypatch):
        assert on_loop(stranger).json["status"] == "9017"
        assert Unauthentic.objects.get().count == 1
        with ThreadPoolExecutor(1) as busy:
            may_go = threading.Event()
            busy.submit(may_go.wait, 20)
            monkeypatch.setattr(front.FRONT, "_strangers", busy)
            assert on_loop(stranger).json["status"] == "9017"
            may_go.set()
    assert Unauthentic.objects.get().count == 1
    assert undecided._spans == {}


@pytest.mark.parametrize("kind", ["text/plain; charset*=nope''x", "x; a*=nope''x", "", "\xe9"])
def test_whatever_the_body_is_said_to_be_it_is_answered_in_the_dialect(
    books: Books, kind: str
) -> None:
    sent = settlement(1)
    assert on_loop(replace(sent, content_type=kind)).body == OK


def test_of_a_body_that_ends_early_nothing_is_concluded(books: Books) -> None:
    heard: list[dict[str, Any]] = [
        {"type": "http.request", "body": settlement(1).body[:50], "more_body": True},
        {"type": "http.disconnect"},
    ]
    _, told = senders.told_to_loop(settlement(1), heard)
    assert b'"status":"9017"' in told["body"]  # It may have been a cancel.
    assert not Callback.objects.exists()


def test_a_body_is_read_in_parts_and_no_further_than_it_may_be_long(books: Books) -> None:
    body = settlement(1).body
    parts = [
        {"type": "http.request", "body": body[:50], "more_body": True},
        {"type": "http.request", "body": body[50:], "more_body": False},
    ]
    start, told = senders.told_to_loop(settlement(1), parts)
    assert (start["status"], told["body"]) == (200, OK)
    endless = [{"type": "http.request", "body": b"x" * 100_000, "more_body": True}] * 9
    size = {"Content-Length": "900000"}
    sent = Sent(path="jdb", body=b"", content_type="text/plain", headers=size)
    start, told = senders.told_to_loop(sent, endless)
    assert opening.LARGEST_BODY < (9 - len(endless)) * 100_000 < opening.LARGEST_BODY + 100_000
    assert b'"status":"9017"' in told["body"]
    assert books.outcomes() == ["posted"]


def test_an_address_under_a_name_with_underscores_is_nobodys(books: Books, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    sent = replace(settlement(1), headers={"X_Forwarded_For": "198.51.100.7", "X-Real": "1"})
    assert on_loop(sent).body == OK
    row = Callback.objects.get()
    assert (row.address, row.headers["x-real"]) == ("127.0.0.1", "1")
    assert "x-forwarded-for" not in row.headers


def test_all_else_is_for_the_pages(providers: None) -> None:
    assert send(Sent(path="nobody", body=b"{}")).status == 404
    assert send(Sent(path="jdb/a/b/c", body=b"{}")).status == 404


def opened() -> opening.Opened:
    return object.__new__(opening.Opened)


def test_a_loop_that_has_ended_is_no_failure_of_the_group() -> None:
    async def wait() -> OnLoop:
        return OnLoop(opened(), deadline=0)

    with ThreadPoolExecutor(1) as another:
        waiting = another.submit(asyncio.run, wait()).result()
    assert waiting.take()
    assert waiting.end(None)


@pytest.mark.parametrize("taken", [False, True])
def test_past_its_deadline_a_delivery_is_left_whoever_has_it(taken: bool) -> None:
    async def wait() -> OnLoop:
        waiting = OnLoop(opened(), deadline=0)
        assert not taken or waiting.take()
        with pytest.raises(GivenUp):
            await waiting.wait()
        return waiting

    waiting = front.run(wait())
    assert not waiting.take()
    assert not waiting.end(None)
    other = InThread(opened(), deadline=0)
    assert not taken or other.take()
    with pytest.raises(GivenUp):
        other.wait()
    assert not other.end(None)
