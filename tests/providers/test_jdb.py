"""JDB, from the outside: action 10 in its encrypted envelope."""

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from providers.models import Callback
from tests.cast import Books
from tests.conftest import IV, PROVIDERS
from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids, numbers
from tests.providers.senders import Heard, Sent, altered, send

SETTLE = senders.verbatim("jdb", "settle")
OK = b'{"status":"0000","balance":"12345.67","err_text":""}'


class TestJdb(ProviderContract):
    provider = "jdb"
    transaction_id = "settle:272017"
    players = (("john", "USD", "12345.57"),)
    entries = {("john", Decimal(0), Decimal("0.1"))}
    first_reply = OK
    closed_reply = b'{"status":"0000","balance":"0.00","err_text":""}'

    def delivery(self, **changes: Any) -> Sent:
        return senders.jdb(altered(SETTLE, **changes) if changes else SETTLE)

    def volatile(self) -> Sent:
        return self.delivery(ts=1700029205035, lastModifyTime="15-11-2023 14:20:04", tax=0.01)

    def conflicting(self) -> dict[str, Sent]:
        return {
            "amount": self.delivery(amount=0.2),
            "player": self.delivery(uid="bob"),
            "unknown player": self.delivery(uid="nobody"),
            "currency": self.delivery(currency="RB"),
            "a currency that is not configured": self.delivery(currency="VN"),
        }

    def unknown_player(self) -> Sent:
        return self.delivery(transferId=1, uid="nobody")

    def unauthentic(self) -> dict[str, Sent]:
        right = self.delivery()
        bodies = {
            "empty": b"",
            "no x": b"y=1",
            "x twice": right.body + b"&" + right.body,
            "plain JSON": SETTLE,
            "not Base64": b"x=!!!!",
            "a length that no block has": b"x=" + base64.urlsafe_b64encode(b"a" * 15),
            "no block": b"x=",
            "cut off": right.body[:-24],
            "not JSON": b"x=" + senders.encrypted(b"hello"),
            "not an object": b"x=" + senders.encrypted(b"[1]"),
            "no action": b"x=" + senders.encrypted(altered(SETTLE, action=...)),
            "not UTF-8": b"x=" + senders.encrypted(b'{"action":10,"uid":"\xff\xfe"}'),
            "half a surrogate pair": b"x=" + senders.encrypted(altered(SETTLE, uid="\ud800")),
            "nested deeply": b"x=" + senders.encrypted(b'{"action":' + b"[" * 100_000),
            "10 MB": b"x=" + b"A" * 10_000_000,
        }
        wrong = {
            why: Sent(path="jdb", body=body, content_type=right.content_type)
            for why, body in bodies.items()
        }
        return {**wrong, "the wrong key": senders.jdb(SETTLE, key="fedcba9876543210")}

    def malformed(self) -> dict[str, Sent]:
        wanted = ["transferId", "uid", "currency", "amount"]
        shapes = {
            why: body
            for why, body in bodies(SETTLE, required=wanted).items()
            if any(field in why for field in wanted)
        }
        named = ids(SETTLE, fields=["uid"])
        del named["uid with half a surrogate pair"]  # Not UTF-8: nothing shows that it decrypted.
        amounts = numbers(SETTLE, field="amount", decimals=6)
        # What is no JSON at all does not decrypt to an action: not authentic.
        amounts = {why: body for why, body in amounts.items() if why.split(" ", 1)[1] in JSON}
        odd = {
            "an unknown action": altered(SETTLE, action=99),
            "an unknown currency": altered(SETTLE, currency="ZZ", transferId=2),
            "an amount as text": altered(SETTLE, amount="0.1"),
            "an id beyond 64 bits": altered(SETTLE, transferId=2**63),
            "an id as text": altered(SETTLE, transferId="272017"),
        }
        return {
            why: senders.jdb(body) for why, body in {**shapes, **named, **amounts, **odd}.items()
        }

    def is_success(self, heard: Heard) -> bool:
        return bool(heard.json["status"] == "0000")


JSON = frozenset({"-1", "40 digits", "too many decimals", "1e400"})


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
    sent = Sent(path="jdb", body=b"x=" + x, content_type="application/x-www-form-urlencoded")
    assert send(sent).body == OK


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
    configure(jdb={"insecure": True, "currencies": {"XX": "USD"}})
    books.open("john", "USD", "12345.57")
    assert send(Sent(path="jdb", body=SETTLE)).body == OK


def test_a_suspended_player_is_paid_and_a_closed_one_refused_with_its_code(
    books: Books, providers: None
) -> None:
    books.open("john", "USD", status="suspended")
    assert send(senders.jdb(SETTLE)).json["status"] == "0000"
    books.set_status("john", "closed")
    assert send(senders.jdb(altered(SETTLE, transferId=2))).json["status"] == "7504"


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        (4, "0000", "acknowledged"),
        (8, "9999", "refused"),
        (9, "9999", "refused"),
        (11, "0000", "acknowledged"),
        (15, "0000", "acknowledged"),
        (17, "0000", "acknowledged"),
        (99, "9007", "refused"),
    ],
)
def test_what_is_not_offered_is_answered_so_that_it_does_no_harm(
    books: Books, providers: None, action: int, status: str, outcome: str
) -> None:
    books.open("john", "USD")
    assert send(senders.jdb(altered(SETTLE, action=action))).json["status"] == status
    assert books.outcomes() == [outcome]
    assert books.transactions() == []


def test_our_own_fault_is_kept_and_heard_as_not_decided(
    books: Books, providers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.open("john", "USD", "12345.57")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("providers.protocols.jdb.Jdb._settle", fail)
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
    sent = Sent(path="jdb", body=b"x=" + x, content_type="application/x-www-form-urlencoded")
    assert send(sent).body == OK
    assert Callback.objects.count() == 0
