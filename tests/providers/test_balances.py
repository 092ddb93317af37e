"""Balance queries of the four providers, from the outside: literal in, literal out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from prometheus_client import REGISTRY

from providers.models import Callback
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.balances import BalanceContract, ok
from tests.providers.malformed import bodies, ids
from tests.providers.senders import Sent, altered, send

BESOFT = b'{"action":1,"uid":"useraccount","ts":"1732083839446","currency":"USD","gid":"afa026"}'
JDB = b'{"action":6,"ts":1700029145035,"uid":"john","currency":"XX","gType":0,"mType":8001}'
SUD = b'{"uid":"fa1c53c4"}'
HOTROAD = b'{"userId":"hrgpl0001"}'


def known_for_queries(cases: dict[str, bytes], fields: list[str]) -> dict[str, bytes]:
    """Those of which the action can be read: what it can't be read of might have moved money."""
    return {
        why: body
        for why, body in cases.items()
        if why.split()[0] in fields and "surrogate" not in why  # That is no UTF-8 at all.
    }


class TestBeSoft(BalanceContract):
    provider = "besoft"
    player = ("useraccount", "USD", "10000.01569999")
    told = b'{"action":1,"status":1,"balance":10000.0156,"currency":"USD"}'
    unknown_player = b'{"status":1004}'
    no_wallet = b'{"status":1014}'
    malformed_reply = b'{"status":1008}'
    retired = b'{"status":1001}'
    no_verdict = (503, b"")

    def query(self, **changes: Any) -> Sent:
        return senders.besoft(altered(BESOFT, **changes) if changes else BESOFT)

    def unauthentic(self) -> dict[str, Sent]:
        return {"address": senders.from_address(self.query(), "203.0.113.7")}

    def malformed(self) -> dict[str, Sent]:
        cases = bodies(BESOFT, required=["uid", "currency"]) | ids(BESOFT, fields=["uid"])
        cases = known_for_queries(cases, ["uid", "currency"])
        return {why: senders.besoft(body) for why, body in cases.items()}


class TestJdb(BalanceContract):
    provider = "jdb"
    player = ("john", "USD", "12345.679")
    told = b'{"status":"0000","balance":"12345.67","err_text":""}'
    unknown_player = b'{"status":"7501","err_text":"No such player."}'
    no_wallet = b'{"status":"9023","err_text":"No wallet in that currency."}'
    malformed_reply = b'{"status":"8000","err_text":"The delivery could not be understood."}'
    retired = b'{"status":"9999","err_text":"The operation is switched off."}'
    no_verdict = (200, b'{"status":"9999","err_text":"Not decided yet, send again."}')

    def query(self, **changes: Any) -> Sent:
        return senders.jdb(altered(JDB, **changes) if changes else JDB)

    def unauthentic(self) -> dict[str, Sent]:
        return {
            "the wrong key": senders.jdb(JDB, key="fedcba9876543210"),
            "plain JSON": Sent(path="jdb", body=JDB),
        }

    def malformed(self) -> dict[str, Sent]:
        cases = bodies(JDB, required=["uid", "currency"]) | ids(JDB, fields=["uid", "currency"])
        cases = known_for_queries(cases, ["uid", "currency"])
        return {why: senders.jdb(body) for why, body in cases.items()}


class TestSud(BalanceContract):
    provider = "sud"
    player = ("fa1c53c4", "COIN", "250.99")
    told = b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"score":250}}'
    unknown_player = b'{"ret_code":7,"ret_msg":"No such player."}'
    no_wallet = b'{"ret_code":1,"ret_msg":"No wallet in that currency."}'
    malformed_reply = b'{"ret_code":4,"ret_msg":"The delivery could not be understood."}'
    retired = b'{"ret_code":1,"ret_msg":"The operation is switched off."}'
    no_verdict = (200, b'{"ret_code":2,"ret_msg":"Not decided yet, send again."}')

    def query(self, **changes: Any) -> Sent:
        return senders.sud(altered(SUD, **changes) if changes else SUD, path="sud/get_score")

    def unauthentic(self) -> dict[str, Sent]:
        right = self.query()
        return {
            "no signature": Sent(path="sud/get_score", body=SUD),
            "another body": Sent(path="sud/get_score", body=b"{}", headers=right.headers),
            "another secret": senders.sud(SUD, path="sud/get_score", secret="guess"),
            "another app id": senders.sud(SUD, path="sud/get_score", Sud_AppId="1"),
        }

    def malformed(self) -> dict[str, Sent]:
        cases = bodies(SUD, required=["uid"]) | ids(SUD, fields=["uid"])
        del cases["10 MB"]  # Cut off early, so its signature can't be right.
        return {why: senders.sud(body, path="sud/get_score") for why, body in cases.items()}


