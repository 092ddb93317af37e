"""BeSoft, from the outside: bets by action 2 where they are configured, and their results."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from providers.models import Callback
from providers.protocols.besoft import BeSoft
from providers.protocols.rounds import Situation
from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.faults import at_commit, lost_after, lost_before
from tests.providers.malformed import bodies, ids, numbers
from tests.providers.rounds import STAKE, RoundContract
from tests.providers.senders import Heard, Sent, altered, send
from tests.providers.tabled import BESOFT_BET as BET

RESULT = senders.verbatim("besoft", "result")
NOT_DOCUMENTED = frozenset(situation for situation in Situation if "CANCEL" in situation.name) | {
    Situation.SETTLE_BEFORE_BET_PAYING
}


def bet(**changes: Any) -> Sent:
    return senders.besoft(altered(BET, **changes) if changes else BET)


def result(**changes: Any) -> Sent:
    return senders.besoft(altered(RESULT, **changes) if changes else RESULT)


class BeSoftContract(RoundContract):
    provider = "besoft"
    currency = "USD"

    def reply(self, heard: Heard) -> str:
        return f"status {heard.json['status']}"


class TestResults(BeSoftContract):
    """Bet and win in one message: there is nothing else to arrive in any order."""

    family = BeSoft.rounds[0]
    cannot_arise = NOT_DOCUMENTED | {
        situation for situation in Situation if situation.name.startswith("SETTLE")
    }

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return result(uid="alice", transId=id_, bet=float(amount), win=0)


class TestBets(BeSoftContract):
    family = BeSoft.rounds[1]
    settings = {"bets": {"afa026": "taken"}}
    cannot_arise = NOT_DOCUMENTED  # No cancel is documented.

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return bet(uid="alice", transId=id_, bet=float(amount))

    def settle(self, id_: str, *bets: str) -> Sent:
        return result(uid="alice", transId=id_, win=25)


@pytest.fixture
def table(books: Books, configure: Callable[..., None]) -> Books:
    """The user of the document's example; action 2 takes the stakes of its game."""
    configure(besoft={**PROVIDERS["besoft"], "bets": {"afa026": "taken"}})
    books.open("useraccount", "USD", "3001.0292")
    return books


def status(sent: Sent) -> int:
    heard = send(sent)
    assert heard.status == 200
    return int(heard.json["status"])


def test_a_stake_is_taken_by_action_2_and_the_result_pays_the_win(table: Books) -> None:
    """Bet and result may have one transId: they are two transactions."""
    heard = send(bet())
    assert heard.body == b'{"action":2,"status":1,"balance":3000.0167,"currency":"USD"}'
    assert table.entries("bet:1zr8cu31gohrz") == {("useraccount", Decimal("1.0125"), Decimal(0))}
    heard = send(result())
    assert heard.body == b'{"action":3,"status":1,"balance":3010.01,"currency":"USD"}'
    assert table.entries("result:1zr8cu31gohrz") == {("useraccount", Decimal(0), Decimal(10))}
    assert table.transactions() == ["bet:1zr8cu31gohrz", "result:1zr8cu31gohrz"]
    assert table.violations() == []


def test_repetitions_of_both_succeed_and_move_nothing(table: Books) -> None:
    assert [status(bet()), status(bet()), status(result()), status(result())] == [1, 1, 1, 1]
    assert table.balance("useraccount", "USD") == Decimal("3010.0167")
    assert table.outcomes() == ["posted", "duplicate", "posted", "duplicate"]
    table.spend("useraccount", "USD")
    table.set_status("useraccount", "closed")
    assert [status(bet(ts=1)), status(result(ts=1))] == [1, 1]


def test_where_it_is_charged_the_result_takes_its_bet_as_well(
    table: Books, configure: Callable[..., None]
) -> None:
    configure(besoft={**PROVIDERS["besoft"], "bets": {"afa*": "charged"}})
    assert [status(bet()), status(result())] == [1, 1]
    assert table.entries("result:1zr8cu31gohrz") == {("useraccount", Decimal(1), Decimal(10))}
    assert table.balance("useraccount", "USD") == Decimal("3009.0167")


