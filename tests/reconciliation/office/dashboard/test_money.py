"""What a day's figures come to, and how a change is told."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from providers import registry
from reconciliation.office.dashboard import changes, money
from reconciliation.office.dashboard.money import Flow
from tests.conftest import PROVIDERS
from wallets.instructions import Kind


def flows(*figures: tuple[Kind, int, str, str]) -> Flow:
    total = Flow()
    for kind, count, debit, credit in figures:
        total += money.flow(kind, count, Decimal(debit), Decimal(credit))
    return total


def test_what_was_cancelled_is_off_the_stakes_and_off_the_payouts() -> None:
    total = flows(
        (Kind.BET, 3, "30", "0"),
        (Kind.SETTLEMENT, 2, "1", "12"),
        (Kind.BET_AND_SETTLEMENT, 4, "8", "5.50"),
        (Kind.ROLLBACK, 2, "2.50", "10"),
    )
    assert (total.stakes, total.payouts) == (Decimal(29), Decimal(15))
    assert (total.net, total.settlements) == (Decimal(14), 6)


def test_rewards_and_adjustments_are_no_part_of_net() -> None:
    total = flows((Kind.REWARD, 1, "0", "7"), (Kind.ADJUSTMENT, 3, "2", "9"))
    assert (total.net, total.rewards) == (Decimal(0), Decimal(7))
    assert (total.taken, total.given) == (Decimal(2), Decimal(9))


def test_sums_wider_than_one_amount_stay_exact() -> None:
    largest = "99999999999999999999.99999999"
    total = flows(*[(Kind.BET, 1, largest, "0")] * 9)
    assert total.stakes == Decimal("899999999999999999999.99999991")


def test_a_kind_that_figures_have_not_is_no_silent_zero() -> None:
    with pytest.raises(ValueError, match="deposit"):
        flows((Kind.DEPOSIT, 1, "0", "1"))


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        ("112.3", "100", "+12.3 %, 100.00 before"),
        ("0", "100", "-100.0 %, 100.00 before"),
        ("100", "100", "+0.0 %, 100.00 before"),
        ("5", "0", "none the day before"),
        ("0", "0", ""),
        ("-5", "10", "10.00 before"),
        ("5", "-10", "-10.00 before"),
        ("1000", "1", "1.00 before"),
    ],
)
def test_a_change_is_a_share_only_where_that_says_something(now: str, then: str, told: str) -> None:
    assert changes.amount(Decimal(now), Decimal(then)) == told
    assert changes.amount(Decimal(now), None) == ""


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "–"),  # noqa: RUF001
        (0, 5, "0.0 %"),
        (1, 1_000_000, "< 0.1 %"),
        (999_999, 1_000_000, "> 99.9 %"),
        (5, 5, "100.0 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_what_is_there_is_never_called_none_nor_all(part: int, whole: int, told: str) -> None:
    assert changes.share(part, whole) == told


@pytest.mark.parametrize(
    ("provider", "changed", "recorded"),
    [
        ("besoft", {}, True),  # A result brings its bet.
        ("jdb", {"unknown_bet": "refuse"}, True),
        ("jdb", {"unknown_bet": "pay"}, False),
        ("hotroad", {"unknown_bet": "refuse"}, True),
        ("hotroad", {"unknown_bet": "pay"}, False),
        ("sud", {}, True),  # A match takes what was lost itself.
        ("sud", {"pays": "user.settle"}, True),
        ("sud", {"pays": "user.settle", "unknown_bet": "pay"}, False),
        ("sud", {"pays": "user.settle", "credits": "score", "unknown_bet": "pay"}, True),
    ],
)
def test_a_provider_says_whether_its_bets_are_recorded_here(
    configure: Callable[..., None], provider: str, changed: dict[str, Any], recorded: bool
) -> None:
    configure(**{provider: {**PROVIDERS[provider], **changed}})
    assert registry.current().problems == ()
    assert money.records_bets(provider) is recorded
