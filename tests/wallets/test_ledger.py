"""How a group of instructions is decided: DESIGN, section 3."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from tests.cast import NOON, Books, instruction, post, somebody_waits
from tests.providers.faults import until
from wallets import ledger, reads, sql, writes
from wallets.instructions import Instruction, Kind, Movement, Receipt
from wallets.models import Entry, Transaction, Wallet
from wallets.refusals import (
    BalanceTooLarge,
    Conflict,
    Declined,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    UnknownCurrency,
    UnknownPlayer,
)


def test_a_settlement_is_one_transaction_one_entry_and_the_new_balance(books: Books) -> None:
    books.open("alice", "USD", "100")
    (receipt,) = post(instruction("1", ("alice", "USD", "1.00", "10.00")))
    assert receipt.posted
    assert receipt.balance == Decimal("109")
    entry = Entry.objects.get(transaction__transaction_id="settle:1")
    assert (entry.sequence, entry.debit, entry.credit) == (2, Decimal("1"), Decimal("10"))
    assert (entry.balance_before, entry.balance_after) == (Decimal("100"), Decimal("109"))
    assert books.violations() == []


def test_a_second_delivery_is_a_duplicate_with_todays_balance_and_posts_nothing(
    books: Books,
) -> None:
    books.open("alice", "USD")
    won = instruction("1", ("alice", "USD", "0", "10"))
    post(won)
    post(instruction("2", ("alice", "USD", "0", "5")))
    (receipt,) = post(won)
    assert (receipt.posted, receipt.refusal) == (False, None)
    assert receipt.balance == Decimal("15")
    assert books.transactions() == ["settle:1", "settle:2"]


def test_a_loss_of_nothing_is_an_entry_too(books: Books) -> None:
    books.open("alice", "USD")
    post(instruction("1", ("alice", "USD", "0", "0")))
    assert books.entries("settle:1") == {("alice", Decimal(0), Decimal(0))}


@pytest.mark.parametrize(
    "other",
    [
        ("alice", "USD", "0", "11"),
        ("alice", "USD", "1", "10"),
        ("bob", "USD", "0", "10"),
        ("alice", "CNY", "0", "10"),
        ("nobody", "USD", "0", "10"),
    ],
    ids=["amount", "debit", "player", "currency", "unknown player"],
)
def test_the_same_id_with_other_terms_is_a_conflict_and_moves_nothing(
    books: Books, other: tuple[str, str, str, str]
) -> None:
    books.open("alice", "USD", "100")
    books.open("alice", "CNY", "100")
    books.open("bob", "USD", "100")
    post(instruction("1", ("alice", "USD", "0", "10")))
    (receipt,) = post(instruction("1", other))
    assert isinstance(receipt.refusal, Conflict)
    assert books.balance("alice", "USD") == Decimal("110")
    assert books.balance("bob", "USD") == books.balance("alice", "CNY") == Decimal("100")


def test_the_same_id_of_another_provider_is_another_transaction(books: Books) -> None:
    books.open("alice", "USD")
    won = ("alice", "USD", "0", "10")
    post(instruction("1", won, provider="jdb"))
    (receipt,) = post(instruction("1", won, provider="jdb-vnd"))
    assert receipt.posted
    assert books.balance("alice", "USD") == Decimal("20")


def test_a_trailing_zero_is_not_another_amount(books: Books) -> None:
    books.open("alice", "USD")
    post(instruction("1", ("alice", "USD", "0", "100")))
    (receipt,) = post(instruction("1", ("alice", "USD", "0.00", "1E+2")))
    assert receipt.refusal is None


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_a_repetition_stays_a_success_whatever_became_of_the_player(
    books: Books, status: str
) -> None:
    books.open("alice", "USD")
    won = instruction("1", ("alice", "USD", "0", "10"))
    post(won)
    books.spend("alice", "USD")
    books.set_status("alice", status)
    (receipt,) = post(won)
    assert (receipt.refusal, receipt.posted, receipt.balance) == (None, False, Decimal(0))


def test_a_repetition_of_a_loss_stays_a_success_after_the_money_was_spent(books: Books) -> None:
    books.open("alice", "COIN", "100")
    lost = instruction("1", ("alice", "COIN", "100", "0"))
    post(lost)
    (receipt,) = post(lost)
    assert (receipt.refusal, receipt.posted) == (None, False)


@pytest.mark.parametrize(
    ("movement", "refusal"),
    [
        (("nobody", "USD", "0", "1"), UnknownPlayer),
        (("alice", "CNY", "0", "1"), UnknownCurrency),
        (("alice", "USD", "100.01", "500"), InsufficientFunds),
        (("alice", "USD", "0", "99999999999999999999"), BalanceTooLarge),
        (("carol", "USD", "0", "1"), PlayerClosed),
    ],
)
def test_what_cannot_be_booked_is_refused_and_can_be_paid_later(
    books: Books, movement: tuple[str, str, str, str], refusal: type[Exception]
) -> None:
    books.open("alice", "USD", "100")
    books.open("carol", "USD", status="closed")
    (receipt,) = post(instruction("1", movement))
    assert isinstance(receipt.refusal, refusal)
    assert books.transactions() == []
    assert books.balance("alice", "USD") == Decimal("100")


def test_an_owed_settlement_is_paid_once_the_player_exists(books: Books) -> None:
    won = instruction("1", ("alice", "USD", "0", "10"))
    assert isinstance(post(won)[0].refusal, UnknownPlayer)
    books.open("alice", "USD")
    assert post(won)[0].posted


def test_a_refusal_that_stands_is_never_paid_and_reads_the_same_again(books: Books) -> None:
    books.open("alice", "USD", "0.50")
    lost = instruction("1", ("alice", "USD", "1", "10"), refusal_stands=True)
    assert isinstance(post(lost)[0].refusal, InsufficientFunds)
    books.spend("alice", "USD")
    post(instruction("rich", ("alice", "USD", "0", "1000")))
    (receipt,) = post(lost)
    assert isinstance(receipt.refusal, InsufficientFunds)
    (receipt,) = post(instruction("1", ("alice", "USD", "1", "11"), refusal_stands=True))
    assert isinstance(receipt.refusal, Conflict)
    assert books.balance("alice", "USD") == Decimal("1000")
    assert Transaction.objects.get(transaction_id="settle:1").refusal == "InsufficientFunds"
    assert books.violations() == []


def test_a_suspended_player_is_paid_and_cannot_stake(books: Books) -> None:
    books.open("alice", "USD", "100", status="suspended")
    assert post(instruction("won", ("alice", "USD", "0", "10")))[0].posted
    assert post(instruction("free", ("alice", "USD", "0", "1"), kind=Kind.BET_AND_SETTLEMENT))[
        0
    ].posted
    for kind in (Kind.BET, Kind.BET_AND_SETTLEMENT):
        (receipt,) = post(instruction(kind.value, ("alice", "USD", "1", "0"), kind=kind))
        assert isinstance(receipt.refusal, PlayerSuspended)
    assert books.balance("alice", "USD") == Decimal("111")


def test_a_required_minimum_is_checked_instead_of_the_debit(books: Books) -> None:
    books.open("alice", "USD", "5")
    movement = Movement(
        uid="alice", currency="USD", debit=Decimal(10), credit=Decimal(8), minimum=Decimal(4)
    )
    below = Movement(
        uid="alice", currency="USD", debit=Decimal(1), credit=Decimal(1), minimum=Decimal(4)
    )
    assert ledger.post([_fish("1", movement)], at=NOON)[0].posted
    (receipt,) = ledger.post([_fish("2", below)], at=NOON)
    assert isinstance(receipt.refusal, InsufficientFunds)
    assert books.balance("alice", "USD") == Decimal("3")
    assert books.violations() == []


def test_what_is_declined_is_refused_unless_it_is_known(books: Books) -> None:
    books.open("alice", "USD")
    won = ("alice", "USD", "0", "10")
    post(instruction("1", won))
    known, new = post(
        instruction("1", won, declined=Declined()), instruction("2", won, declined=Declined())
    )
    assert (known.refusal, known.posted) == (None, False)
    assert isinstance(new.refusal, Declined)


def test_all_movements_of_an_instruction_happen_or_none(books: Books) -> None:
    books.open("alice", "COIN", "100")
    books.open("bob", "COIN", "50")
    match = [("alice", "COIN", "0", "60"), ("bob", "COIN", "60", "0")]
    (receipt,) = post(instruction("1", *match))
    assert isinstance(receipt.refusal, InsufficientFunds)
    assert receipt.balances == {("alice", "COIN"): Decimal(100), ("bob", "COIN"): Decimal(50)}
    assert books.transactions() == []


def test_later_instructions_of_a_group_see_the_earlier_ones(books: Books) -> None:
    books.open("alice", "USD", "10")
    receipts = post(
        instruction("1", ("alice", "USD", "10", "0")),
        instruction("2", ("alice", "USD", "1", "0")),
        instruction("3", ("alice", "USD", "0", "5")),
        instruction("4", ("alice", "USD", "1", "0")),
        instruction("3", ("alice", "USD", "0", "5")),
        instruction("3", ("alice", "USD", "0", "6")),
        instruction("2", ("alice", "USD", "1", "0")),
    )
    assert [receipt.posted for receipt in receipts] == [True, False, True, True, False, False, True]
    assert isinstance(receipts[1].refusal, InsufficientFunds)
    assert receipts[4].refusal is None
    assert isinstance(receipts[5].refusal, Conflict)
    assert [receipt.balance for receipt in receipts[:4]] == [0, 0, 5, 4]
    assert books.balance("alice", "USD") == Decimal("3")
    assert books.violations() == []


def test_a_group_takes_the_same_number_of_statements_however_large(books: Books) -> None:
    for number in range(64):
        books.open(f"player-{number}", "USD")
    counts = set()
    for size in (1, 10, 64):
        group = [
            instruction(f"{size}-{number}", (f"player-{number}", "USD", "0", "1"))
            for number in range(size)
        ]
        with CaptureQueriesContext(connection) as queries:
            receipts = post(*group)
        assert all(receipt.posted for receipt in receipts)
        counts.add(len(queries))
    assert len(counts) == 1


def test_an_open_transaction_of_somebody_else_is_refused(books: Books) -> None:
    books.open("alice", "USD")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        post(instruction("1", ("alice", "USD", "0", "10")))


@pytest.mark.parametrize("at_once", [True, False])
def test_what_record_raises_undoes_the_money(books: Books, at_once: bool) -> None:
    books.open("alice", "USD")

    def raise_() -> None:
        raise LookupError

    def fail(_: object) -> Callable[[], None]:
        if at_once:
            raise_()
        return raise_

    with pytest.raises(LookupError):
        ledger.post([instruction("1", ("alice", "USD", "0", "10"))], at=NOON, record=fail)
    assert books.transactions() == []
    assert books.balance("alice", "USD") == 0


HOT = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    details, refusal, origin, posted_at)
SELECT 'jdb', 'settle:' || n, 'settlement', '', '', '', '', '{}', '', 'command', now()
FROM generate_series(1, 5000) AS n;
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT id, 'jdb', 'bet:1', 'settles' FROM wallets_transaction;
ANALYZE wallets_transaction, wallets_reference, wallets_player, wallets_wallet
"""


