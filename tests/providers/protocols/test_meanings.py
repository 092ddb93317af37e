"""Every reply that can be sent is read again: what its code means to the provider, and by what."""

from typing import Any

import pytest

from providers.protocols import PROTOCOLS
from providers.protocols.base import Reply
from providers.protocols.meanings import Meaning
from tests.providers.protocols.dialects import NOON, speaker
from wallets.refusals import Refusal

NAMES = sorted(PROTOCOLS)
# What no delivery hears is private to the reading of statements.
REFUSALS = sorted(name for name in Refusal.kinds if not name.startswith("_"))


def operations(protocol: Any) -> list[str]:
    """All that are kept; "" where the operation could not be read."""
    return ["", *protocol.booked, "notification", "order_batch", "free_spin_history"]


def meant(protocol: Any, operation: str, reply: Reply) -> Meaning:
    found: Meaning = protocol.meaning_of(operation, reply.body, reply.status)
    return found


def is_known(found: Meaning) -> bool:
    return bool(found.sentence and found.source) and not found.sentence.startswith("Not known")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_every_refusal_can_be_read_again(name: str, refusal: str) -> None:
    protocol = speaker(PROTOCOLS[name])
    for operation in operations(protocol):
        reply = protocol.refuse(operation, Refusal.kinds[refusal](), at=NOON)
        found = meant(protocol, operation, reply)
        assert is_known(found), (operation, reply, found)


@pytest.mark.parametrize("name", NAMES)
def test_success_and_no_verdict_can_be_read_again(name: str) -> None:
    protocol = speaker(PROTOCOLS[name])
    for operation in protocol.booked:
        undecided = meant(protocol, operation, protocol.no_verdict(operation, at=NOON))
        assert is_known(undecided), operation
        assert "uccess" not in undecided.sentence, operation
    for operation in set(protocol.booked) & {"bet", "settle", "match", "update_score", "result"}:
        body = {"besoft": b'{"status":1}', "jdb": b'{"status":"0000"}'}.get(
            name, b'{"code":"0000","ret_code":0}'
        )
        found = protocol.meaning_of(operation, body, 200)
        assert "uccess" in found.sentence, operation


@pytest.mark.parametrize(
    ("name", "operation", "body", "status", "sentence", "source"),
    [
        ("besoft", "result", b'{"status":1009}', 200, "makes the order void", "Game result"),
        ("besoft", "result", b"", 503, "Cage had not decided", "not documented"),
        ("jdb", "settle", b'{"status":"9999"}', 200, "every minute for an hour", "action 10"),
        ("jdb", "cancel_bet_and_settle", b'{"status":"6101"}', 200, "restore", "action 4"),
        ("jdb", "cancel_bet_and_settle", b'{"status":"9017"}', 200, "ask again", "action 4"),
        ("jdb", "bet_and_settle", b"", 503, "An action 4 follows", "action 8"),
        ("hotroad", "bet", b'{"code":"8001"}', 200, "No cancel follows", "4.2"),
        ("hotroad", "bet", b'{"code":"9999"}', 200, "They cancel the bet", "5.9"),
        ("hotroad", "settle", b'{"code":"9999"}', 200, "They send it again", "4.4"),
        ("sud", "update_score", b'{"ret_code":9001}', 200, "done before, once", "9001"),
        ("sud", "match", b'{"ret_code":7}', 200, "No such player", "our own"),
    ],
)
def test_a_code_means_what_the_document_of_its_operation_says(
    name: str, operation: str, body: bytes, status: int, sentence: str, source: str
) -> None:
    found = speaker(PROTOCOLS[name]).meaning_of(operation, body, status)
    assert sentence in found.sentence
    assert source in found.source


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b"{", b'{"status":"4711","code":"4711","ret_code":4711}', b"1"],
)
def test_what_cage_does_not_send_is_said_to_be_unknown(name: str, body: bytes) -> None:
    found = speaker(PROTOCOLS[name]).meaning_of("settle", body, 200)
    assert found.sentence.startswith("Not known")


def test_a_configured_no_verdict_of_besoft_is_read_as_void() -> None:
    protocol = speaker(PROTOCOLS["besoft"], no_verdict_status=1099)
    reply = protocol.no_verdict("result", at=NOON)
    found = meant(protocol, "result", reply)
    assert "Cage had not decided" in found.sentence
    assert "void" in found.sentence
