"""What was posted since a time is proved by itself, and by the same rules."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections

from tests.cast import NOON, Books
from tests.wallets.test_bets import bet, cancel, settle
from tests.wallets.test_verification import triggers_off
from wallets import ledger, verification

YESTERDAY, TODAY = NOON - timedelta(days=1), NOON
SINCE = NOON - timedelta(hours=1)


def quick() -> list[str]:
    return [text for finding in verification.verify(since=SINCE) for text in finding.first]


@pytest.fixture
def posted(books: Books) -> Books:
    """Bets of yesterday, of which some are settled, cancelled and taken back today."""
    books.open("alice", "USD")
    books.open("bob", "USD")
    with_money = settle("0", amount="500", needs_bets=False)
    ledger.post([with_money, bet("1"), bet("2"), bet("3")], at=YESTERDAY)
    ledger.post([settle("3", "3", amount="7")], at=YESTERDAY)
    ledger.post([settle("1", "1"), cancel("2", "2"), bet("4")], at=TODAY)
    ledger.reverse(
        provider="jdb",
        transaction_id="settle:3",
        request_id=uuid4(),
        at=TODAY,
        instead=settle("3", amount="8", needs_bets=False),
    )
    return books


def test_every_rule_has_a_quick_form_but_those_that_would_read_every_callback() -> None:
    without = [check.name for check in verification.CHECKS if not check.of(SINCE)]
    assert without == [
        "each posted callback has its transaction",
        "as many deliveries are gone as were removed with their months",
    ]


def test_right_books_are_right_since_any_time(posted: Books) -> None:
    assert posted.violations() == []
    assert quick() == []


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE wallets_wallet SET balance = balance + 1", "last entry"),
        ("UPDATE wallets_wallet SET sequence = sequence + 1", "last entry missing"),
        ("UPDATE wallets_wallet SET sequence = sequence - 1 WHERE sequence > 0", "or wallet says"),
        # The last one of yesterday, before the first of today.
        ("DELETE FROM wallets_entry WHERE sequence = 5", "no entry 5 before entry 6"),
        ("DELETE FROM wallets_entry WHERE sequence = 7", "the entry before ended at 0"),
        (
            "UPDATE wallets_entry SET credit = credit + 1, balance_before = balance_before - 1"
            " WHERE sequence = 6",
            "do not fit the terms",
        ),
        ("UPDATE wallets_transaction SET refusal = 'Conflict'", "refused (Conflict) and has"),
        ("UPDATE wallets_transaction SET origin = 'callback'", "0 posted callbacks"),
        (
            "UPDATE wallets_entry SET credit = 9, balance_after = balance_before + 9"
            " WHERE sequence = 7",
            "jdb cancel:2, wallet 1: debit 0.00000000 and credit 9.00000000, should be 0.00000000"
            " and 10.00000000",
        ),
        (
            "UPDATE wallets_reference SET target = 'bet:1' WHERE target = 'bet:2'",
            "jdb bet:1: cancelled by",
        ),
        (
            "UPDATE wallets_reference SET target = 'bet:9' WHERE target = 'settle:3'",
            "corrected:settle:3: what it replaces was not reversed",
        ),
        (
            "UPDATE wallets_reference SET target = 'bet:9' WHERE target = 'bet:2'",
            "jdb bet:9: cancelled by",
        ),
        (
            "UPDATE wallets_reference SET provider = 'sud' WHERE target = 'bet:1'",
            "a reference to bet:1 says that it is of sud",
        ),
    ],
)
def test_a_fault_planted_since_is_found(posted: Books, sql: str, sentence: str) -> None:
    with (
        triggers_off("wallets_entry", "wallets_transaction", "wallets_reference"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(sql)
    assert any(sentence in text for text in quick()), quick()


def test_what_was_wrong_before_is_for_the_whole_verification(posted: Books) -> None:
    with triggers_off("wallets_transaction"), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE wallets_transaction SET terms = '' WHERE transaction_id = 'bet:1'")
    assert quick() == []
    assert posted.violations() == ["jdb bet:1: entries do not fit the terms"]
