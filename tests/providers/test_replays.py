"""Kept deliveries settled again: paid once, never what is void, never another sum."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from providers import replays
from providers.models import Callback
from providers.replays import Replayed
from tests.cast import Books, somebody_waits
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.faults import at_commit, lost_after, until
from tests.providers.senders import altered, send

SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")


def again(callback: Callback, *, other_terms: bool = False) -> Replayed:
    (replayed,) = replays.replay([callback], other_terms=other_terms)
    return replayed


@pytest.fixture
def owed(books: Books, providers: None) -> Callback:
    """A settlement that was refused because nobody knew the player."""
    send(senders.jdb(SETTLE))
    return Callback.objects.get()


def test_a_replay_pays_under_the_providers_id_and_its_resend_is_a_duplicate(
    books: Books, owed: Callback
) -> None:
    books.open("john", "USD", "1")
    assert again(owed).outcome == "posted"
    row = Callback.objects.latest("id")
    assert (row.replay_of, row.outcome, row.transaction_id) == (
        owed.delivery_id,
        "posted",
        "settle:272017",
    )
    assert send(senders.jdb(SETTLE)).json == {"status": "0000", "balance": "1.10", "err_text": ""}
    assert books.outcomes() == ["refused", "posted", "duplicate"]
    assert books.transactions() == ["settle:272017"]
    assert books.violations() == []


def test_a_replay_needs_no_key(
    books: Books, owed: Callback, configure: Callable[..., None]
) -> None:
    books.open("john", "USD")
    configure(jdb={**PROVIDERS["jdb"], "key": "another key of 16", "iv": "another iv of 16!"})
    assert again(owed).outcome == "posted"


def test_a_replay_whose_reason_is_still_there_leaves_a_row_and_no_doubt(
    books: Books, owed: Callback
) -> None:
    assert again(owed).reason == "UnknownPlayer: No such player."
    assert books.outcomes() == ["refused", "refused"]
    assert books.statements("SELECT count(*) FROM providers_doubt") == [(1,)]


def test_a_replay_of_what_is_paid_by_now_is_a_duplicate(books: Books, owed: Callback) -> None:
    books.open("john", "USD")
    send(senders.jdb(SETTLE))
    assert again(owed).outcome == "duplicate"
    assert books.balance("john", "USD") == Decimal("0.1")


def test_another_sum_is_only_paid_when_a_person_wants_it(
    books: Books, owed: Callback, configure: Callable[..., None]
) -> None:
    books.open("john", "USD")
    thousands = {"XX": {"currency": "USD", "factor": 1000}}
    configure(jdb={**PROVIDERS["jdb"], "currencies": thousands})
    assert isinstance(again(owed).refused, replays.TermsDiffer)
    assert books.balance("john", "USD") == 0
    assert again(owed, other_terms=True).outcome == "posted"
    assert books.balance("john", "USD") == 100


def test_a_void_order_is_never_replayed(books: Books, providers: None) -> None:
    send(senders.besoft(RESULT))
    books.open("useraccount", "USD", "100")
    refused = again(Callback.objects.get()).refused
    assert str(refused) == (
        "besoft counts a refused order void: paid now, it would be paid for nothing."
    )
    assert books.transactions() == []


@pytest.mark.parametrize("outcome", ["posted", "duplicate", "conflict"])
def test_what_was_decided_well_is_not_replayed(books: Books, providers: None, outcome: str) -> None:
    books.open("john", "USD")
    for body in [SETTLE, SETTLE, altered(SETTLE, amount=3)]:
        send(senders.jdb(body))
    callback = Callback.objects.get(outcome=outcome)
    assert str(again(callback).refused) == f"It was {outcome}."


def test_two_replays_and_a_resend_at_once_pay_once(books: Books, owed: Callback) -> None:
    books.open("john", "USD")
    steps: list[Callable[[], object]] = [
        lambda: again(owed),
        lambda: again(owed),
        lambda: send(senders.jdb(SETTLE)),
    ] * 3
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(_in_thread, steps))
    assert books.balance("john", "USD") == Decimal("0.1")
    assert sorted(books.outcomes()) == ["duplicate"] * 8 + ["posted", "refused"]
    assert books.violations() == []


def _in_thread(step: Callable[[], object]) -> None:
    try:
        step()
    finally:
        connection.close()


def test_many_are_settled_in_groups_and_a_bad_one_stands_alone(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(70):
        send(senders.jdb(altered(SETTLE, transferId=number, uid=f"p{number % 7}")))
    for number in range(6):
        books.open(f"p{number}", "USD")
    done = list(replays.replay(Callback.objects.order_by("id")))
    outcomes = [str(replayed.outcome) for replayed in done]
    assert (outcomes.count("posted"), outcomes.count("refused")) == (60, 10)
    assert books.violations() == []


def test_a_fault_of_ours_is_not_replayed_with_another_sum(
    books: Books,
    providers: None,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books.open("john", "USD")
    with monkeypatch.context() as broken:
        broken.setattr("wallets.draft.Draft.decide", fail)
        send(senders.jdb(SETTLE))
    thousands = {"XX": {"currency": "USD", "factor": 1000}}
    configure(jdb={**PROVIDERS["jdb"], "currencies": thousands})
    failed = Callback.objects.get(outcome="failed")
    assert isinstance(again(failed).refused, replays.TermsDiffer)
    assert books.balance("john", "USD") == 0


def test_one_that_still_can_not_be_decoded_does_not_stop_the_others(
    books: Books, owed: Callback, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("providers.protocols.jdb.actions.read", fail)
        refused = again(owed).refused
    assert str(refused) == ("It can't be read because of a fault: ZeroDivisionError('planted')")


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


def owed_by(books: Books, *uids: str) -> list[Callback]:
    """Refused settlements of these players, who have a wallet by now."""
    for number, uid in enumerate(uids):
        send(senders.jdb(altered(SETTLE, transferId=number, uid=uid)))
    for uid in uids:
        books.open(uid, "USD")
    return list(Callback.objects.order_by("id"))


def test_replays_whose_commit_was_not_answered_are_found_by_their_rows(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told that it failed again, somebody would pay them by hand."""
    callbacks = owed_by(books, "alice", "bob", "carol")
    with at_commit(monkeypatch, lost_after):
        replayed = list(replays.replay(callbacks))
    assert [(one.outcome, one.refused) for one in replayed] == [("posted", None)] * 3
    with at_commit(monkeypatch, lost_after):
        assert again(callbacks[0]).outcome == "duplicate"
    assert books.outcomes() == ["refused"] * 3 + ["posted"] * 3 + ["duplicate"]
    assert books.violations() == []


def test_live_traffic_does_not_wait_for_a_replay_that_waits(
    books: Books, providers: None, settings: Any
) -> None:
    """One wallet is held elsewhere; the replay holds none of its group's others meanwhile."""
    settings.ANSWER_WITHIN = timedelta(seconds=20)
    callbacks = owed_by(books, "alice", "bob")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT FROM wallets_wallet w JOIN wallets_player p ON p.id = w.player_id"
                " WHERE p.uid = 'bob' FOR UPDATE OF w"
            )
            replaying = pool.submit(replayed_elsewhere, callbacks)
            until(somebody_waits)
            sent = senders.jdb(altered(SETTLE, transferId=7, uid="alice"))
            assert send(sent).json["balance"] == "0.20"
            assert not replaying.done()
        assert replaying.result(20) == ["posted"] * 2
    assert books.violations() == []


def replayed_elsewhere(callbacks: list[Callback]) -> list[Any]:
    try:
        return [one.outcome for one in replays.replay(callbacks)]
    finally:
        connection.close()
