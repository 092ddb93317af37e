"""What every provider's balance query must do, from the outside: asked, told, and nothing kept."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers import registry
from providers.models import Callback, Unauthentic
from tests import front
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers.faults import terminate
from tests.providers.senders import Heard, Sent, in_thread, send


class BalanceContract(ABC):
    """Subclass it, say how the provider asks, and the rules below are its tests."""

    provider: str
    player: tuple[str, str, str]  # uid, currency, balance
    told: bytes
    unknown_player: bytes
    no_wallet: bytes  # There is such a player, without a wallet in the currency.
    malformed_reply: bytes
    retired: bytes
    no_verdict: tuple[int, bytes]

    @abstractmethod
    def query(self, **changes: Any) -> Sent:
        """The question for `player`'s balance, or the same with some fields changed."""

    @abstractmethod
    def unauthentic(self) -> dict[str, Sent]:
        """Queries that prove nothing, by why."""

    @abstractmethod
    def malformed(self) -> dict[str, Sent]:
        """Authentic queries that can be known for queries and not understood, by why."""

    @pytest.fixture(autouse=True)
    def at_noon(self) -> Iterator[None]:
        """HotRoad's replies carry the time: 20:00 in GMT+8."""
        with time_machine.travel("2026-11-21T12:00:00Z", tick=False):
            yield

    @pytest.fixture
    def opened(self, books: Books, providers: None) -> Books:
        books.open(*self.player)
        return books

    def test_the_balance_is_told_as_documented_and_nothing_is_kept(self, opened: Books) -> None:
        before = everything(opened)
        heard = send(self.query())
        assert (heard.status, heard.content_type) == (200, "application/json")
        assert heard.body == self.told
        assert everything(opened) == before

    def test_it_is_one_read_and_no_transaction(self, opened: Books) -> None:
        in_thread(self.query())
        with CaptureQueriesContext(connection) as queries:
            assert in_thread(self.query()).body == self.told
        (message,) = queries  # One round trip: its limits and the read.
        words = [statement.split()[0] for statement in message["sql"].split(";")]
        assert words == ["SET", "SET", "SELECT"]

    @pytest.mark.parametrize("status", ["suspended", "closed"])
    def test_a_player_who_may_not_play_still_has_a_balance(
        self, opened: Books, status: str
    ) -> None:
        opened.set_status(self.player[0], status)
        assert send(self.query()).body == self.told

    def test_nobody_has_no_balance(self, books: Books, providers: None) -> None:
        assert send(self.query()) == ok(self.unknown_player)
        assert Callback.objects.count() == 0

    def test_a_player_without_a_wallet_in_the_currency_has_none_there(
        self, books: Books, providers: None
    ) -> None:
        books.open(self.player[0], "EUR", "5")
        assert send(self.query()) == ok(self.no_wallet)
        assert Callback.objects.count() == 0

    def test_what_cannot_be_understood_is_refused_and_not_kept(self, opened: Books) -> None:
        for why, sent in self.malformed().items():
            assert send(sent) == ok(self.malformed_reply), why
        assert Callback.objects.count() == 0

    def test_what_proves_nothing_is_counted(self, opened: Books) -> None:
        for why, sent in self.unauthentic().items():
            heard = send(sent)
            assert heard.status == 200, why
            assert heard.body not in (self.told, b""), why
        counted = sum(Unauthentic.objects.values_list("count", flat=True))
        assert (counted, Callback.objects.count()) == (len(self.unauthentic()), 0)

    def test_a_retired_provider_is_told_nothing(
        self, opened: Books, configure: Callable[..., None]
    ) -> None:
        configure(**{self.provider: {**PROVIDERS[self.provider], "retired": True}})
        assert send(self.query()) == ok(self.retired)
        assert Callback.objects.count() == 0

    def test_unknown_fields_and_a_trailing_slash_change_nothing(self, opened: Books) -> None:
        assert send(self.query(added_later={"deep": [1, None]})).body == self.told
        sent = self.query()
        slashed = Sent(
            path=f"{sent.path}/",
            body=sent.body,
            content_type=sent.content_type,
            headers=sent.headers,
        )
        assert send(slashed).body == self.told

    def test_with_the_database_away_no_verdict_is_heard(
        self,
        opened: Books,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        send(self.query())
        with monkeypatch.context() as patch:
            front.leave_the_database()
            patch.setitem(connection.settings_dict, "HOST", "/nowhere")
            heard = send(self.query())
        assert (heard.status, heard.body) == self.no_verdict
        assert names(caplog) == [("cage.balances", logging.WARNING)]
        assert send(self.query()).body == self.told
        assert Callback.objects.count() == 0

    def test_a_connection_that_died_meanwhile_is_replaced(self, opened: Books) -> None:
        in_thread(self.query())
        terminate(connection.connection.info.backend_pid)
        assert in_thread(self.query()).body == self.told

    @pytest.mark.parametrize(
        ("broken", "logger"), [("decode", "cage.inbox"), ("tell", "cage.balances")]
    )
    def test_our_own_fault_is_no_verdict_and_not_kept(
        self,
        opened: Books,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        broken: str,
        logger: str,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("planted")

        with monkeypatch.context() as patch:
            patch.setattr(type(registry.current().by_name[self.provider].protocol), broken, fail)
            heard = send(self.query())
        assert (heard.status, heard.body) == self.no_verdict
        assert names(caplog) == [(logger, logging.ERROR)]
        assert send(self.query()).body == self.told
        assert Callback.objects.count() == 0


def ok(body: bytes) -> Heard:
    return Heard(status=200, content_type="application/json", body=body)


def everything(books: Books) -> list[tuple[object, ...]]:
    """How much there is of all that a delivery could leave behind, and what the wallets hold."""
    return books.statements(
        """
        SELECT (SELECT count(*) FROM providers_callback),
               (SELECT count(*) FROM providers_unauthentic),
               (SELECT count(*) FROM wallets_transaction),
               (SELECT count(*) FROM wallets_entry),
               array_agg((w.id, w.balance, w.sequence)::text ORDER BY w.id)
        FROM wallets_wallet w
        """
    )


def names(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    """Our own log lines: which logger, how serious."""
    records = [record for record in caplog.records if record.name.startswith("cage.")]
    return [(record.name, record.levelno) for record in records]