class TestSudAccount(TestSud):
    """get_account is get_score, with a profile around the score."""

    told = (
        b'{"ret_code":0,"ret_msg":"SUCCESS",'
        b'"data":{"nickname":"fa1c53c4","avatar_url":"","score":250,"vip_level":0}}'
    )

    def query(self, **changes: Any) -> Sent:
        return senders.sud(altered(SUD, **changes) if changes else SUD, path="sud/get_account")


class TestHotRoad(BalanceContract):
    provider = "hotroad"
    player = ("hrgpl0001", "THB", "990.00009")
    told = b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"990.0000"}'
    unknown_player = b'{"code":"9999","desc":"No such player."}'
    no_wallet = b'{"code":"9999","desc":"No wallet in that currency."}'
    malformed_reply = b'{"code":"9999","desc":"The delivery could not be understood."}'
    retired = b'{"code":"9999","desc":"The operation is switched off."}'
    no_verdict = (200, b'{"code":"9999","desc":"Not decided yet, send again."}')

    def query(self, **changes: Any) -> Sent:
        body = altered(HOTROAD, **changes) if changes else HOTROAD
        return senders.hotroad(body, operation="get_balance")

    def unauthentic(self) -> dict[str, Sent]:
        return {"address": senders.from_address(self.query(), "203.0.113.7")}

    def malformed(self) -> dict[str, Sent]:
        cases = bodies(HOTROAD, required=["userId"]) | ids(HOTROAD, fields=["userId"])
        del cases["10 MB"]  # Not even looked into, so it is kept as what can't be read.
        return {why: senders.hotroad(body, operation="get_balance") for why, body in cases.items()}


def test_besoft_asks_in_the_configured_currency_only(books: Books, providers: None) -> None:
    books.open("useraccount", "USD", "1")
    books.open("useraccount", "EUR", "5")
    assert send(senders.besoft(altered(BESOFT, currency="EUR"))) == ok(b'{"status":1014}')
    assert Callback.objects.count() == 0


def test_jdb_asks_in_a_configured_currency_only(books: Books, providers: None) -> None:
    books.open("john", "USD", "1")
    assert send(senders.jdb(altered(JDB, currency="ZZ"))).json["status"] == "9023"
    assert Callback.objects.count() == 0


def test_jdb_asks_from_the_lobby_as_from_a_game(books: Books, providers: None) -> None:
    books.open(*TestJdb.player)
    assert send(senders.jdb(altered(JDB, mType=999))).body == TestJdb.told


def test_jdb_may_be_told_a_number_in_thousands(
    books: Books, configure: Callable[..., None]
) -> None:
    currencies = {"VN": {"currency": "VND", "factor": 1000}}
    configure(jdb={**PROVIDERS["jdb"], "currencies": currencies, "balance_as": "number"})
    books.open("john", "VND", "1234567.99")
    heard = send(senders.jdb(altered(JDB, currency="VN")))
    assert heard.body == b'{"status":"0000","balance":1234.56,"err_text":""}'


def test_hotroad_strips_the_prefix_of_its_users(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "uid_prefix": "hrg"})
    books.open("pl0001", "THB", "10")
    assert send(senders.hotroad(HOTROAD, operation="get_balance")).json["balance"] == "10.0000"
    stranger = senders.hotroad(b'{"userId":"pl0001"}', operation="get_balance")
    assert send(stranger) == ok(TestHotRoad.unknown_player)


def test_the_next_query_tells_what_a_settlement_paid(books: Books, providers: None) -> None:
    books.open("john", "USD", "1")
    send(senders.jdb(senders.verbatim("jdb", "settle")))
    assert send(senders.jdb(JDB)).json["balance"] == "1.10"


@pytest.mark.parametrize(
    "body", [b"", b"{", BESOFT[:-1], altered(BESOFT, action=...), altered(BESOFT, action=99)]
)
def test_what_may_have_been_more_than_a_question_is_kept(
    books: Books, providers: None, body: bytes
) -> None:
    send(senders.besoft(body))
    assert books.outcomes() == ["refused"]


def test_queries_are_counted_by_their_answers(books: Books, providers: None) -> None:
    def count(answer: str) -> float:
        labels = {"provider": "jdb", "operation": "balance", "answer": answer}
        return REGISTRY.get_sample_value("cage_queries_total", labels) or 0

    before = count("told"), count("refused")
    send(senders.jdb(JDB))
    books.open(*TestJdb.player)
    send(senders.jdb(JDB))
    assert (count("told"), count("refused")) == (before[0] + 1, before[1] + 1)


def test_a_poll_waits_for_a_migrations_lock_no_longer_than_for_a_verdict(
    books: Books, providers: None, settings: Any
) -> None:
    settings.ANSWER_WITHIN = timedelta(milliseconds=300)
    books.open("john", "USD")
    poll = senders.jdb(JDB)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE wallets_wallet")
        assert send(poll).json["status"] == "9999"
    assert send(poll).json == {"status": "0000", "balance": "0.00", "err_text": ""}
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)  # The limit ended with the query.
