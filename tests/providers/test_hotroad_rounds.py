"""HotRoad Gaming, from the outside: whole rounds of bets, cancels and settles."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from providers.protocols.hotroad import HotRoad
from providers.protocols.rounds import Situation
from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS
from tests.providers.faults import at_commit, lost_after, lost_before
from tests.providers.hotroad import at_once, bet, cancel, code, settle, success
from tests.providers.rounds import STAKE, RoundContract
from tests.providers.senders import Heard, Sent, send

FAILED = b'{"code":"8001","desc":"The delivery could not be understood."}'


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    """Success replies carry the time of the balance: 20:00 in GMT+8."""
    with time_machine.travel("2026-11-21T12:00:00Z", tick=False):
        yield


@pytest.fixture
def table(books: Books, configure: Callable[..., None]) -> Books:
    """The two users of the documents' examples, with 1000 each, and the provider's defaults."""
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("hrgpl0001", "THB", "1000")
    books.open("hrgpl0002", "THB", "1000")
    return books


class TestRounds(RoundContract):
    provider = "hotroad"
    currency = "THB"
    family = HotRoad.rounds[0]
    # A bet, its cancel and its settle have one id, so there is one of each and no other.
    cannot_arise = frozenset(
        {
            Situation.CANCEL_RENEWED,
            Situation.SETTLE_AGAIN,
            Situation.SETTLE_OF_ONE_CANCELLED,
        }
    )

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return bet(userId="alice", txId=id_, betAmount=amount)

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        return cancel(userId=uid, txId=bets[0])

    def settle(self, id_: str, *bets: str) -> Sent:
        return settle(userId="alice", txId=bets[0], winAmount="25")

    def reply(self, heard: Heard) -> str:
        assert heard.status == 200
        return str(heard.json["code"])


# -- Rounds of the documents' examples -------------------------------------------------------


def test_the_documents_bet_is_placed_and_their_settle_loses_it(table: Books) -> None:
    """The examples share their txId, though they state 50.0 and 10.0 as the bet's amount."""
    assert send(bet()).body == success("950.0000")
    assert table.entries("bet:AAA-251916") == {("hrgpl0001", Decimal(50), Decimal(0))}
    assert send(settle()).body == success("950.0000")
    assert table.entries("settle:AAA-251916") == {("hrgpl0001", Decimal(0), Decimal(0))}
    assert table.transactions() == ["bet:AAA-251916", "settle:AAA-251916"]
    assert table.outcomes() == ["posted", "posted"]
    assert table.violations() == []


def test_a_win_is_paid_with_its_stake_once(table: Books) -> None:
    assert send(bet()).body == send(bet()).body == success("950.0000")
    won = settle(winAmount="97.5", status="WIN")
    assert send(won).body == send(won).body == success("1047.5000")
    assert table.outcomes() == ["posted", "duplicate", "posted", "duplicate"]
    assert table.violations() == []


def test_a_void_round_gives_the_stake_back_once_and_ends_the_bet(table: Books) -> None:
    send(bet())
    assert send(cancel()).body == send(cancel()).body == success("1000.0000")
    assert table.entries("cancel_bet:AAA-251916") == {("hrgpl0001", Decimal(0), Decimal(50))}
    heard = send(bet())
    assert heard.body == b'{"code":"8001","desc":"The bet was cancelled."}'
    assert code(settle(winAmount="100")) == "9999"
    assert table.balance("hrgpl0001", "THB") == 1000
    assert table.outcomes() == ["posted", "posted", "duplicate", "refused", "refused"]
    assert table.violations() == []


def test_a_cancel_before_its_bet_keeps_it_from_being_taken(table: Books) -> None:
    assert send(cancel()).body == success("1000.0000")
    assert code(bet()) == code(bet()) == "8001"
    assert code(bet(betAmount="1")) == "8001"
    assert code(bet(userId="hrgpl0002")) == "8001"
    assert send(cancel()).body == success("1000.0000")
    assert table.balance("hrgpl0001", "THB") == table.balance("hrgpl0002", "THB") == 1000
    assert table.violations() == []


