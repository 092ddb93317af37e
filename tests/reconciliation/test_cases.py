"""What becomes a case, counts its attempts, waits, and closes itself: with a controlled clock."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from providers.models import Undecided
from reconciliation import cases
from reconciliation.models import Case, Resolution
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import hotroad, jdb_orders, senders
from tests.providers.senders import Heard, altered, send

TWO = datetime(2026, 11, 21, 14, tzinfo=UTC)
SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")


class Clock:
    """Minutes after 14:00."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def at(self, minute: float) -> datetime:
        moment = TWO + timedelta(minutes=minute)
        self._traveller.move_to(moment)
        return moment


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(TWO, tick=False) as traveller:
        yield Clock(traveller)


def settle(**changes: Any) -> Heard:
    ts = int(TWO.timestamp() * 1000)
    return send(senders.jdb(altered(SETTLE, ts=ts, **changes)))


def bookkeeping(clock: Clock, minute: float) -> Case:
    cases.update(at=clock.at(minute))
    return Case.objects.get()


def test_a_settle_for_an_unknown_player_is_a_case_within_the_minute(
    books: Books, providers: None, clock: Clock
) -> None:
    assert settle().json["status"] == "7501"
    case = bookkeeping(clock, 0.5)
    assert (case.kind, case.status, case.resend) == ("unsettled", "open", "expected")
    assert (case.provider, case.subject, case.reference) == ("jdb", "settle:272017", "272017")
    assert (case.player, case.amount, case.currency) == ("john", Decimal("0.1"), "USD")
    assert (case.attempts, case.first_at, case.last_at) == (1, TWO, TWO)
    assert case.expected_at == TWO + timedelta(minutes=1)
    assert case.due_at == TWO + timedelta(hours=1)
    assert case.reason == "UnknownPlayer: No such player."
    assert books.statements("SELECT count(*) FROM reconciliation_historicalcase") == [(1,)]


def test_attempts_count_up_and_the_next_resend_pays_and_closes(
    books: Books, providers: None, clock: Clock
) -> None:
    for minute in range(3):
        clock.at(minute)
        settle()
        assert bookkeeping(clock, minute + 0.5).attempts == minute + 1
    books.open("john", "USD")
    clock.at(3)
    assert settle().json["status"] == "0000"
    case = bookkeeping(clock, 3.5)
    assert (case.status, case.resolution, case.resend) == ("closed", "healed", "none")
    assert case.closed_at == TWO + timedelta(minutes=3.5)
    assert books.transactions() == ["settle:272017"]


def test_nobody_helps_and_it_is_overdue_at_exactly_three(
    books: Books, providers: None, clock: Clock
) -> None:
    for minute in range(60):
        clock.at(minute)
        settle()
    assert bookkeeping(clock, 59.99).resend == "expected"
    case = bookkeeping(clock, 60)
    assert (case.resend, case.attempts) == ("overdue", 60)


def test_three_missed_minutes_are_silence_and_the_next_delivery_ends_it(
    books: Books, providers: None, clock: Clock
) -> None:
    settle()
    assert bookkeeping(clock, 2.9).resend == "expected"
    assert bookkeeping(clock, 3).resend == "silent"
    clock.at(5)
    settle()
    assert bookkeeping(clock, 5.5).resend == "expected"


def test_a_late_first_delivery_is_due_by_the_payloads_own_time(
    books: Books, providers: None, clock: Clock
) -> None:
    clock.at(50)
    settle()
    assert bookkeeping(clock, 51).due_at == TWO + timedelta(hours=1)


def test_a_refused_order_that_was_never_paid_is_counted_and_no_case(
    books: Books, providers: None, clock: Clock
) -> None:
    for _ in range(2):
        assert send(senders.besoft(RESULT)).json["status"] != 1
    assert cases.update(at=clock.at(1)).looked_at == 2
    assert Case.objects.count() == 0
    assert books.outcomes() == ["refused", "refused"]


def test_a_paid_order_whose_copy_was_refused_is_a_void_risk(
    books: Books, providers: None, clock: Clock
) -> None:
    books.open("useraccount", "USD", "100")
    assert send(senders.besoft(RESULT)).json["status"] == 1
    assert send(senders.besoft(altered(RESULT, win=11.00))).json["status"] != 1
    case = bookkeeping(clock, 1)
    assert (case.kind, case.amount, case.currency) == ("void_risk", Decimal(9), "USD")
    assert case.resend == "none"


def test_other_terms_under_a_paid_id_are_a_conflict_of_the_difference(
    books: Books, providers: None, clock: Clock
) -> None:
    books.open("john", "USD")
    settle()
    settle(amount=0.5)
    case = bookkeeping(clock, 1)
    assert (case.kind, case.amount, case.attempts) == ("conflict", Decimal("0.4"), 1)


def test_an_authentic_delivery_without_an_id_is_a_case_under_its_own_number(
    books: Books, providers: None, clock: Clock
) -> None:
    send(senders.jdb(altered(SETTLE, transferId="?")))
    send(senders.jdb(altered(SETTLE, transferId="?")))
    cases.update(at=clock.at(1))
    subjects = [case.subject for case in Case.objects.order_by("id")]
    assert [subject.split(":")[0] for subject in subjects] == ["callback", "callback"]
    assert len(set(subjects)) == 2


