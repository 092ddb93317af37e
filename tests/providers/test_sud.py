"""SUD, from the outside: signed notifications, and matches of several players."""

import json
from decimal import Decimal
from typing import Any

import pytest

from providers.models import Callback, Unauthentic
from tests.cast import Books
from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids
from tests.providers.senders import Heard, Sent, altered, send

MATCH = senders.verbatim("sud", "match_settle")
OK = b'{"ret_code":0,"ret_msg":"SUCCESS"}'


def match(*players: tuple[str, int], match_id: str = "m1", robots: int = 0) -> bytes:
    """The document's example with other (uid, score) and so many robots."""
    results = [
        {"is_ai": 0, "uid": uid, "score": score, "remain_score": 0} for uid, score in players
    ]
    results += [{"is_ai": 1, "uid": "", "score": 5, "remain_score": 0}] * robots
    return altered_data(match_id=match_id, results=results)


def altered_data(**changes: Any) -> bytes:
    data = altered(json.dumps(json.loads(MATCH)["data"]).encode(), **changes)
    return altered(MATCH, data=json.loads(data))


def altered_player(index: int, **changes: Any) -> bytes:
    results = json.loads(MATCH)["data"]["results"]
    results[index] = {k: v for k, v in {**results[index], **changes}.items() if v is not ...}
    return altered_data(results=results)


class TestSud(ProviderContract):
    provider = "sud"
    transaction_id = "match:ce56b6lzi1a7-cf75pcvbs7j1-cxjfg7fzupz0"
    players = (("fa1c53c4", "COIN", "100"), ("f0818db8", "COIN", "250"))
    entries = {("fa1c53c4", Decimal(100), Decimal(0)), ("f0818db8", Decimal(100), Decimal(0))}
    first_reply = OK
    closed_reply = OK

    def delivery(self, **changes: Any) -> Sent:
        return senders.sud(altered(MATCH, **changes) if changes else MATCH)

    def volatile(self) -> Sent:
        return senders.sud(
            altered(MATCH, notify_id="another", notify_time="1664266729547"), Accept="*/*"
        )

    def conflicting(self) -> dict[str, Sent]:
        results = json.loads(MATCH)["data"]["results"]
        third = {"is_ai": 0, "uid": "bob", "score": 1, "remain_score": 0}
        return {
            "score": senders.sud(altered_player(0, score=-99)),
            "sign": senders.sud(altered_player(0, score=100)),
            "player": senders.sud(altered_player(0, uid="bob")),
            "unknown player": senders.sud(altered_player(0, uid="nobody")),
            "a player added": senders.sud(altered_data(results=[*results, third])),
            "a player missing": senders.sud(altered_data(results=results[:1])),
        }

    def unknown_player(self) -> Sent:
        return senders.sud(match(("fa1c53c4", 10), ("nobody", -10)))

    def unauthentic(self) -> dict[str, Sent]:
        right = self.delivery()
        tampered = altered_player(0, score=1000)
        return {
            "no signature": Sent(path="sud", body=MATCH),
            "empty": Sent(path="sud", body=b""),
            "another body": Sent(path="sud", body=tampered, headers=right.headers),
            "another secret": senders.sud(MATCH, secret="guess"),
            "another nonce": senders.sud(MATCH, Sud_Nonce="nonce-2"),
            "another app id in the headers": senders.sud(MATCH, Sud_AppId="1"),
            "another app id in the body": senders.sud(altered(MATCH, app_id="1")),
            "a signature with an odd character": senders.sud(MATCH, Sud_Signature="é"),
            "10 MB": senders.sud(MATCH.strip() + b" " * 10_000_000),
        }

    def malformed(self) -> dict[str, Sent]:
        shapes = bodies(MATCH, required=["notify_event", "data"])
        shapes.pop("10 MB")  # Cut off early, so its signature can't be right.
        wrong: dict[str, Any] = {"missing": ..., "null": None, "an array": [], "a fraction": 1.5}
        fields = {
            f"{field} {what}": altered_player(1, **{field: value})
            for field in ("uid", "is_ai", "score")
            for what, value in wrong.items()
        }
        odd = {
            "no match_id": altered_data(match_id=...),
            "an empty match_id": altered_data(match_id=""),
            "no results": altered_data(results=...),
            "results null": altered_data(results=None),
            "a score as text": altered_player(0, score="10"),
            "a score beyond 32 bits": altered_player(0, score=2**31),
            "a score true": altered_player(0, score=True),
            "a player without a uid": altered_player(0, uid=""),
            "one player twice": match(("fa1c53c4", 10), ("fa1c53c4", 10)),
        }
        named = {
            f"match_id {why}": altered_data(match_id=json.loads(body)["match_id"])
            for why, body in ids(b'{"match_id": ""}', fields=["match_id"]).items()
        }
        every = {**shapes, **fields, **odd, **named}
        return {why: senders.sud(body) for why, body in every.items()}

    def is_success(self, heard: Heard) -> bool:
        return bool(heard.json["ret_code"] == 0)


