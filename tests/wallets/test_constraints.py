"""Each rule of the books is broken on purpose; the database refuses, whoever asks."""

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connections, transaction

from tests.cast import Books, instruction, post

MONEY = [
    "wallets_transaction",
    "wallets_entry",
    "wallets_reference",
    "providers_callback",
    "wallets_databasemark",
]
REWRITES = {
    "update": "UPDATE {table} SET id = id",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
}


@pytest.fixture
def posted(books: Books) -> Books:
    """alice has 110 USD: entry 1 the deposit, entry 2 a settlement."""
    books.open("alice", "USD", "100")
    post(instruction("1", ("alice", "USD", "0", "10")))
    return books


def execute(sql: str, *, using: str = "default") -> None:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("table", MONEY)
@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_application_may_not_rewrite(posted: Books, table: str, rewrite: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        execute(REWRITES[rewrite].format(table=table))


@pytest.mark.parametrize("table", MONEY)
@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_owner_is_refused_by_the_trigger(posted: Books, table: str, rewrite: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        execute(REWRITES[rewrite].format(table=table), using="owner")


@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_trigger_stands_on_every_partition(posted: Books, rewrite: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relid::text FROM pg_partition_tree('providers_callback') WHERE isleaf"
        )
        partitions = [name for (name,) in cursor.fetchall()]
    assert len(partitions) == 5  # this month, three ahead, and the default
    for partition in partitions:
        with pytest.raises(IntegrityError, match="append-only"):
            execute(REWRITES[rewrite].format(table=partition), using="owner")


@pytest.mark.parametrize("table", MONEY)
@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_owner_is_refused_also_as_a_replica(posted: Books, table: str, rewrite: str) -> None:
    """An ordinary trigger would sleep in a session with this setting; ours fire ALWAYS."""
    sql = REWRITES[rewrite].format(table=table)
    with pytest.raises(IntegrityError, match="append-only"):
        execute(f"SET LOCAL session_replication_role = replica; {sql}", using="owner")


ENTRY = """
INSERT INTO wallets_entry (transaction_id, wallet_id, sequence, debit, credit, balance_before,
    balance_after)
SELECT t.id, w.id, {sequence}, {debit}, {credit}, {before}, {after}
FROM wallets_wallet w, wallets_transaction t WHERE t.transaction_id = '{transaction_id}'
"""
RIGHT = {
    "transaction_id": "empty:1",
    "sequence": 3,
    "debit": 1,
    "credit": 2,
    "before": 110,
    "after": 111,
}
TRANSACTION = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    stake, details, refusal, origin, posted_at)
VALUES ('{provider}', {transaction_id}, '{kind}', '', '', '', '', {stake}, '{{}}', '',
    '{origin}', now())
"""
GOOD = {
    "provider": "jdb",
    "transaction_id": "'empty:1'",
    "kind": "settlement",
    "stake": "NULL",
    "origin": "command",
}


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"sequence": 2}, "entry_sequence_once_per_wallet"),
        ({"sequence": 0}, "entry_sequence_positive"),
        ({"after": 112}, "entry_adds_up"),
        ({"debit": -1, "after": 113}, "entry_debit_in_range"),
        ({"credit": -2, "after": 107}, "entry_credit_in_range"),
        ({"debit": 200, "after": -88}, "entry_balances_in_range"),
        ({"credit": "'NaN'", "after": "'NaN'"}, "entry_(credit|balances)_in_range"),
        ({"debit": "'NaN'", "after": "'NaN'"}, "entry_(debit|balances)_in_range"),
        ({"transaction_id": "settle:1"}, "entry_once_per_transaction_and_wallet"),
    ],
)
def test_a_wrong_entry_is_refused(
    posted: Books, change: dict[str, object], constraint: str
) -> None:
    execute(TRANSACTION.format(**GOOD))
    with pytest.raises(IntegrityError, match=constraint):
        execute(ENTRY.format(**{**RIGHT, **change}))


def test_a_right_entry_is_taken_and_infinity_is_not(posted: Books) -> None:
    execute(TRANSACTION.format(**GOOD))
    with pytest.raises(DatabaseError, match="overflow"):
        execute(ENTRY.format(**{**RIGHT, "credit": "'Infinity'", "after": "'Infinity'"}))
    execute(ENTRY.format(**RIGHT))
    assert books_have_a_wrong_balance(posted)


def books_have_a_wrong_balance(books: Books) -> bool:
    return any("balance 110" in text and "last entry" in text for text in books.violations())


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"provider": "besoft", "transaction_id": "'settle:1'"}, "transaction_posted_once"),
        ({"provider": "JDB"}, "transaction_provider_is_a_name"),
        ({"transaction_id": "'272017'"}, "transaction_id_names_its_operation"),
        ({"transaction_id": "E'settle:1\n'"}, "transaction_id_names_its_operation"),
        ({"kind": "gift"}, "transaction_kind_is_known"),
        ({"origin": "elsewhere"}, "transaction_origin_is_known"),
        ({"stake": -1}, "transaction_stake_in_range"),
        ({"stake": "'NaN'"}, "transaction_stake_in_range"),
        ({"transaction_id": "E'settle:1\\u0085'"}, "transaction_id_names_its_operation"),
    ],
)
def test_a_wrong_transaction_is_refused(
    posted: Books, change: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(TRANSACTION.format(**{**GOOD, **change}))


REFERENCE = """
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT id, 'besoft', '{target}', '{effect}' FROM wallets_transaction
WHERE transaction_id = '{transaction_id}'
"""


@pytest.mark.parametrize(
    ("transaction_id", "target", "effect", "constraint"),
    [
        ("empty:1", "settle:1", "cancels", "reference_cancels_once"),
        ("settle:1", "settle:1", "settles", "reference_once_per_target"),
        ("empty:1", "settle:1", "doubts", "reference_effect_is_known"),
    ],
)
def test_a_wrong_reference_is_refused(
    posted: Books, transaction_id: str, target: str, effect: str, constraint: str
) -> None:
    execute(TRANSACTION.format(**GOOD))
    first = {"transaction_id": "settle:1", "target": "settle:1", "effect": "cancels"}
    execute(REFERENCE.format(**first))
    wrong = {"transaction_id": transaction_id, "target": target, "effect": effect}
    with pytest.raises(IntegrityError, match=constraint):
        execute(REFERENCE.format(**wrong))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("balance = -1", "wallet_balance_in_range"),
        ("balance = 'NaN'", "wallet_balance_in_range"),
        ("sequence = -1", "wallet_sequence_not_negative"),
    ],
)
def test_a_wrong_balance_is_refused(posted: Books, change: str, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(f"UPDATE wallets_wallet SET {change}")


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("INSERT INTO wallets_wallet (player_id, currency, balance, sequence, created_at)"
         " SELECT player_id, currency, 0, 0, now() FROM wallets_wallet",
         "wallet_one_per_player_and_currency"),
        ("INSERT INTO wallets_wallet (player_id, currency, balance, sequence, created_at)"
         " SELECT player_id, 'usd', 0, 0, now() FROM wallets_wallet",
         "wallet_currency_is_a_code"),
        ("INSERT INTO wallets_player (uid, status, is_test, created_at)"
         " VALUES ('alice', 'active', false, now())",
         "wallets_player_uid"),
        ("INSERT INTO wallets_player (uid, status, is_test, created_at)"
         " VALUES ('', 'active', false, now())",
         "player_uid_is_printable"),
        ("INSERT INTO wallets_player (uid, status, is_test, created_at)"
         " VALUES (E'a\nb', 'active', false, now())",
         "player_uid_is_printable"),
        ("UPDATE wallets_player SET status = 'gone'", "player_status_is_known"),
    ],
)  # fmt: skip
def test_a_wrong_player_or_wallet_is_refused(posted: Books, sql: str, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE wallets_player SET uid = 'mallory'",
        "UPDATE wallets_wallet SET currency = 'CNY'",
        "UPDATE wallets_wallet SET player_id = 1",
        "DELETE FROM wallets_wallet",
        "DELETE FROM wallets_player",
    ],
)
def test_who_owns_what_cannot_be_rewritten(posted: Books, sql: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        execute(sql)


def test_a_database_has_one_mark(books: Books) -> None:
    """The mark is a row of the first migration, which only the owner could add to."""
    with pytest.raises(IntegrityError, match=r"database_has_one_mark|append-only"):
        execute("INSERT INTO wallets_databasemark (id, kind) VALUES (2, 'demo')", using="owner")