@pytest.mark.parametrize("filled", [False, True])
def test_what_is_known_is_looked_up_and_never_scanned_for_whatever_the_statistics_say(
    books: Books, filled: bool
) -> None:
    """A bet that thousands settle makes the planner expect as many for every other."""
    if filled:
        with connections["owner"].cursor() as cursor:
            cursor.execute(HOT)
    names = "ARRAY['jdb', 'jdb', 'jdb'], ARRAY['bet:1', 'bet:2', 'settle:7']"
    wallets = "ARRAY['alice', 'bob'], ARRAY['USD', 'USD']"
    with transaction.atomic():
        sql.begin(10)
        plan = explained(reads.KNOWN_TRANSACTIONS, "text[], text[]", names)
        plan += explained(reads.LOCK_WALLETS, "text[], text[]", wallets)
        plan += explained(writes.MOVE, "text, text, text", """'[]', '[]', '[{"id": 1}]'""")
    assert "Seq Scan" not in plan
    assert plan.count("Index Scan") + plan.count("Index Only Scan") == plan.count("Index Cond")
    assert plan.count("using transaction_posted_once") == 2
    assert "$1" in plan  # One plan for all values: none is made anew at each execution.


def explained(statement: str, types: str, values: str) -> str:
    """The plan of it, prepared."""
    numbers = count(1)
    numbered = re.sub("%b", lambda _: f"${next(numbers)}", statement)
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE looked_at ({types}) AS {numbered}")
        cursor.execute(f"EXPLAIN (VERBOSE) EXECUTE looked_at ({values})")
        lines = [line for (line,) in cursor.fetchall()]
        cursor.execute("DEALLOCATE looked_at")
    return "\n".join(lines)


