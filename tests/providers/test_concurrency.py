"""Many deliveries at once, over HTTP, into two web processes and one database."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.live import LiveCage, live_cage
from tests.providers import senders
from tests.providers.senders import Heard, Sent, altered
from tests.providers.test_sud import match

SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")


@pytest.fixture(scope="module")
def live(django_db_setup: None) -> Iterator[LiveCage]:
    with live_cage(PROVIDERS) as cage:
        yield cage


def at_once(send: Callable[[Sent], Heard], deliveries: Sequence[Sent]) -> list[Heard]:
    """All of them at the same moment, each on its own connection."""
    start = threading.Barrier(len(deliveries))

    def deliver(sent: Sent) -> Heard:
        start.wait()
        return send(sent)

    with ThreadPoolExecutor(len(deliveries)) as pool:
        return list(pool.map(deliver, deliveries))


def test_a_hundred_deliveries_of_one_settlement_are_one_transaction_and_a_hundred_successes(
    books: Books, live: LiveCage
) -> None:
    books.open("john", "USD")
    replies = at_once(live.send, [senders.jdb(SETTLE)] * 100)
    assert {reply.body for reply in replies} == {
        b'{"status":"0000","balance":"0.10","err_text":""}'
    }
    assert books.transactions() == ["settle:272017"]
    assert sorted(books.outcomes()) == ["duplicate"] * 99 + ["posted"]
    assert books.violations() == []


def test_five_thousand_settlements_on_fifty_wallets_a_third_of_them_twice(
    books: Books, live: LiveCage
) -> None:
    choose = random.Random(7)
    expected = {f"player-{number}": Decimal(0) for number in range(50)}
    for uid in expected:
        books.open(uid, "USD")
    deliveries = []
    for number in range(5000):
        uid, cents = choose.choice(list(expected)), choose.randrange(1000)
        sent = senders.jdb(altered(SETTLE, transferId=number, uid=uid, amount=cents / 100))
        expected[uid] += Decimal(cents) / 100
        deliveries += [sent] * (2 if number % 3 == 0 else 1)
    choose.shuffle(deliveries)
    with ThreadPoolExecutor(8) as pool:
        statuses = {reply.json["status"] for reply in pool.map(live.send, deliveries)}
    assert statuses == {"0000"}
    assert {uid: books.balance(uid, "USD") for uid in expected} == expected
    assert len(books.transactions()) == 5000
    assert len(books.outcomes()) == len(deliveries)
    assert books.violations() == []


def test_matches_whose_players_overlap_in_opposite_order_are_all_paid(
    books: Books, live: LiveCage
) -> None:
    players = [f"p{number}" for number in range(9)]
    for uid in players:
        books.open(uid, "COIN", "10000")
    deliveries = []
    for number in range(200):
        order = players if number % 2 else players[::-1]
        scores = [(uid, 8 if uid == order[0] else -1) for uid in order]
        deliveries.append(senders.sud(match(*scores, match_id=f"m{number}")))
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(live.send, deliveries))
    assert {reply.json["ret_code"] for reply in replies} == {0}
    assert books.outcomes() == ["posted"] * 200
    assert books.balance("p0", "COIN") == books.balance("p8", "COIN") == 10000 + 800 - 100
    assert books.balance("p4", "COIN") == 10000 - 200
    assert books.violations() == []


def test_two_versions_of_one_settlement_race_without_a_wallet_in_common(
    books: Books, live: LiveCage
) -> None:
    """No lock is shared: only the unique key decides, and exactly one of them is paid."""
    for uid in ("alice", "bob", "carol"):
        books.open(uid, "USD")
    for number in range(40):
        versions = [
            senders.jdb(altered(SETTLE, transferId=number, uid="alice")),
            senders.jdb(altered(SETTLE, transferId=number, uid="bob")),
            senders.jdb(altered(SETTLE, transferId=number, uid="carol", amount=5)),
        ]
        statuses = sorted(reply.json["status"] for reply in at_once(live.send, versions))
        assert statuses == ["0000", "9999", "9999"]
    assert len(books.transactions()) == 40
    assert sorted(books.outcomes()) == ["conflict"] * 80 + ["posted"] * 40
    assert books.violations() == []


def test_a_refusal_that_stands_races_a_payment_and_only_one_of_them_holds(
    books: Books, live: LiveCage
) -> None:
    """BeSoft: one version names an unknown player, so it locks nothing and is refused for good."""
    books.open("useraccount", "USD", "1000")
    for number in range(40):
        versions = [
            senders.besoft(altered(RESULT, transId=f"t{number}")),
            senders.besoft(altered(RESULT, transId=f"t{number}", uid="nobody")),
        ]
        paid, refused = at_once(live.send, versions)
        assert refused.json["status"] != 1
        assert (paid.json["status"] == 1) == (f"result:t{number}" in books.transactions())
    assert books.violations() == []