def test_without_configuration_a_bet_is_void_for_good_and_results_bring_their_own(
    table: Books, configure: Callable[..., None]
) -> None:
    configure()
    assert send(bet()).body == b'{"status":1001}'
    assert status(result()) == 1
    assert table.balance("useraccount", "USD") == Decimal("3010.0292")
    configure(besoft={**PROVIDERS["besoft"], "bets": {"*": "taken"}})
    assert send(bet()).body == b'{"status":1001}'
    assert table.outcomes() == ["refused", "posted", "refused"]
    assert table.transactions() == ["result:1zr8cu31gohrz"]
    assert table.violations() == []


def test_a_bet_of_a_game_that_is_not_configured_is_void(table: Books) -> None:
    assert status(bet(gid="afa02")) == status(bet(gid="afa0261", transId="2")) == 1001
    assert status(result(gid="afa02")) == 1
    assert table.entries("result:1zr8cu31gohrz") == {("useraccount", Decimal(1), Decimal(10))}


def test_a_bet_that_was_void_once_is_void_for_ever(table: Books) -> None:
    assert send(bet(bet=3001.0293)).body == b'{"status":1009}'
    post(deposit("useraccount", "USD", "5000"))
    assert send(bet(bet=3001.0293)).body == b'{"status":1009}'
    assert send(bet(uid="nobody", transId="2")).body == b'{"status":1004}'
    table.open("nobody", "USD", "100")
    assert send(bet(uid="nobody", transId="2")).body == b'{"status":1004}'
    assert table.transactions() == []
    assert table.violations() == []


@pytest.mark.parametrize("other", [{"bet": 1.0126}, {"uid": "bob"}, {"uid": "nobody"}])
def test_other_terms_under_a_bet_s_id_are_a_conflict(table: Books, other: dict[str, Any]) -> None:
    table.open("bob", "USD", "100")
    assert [status(bet()), status(bet(**other))] == [1, 1001]
    assert table.outcomes() == ["posted", "conflict"]
    assert table.transactions() == ["bet:1zr8cu31gohrz"]


def test_a_bet_that_was_not_understood_stays_void_when_it_is(table: Books) -> None:
    assert send(bet(bet="1.0125")).body == b'{"status":1008}'
    assert status(bet()) == 1001
    assert table.outcomes() == ["refused", "conflict"]
    assert table.transactions() == []


def test_a_suspended_player_is_paid_and_can_not_bet(table: Books) -> None:
    send(bet())
    table.set_status("useraccount", "suspended")
    assert [status(bet(transId="2")), status(result())] == [1014, 1]


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_connection_lost_around_commit_takes_the_stake_once(
    table: Books, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    with at_commit(monkeypatch, fault):
        assert status(bet()) == 1
    assert table.balance("useraccount", "USD") == Decimal("3000.0167")
    assert table.outcomes() == ["posted"]


def test_our_own_fault_states_nothing_about_a_bet(
    table: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("providers.protocols.besoft.BeSoft.reply", fail)
        heard = send(bet())
    assert (heard.status, heard.body) == (503, b"")
    assert table.outcomes() == ["failed"]
    assert table.transactions() == []
    assert status(bet()) == 1


def test_what_cannot_be_understood_is_refused_and_kept_and_moves_nothing(table: Books) -> None:
    wrong = {
        **bodies(BET, required=["action", "uid", "bet", "transId", "gid"]),
        **ids(BET, fields=["uid", "transId", "gid"]),
        **numbers(BET, field="bet", decimals=4),
        "no stake": altered(BET, bet=0),
        "an amount as text": altered(BET, bet="1.00"),
    }
    for why, body in wrong.items():
        heard = send(senders.besoft(body))
        assert (heard.status, heard.body) == (200, b'{"status":1008}'), why
        row = Callback.objects.latest("id")
        assert (row.outcome, bytes(row.reply)) == ("refused", heard.body), why
    assert Callback.objects.count() == len(wrong)
    assert table.transactions() == []
    assert table.violations() == []
