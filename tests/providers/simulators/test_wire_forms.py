"""What simulators send is what the four documents describe, checked without our protocols."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from providers.protocols import PROTOCOLS
from providers.simulators import SIMULATORS, sud
from providers.simulators.base import BALANCE, Message, Move, Request
from providers.simulators.jdb import envelope
from tests.providers.simulators.cast import IV, KEY, NOW, RUN, simulator, table

EVERYONE = sorted(SIMULATORS)
VOLATILE = {
    "besoft": {"ts"},
    "jdb": {"ts", "lastModifyTime"},
    "sud": {"notify_id", "notify_time"},
    "hotroad": {"ts"},
}
# The fields of the request examples in the documents (HotRoad's table adds roundId).
DOCUMENTED = {
    "besoft": "action uid mode bet spjpbet win ts gid roundId transId",
    "jdb": "action ts transferId uid currency amount refTransferIds gameRoundSeqNo historyId"
    " reportDate gameDate lastModifyTime win bet validBet netWin tax commission gType mType"
    " roundClosed",
    "sud": "notify_id notify_time app_id notify_event data",
    "hotroad": "ts userId txId roundId betTime gameType gameCode betAmount validBetAmount winAmount"
    " roundStartTime odds status result commission",
}


def decrypt(body: bytes) -> bytes:
    (x,) = parse_qs(body.decode(), strict_parsing=True)["x"]
    sealed = base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
    cipher = Cipher(algorithms.AES(KEY.encode()), modes.CBC(IV.encode())).decryptor()
    return cipher.update(sealed) + cipher.finalize()


def message(protocol: str, request: Request) -> dict[str, Any]:
    text = decrypt(request.body) if protocol == "jdb" else request.body
    read: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return read


def reference(message: Message) -> str:
    return message.key[1].partition(":")[2]


def first(protocol: str, seed: int = 7) -> Message:
    return simulator(protocol).settle(0, table(seed))


@pytest.mark.parametrize("protocol", EVERYONE)
def test_a_request_has_the_fields_of_the_document(protocol: str) -> None:
    request = simulator(protocol).request(first(protocol), at=NOW, serial=0)
    assert set(message(protocol, request)) == set(DOCUMENTED[protocol].split())


def asked(protocol: str, serial: int, seed: int = 7) -> tuple[str, dict[str, Any]]:
    """(operation, message) of a balance query."""
    request = simulator(protocol).poll(first(protocol, seed), at=NOW, serial=serial)
    assert request.operation == BALANCE
    return request.suffix, message(protocol, request)


def test_balance_queries_are_as_the_documents_describe_them() -> None:
    uid = {protocol: first(protocol).moves[0].uid for protocol in EVERYONE}
    assert asked("besoft", 0) == (
        "",
        {"action": 1, "uid": uid["besoft"], "ts": "1795262400123", "currency": "USD",
         "gid": "afa026"},
    )  # fmt: skip
    game = {"gType": 58, "mType": 58016}
    for serial, asking in enumerate([{"gType": 0, "mType": 999}, game]):
        assert asked("jdb", serial) == (
            "",
            {"action": 6, "ts": 1795262400123, "uid": uid["jdb"],
             "currency": first("jdb").fields["currency"], **asking},
        )  # fmt: skip
    assert asked("sud", 0) == ("get_score", {"uid": uid["sud"]})
    assert asked("sud", 1) == ("get_account", {"uid": uid["sud"]})
    assert asked("hotroad", 0) == ("get_balance", {"userId": "hrg" + uid["hotroad"]})


@pytest.mark.parametrize("protocol", EVERYONE)
@pytest.mark.parametrize("seed", range(10))
def test_a_stranger_asks_before_playing(protocol: str, seed: int) -> None:
    settlement = simulator(protocol).settle(0, table(seed, stranger="nobody"))
    assert settlement.moves[0].uid == "nobody"


@pytest.mark.parametrize("protocol", EVERYONE)
def test_a_resend_changes_what_is_volatile_and_nothing_else(protocol: str) -> None:
    one, settlement = simulator(protocol), first(protocol)
    sent = message(protocol, one.request(settlement, at=NOW, serial=0))
    again = message(protocol, one.request(settlement, at=NOW + timedelta(seconds=61.007), serial=1))
    changed = {name for name in sent if sent[name] != again[name]}
    assert changed == VOLATILE[protocol]


@pytest.mark.parametrize("protocol", EVERYONE)
@pytest.mark.parametrize("seed", range(30))
def test_a_conflicting_copy_keeps_the_id_and_changes_the_terms(protocol: str, seed: int) -> None:
    one, settlement = simulator(protocol), first(protocol, seed)
    other = one.contradict(settlement, table(seed + 1000))
    assert other.key == settlement.key
    assert sorted(other.moves) != sorted(settlement.moves)
    assert settlement == first(protocol, seed)  # The original is untouched.


@pytest.mark.parametrize("protocol", EVERYONE)
def test_the_same_seed_makes_the_same_settlements_and_the_run_makes_their_ids(
    protocol: str,
) -> None:
    one = simulator(protocol)
    made = [one.settle(number, table(number)) for number in range(50)]
    assert made == [one.settle(number, table(number)) for number in range(50)]
    references = {reference(settlement) for settlement in made}
    assert len(references) == 50
    assert all(found.startswith(one.prefix) for found in references)


@pytest.mark.parametrize("protocol", EVERYONE)
def test_a_stranger_plays_in_every_settlement_that_is_for_one(protocol: str) -> None:
    settlement = simulator(protocol).settle(0, table(stranger="nobody"))
    assert "nobody" in {move.uid for move in settlement.moves}


@pytest.mark.parametrize("protocol", EVERYONE)
def test_what_a_refusal_means_is_what_cage_believes_it_means(protocol: str) -> None:
    assert SIMULATORS[protocol].refusal_means is PROTOCOLS[protocol].refusal_means


def test_jdb_vector() -> None:
    text = b'{"action":6,"ts":1700029145035,"uid":"john","currency":"RB","gType":0,"mType":8001}'
    x = envelope.encrypt(text, key=KEY, iv=IV)
    assert x.rstrip(b"=") == (
        b"617VMzIf3wfDOmF9JzBeFFoVAkhgPNkGroZ4Kll9MibjcVRJQc6jteBbXlaHeHbIGR87wsSE6XJEvziJxigwe378"
        b"cRX_v8XFOaslrqMPPwM8ATHG6yRLfBoVW_8zOIBy"
    )


def test_jdb_sends_with_and_without_padding_characters_and_with_a_spare_block() -> None:
    one, settlement = simulator("jdb"), first("jdb")
    bodies = [one.request(settlement, at=NOW, serial=serial).body for serial in range(20)]
    assert {json.loads(decrypt(body))["transferId"] for body in bodies} == {RUN * 100_000_000 + 2}
    assert {len(decrypt(body)) - len(decrypt(body).rstrip()) >= 16 for body in bodies} == {
        True,
        False,
    }
    assert all(b"=" not in body[2:] for body in bodies)


def test_jdb_ids_fit_a_long() -> None:
    last = simulator("jdb").settle(12_000_000, table())
    assert int(reference(last)) < 2**63
    assert reference(last).startswith(simulator("jdb").prefix)


def test_jdb_thousand_units_are_thousands_in_the_wallet() -> None:
    one = simulator("jdb")
    made = [one.settle(number, table(number)) for number in range(40)]
    vnd = [settlement for settlement in made if settlement.fields["currency"] == "VN"]
    assert vnd
    for settlement in vnd:
        (move,) = settlement.moves
        assert move == Move(
            move.uid, "VND", Decimal(0), settlement.fields["amount"] * Decimal(1000)
        )


def test_sud_vector() -> None:
    signature = sud.sign(
        b'{"notify_id":"n1","notify_event":"sud.mg.merchant.match.settle","data":{}}',
        secret="test-app-secret",
        app_id="1461564080052506636",
        timestamp="1647834452408",
        nonce="abc123nonce",
    )
    assert signature == "0d436921c61967fd3c98f5053dc2cf3aa82f0db8"


def test_sud_signs_the_bytes_that_it_sends() -> None:
    request = simulator("sud").request(first("sud"), at=NOW, serial=3)
    lines = [request.headers[name] for name in ("Sud-AppId", "Sud-Timestamp", "Sud-Nonce")]
    text = "\n".join(lines).encode() + b"\n" + request.body + b"\n"
    expected = hmac.new(b"test-app-secret", text, hashlib.sha1).hexdigest()
    assert request.headers["Sud-Signature"] == expected


@pytest.mark.parametrize("seed", range(40))
def test_sud_scores_add_up_to_minus_the_commission(seed: int) -> None:
    results = first("sud", seed).fields["results"]
    people = [one["uid"] for one in results if not one["is_ai"]]
    assert sum(one["score"] for one in results) == -sum(one["commission_score"] for one in results)
    assert 2 <= len(results) <= 9
    assert len(set(people)) == len(people)
    assert all(one["uid"] == "" for one in results if one["is_ai"])


def test_sud_robots_play_now_and_then_and_have_no_wallet() -> None:
    matches = [first("sud", seed) for seed in range(40)]
    with_robots = [one for one in matches if any(r["is_ai"] for r in one.fields["results"])]
    assert 0 < len(with_robots) < 40
    assert all(move.uid for match in matches for move in match.moves)


def test_hotroad_posts_to_settle_with_its_own_clock_and_prefix() -> None:
    settlement = first("hotroad")
    request = simulator("hotroad").request(settlement, at=NOW, serial=0)
    read = message("hotroad", request)
    assert request.suffix == "settle"
    assert read["ts"] == "2026-11-21T20:00:00.123+0800"
    assert read["userId"] == "hrg" + settlement.moves[0].uid
    assert all(isinstance(read[name], str) for name in ("betAmount", "winAmount", "odds"))
    assert len(read["txId"]) <= 20
    assert len(read["roundId"]) <= 20


def test_besoft_carries_bet_and_win_as_numbers() -> None:
    settlement = first("besoft")
    read = message("besoft", simulator("besoft").request(settlement, at=NOW, serial=0))
    (move,) = settlement.moves
    assert (Decimal(read["bet"]), Decimal(read["win"])) == (move.debit, move.credit)
    assert read["ts"] == 1795262400123
