"""verify_ledger finds what the database's own rules can't see; the owner plants each fault."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connections

from tests.cast import Books, instruction, post


@contextmanager
def triggers_off(*tables: str) -> Iterator[None]:
    """What an intruder with the owner's password could do."""
    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


@pytest.fixture
def posted(books: Books) -> Books:
    books.open("alice", "USD", "100")
    books.open("zoë", "USD", "50")
    post(
        instruction("1", ("alice", "USD", "0", "10")),
        instruction("2", ("zoë", "USD", "5", "0"), ("alice", "USD", "0", "4.50")),
        instruction("3", ("alice", "USD", "0", "0.00000001")),
    )
    return books


def test_right_books_have_no_violation(posted: Books, capsys: pytest.CaptureFixture[str]) -> None:
    assert posted.violations() == []
    call_command("verify_ledger", "--json")
    assert {rule["violations"] for rule in json.loads(capsys.readouterr().out)} == {0}


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE wallets_wallet SET balance = balance + 1", "last entry"),
        ("UPDATE wallets_wallet SET sequence = sequence + 1", "wallet says"),
        ("DELETE FROM wallets_entry WHERE sequence = 2", "the entry before ended at"),
        ("DELETE FROM wallets_entry WHERE sequence = 2", "numbered"),
        (
            "UPDATE wallets_entry SET credit = credit + 1, balance_before = balance_before - 1"
            " WHERE sequence = 2",
            "do not fit the terms",
        ),
        ("UPDATE wallets_transaction SET terms = '\\x00'", "do not fit the terms"),
        ("UPDATE wallets_transaction SET refusal = 'Conflict'", "refused (Conflict) and has"),
        ("UPDATE wallets_player SET uid = 'mallory' WHERE uid = 'alice'", "do not fit the terms"),
        ("UPDATE wallets_transaction SET origin = 'callback'", "0 posted callbacks"),
        (
            "INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id,"
            " received_at, decided_at, headers, body, outcome, reason, reply_status, reply)"
            " VALUES (gen_random_uuid(), 'jdb', 'settle', 'settle:9', now(), now(), '{}', '',"
            " 'posted', '', 200, '')",
            "answered as posted and is not in the ledger",
        ),
    ],
)
def test_a_planted_fault_is_found_and_the_command_fails(
    posted: Books, sql: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        triggers_off("wallets_entry", "wallets_transaction"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(sql)
    assert any(sentence in text for text in posted.violations())
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_ledger")
    assert exit_.value.code == 1
    assert sentence in capsys.readouterr().out.replace("\n", " ")
