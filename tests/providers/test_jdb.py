"""JDB, from the outside: action 10 in its encrypted envelope."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from providers.models import Callback
from providers.protocols.jdb import Jdb
from tests.cast import Books
from tests.conftest import IV, PROVIDERS
from tests.providers import senders
from tests.providers.jdb_contract import JdbContract
from tests.providers.jdb_orders import FREE_SPIN_HISTORY, SETTLE, sent
from tests.providers.senders import Sent, altered, send

OK = b'{"status":"0000","balance":"12345.67","err_text":""}'


class TestJdb(JdbContract):
    body = SETTLE
    transaction_id = "settle:272017"
    players = (("john", "USD", "12345.57"),)
    entries = {("john", Decimal(0), Decimal("0.1"))}
    first_reply = OK
    closed_reply = b'{"status":"0000","balance":"0.00","err_text":""}'


def test_two_settles_of_an_open_round_both_pay(books: Books, providers: None) -> None:
    """`roundClosed` false announces another one for the same refTransferIds, with its own id."""
    books.open("john", "USD")
    send(senders.jdb(altered(SETTLE, roundClosed=False)))
    heard = send(senders.jdb(altered(SETTLE, transferId=272018)))
    assert heard.json == {"status": "0000", "balance": "0.20", "err_text": ""}
    assert books.transactions() == ["settle:272017", "settle:272018"]


@pytest.mark.parametrize("shape", ["padded", "extra block", "NULs", "percent-encoded"])
def test_the_envelope_may_be_written_in_several_ways(
    books: Books, providers: None, shape: str
) -> None:
    books.open("john", "USD", "12345.57")
    aligned = SETTLE + b" " * (-len(SETTLE) % 16)
    x = {
        "padded": senders.encrypted(SETTLE),
        "extra block": senders.encrypted(aligned + b" " * 16),
        "NULs": senders.encrypted(aligned + b"\0" * 16),
        "percent-encoded": senders.encrypted(SETTLE),
    }[shape]
    if shape != "extra block":
        x += b"=" * (-len(x) % 4)
    if shape == "percent-encoded":
        x = x.replace(b"=", b"%3D").replace(b"-", b"%2D")
    spelled = Sent(path="jdb", body=b"x=" + x, content_type="application/x-www-form-urlencoded")
    assert send(spelled).body == OK


def test_the_example_of_the_document_with_its_trailing_equals_signs(
    books: Books, providers: None
) -> None:
    books.open("john", "USD", "12345.57")
    assert send(senders.jdb(SETTLE)).body == OK
    row = Callback.objects.get()
    assert bytes(row.unwrapped or b"") == SETTLE.strip()
    assert row.operation == "settle"


def test_a_player_may_have_any_name(books: Books, providers: None) -> None:
    books.open("玩家-ñandú", "USD")
    heard = send(senders.jdb(altered(SETTLE, uid="玩家-ñandú")))
    assert heard.json["balance"] == "0.10"
    assert books.entries("settle:272017") == {("玩家-ñandú", Decimal(0), Decimal("0.1"))}


def test_binary_noise_of_a_double_is_the_short_decimal(books: Books, providers: None) -> None:
    books.open("john", "USD")
    send(senders.jdb(SETTLE.replace(b'"amount": 0.1', b'"amount": 0.30000000000000004')))
    assert books.balance("john", "USD") == Decimal("0.3")


def test_ten_million_as_java_writes_it_is_paid(books: Books, providers: None) -> None:
    books.open("john", "USD")
    send(senders.jdb(SETTLE.replace(b'"amount": 0.1', b'"amount": 1.0E7')))
    assert books.balance("john", "USD") == Decimal(10_000_000)


def test_thousand_units_are_paid_in_units(books: Books, configure: Callable[..., None]) -> None:
    vnd = {**PROVIDERS["jdb"], "protocol": "jdb"}
    vnd["currencies"] = {"VN": {"currency": "VND", "factor": 1000}}
    configure(jdb_vnd=vnd)
    books.open("john", "VND", "999")
    heard = send(senders.jdb(altered(SETTLE, currency="VN"), path="jdb-vnd"))
    assert heard.json["balance"] == "1.09"
    assert books.balance("john", "VND") == Decimal(1099)


def test_the_previous_key_of_a_rotated_pair_is_accepted(
    books: Books, configure: Callable[..., None]
) -> None:
    new = "abcdef0123456789"
    configure(jdb={**PROVIDERS["jdb"], "key": [new, PROVIDERS["jdb"]["key"]], "iv": [IV, IV]})
    books.open("john", "USD", "12345.57")
    assert send(senders.jdb(SETTLE)).body == OK
    assert send(senders.jdb(SETTLE, key=new)).body == OK
    assert books.outcomes() == ["posted", "duplicate"]


def test_plain_json_where_the_configuration_says_insecure(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(jdb={"insecure": True, "currencies": {"XX": "USD"}, "unknown_bet": "pay"})
    books.open("john", "USD", "12345.57")
    assert send(Sent(path="jdb", body=SETTLE)).body == OK


def test_a_suspended_player_is_paid_and_a_closed_one_refused_with_its_code(
    books: Books, providers: None
) -> None:
    books.open("john", "USD", status="suspended")
    assert send(senders.jdb(SETTLE)).json["status"] == "0000"
    books.set_status("john", "closed")
    assert send(senders.jdb(altered(SETTLE, transferId=2))).json["status"] == "7504"


def test_an_unknown_action_is_refused_and_a_free_spin_is_noted(
    books: Books, providers: None
) -> None:
    books.open("testpl", "MYR")
    assert send(sent(SETTLE, action=99)).json["status"] == "9007"
    assert send(sent(FREE_SPIN_HISTORY)).body == b'{"status":"0000","err_text":""}'
    assert books.outcomes() == ["refused", "acknowledged"]
    assert books.transactions() == []


def test_what_stands_behind_the_path_in_the_url_is_ignored(books: Books, providers: None) -> None:
    books.open("john", "USD", "12345.57")
    elsewhere = replace(senders.jdb(SETTLE), path="jdb/settle")
    assert send(elsewhere).body == OK
    assert books.transactions() == ["settle:272017"]


def test_our_own_fault_is_kept_and_heard_as_not_decided(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.open("john", "USD", "12345.57")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(Jdb, "decode", fail)
        assert send(senders.jdb(SETTLE)).json["status"] == "9999"
    row = Callback.objects.get()
    assert (row.outcome, "planted" in row.reason) == ("failed", True)
    assert send(senders.jdb(SETTLE)).body == OK


def test_the_ciphertext_vector_of_our_notes_asks_for_a_balance(
    books: Books, providers: None
) -> None:
    """Made with OpenSSL: {"action":6,...,"uid":"john","currency":"RB",...} and 13 spaces."""
    books.open("john", "CNY", "12345.678")
    x = (
        b"617VMzIf3wfDOmF9JzBeFFoVAkhgPNkGroZ4Kll9MibjcVRJQc6jteBbXlaHeHbIGR87wsSE6XJEvziJxigwe378"
        b"cRX_v8XFOaslrqMPPwM8ATHG6yRLfBoVW_8zOIBy"
    )
    spelled = Sent(path="jdb", body=b"x=" + x, content_type="application/x-www-form-urlencoded")
    assert send(spelled).body == OK
    assert Callback.objects.count() == 0