def test_what_a_message_states_is_kept_exactly(books: Books) -> None:
    books.open("alice", "USD")
    stated = instruction(
        "1",
        ("alice", "USD", "0", "0.00000001"),
        round_id="r-1",
        game="58:58016",
        stake=Decimal("0.2"),
        details={"tax": "0.01"},
        settles=("bet:7", "bet:8"),
        occurred_at=NOON,
    )
    post(stated)
    row = Transaction.objects.get()
    assert (row.reference, row.round_id, row.game) == ("1", "r-1", "58:58016")
    assert (row.stake, row.details) == (Decimal("0.2"), {"tax": "0.01"})
    assert (row.occurred_at, row.posted_at) == (NOON, NOON)
    assert [one.target for one in row.references.order_by("id")] == ["bet:7", "bet:8"]
    assert Wallet.objects.get().balance == Decimal("0.00000001")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-1", "0.000000001", "1E+20"])
def test_a_movement_takes_only_what_a_wallet_can_hold(amount: str) -> None:
    with pytest.raises(ValueError, match="wallet can hold"):
        Movement(uid="alice", currency="USD", credit=Decimal(amount))


def test_an_instruction_moves_a_wallet_once() -> None:
    with pytest.raises(ValueError, match="two movements"):
        instruction("1", ("alice", "USD", "0", "1"), ("alice", "USD", "0", "1"))


