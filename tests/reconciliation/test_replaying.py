"""Cage settles owed ones again by itself, once what kept it from paying is gone."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from providers.models import Callback
from reconciliation import cases, replaying
from reconciliation.models import Case
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import send
from tests.reconciliation.test_cases import RESULT, TWO, Clock, clock, settle

__all__ = ["clock"]


def a_minute(clock: Clock, minute: float) -> int:
    """What the bookkeeping does each minute; how many were tried."""
    at = clock.at(minute)
    cases.update(at=at)
    tried = replaying.replay_owed(at=at)
    cases.update(at=at)
    return tried


def test_it_pays_before_the_next_resend_which_is_then_a_plain_duplicate(
    books: Books, providers: None, clock: Clock
) -> None:
    settle()
    assert a_minute(clock, 0.2) == 0
    books.open("john", "USD", "1")
    assert a_minute(clock, 1.2) == 1
    case = Case.objects.get()
    assert (case.status, case.resolution, case.replays) == ("closed", "replayed", 1)
    clock.at(2)
    assert settle().json == {"status": "0000", "balance": "1.10", "err_text": ""}
    assert a_minute(clock, 2.2) == 0
    assert books.outcomes() == ["refused", "posted", "duplicate"]
    assert books.balance("john", "USD") == Decimal("1.1")
    assert books.violations() == []


def test_a_fault_of_ours_is_tried_ever_more_rarely_until_it_is_gone(
    books: Books, providers: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.open("john", "USD")
    with monkeypatch.context() as broken:
        broken.setattr("wallets.ledger._read", fail)
        broken.setattr("providers.undecided.count", lambda *_, **__: None)
        settle()
    assert Callback.objects.count() == 0  # Even the row could not be written.
    with monkeypatch.context() as broken:
        broken.setattr("wallets.draft.Draft.decide", fail)
        settle()
        tried = [minute for minute in range(1, 40) if a_minute(clock, minute)]
    assert tried == [1, 2, 3, 4, 6, 9, 13, 19, 28]
    assert Case.objects.get().replays == len(tried)
    a_minute(clock, 60)
    assert Case.objects.get().resolution == "replayed"
    assert books.transactions() == ["settle:272017"]


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


def test_a_void_order_is_not_tried(books: Books, providers: None, clock: Clock) -> None:
    send(senders.besoft(RESULT))
    books.open("useraccount", "USD", "100")
    assert a_minute(clock, 5) == 0
    assert books.transactions() == []


def test_a_delivery_that_no_id_could_be_read_of_waits_for_a_person(
    books: Books, providers: None, clock: Clock
) -> None:
    settle(transferId="?")
    assert a_minute(clock, 5) == 0
    case = Case.objects.get()
    assert (case.replay_at, case.due_at) == (None, TWO + timedelta(hours=1))


def test_which_of_two_sums_is_owed_is_not_decided_by_cage(
    books: Books, providers: None, clock: Clock
) -> None:
    settle()
    settle(amount=5)
    books.open("john", "USD", "1")
    assert a_minute(clock, 1) == 0
    assert Case.objects.get().status == "open"
    assert books.transactions() == []


@pytest.mark.parametrize("delivery", ["bet", "withdraw", "cancel_bet_and_settle"])
def test_a_bet_that_failed_and_a_cancel_that_takes_a_win_back_are_not_tried(
    books: Books,
    configure: Callable[..., None],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    delivery: str,
) -> None:
    configure(jdb={**PROVIDERS["jdb"], "cancel_bet_and_settle": "reverse"})
    with monkeypatch.context() as broken:
        broken.setattr("wallets.draft.Draft.decide", fail)
        send(senders.jdb(senders.verbatim("jdb", delivery)))
    assert a_minute(clock, 5) == 0
    assert Case.objects.get().replay_at is None