def test_a_settle_waits_for_its_bet(table: Books) -> None:
    """The document's settle on its own, as providers are configured by default."""
    heard = send(settle())
    assert heard.body == (
        b'{"code":"9999","desc":"A bet that it settles or cancels is not known."}'
    )
    assert table.transactions() == []
    assert code(bet()) == "0000"
    assert send(settle()).body == success("950.0000")
    assert table.outcomes() == ["refused", "posted", "posted"]


def test_a_paid_settle_of_an_unknown_bet_is_not_cancelled_and_the_late_bet_is_taken(
    table: Books, providers: None
) -> None:
    assert send(settle(winAmount="60")).body == success("1060.0000")
    assert code(cancel()) == "9999"
    assert send(bet()).body == success("1010.0000")
    assert code(cancel()) == "9999"
    assert table.transactions() == ["settle:AAA-251916", "bet:AAA-251916"]
    assert table.violations() == []


# -- What they believe is what the books say -------------------------------------------------


def test_a_bet_that_failed_has_failed_for_good(table: Books) -> None:
    refused = send(bet(betAmount="1000.0001"))
    assert refused.body == b'{"code":"8001","desc":"The balance does not cover it."}'
    post(deposit("hrgpl0001", "THB", "5000"))
    assert send(bet(betAmount="1000.0001")).body == refused.body
    assert code(settle(winAmount="5")) == "9999"
    assert send(cancel()).body == success("6000.0000")
    assert table.transactions() == ["cancel_bet:AAA-251916"]
    assert table.entries("cancel_bet:AAA-251916") == set()
    assert table.violations() == []


@pytest.mark.parametrize("other", [{"betAmount": "50.0001"}, {"userId": "hrgpl0002"}])
def test_a_conflicting_bet_makes_them_cancel_the_one_that_stands(
    table: Books, other: dict[str, str]
) -> None:
    """8001 would end it for them, and its stake would be lost here."""
    send(bet())
    assert code(bet(**other)) == "9999"
    assert table.outcomes() == ["posted", "conflict"]
    assert send(cancel()).body == success("1000.0000")
    assert table.violations() == []


def test_a_bet_that_was_not_understood_stays_failed_when_it_is(table: Books) -> None:
    assert send(bet(betAmount="fifty")).body == FAILED
    assert send(bet(betAmount="fifty")).body == FAILED
    assert code(bet()) == "9999"  # It states something else, so they cancel it.
    assert code(cancel()) == "0000"
    assert table.outcomes() == ["refused", "refused", "conflict", "posted"]
    assert table.balance("hrgpl0001", "THB") == 1000


def test_a_garbled_copy_of_a_bet_that_stands_makes_them_cancel_it(table: Books) -> None:
    send(bet())
    assert code(bet(betAmount=50.0)) == "9999"
    assert code(bet(txId=None)) == "9999"
    assert send(cancel()).body == success("1000.0000")


def test_somebody_else_is_refused_for_good_and_may_be_opened_later(table: Books) -> None:
    nobody = bet(userId="nobody")
    assert send(nobody).body == b'{"code":"8001","desc":"No such player."}'
    table.open("nobody", "THB", "100")
    assert code(nobody) == "8001"
    table.open("carol", "USD", "100")
    assert code(bet(userId="carol", txId="2")) == "8001"
    assert code(cancel(userId="nobody")) == "0000"
    assert table.balance("nobody", "THB") == 100


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_who_may_not_play_places_no_bet(table: Books, status: str) -> None:
    table.set_status("hrgpl0001", status)
    assert code(bet()) == "8001"
    table.set_status("hrgpl0001", "active")
    assert code(bet()) == "8001"
    assert table.transactions() == []


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_repetitions_succeed_whatever_became_of_the_player(table: Books, status: str) -> None:
    send(bet())
    send(bet(txId="2"))
    send(cancel(txId="2"))
    table.spend("hrgpl0001", "THB")
    table.set_status("hrgpl0001", status)
    assert send(bet()).body == send(cancel(txId="2")).body == success("0.0000")


