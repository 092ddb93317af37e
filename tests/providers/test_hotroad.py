"""HotRoad Gaming, from the outside: settle, with all money as text, where bets go elsewhere."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids, texts
from tests.providers.senders import Heard, Sent, altered, send

SETTLE = senders.verbatim("hotroad", "settle")


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    """Success replies carry the time of the balance: 20:00 in GMT+8."""
    with time_machine.travel("2026-11-21T12:00:00Z", tick=False):
        yield


class TestHotRoad(ProviderContract):
    provider = "hotroad"
    transaction_id = "settle:AAA-251916"
    players = (("hrgpl0001", "THB", "990"),)
    entries = {("hrgpl0001", Decimal(0), Decimal(0))}
    first_reply = b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"990.0000"}'
    closed_reply = b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"0.0000"}'

    def delivery(self, **changes: Any) -> Sent:
        return senders.hotroad(altered(SETTLE, **changes) if changes else SETTLE)

    def volatile(self) -> Sent:
        return self.delivery(ts="2022-10-14T23:01:00.000+0800", commission="0.1")

    def conflicting(self) -> dict[str, Sent]:
        return {
            "amount": self.delivery(winAmount="0.0001"),
            "player": self.delivery(userId="bob"),
            "unknown player": self.delivery(userId="nobody"),
        }

    def unknown_player(self) -> Sent:
        return self.delivery(txId="other", userId="nobody")

    def unauthentic(self) -> dict[str, Sent]:
        return {"address": senders.from_address(self.delivery(), "203.0.113.7")}

    def malformed(self) -> dict[str, Sent]:
        shapes = bodies(SETTLE, required=["userId", "txId", "winAmount"])
        named = ids(SETTLE, fields=["userId", "txId"])
        amounts = texts(SETTLE, field="winAmount", decimals=4)
        every = {**shapes, **named, **amounts, "a number": altered(SETTLE, winAmount=1)}
        right = {why: senders.hotroad(body) for why, body in every.items()}
        return {**right, "an unknown operation": senders.hotroad(SETTLE, operation="refund")}

    def is_success(self, heard: Heard) -> bool:
        return bool(heard.json["code"] == "0000")


def test_winnings_include_the_stake_and_commission_is_not_paid_on_top(
    books: Books, providers: None
) -> None:
    books.open("hrgpl0001", "THB", "990")
    heard = send(senders.hotroad(altered(SETTLE, winAmount="19.5", commission="0.5")))
    assert heard.json["balance"] == "1009.5000"
    assert books.entries("settle:AAA-251916") == {("hrgpl0001", Decimal(0), Decimal("19.5"))}


def test_a_prefix_of_their_user_ids_is_not_part_of_our_players(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "uid_prefix": "hrg"})
    books.open("pl0001", "THB", "10")
    assert send(senders.hotroad(SETTLE)).json["balance"] == "10.0000"
    stranger = altered(SETTLE, userId="xyzpl0001", txId="2")
    assert send(senders.hotroad(stranger)).json["code"] == "9999"
    assert books.outcomes() == ["posted", "refused"]


def test_an_operation_that_is_not_documented_is_refused(books: Books, providers: None) -> None:
    books.open("hrgpl0001", "THB", "990")
    assert send(senders.hotroad(SETTLE, operation="")).json["code"] == "9999"
    assert books.outcomes() == ["refused"]
    assert books.transactions() == []
