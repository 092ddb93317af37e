"""What a wallet holds: one read, whoever asks and whatever became of the player."""

from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.cast import Books, instruction, post
from wallets import ledger
from wallets.refusals import UnknownCurrency, UnknownPlayer


@pytest.mark.parametrize("status", ["active", "suspended", "closed"])
def test_it_is_told_in_one_statement_whatever_the_players_status(books: Books, status: str) -> None:
    books.open("alice", "USD", "10.00000001")
    books.open("alice", "CNY", "7")
    books.set_status("alice", status)
    with CaptureQueriesContext(connection) as queries:
        assert ledger.balance(uid="alice", currency="USD") == Decimal("10.00000001")
    assert len(queries) == 1


def test_a_wallet_without_money_has_a_balance(books: Books) -> None:
    books.open("alice", "USD")
    assert ledger.balance(uid="alice", currency="USD") == 0


def test_it_follows_what_is_posted(books: Books) -> None:
    books.open("alice", "USD", "10")
    post(instruction("1", ("alice", "USD", "3", "0.5")))
    assert ledger.balance(uid="alice", currency="USD") == Decimal("7.5")


def test_nobody_and_a_currency_without_a_wallet_are_told_apart(books: Books) -> None:
    books.open("alice", "USD")
    with pytest.raises(UnknownPlayer):
        ledger.balance(uid="nobody", currency="USD")
    with pytest.raises(UnknownCurrency):
        ledger.balance(uid="alice", currency="CNY")


def test_it_waits_for_nobody_who_is_posting(books: Books) -> None:
    books.open("alice", "USD", "10")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE wallets_wallet SET balance = 11")
        assert ledger.balance(uid="alice", currency="USD") == 10
        transaction.set_rollback(True, using="owner")