def test_a_second_run_finds_nothing_to_do(books: Books, providers: None, clock: Clock) -> None:
    settle()
    first = cases.update(at=clock.at(1))
    assert (first.looked_at, first.opened, first.updated, first.closed) == (1, 1, 0, 0)
    assert cases.update(at=clock.at(1)) == cases.Summary()


def test_answers_without_a_row_are_one_outage_from_when_to_when(
    books: Books, providers: None, clock: Clock
) -> None:
    for minute in (0, 1, 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("wallets.ledger._read", away)
            clock.at(minute)
            assert settle().json["status"] == "9999"
    books.open("john", "USD")
    clock.at(3)
    assert settle().json["status"] == "0000"
    for _ in range(2000):  # It is written after the answer.
        if Undecided.objects.exists():
            break
        time.sleep(0.01)
    case = bookkeeping(clock, 3.5)
    assert (case.kind, case.provider, case.attempts) == ("outage", "jdb", 3)
    assert (case.first_at, case.last_at) == (TWO, TWO + timedelta(minutes=2))
    assert "away" in case.reason


def away(*_: object, **__: object) -> None:
    raise OperationalError("the database is away")


def test_unproved_deliveries_are_one_case_that_counts(
    books: Books, providers: None, clock: Clock
) -> None:
    for number in range(3):
        send(senders.jdb(SETTLE, key=f"the wrong key {number:02}"))
        cases.update(at=clock.at(number))
    case = Case.objects.get()
    assert (case.kind, case.provider, case.attempts) == ("unauthentic", "jdb", 3)


def test_one_that_can_not_be_read_any_more_does_not_keep_the_others_waiting(
    books: Books, providers: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle()
    monkeypatch.setattr("providers.protocols.jdb.actions.read", fail)
    case = bookkeeping(clock, 1)
    assert (case.subject, case.amount) == ("settle:272017", None)


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


def test_a_doubt_of_a_provider_that_is_not_configured_here_is_kept(
    books: Books, providers: None, clock: Clock, configure: Callable[..., None]
) -> None:
    settle()
    configure(jdb=None)
    assert cases.update(at=clock.at(1)).looked_at == 0
    configure()
    assert bookkeeping(clock, 2).subject == "settle:272017"


@pytest.mark.parametrize("paid_first", [True, False])
def test_what_is_asked_for_together_is_unsettled_until_all_of_it_is_paid(
    books: Books, providers: None, clock: Clock, paid_first: bool
) -> None:
    """The delivery is kept under the id of the first reward, which comes alone too."""
    books.open("alice", "THB")
    first, second = hotroad.reward("1", "alice", "10"), hotroad.reward("2", "bob", "5")
    if paid_first:
        send(hotroad.event(first))
    send(hotroad.event(first, second))
    assert bookkeeping(clock, 1).status == "open"
    send(hotroad.event(first))
    case = bookkeeping(clock, 2)
    assert (case.kind, case.status, case.replay_at) == ("unsettled", "open", clock.at(1))
    books.open("bob", "THB")
    send(hotroad.event(first, second))
    assert bookkeeping(clock, 3).resolution == "healed"


def test_more_than_a_wallet_can_hold_does_not_keep_the_others_waiting(
    books: Books, providers: None, clock: Clock
) -> None:
    most = [hotroad.reward(str(number), f"p{number}", "9" * 18) for number in range(102)]
    send(hotroad.event(*most))
    case = bookkeeping(clock, 1)
    assert (case.subject, case.amount) == ("event:0", None)


@pytest.mark.parametrize(
    ("uid", "status", "kinds"), [("testpl01", "6101", []), ("alice", "9017", ["unsettled"])]
)
def test_a_cancel_that_is_asked_for_again_is_a_case_also_where_its_refusal_stands(
    books: Books,
    clock: Clock,
    configure: Callable[..., None],
    uid: str,
    status: str,
    kinds: list[str],
) -> None:
    """6101 is the end for JDB; after 9017 it asks for an hour, and then staff have to."""
    configure(jdb={**PROVIDERS["jdb"], "cancel_bet_and_settle": "reverse"})
    books.open("testpl01", "CNY", "100")
    books.open("alice", "CNY")
    send(senders.jdb(altered(jdb_orders.BET_AND_SETTLE, win=50.0, netWin=40.0)))
    books.spend("testpl01", "CNY")
    cancel = altered(jdb_orders.CANCEL, uid=uid)
    assert send(senders.jdb(cancel)).json["status"] == status
    cases.update(at=clock.at(1))
    assert list(Case.objects.values_list("kind", flat=True)) == kinds
    assert cases.update(at=clock.at(2)).closed == 0


def test_a_person_who_closes_a_case_of_strangers_is_not_contradicted(
    books: Books, providers: None, clock: Clock
) -> None:
    send(senders.jdb(SETTLE, key="the wrong key 01"))
    case = bookkeeping(clock, 1)
    cases.close(case, Resolution.NO_FAULT, at=clock.at(2))
    case.save()
    assert bookkeeping(clock, 3).status == "closed"
    send(senders.jdb(SETTLE, key="the wrong key 01"))
    cases.update(at=clock.at(4))
    assert Case.objects.count() == 2
