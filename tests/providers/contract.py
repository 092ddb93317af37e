"""What every provider's protocol must do, from the outside: a delivery in, reply and books out."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from providers.models import Callback, Unauthentic
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers.senders import Heard, Sent, send

Entries = set[tuple[str, Any, Any]]


class ProviderContract(ABC):
    """Subclass it, say how the provider speaks, and the rules below are its tests."""

    provider: str
    transaction_id: str
    players: tuple[tuple[str, str, str], ...]  # uid, currency, opening balance
    entries: Entries  # what the verbatim delivery books: uid, debit, credit
    first_reply: bytes
    closed_reply: bytes  # a repetition's, after the player was closed and the money spent

    @abstractmethod
    def delivery(self, **changes: Any) -> Sent:
        """The document's own example, or the same with some fields changed."""

    @abstractmethod
    def volatile(self) -> Sent:
        """The same settlement once more, with the fields changed that differ in a resend."""

    @abstractmethod
    def conflicting(self) -> dict[str, Sent]:
        """The same id with other terms, by what differs."""

    @abstractmethod
    def unknown_player(self) -> Sent:
        """A settlement under a new id for somebody who has no wallet."""

    @abstractmethod
    def unauthentic(self) -> dict[str, Sent]:
        """Deliveries that prove nothing, by why."""

    @abstractmethod
    def malformed(self) -> dict[str, Sent]:
        """Authentic deliveries that can't be understood, by why."""

    @abstractmethod
    def is_success(self, heard: Heard) -> bool:
        """As the provider judges the answer."""

    @pytest.fixture
    def opened(self, books: Books, providers: None) -> Books:
        for uid, currency, balance in self.players:
            books.open(uid, currency, balance)
        return books

    def test_first_delivery_posts_and_replies_as_documented(self, opened: Books) -> None:
        heard = send(self.delivery())
        assert (heard.status, heard.content_type) == (200, "application/json")
        assert heard.body == self.first_reply
        assert opened.transactions() == [self.transaction_id]
        assert opened.entries(self.transaction_id) == self.entries
        assert opened.outcomes() == ["posted"]
        assert opened.violations() == []

    def test_second_delivery_succeeds_and_posts_nothing(self, opened: Books) -> None:
        send(self.delivery())
        assert send(self.delivery()).body == self.first_reply
        assert opened.transactions() == [self.transaction_id]
        assert opened.outcomes() == ["posted", "duplicate"]
        assert opened.violations() == []

    def test_a_resend_with_other_volatile_fields_is_a_duplicate(self, opened: Books) -> None:
        send(self.delivery())
        assert send(self.volatile()).body == self.first_reply
        assert opened.outcomes() == ["posted", "duplicate"]

    @pytest.mark.parametrize("status", ["suspended", "closed"])
    def test_a_repetition_succeeds_after_the_player_was_closed_and_the_money_spent(
        self, opened: Books, status: str
    ) -> None:
        send(self.delivery())
        for uid, currency, _ in self.players:
            opened.spend(uid, currency)
            opened.set_status(uid, status)
        assert send(self.delivery()).body == self.closed_reply
        assert opened.outcomes() == ["posted", "duplicate"]
        assert opened.violations() == []

    def test_other_terms_under_the_same_id_are_refused_and_move_nothing(
        self, opened: Books
    ) -> None:
        for uid in ("bob", "carol"):
            for _, currency, _ in self.players[:1]:
                opened.open(uid, currency, "1000")
        send(self.delivery())
        before = opened.statements("SELECT id, balance FROM wallets_wallet ORDER BY id")
        for what, sent in self.conflicting().items():
            assert not self.is_success(send(sent)), what
            assert opened.outcomes()[-1] == "conflict", what
        assert opened.statements("SELECT id, balance FROM wallets_wallet ORDER BY id") == before
        assert opened.transactions() == [self.transaction_id]

    def test_an_unknown_player_is_refused_with_a_row_that_says_why(self, opened: Books) -> None:
        heard = send(self.unknown_player())
        assert heard.status == 200
        assert not self.is_success(heard)
        row = Callback.objects.get()
        assert (row.outcome, row.reason[:14]) == ("refused", "UnknownPlayer:")
        assert bytes(row.reply) == heard.body
        assert opened.transactions() == []

    def test_what_proves_nothing_is_counted_and_never_kept(self, opened: Books) -> None:
        for why, sent in self.unauthentic().items():
            heard = send(sent)
            assert heard.status == 200, why
            assert not self.is_success(heard), why
        assert Callback.objects.count() == 0
        counted = sum(Unauthentic.objects.values_list("count", flat=True))
        assert counted == len(self.unauthentic())
        assert opened.transactions() == []

    def test_what_cannot_be_understood_is_refused_and_kept(self, opened: Books) -> None:
        cases = self.malformed()
        for why, sent in cases.items():
            heard = send(sent)
            assert heard.status == 200, why
            assert not self.is_success(heard), (why, heard.body)
            row = Callback.objects.latest("id")
            assert (row.outcome, bytes(row.reply)) == ("refused", heard.body), why
            assert row.reason, why
        assert Callback.objects.count() == len(cases)
        assert opened.transactions() == []

    def test_unknown_fields_are_ignored(self, opened: Books) -> None:
        assert self.is_success(send(self.delivery(added_later={"deep": [1, None]})))
        assert opened.transactions() == [self.transaction_id]

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
    def test_other_methods_are_not_allowed(self, providers: None, method: str) -> None:
        response = getattr(Client(), method)(f"/callbacks/{self.delivery().path}")
        assert response.status_code == 405

    def test_a_trailing_slash_is_optional(self, opened: Books) -> None:
        sent = self.delivery()
        slashed = Sent(
            path=f"{sent.path}/",
            body=sent.body,
            content_type=sent.content_type,
            headers=sent.headers,
        )
        assert send(slashed).body == self.first_reply

    def test_whatever_the_caller_says_that_it_accepts_it_hears_the_dialect(
        self, opened: Books
    ) -> None:
        sent = self.delivery()
        pickier = Sent(
            path=sent.path,
            body=sent.body,
            content_type=sent.content_type,
            headers={**sent.headers, "Accept": "text/html"},
        )
        assert send(pickier).body == self.first_reply

    def test_parallel_deliveries_post_once(self, opened: Books) -> None:
        start = threading.Barrier(8)

        def deliver(_: int) -> bytes:
            start.wait()
            try:
                return send(self.delivery()).body
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(deliver, range(8)))
        assert set(replies) == {self.first_reply}
        assert opened.transactions() == [self.transaction_id]
        assert sorted(opened.outcomes()) == ["duplicate"] * 7 + ["posted"]
        assert opened.violations() == []

    def test_a_retired_provider_is_refused_and_a_repetition_still_succeeds(
        self, opened: Books, configure: Callable[..., None]
    ) -> None:
        send(self.delivery())
        configure(**{self.provider: {**PROVIDERS[self.provider], "retired": True}})
        assert send(self.delivery()).body == self.first_reply
        heard = send(self.unknown_player())
        assert not self.is_success(heard)
        assert opened.outcomes() == ["posted", "duplicate", "refused"]

    def test_a_path_rotated_between_two_resends_is_one_transaction(
        self, opened: Books, configure: Callable[..., None]
    ) -> None:
        configure(**{self.provider: {**PROVIDERS[self.provider], "path": ["new", self.provider]}})
        sent = self.delivery()
        moved = Sent(
            path=sent.path.replace(self.provider, "new", 1),
            body=sent.body,
            content_type=sent.content_type,
            headers=sent.headers,
        )
        assert send(sent).body == send(moved).body == self.first_reply
        assert opened.transactions() == [self.transaction_id]
