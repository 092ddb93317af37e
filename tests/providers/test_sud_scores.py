"""SUD's update_score, from the outside: scores taken from players and given to them."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from providers.models import Callback, Unauthentic
from providers.protocols.rounds import Situation
from providers.protocols.sud import policies
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.malformed import bodies, ids, numbers
from tests.providers.rounds import STAKE, RoundContract
from tests.providers.senders import Heard, Sent, altered, send
from wallets.models import Transaction

CONSUME = senders.verbatim("sud", "update_score")
CONFLICT = b'{"ret_code":1,"ret_msg":"The transaction id is known with other terms.","data":{}}'


def score(**changes: Any) -> Sent:
    """The page's example (100 points of xxx, order xxx), or the same with some fields changed."""
    body = altered(CONSUME, **changes) if changes else CONSUME
    return senders.sud(body, path="sud/update_score")


def balances(books: Books, *uids: str) -> list[Decimal]:
    return [books.balance(uid, "COIN") for uid in uids]


def success(points: int) -> bytes:
    return b'{"ret_code":0,"ret_msg":"success","data":{"score":%d}}' % points


def duplicate(points: int) -> bytes:
    return (
        b'{"ret_code":9001,"ret_msg":"duplicate order id","sdk_error_code":9001,'
        b'"data":{"score":%d}}' % points
    )


INSUFFICIENT = b'{"ret_code":9000,"ret_msg":"insufficient balance","sdk_error_code":9000,"data":{}}'


@pytest.fixture
def player(books: Books, providers: None) -> Books:
    """xxx of the page, with 250."""
    books.open("xxx", "COIN", "250")
    return books


def test_a_round_of_the_page_s_order_and_a_gain(player: Books) -> None:
    assert send(score()).body == success(150)
    assert player.entries("update_score:xxx") == {("xxx", Decimal(100), Decimal(0))}
    assert send(score(order_id="yyy", type=2, score=190)).body == success(340)
    assert send(score(order_id="zzz", score=340)).body == success(0)
    assert player.outcomes() == ["posted"] * 3
    rows = Transaction.objects.filter(provider="sud").order_by("id")
    assert list(rows.values_list("kind", "round_id", "origin")) == [
        ("bet", "xxx", "callback"),
        ("settlement", "xxx", "callback"),
        ("bet", "xxx", "callback"),
    ]
    assert player.violations() == []


@pytest.mark.parametrize("type_", [1, 2])
def test_the_same_order_hears_9001_also_when_player_and_money_are_gone(
    player: Books, type_: int
) -> None:
    send(score(type=type_))
    player.spend("xxx", "COIN")
    player.set_status("xxx", "closed")
    assert send(score(type=type_, round_id="later")).body == duplicate(0)
    assert player.outcomes() == ["posted", "duplicate"]
    assert player.violations() == []


@pytest.mark.parametrize(
    "changes", [{"score": 99}, {"type": 2}, {"uid": "alice"}, {"uid": "nobody"}]
)
def test_the_same_order_with_other_terms_must_not_hear_that_it_was_done(
    player: Books, changes: dict[str, Any]
) -> None:
    player.open("alice", "COIN", "250")
    send(score())
    assert send(score(**changes)).body == CONFLICT
    assert player.outcomes() == ["posted", "conflict"]
    assert balances(player, "xxx", "alice") == [150, 250]


def test_a_consume_that_was_refused_stays_refused_and_a_new_order_is_taken(
    player: Books,
) -> None:
    assert send(score(score=251)).body == INSUFFICIENT
    send(score(order_id="gain", type=2, score=1))
    assert send(score(score=251)).body == INSUFFICIENT
    assert send(score(score=250)).body == CONFLICT
    assert send(score(order_id="new", score=251)).body == success(0)
    assert player.outcomes() == ["refused", "posted", "refused", "conflict", "posted"]
    assert player.violations() == []


def test_a_gain_that_was_refused_is_owed_and_paid_when_it_comes_again(
    books: Books, providers: None
) -> None:
    assert send(score(type=2)).json["ret_code"] == 7
    assert Transaction.objects.count() == 0
    books.open("xxx", "COIN")
    assert send(score(type=2)).body == success(100)


def test_a_consume_of_nobody_has_failed_for_good(books: Books, providers: None) -> None:
    refused = b'{"ret_code":7,"ret_msg":"No such player.","data":{}}'
    assert send(score()).body == refused
    books.open("xxx", "COIN", "250")
    assert send(score()).body == refused
    assert books.transactions() == []
    assert books.violations() == []


