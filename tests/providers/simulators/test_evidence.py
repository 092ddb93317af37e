"""What is read of the books after a run: what moved, which bets are open, which are settled."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.simulators import evidence
from providers.simulators.base import Move
from providers.simulators.verdict import Evidence
from tests.cast import Books, deposit, instruction, post
from tests.providers.simulators.cast import RUN, simulator
from wallets.instructions import Instruction, Kind
from wallets.refusals import Declined

ZERO = Decimal(0)
OPEN, SETTLED, CANCELLED, REFUSED = (f"bet:{RUN}{number}" for number in (1, 2, 3, 4))
SETTLEMENT, CANCEL = f"settle:{RUN}5", f"cancel_bet:{RUN}6"


def asked(id_: str, kind: Kind, debit: str = "0", credit: str = "0", **more: Any) -> Instruction:
    made = instruction(id_, ("alice", "USD", debit, credit), provider="jdb", kind=kind, **more)
    return replace(made, transaction_id=id_)


@pytest.fixture
def found(books: Books) -> Evidence:
    """A run of four bets, of which one was settled, one cancelled and one refused."""
    books.open("alice", "USD")
    post(deposit("alice", "USD", "100"), asked("bet:7", Kind.BET, "5"))
    before = evidence.opening(["alice"], at=datetime.now(UTC))
    post(*(asked(id_, Kind.BET, "5") for id_ in (OPEN, SETTLED, CANCELLED)))
    post(asked(REFUSED, Kind.BET, "5", declined=Declined(), refusal_stands=True))
    post(
        asked(SETTLEMENT, Kind.SETTLEMENT, credit="8", settles=(SETTLED,)),
        asked(CANCEL, Kind.ROLLBACK, credit="5", cancels=(CANCELLED,)),
        deposit("alice", "USD", "50"),
    )
    return evidence.gather(before, [simulator("jdb")], ["alice"])


def test_what_moved_in_the_run_is_read_by_its_whole_transaction_id(found: Evidence) -> None:
    ours = {row.transaction_id: row.moves for row in found.booked if row.ours}
    assert ours.keys() == {OPEN, SETTLED, CANCELLED, SETTLEMENT, CANCEL}
    assert ours[OPEN] == (Move("alice", "USD", Decimal(5), ZERO),)
    assert ours[CANCEL] == (Move("alice", "USD", ZERO, Decimal(5)),)


def test_what_moved_besides_the_run_is_read_as_somebody_elses(found: Evidence) -> None:
    (top_up,) = (row for row in found.booked if not row.ours)
    assert (top_up.provider, top_up.moves[0].credit) == ("house", Decimal(50))


def test_a_bet_is_open_in_the_books_until_a_settlement_or_a_cancel_names_it(
    found: Evidence,
) -> None:
    assert found.open_bets == {("jdb", OPEN)}
    assert found.settled == {("jdb", SETTLED)}


def test_balances_are_read_as_they_are_and_by_how_much_they_changed(found: Evidence) -> None:
    assert found.balances == {("alice", "USD"): Decimal(143)}
    assert found.changes == {("alice", "USD"): Decimal(48)}
