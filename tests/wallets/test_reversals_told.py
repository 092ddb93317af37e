"""What JDB hears about what two people took back or replaced."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.cast import NOON, Books
from tests.providers.jdb_orders import BET_AND_SETTLE, CANCEL, DEFAULTS, sent, status
from tests.providers.senders import send
from wallets import ledger, reversals
from wallets.instructions import Instruction, Kind, Movement
from wallets.models import Transaction


@pytest.fixture(params=["stand", "reverse"])
def table(books: Books, configure: Callable[..., None], request: pytest.FixtureRequest) -> Books:
    configure(jdb={**DEFAULTS, "cancel_bet_and_settle": request.param})
    books.open("testpl01", "CNY", "12351.17")
    return books


def booked() -> Transaction:
    return Transaction.objects.get(kind="bet_and_settlement", provider="jdb")


def take_back(**options: Any) -> None:
    ledger.reverse(
        provider="jdb",
        transaction_id=booked().transaction_id,
        request_id=uuid4(),
        at=NOON,
        **options,
    )


def corrected() -> Instruction:
    transaction = booked()
    entry = transaction.entries.get()
    return Instruction(
        provider="jdb",
        transaction_id=transaction.transaction_id,
        kind=Kind.BET_AND_SETTLEMENT,
        movements=(
            Movement(uid="testpl01", currency="CNY", debit=entry.debit, credit=entry.credit + 1),
        ),
        reference=transaction.reference,
    )


def test_a_reversed_result_is_not_decided_and_its_cancel_ends(table: Books) -> None:
    send(sent(BET_AND_SETTLE))
    take_back()
    assert send(sent(BET_AND_SETTLE)).status == 503
    assert status(sent(CANCEL)) == "0000"
    assert send(sent(BET_AND_SETTLE)).status == 503
    assert table.violations() == []


def test_a_corrected_result_stands_for_its_cancel(table: Books) -> None:
    send(sent(BET_AND_SETTLE))
    take_back(instead=corrected())
    assert send(sent(BET_AND_SETTLE)).status == 503
    assert status(sent(CANCEL)) == "6101"
    assert table.violations() == []


def test_a_result_whose_cancel_was_told_0000_is_not_booked_again_with_other_terms(
    table: Books,
) -> None:
    send(sent(BET_AND_SETTLE))
    instead = corrected()
    take_back()
    assert status(sent(CANCEL)) == "0000"
    (receipt,) = ledger.post([reversals.correction(instead, uuid4())], at=NOON)
    heard = status(sent(CANCEL))
    assert not (receipt.posted and heard == "0000")


def test_a_cancel_that_heard_that_it_stands_hears_so_after_the_reversal(table: Books) -> None:
    send(sent(BET_AND_SETTLE))
    if (first := status(sent(CANCEL))) == "0000":
        return  # It was undone: nothing is left to reverse.
    take_back()
    assert (first, status(sent(CANCEL))) == ("6101", "6101")