def test_points_are_told_as_whole_ones_of_the_configured_worth(
    player: Books, configure: Callable[..., None]
) -> None:
    configure(sud={**PROVIDERS["sud"], "factor": "0.3"})
    assert send(score(score=7)).body == success(826)  # 247.9 of 250 are left.


def test_a_consume_of_nothing_is_an_order_too(player: Books) -> None:
    assert send(score(score=0)).body == success(250)
    assert send(score(score=0)).body == duplicate(250)


def test_eight_at_once_take_the_score_once(player: Books) -> None:
    start = threading.Barrier(8)

    def deliver(_: int) -> bytes:
        start.wait()
        try:
            return send(score()).body
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        heard = sorted(pool.map(deliver, range(8)))
    assert heard == [success(150), *[duplicate(150)] * 7]
    assert player.balance("xxx", "COIN") == 150
    assert player.violations() == []


def test_eight_orders_at_once_never_take_more_than_there_is(player: Books) -> None:
    start = threading.Barrier(8)

    def deliver(number: int) -> int:
        start.wait()
        try:
            code: int = send(score(order_id=f"order-{number}")).json["ret_code"]
            return code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(deliver, range(8))) == [0, 0, *[9000] * 6]
    assert player.balance("xxx", "COIN") == 50
    assert player.violations() == []


@pytest.mark.parametrize("type_", [1, 2])
def test_what_cannot_be_understood_is_refused_and_kept(player: Books, type_: int) -> None:
    body = altered(CONSUME, type=type_)
    required = ["order_id", "uid", "score", "type"]
    cases = {
        **bodies(body, required=required),
        **ids(body, fields=["order_id", "uid"]),
        **numbers(body, field="score", decimals=0),
        "a score of more than 64 bits": altered(body, score=2**63),
        "a third type": altered(body, type=3),
    }
    cases.pop("10 MB")  # Cut off early, so its signature can't be right.
    for why, wrong in cases.items():
        heard = send(senders.sud(wrong, path="sud/update_score"))
        assert (heard.status, heard.json["ret_code"], heard.json["data"]) == (200, 4, {}), why
        row = Callback.objects.latest("id")
        assert (row.outcome, bytes(row.reply), bool(row.reason)) == ("refused", heard.body, True)
    assert Callback.objects.count() == len(cases)
    assert player.transactions() == []
    assert player.balance("xxx", "COIN") == 250
    assert player.violations() == []


def test_a_malformed_consume_stays_failed_under_its_order_id(player: Books) -> None:
    first = send(score(score=-1))
    assert send(score(score=-1)).body == first.body
    assert send(score()).body == CONFLICT
    assert player.outcomes() == ["refused", "refused", "conflict"]
    assert player.balance("xxx", "COIN") == 250


def test_what_proves_nothing_moves_nothing(player: Books) -> None:
    right = score()
    for sent in (
        Sent(path="sud/update_score", body=CONSUME),
        Sent(path="sud/update_score", body=altered(CONSUME, type=2), headers=right.headers),
        senders.sud(CONSUME, path="sud/update_score", secret="guess"),
        senders.sud(CONSUME, path="sud/update_score", Sud_AppId="1"),
    ):
        assert send(sent).json["ret_code"] == 3
    assert (Callback.objects.count(), Unauthentic.objects.get().count) == (0, 4)


def test_a_retired_provider_takes_nothing_more(
    player: Books, configure: Callable[..., None]
) -> None:
    send(score())
    configure(sud={**PROVIDERS["sud"], "retired": True})
    assert send(score()).body == duplicate(150)
    assert send(score(order_id="new")).json["ret_code"] == 1
    assert player.balance("xxx", "COIN") == 150


class TestRounds(RoundContract):
    provider = "sud"
    currency = "COIN"
    family = policies.SCORES
    cannot_arise = frozenset(
        {
            Situation.SETTLE_BEFORE_BET_PAYING,
            Situation.SETTLE_AFTER_CANCEL,
            Situation.SETTLE_OF_ONE_CANCELLED,
            Situation.BET_AFTER_CANCEL,
            Situation.BET_CANCELLED_REPEATED,
            *(one for one in Situation if one.name.startswith("CANCEL")),
        }
    )

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return score(order_id=id_, uid="alice", score=json.loads(amount))

    def settle(self, id_: str, *bets: str) -> Sent:
        return score(order_id=id_, uid="alice", score=25, type=2)

    def reply(self, heard: Heard) -> str:
        return f"ret_code {heard.json['ret_code']}"
