"""Where a movement stands: every bucket and every rule, literally."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.matching import matching, neighbours
from reconciliation.models import Line, StatementFormat
from tests.cast import Books
from tests.reconciliation.matching.days import (
    DAY,
    LATER,
    NEXT,
    asked,
    book,
    ids,
    imported,
    listed,
    match,
    stands,
)
from wallets import ledger
from wallets.refusals import UnknownPlayer

pytestmark = pytest.mark.usefixtures("providers")


@pytest.fixture
def cast(books: Books) -> Books:
    """alice, bob and carol, with 1000 in two currencies each."""
    for uid in ("alice", "bob", "carol"):
        books.open(uid, "USD", "1000")
        books.open(uid, "EUR", "1000")
    return books


ALICE_WON = ("1", "alice", "USD", "10", "25.50")


def test_the_same_player_currency_and_amounts_match(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(ALICE_WON)) == ["matched: 2 settle:1 alice USD"]


def test_what_only_one_side_has(cast: Books) -> None:
    book(("2", "bob", "USD", "5", "0"))
    assert match(listed(ALICE_WON)) == [
        "only_in_ledger: settle:2 bob USD",
        "only_in_statement: 2",
    ]


def test_other_amounts_of_the_same_player(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(("1", "alice", "USD", "10", "25.50000001"))) == [
        "amount_differs: 2 settle:1 alice USD"
    ]


def test_another_currency_of_the_same_player(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(("1", "alice", "EUR", "10", "25.50"))) == [
        "currency_differs: 2 settle:1 alice USD"
    ]


def test_another_player_in_the_same_currency(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(("1", "bob", "USD", "10", "25.50"))) == [
        "player_differs: 2 settle:1 alice USD"
    ]


def test_another_player_in_another_currency(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(("1", "bob", "EUR", "10", "25.50"))) == [
        "player_differs: 2 settle:1 alice USD"
    ]


def test_a_line_that_comes_again_is_repeated_and_the_first_one_matches(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(ALICE_WON, ALICE_WON, ALICE_WON)) == [
        "matched: 2 settle:1 alice USD",
        "repeated_line: 3",
        "repeated_line: 4",
    ]


def test_of_repeated_lines_the_one_with_the_right_amounts_matches(cast: Books) -> None:
    book(ALICE_WON)
    assert match(listed(("1", "alice", "USD", "10", "20"), ALICE_WON)) == [
        "matched: 3 settle:1 alice USD",
        "repeated_line: 2",
    ]


def test_a_repeated_line_that_nothing_was_booked_for_is_missing_once(cast: Books) -> None:
    assert match(listed(ALICE_WON, ALICE_WON)) == ["only_in_statement: 2", "repeated_line: 3"]


def test_a_repeated_line_takes_no_other_players_movement(cast: Books) -> None:
    book(ALICE_WON, ("1", "bob", "USD", "0", "3"))
    assert match(listed(ALICE_WON, ALICE_WON)) == [
        "matched: 2 settle:1 alice USD",
        "only_in_ledger: settle:1 bob USD",
        "repeated_line: 3",
    ]


def test_every_player_of_a_transaction_is_a_movement_of_its_own(cast: Books) -> None:
    book(ALICE_WON, ("1", "bob", "USD", "7", "0"), ("1", "carol", "USD", "8", "0"))
    assert match(
        listed(ALICE_WON, ("1", "bob", "USD", "7", "0.01"), ("1", "dave", "USD", "8", "0"))
    ) == [
        "amount_differs: 3 settle:1 bob USD",
        "matched: 2 settle:1 alice USD",
        "player_differs: 4 settle:1 carol USD",
    ]


def test_another_provider_s_transaction_satisfies_no_line(cast: Books) -> None:
    book(ALICE_WON, provider="hotroad")
    assert match(listed(ALICE_WON)) == ["only_in_statement: 2"]


def test_an_operation_that_does_not_pass_through_cage(
    cast: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles_no("bet", monkeypatch)
    assert match(listed(("bet:1", "alice", "USD", "10", "0"), ALICE_WON)) == [
        "not_handled: 2",
        "only_in_statement: 3",
    ]


def test_what_was_booked_all_the_same_matches(cast: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    handles_no("bet", monkeypatch)
    book(("bet:1", "alice", "USD", "10", "0"))
    assert match(listed(("bet:1", "alice", "USD", "10", "0"))) == ["matched: 2 bet:1 alice USD"]


def test_rejected_lines_stand_nowhere(cast: Books) -> None:
    statement = listed(ALICE_WON)
    Line.objects.create(statement=statement, number=3, error="debit is empty", original="{}")
    assert match(statement) == ["only_in_statement: 2"]


def test_a_tolerance_of_one_cent(cast: Books) -> None:
    book(("1", "alice", "USD", "10", "20"))
    book(("2", "alice", "USD", "10", "20"))
    statement = listed(
        ("1", "alice", "USD", "10.01", "19.99"), ("2", "alice", "USD", "10", "20.02")
    )
    statement.format = StatementFormat.objects.create(
        name="generous", layout="cage", tolerance=Decimal("0.01")
    )
    statement.save()
    assert match(statement) == [
        "amount_differs: 3 settle:2 alice USD",
        "matched: 2 settle:1 alice USD",
    ]


def test_a_line_that_shows_only_what_was_gained(cast: Books) -> None:
    book(("1", "alice", "USD", "10", "25.50"))
    book(("2", "alice", "USD", "10", "0"))
    net = listed(
        ("1", "alice", "USD", "0", "15.50"), ("2", "alice", "USD", "11", "0"), net_only=True
    )
    assert match(net) == [
        "amount_differs: 3 settle:2 alice USD",
        "matched: 2 settle:1 alice USD",
    ]


# -- The window ---------------------------------------------------------------------------------


def test_an_id_is_looked_up_outside_the_window_too(cast: Books) -> None:
    book(ALICE_WON, ("1", "bob", "USD", "1", "0"), at=NEXT + timedelta(hours=3))
    book(("2", "bob", "USD", "5", "0"), at=NEXT)
    book(("3", "bob", "USD", "5", "0"), at=DAY)
    assert match(listed(ALICE_WON)) == [
        "matched: 2 settle:1 alice USD",
        "only_in_ledger: settle:1 bob USD",
        "only_in_ledger: settle:3 bob USD",
    ]


def test_a_line_near_the_end_may_still_be_delivered(cast: Books) -> None:
    near = listed(ALICE_WON, at=NEXT - timedelta(minutes=15))
    assert match(near, at=NEXT + timedelta(minutes=14)) == ["in_flight: 2"]
    assert match(near, at=NEXT + timedelta(minutes=15)) == ["only_in_statement: 2"]
    early = listed(ALICE_WON, at=NEXT - timedelta(minutes=16))
    assert match(early, at=NEXT) == ["only_in_statement: 2"]
    timeless = listed(ALICE_WON, at=None)
    assert match(timeless, at=NEXT) == ["only_in_statement: 2"]


@pytest.mark.parametrize(
    ("moment", "edge"),
    [
        (DAY, DAY),
        (DAY + timedelta(minutes=14), DAY),
        (NEXT - timedelta(minutes=15), NEXT),
        (NEXT - timedelta(seconds=1), NEXT),
    ],
)
def test_a_movement_near_an_edge_may_be_listed_by_the_statement_beyond_it(
    cast: Books, moment: Any, edge: Any
) -> None:
    book(ALICE_WON, at=moment)
    statement = listed()
    in_flight, missing = ["in_flight: settle:1 alice USD"], ["only_in_ledger: settle:1 alice USD"]
    assert match(statement, at=edge + timedelta(hours=47)) == in_flight
    assert match(statement, at=edge + timedelta(hours=48)) == missing


def test_a_movement_in_the_middle_of_the_day_is_not_in_flight(cast: Books) -> None:
    book(ALICE_WON, at=DAY + timedelta(minutes=15))
    assert match(listed(), at=NEXT) == ["only_in_ledger: settle:1 alice USD"]


def test_the_next_statement_decides_what_was_in_flight(cast: Books) -> None:
    book(ALICE_WON, at=NEXT - timedelta(minutes=1))
    book(("2", "bob", "USD", "5", "0"), at=NEXT - timedelta(minutes=1))
    today = listed()
    assert match(today, at=NEXT) == [
        "in_flight: settle:1 alice USD",
        "in_flight: settle:2 bob USD",
    ]
    tomorrow = listed(ALICE_WON, start=NEXT, end=NEXT + timedelta(days=1))
    assert match(tomorrow, at=NEXT + timedelta(days=1)) == ["matched: 2 settle:1 alice USD"]
    assert stands(today) == ["only_in_ledger: settle:2 bob USD"]


def test_a_correction_of_another_day_stands_for_what_was_booked_that_day(cast: Books) -> None:
    book(ALICE_WON)
    book(("corrected:settle:1", "alice", "USD", "10", "20"), at=NEXT + timedelta(days=2))
    assert match(listed(("1", "alice", "USD", "10", "20"))) == [
        "matched: 2 corrected:settle:1 alice USD",
        "only_in_ledger: settle:1 alice USD",
    ]


def test_of_a_correction_and_what_it_corrects_the_correction_is_listed(cast: Books) -> None:
    book(ALICE_WON)
    book(("corrected:settle:1", "alice", "USD", "10", "20"))
    assert match(listed(("1", "alice", "USD", "10", "21"))) == [
        "amount_differs: 2 corrected:settle:1 alice USD",
        "only_in_ledger: settle:1 alice USD",
    ]


def test_a_refusal_that_stands_is_no_movement(cast: Books) -> None:
    refused = asked(ALICE_WON, provider="jdb", declined=UnknownPlayer(), refusal_stands=True)
    ledger.post([refused], at=LATER)
    assert match(listed(ALICE_WON)) == ["only_in_statement: 2"]


# -- Several statements -------------------------------------------------------------------------


def test_a_movement_satisfies_a_line_of_one_statement_only(cast: Books) -> None:
    book(ALICE_WON)
    first, second = listed(ALICE_WON), listed(ALICE_WON)
    assert match(first) == ["matched: 2 settle:1 alice USD"]
    assert match(second) == ["repeated_line: 2"]
    assert match(first) == ["matched: 2 settle:1 alice USD"]


def test_a_day_in_two_files_is_missing_nothing_once_both_are_matched(
    cast: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob_lost = ("2", "bob", "EUR", "5", "0")
    book(ALICE_WON)
    book(bob_lost)
    dollars, euros = listed(ALICE_WON), listed(bob_lost)
    assert match(dollars) == ["matched: 2 settle:1 alice USD", "only_in_ledger: settle:2 bob EUR"]
    monkeypatch.setattr(neighbours, "MANY", 0)  # So that it is matched whole.
    summary = matching.Summary()
    matching.match(euros, at=LATER, summary=summary)
    assert stands(dollars) == ["matched: 2 settle:1 alice USD"]
    assert stands(euros) == ["matched: 2 settle:2 bob EUR"]
    assert (summary.neighbours, summary.rows, summary.cases.closed) == (1, 2, 1)


def test_what_a_withdrawn_statement_had_falls_to_the_others(cast: Books) -> None:
    book(ALICE_WON)
    book(("2", "bob", "USD", "5", "0"))
    first, second = listed(ALICE_WON), listed(ALICE_WON)
    match(first)
    match(second)
    matching.withdraw(first, by=None, at=LATER)
    assert stands(first) == []
    assert match(second) == ["matched: 2 settle:1 alice USD", "only_in_ledger: settle:2 bob USD"]
    with pytest.raises(matching.NotMatched, match="the statement was withdrawn"):
        matching.match(first, at=LATER)


# -- Again --------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(cast: Books) -> None:
    book(ALICE_WON)
    book(("2", "bob", "USD", "5", "0"))
    statement = listed(ALICE_WON, ALICE_WON, ("3", "bob", "USD", "1", "1"))
    match(statement)
    before = ids(statement)
    summary = matching.Summary()
    matching.match(statement, at=LATER, summary=summary)
    assert ids(statement) == before
    assert len(before) == 4
    assert summary.rows == 0
    assert (summary.cases.opened, summary.cases.updated, summary.cases.closed) == (0, 0, 0)


def test_a_late_callback_heals_one_row_and_leaves_the_others(cast: Books) -> None:
    book(("2", "bob", "USD", "5", "0"))
    statement = listed(ALICE_WON, ("2", "bob", "USD", "5", "0"))
    assert match(statement) == ["matched: 3 settle:2 bob USD", "only_in_statement: 2"]
    before = ids(statement)
    book(ALICE_WON, at=LATER)
    assert match(statement) == ["matched: 2 settle:1 alice USD", "matched: 3 settle:2 bob USD"]
    assert len(ids(statement) & before) == 1


def test_only_the_named_ids_are_looked_at_again(cast: Books) -> None:
    statement = listed(ALICE_WON, ("2", "bob", "USD", "5", "0"))
    match(statement)
    book(ALICE_WON)
    book(("2", "bob", "USD", "5", "0"))
    assert matching.rematch("jdb", ["settle:1"], at=LATER).rows == 2
    assert stands(statement) == ["matched: 2 settle:1 alice USD", "only_in_statement: 3"]
    assert matching.rematch("jdb", ["settle:1"], at=LATER).rows == 0


def test_a_statement_that_was_never_matched_is_not_matched_by_the_way(cast: Books) -> None:
    statement = listed(ALICE_WON)
    book(ALICE_WON)
    assert matching.rematch("jdb", ["settle:1"], at=LATER).rows == 0
    assert stands(statement) == []


def test_a_day_without_lines_and_a_day_without_movements(cast: Books) -> None:
    assert match(listed()) == []
    assert match(imported(provider="hotroad")) == []


def handles_no(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that doesn't send this through Cage."""
    monkeypatch.setattr(
        "reconciliation.matching.run.Run.handles", lambda _, asked: asked != operation
    )
