"""What every test relies on: it finds the books as the first one did."""

import pytest
from django.db import connections
from django.db.utils import DatabaseError

from tests import emptying
from tests.cast import Books
from tests.conftest import empty_the_books
from wallets.models import Entry, Transaction, Wallet

TRIGGERS = """
SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') FROM pg_trigger
WHERE tgname = 'append_only'
"""


@pytest.mark.parametrize("most", [emptying.MOST, 0], ids=["deleted", "truncated"])
def test_nothing_is_left_and_numbers_begin_at_1(
    books: Books, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(emptying, "MOST", most)
    for _ in range(2):
        books.open("alice", "USD", "10")
        books.open("bob", "USD", "10")
        for model in (Wallet, Transaction, Entry):
            assert list(model.objects.values_list("id", flat=True).order_by("id")) == [1, 2]
        empty_the_books()
        assert not Wallet.objects.exists()
        assert not Transaction.objects.exists()
        assert not Entry.objects.exists()


@pytest.mark.parametrize("players", [0, 1])
def test_a_trigger_that_a_test_switched_off_is_on_again(books: Books, players: int) -> None:
    for number in range(players):
        books.open(f"player-{number}", "USD", "10")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE wallets_entry DISABLE TRIGGER append_only")
        cursor.execute("ALTER TABLE wallets_transaction ENABLE TRIGGER append_only")
        empty_the_books()
        cursor.execute(TRIGGERS)
        every, on = cursor.fetchone()
    assert every == on > 10
    books.open("alice", "USD", "10")
    with pytest.raises(DatabaseError, match="append-only"):
        Entry.objects.all()._raw_delete(using="owner")


def test_a_number_that_was_never_kept_is_given_again(books: Books) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT nextval('wallets_wallet_id_seq')")
    empty_the_books()
    books.open("alice", "USD")
    assert Wallet.objects.get().pk == 1