def _fish(reference: str, movement: Movement) -> Instruction:
    return replace(instruction(reference, kind=Kind.BET_AND_SETTLEMENT), movements=(movement,))


def test_who_was_suspended_before_a_balance_was_locked_does_not_stake_it(books: Books) -> None:
    """The group waits for alice's wallet. Meanwhile bob is suspended, hears so, and wins."""
    alice, bob = books.open("alice", "USD", "100"), books.open("bob", "USD")
    assert alice.pk < bob.pk  # So bob's is locked after the wait.

    def waiting() -> list[Receipt]:
        try:
            return post(
                instruction("1", ("alice", "USD", "1", "0"), kind=Kind.BET),
                instruction("2", ("bob", "USD", "50", "0"), kind=Kind.BET),
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute("SELECT FROM wallets_wallet WHERE id = %s FOR UPDATE", [alice.pk])
            told = pool.submit(waiting)
            until(somebody_waits)
            books.set_status("bob", "suspended")
            (refused,) = post(instruction("3", ("bob", "USD", "1", "0"), kind=Kind.BET))
            assert isinstance(refused.refusal, PlayerSuspended)
            assert post(instruction("4", ("bob", "USD", "0", "50")))[0].posted
        first, second = told.result(20)
    assert first.posted
    assert isinstance(second.refusal, PlayerSuspended)
    assert books.balance("bob", "USD") == 50


def test_rows_are_numbered_in_the_order_in_which_they_were_decided(books: Books) -> None:
    books.open("alice", "USD")
    names = [f"{number * 7 % 31}" for number in range(1, 31)]
    post(*(instruction(name, ("alice", "USD", "0", "1")) for name in names))
    entries = Entry.objects.order_by("sequence").select_related("transaction")
    assert [entry.transaction.reference for entry in entries] == names
    assert [row.reference for row in Transaction.objects.order_by("pk")] == names


def test_an_id_of_our_own_that_is_taken_is_no_race(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore that lost what the sequence had given out."""
    books.open("alice", "USD")
    post(instruction("1", ("alice", "USD", "0", "10")))
    taken = Transaction.objects.get().pk
    read = reads.read_known

    def known(keys: Any) -> Any:
        answer = read(keys)
        return lambda: replace(answer(), ids=[taken] * len(keys))

    monkeypatch.setattr(reads, "read_known", known)
    with pytest.raises(IntegrityError, match="wallets_transaction_pkey"):
        post(instruction("2", ("alice", "USD", "0", "10")))
    assert books.transactions() == ["settle:1"]
    assert books.balance("alice", "USD") == 10


def test_a_commit_that_is_answered_by_a_rollback_is_none(books: Books) -> None:
    with transaction.atomic(durable=True):
        with pytest.raises(DataError):
            sql.execute("SELECT 1 / 0", [])
        with pytest.raises(OperationalError, match="answered by ROLLBACK"):
            sql.commit()()