def test_a_suspended_player_gets_the_stake_back(table: Books) -> None:
    send(bet())
    table.set_status("hrgpl0001", "suspended")
    assert send(cancel()).body == success("1000.0000")


def test_another_players_bet_is_neither_cancelled_nor_settled(table: Books) -> None:
    send(bet())
    assert code(cancel(userId="hrgpl0002")) == "9999"
    assert code(settle(userId="hrgpl0002", winAmount="90")) == "9999"
    assert table.balance("hrgpl0001", "THB") == 950
    assert send(cancel()).body == success("1000.0000")


def test_a_settled_bet_is_not_cancelled(table: Books) -> None:
    send(bet())
    send(settle(winAmount="100"))
    heard = send(cancel())
    assert heard.body == (
        b'{"code":"9999","desc":"The bet is settled and can\'t be cancelled any more."}'
    )
    assert table.balance("hrgpl0001", "THB") == 1050


def test_their_prefix_is_taken_off_and_a_stranger_has_no_bet(
    table: Books, configure: Callable[..., None]
) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "uid_prefix": "hrg"})
    table.open("pl0001", "THB", "100")
    assert send(bet()).body == success("50.0000")
    assert code(cancel(userId="xyzpl0001")) == "9999"
    assert send(cancel()).body == success("100.0000")
    assert code(bet(userId="xyzpl0001", txId="2")) == "8001"
    assert send(cancel(userId="xyzpl0001", txId="3")).body == b'{"code":"0000"}'
    assert code(bet(txId="3")) == "8001"
    assert table.violations() == []


def test_a_retired_provider_takes_no_bets_and_still_knows_the_old_ones(
    table: Books, configure: Callable[..., None]
) -> None:
    send(bet())
    send(bet(txId="2"))
    send(cancel(txId="2"))
    configure(hotroad={**PROVIDERS["hotroad"], "retired": True})
    assert send(bet()).body == send(cancel(txId="2")).body == success("950.0000")
    assert code(bet(txId="3")) == "8001"
    configure()
    assert code(bet(txId="3")) == "8001"


# -- Faults and races ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_connection_lost_around_commit_takes_once_and_gives_back_once(
    table: Books, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    with at_commit(monkeypatch, fault):
        assert send(bet()).body == success("950.0000")
    with at_commit(monkeypatch, fault):
        assert send(cancel()).body == success("1000.0000")
    assert table.transactions() == ["bet:AAA-251916", "cancel_bet:AAA-251916"]
    assert table.outcomes() == ["posted", "posted"]
    assert table.violations() == []


def test_a_bet_of_which_nothing_is_known_is_cancelled_whatever_was_booked(
    table: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("providers.protocols.hotroad.HotRoad.reply", fail)
        heard = send(bet())
    assert heard.body == b'{"code":"9999","desc":"Not decided yet, send again."}'
    assert send(cancel()).body == success("1000.0000")
    assert code(bet()) == "8001"
    assert table.outcomes() == ["failed", "posted", "refused"]
    assert table.violations() == []


def test_bets_and_cancels_at_the_same_time_end_with_nothing_taken(table: Books) -> None:
    for number in range(5):
        both = [bet(txId=f"t{number}"), cancel(txId=f"t{number}")] * 3
        heard = [json.loads(body)["code"] for body in at_once(*both)]
        assert set(heard[1::2]) == {"0000"}
        assert set(heard[::2]) <= {"0000", "8001"}
        assert table.balance("hrgpl0001", "THB") == 1000
    assert table.violations() == []


def test_a_settle_and_a_cancel_at_the_same_time_do_not_both_succeed(table: Books) -> None:
    for number in range(5):
        id_ = f"t{number}"
        send(bet(txId=id_))
        before = table.balance("hrgpl0001", "THB")
        won = settle(txId=id_, winAmount="70")
        heard = [json.loads(body)["code"] for body in at_once(won, cancel(txId=id_))]
        gained = table.balance("hrgpl0001", "THB") - before
        assert (heard, gained) in [(["0000", "9999"], Decimal(70)), (["9999", "0000"], Decimal(50))]
    assert table.violations() == []