def test_another_order_of_players_is_a_duplicate(books: Books, providers: None) -> None:
    for uid in ("alice", "bob"):
        books.open(uid, "COIN", "100")
    send(senders.sud(match(("alice", 60), ("bob", -60))))
    assert send(senders.sud(match(("bob", -60), ("alice", 60)))).body == OK
    assert books.outcomes() == ["posted", "duplicate"]


def test_nine_players_and_two_robots_are_one_transaction(books: Books, providers: None) -> None:
    scores = [("p1", 40), *((f"p{number}", -5) for number in range(2, 10))]
    for uid, _ in scores:
        books.open(uid, "COIN", "100")
    assert send(senders.sud(match(*scores, robots=2))).body == OK
    assert books.transactions() == ["match:m1"]
    assert len(books.entries("match:m1")) == 9
    assert books.balance("p1", "COIN") == 140
    assert books.violations() == []


def test_one_unknown_player_and_nobody_is_paid(books: Books, providers: None) -> None:
    books.open("alice", "COIN", "100")
    heard = send(senders.sud(match(("alice", 60), ("nobody", -60))))
    assert heard.json == {"ret_code": 7, "ret_msg": "No such player."}
    assert books.balance("alice", "COIN") == 100


def test_a_loss_that_a_wallet_cannot_cover_refuses_the_whole_match(
    books: Books, providers: None
) -> None:
    books.open("alice", "COIN", "100")
    books.open("bob", "COIN", "59")
    assert send(senders.sud(match(("alice", 60), ("bob", -60)))).json["ret_code"] == 8
    assert books.balance("alice", "COIN") == 100
    assert books.balance("bob", "COIN") == 59
    books.open("carol", "COIN")
    assert books.transactions() == []


def test_a_match_of_robots_moves_nothing(books: Books, providers: None) -> None:
    for _ in range(2):
        assert send(senders.sud(match(robots=3))).body == OK
    assert books.outcomes() == ["posted", "duplicate"]
    assert books.entries("match:m1") == set()
    assert books.violations() == []


def test_a_match_resent_without_its_players_is_a_conflict(books: Books, providers: None) -> None:
    books.open("alice", "COIN", "100")
    send(senders.sud(match(("alice", 5))))
    assert send(senders.sud(match(robots=1))).json["ret_code"] != 0
    assert send(senders.sud(match())).json["ret_code"] == 4
    assert books.outcomes() == ["posted", "conflict", "refused"]


def test_the_previous_secret_of_a_rotated_pair_is_accepted(books: Books, providers: None) -> None:
    for uid, currency, balance in TestSud.players:
        books.open(uid, currency, balance)
    assert send(senders.sud(MATCH, secret="previous")).body == OK
    assert books.outcomes() == ["posted"]


@pytest.mark.parametrize(
    "event",
    ["sud.mg.merchant.match.start", "sud.mg.merchant.user.settle", "sud.mg.merchant.something.new"],
)
def test_an_event_that_moves_no_money_is_acknowledged(
    books: Books, providers: None, event: str
) -> None:
    assert send(senders.sud(altered(MATCH, notify_event=event))).body == OK
    assert books.outcomes() == ["acknowledged"]


@pytest.mark.parametrize("operation", ["get_sstoken", "unheard_of"])
def test_a_call_that_is_not_offered_is_refused(
    books: Books, providers: None, operation: str
) -> None:
    body = b'{"uid": "alice", "order_id": "1", "score": 5, "type": 2}'
    heard = send(senders.sud(body, path=f"sud/{operation}"))
    assert (heard.status, heard.json["ret_code"] != 0) == (200, True)
    assert books.outcomes() == ["refused"]


def test_the_signature_vector_of_our_notes_is_accepted(
    books: Books, providers: None, configure: Any
) -> None:
    body = b'{"notify_id":"n1","notify_event":"sud.mg.merchant.match.settle","data":{}}'
    sent = Sent(
        path="sud",
        body=body,
        headers={
            "Sud-AppId": "1461564080052506636",
            "Sud-Timestamp": "1647834452408",
            "Sud-Nonce": "abc123nonce",
            "Sud-Signature": "0d436921c61967fd3c98f5053dc2cf3aa82f0db8",
        },
    )
    heard = send(sent)
    assert heard.json["ret_code"] == 4  # Authentic; but the data names no match.
    assert (Callback.objects.count(), Unauthentic.objects.count()) == (1, 0)
