"""What a case says about itself, literally."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols.base import RefusalMeans, Resends
from reconciliation import wording, words
from reconciliation.models import Case

TWO = datetime(2026, 11, 21, 14, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JDB = Resends(every=MINUTE, window=HOUR)


def case(**changes: Any) -> Case:
    """A settle of jdb at 13:32 that was refused 43 times, a minute apart; it is 14:15."""
    fields: dict[str, Any] = {
        "kind": "unsettled",
        "provider": "jdb",
        "player": "alice",
        "attempts": 43,
        "first_at": TWO - 28 * MINUTE,
        "last_at": TWO + 14.5 * MINUTE,
        "expected_at": TWO + 15.5 * MINUTE,
        "silent_at": TWO + 17.5 * MINUTE,
        "due_at": TWO + 32 * MINUTE,
        "opened_at": TWO,
    }
    return Case(**{**fields, **changes})


def next_step(
    one: Case, minute: float = 15, means: RefusalMeans = RefusalMeans.OWED, resends: Resends = JDB
) -> str:
    return wording.next_step(one, means=means, resends=resends, at=TWO + minute * MINUTE)


def test_a_scheduled_resend_says_how_often_until_when_and_how_many_came() -> None:
    assert next_step(case()) == (
        "jdb resends every minute until 14:32 UTC, 17 minutes left; 43 attempts so far."
    )


def test_silence_says_since_when() -> None:
    assert next_step(case(), 20) == (
        "jdb should resend every minute until 14:32 UTC, 12 minutes left, but the last delivery "
        "came at 14:14 UTC (5 minutes ago); 43 attempts so far. It may have given up, or can't "
        "reach us."
    )


def test_overdue_says_since_when_and_what_is_left_to_do() -> None:
    assert next_step(case(), 34) == (
        "Overdue since 14:32 UTC (2 minutes): jdb doesn't send it any more. alice is still owed "
        "the money: settle it again, or agree with jdb that it is void."
    )


def test_no_known_resend_is_no_hope() -> None:
    hotroad = case(provider="hotroad", expected_at=None, silent_at=None, due_at=None, player="")
    assert next_step(hotroad, resends=Resends()) == (
        "hotroad is not known to resend. The players are still owed the money: settle it again, "
        "or agree with hotroad that it is void."
    )


def test_a_window_without_a_rhythm_says_so() -> None:
    hotroad = case(provider="hotroad", expected_at=None, silent_at=None, attempts=1)
    assert next_step(hotroad, resends=Resends(window=HOUR)) == (
        "hotroad resends it, it is not documented how often, until 14:32 UTC, 17 minutes left; "
        "1 attempt so far."
    )


def test_where_a_refusal_voids_nobody_is_told_to_pay() -> None:
    besoft = case(provider="besoft", expected_at=None, silent_at=None, due_at=None)
    text = next_step(besoft, means=RefusalMeans.VOID, resends=Resends())
    assert "owed" not in text
    assert text.endswith("Whether the order stands there is not documented: ask besoft.")


def test_an_outage_says_from_when_to_when_and_what_comes_again() -> None:
    outage = case(kind="outage", attempts=3, first_at=TWO, last_at=TWO + 2 * MINUTE)
    assert next_step(outage) == (
        "From 14:00 UTC to 14:02 UTC 3 deliveries were answered without a decision. What they "
        "asked for is not known here. jdb resends what is owed until 15:02 UTC; what is still "
        "missing then stands in its statement only."
    )
    text = next_step(outage, means=RefusalMeans.VOID, resends=Resends())
    assert text.endswith("Ask jdb which orders of that time stand there.")


def test_a_void_risk_says_who_believes_what_and_how_much_it_is() -> None:
    risk = case(kind="void_risk", provider="besoft", amount=Decimal(9), currency="USD")
    booked = "alice: debit 1.00, credit 10.00 USD."
    for net, much in [(Decimal(9), "alice has 9.00 USD too much"), (Decimal(-9), "too little")]:
        lines = wording.void_sides(risk, booked=booked, net=net, refused=TWO, at=TWO)
        assert lines[0] == f"Our books: the order stands. {booked}"
        assert lines[1].startswith("besoft: heard a refusal at 14:00 UTC, and counts the order")
        assert much in lines[2]


def test_a_closed_one_says_how_it_ended() -> None:
    closed = case(status="closed", resolution="healed", closed_at=TWO)
    assert next_step(closed) == "Closed at 14:00 UTC: healed. A later delivery settled it."


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"replay_at": TWO + 16 * MINUTE}, "Cage tries again by itself at 14:16 UTC, if "),
        ({"replay_at": TWO, "replays": 2}, "by itself within a minute, if it can be settled by "),
        ({"replays": 2, "replay_at": TWO}, "2 tries in vain so far."),
        ({"replay_at": None}, "Cage doesn't try again by itself: its reason doesn't go away"),
        ({"kind": "conflict"}, ""),
    ],
)
def test_it_says_whether_cage_tries_again(changes: dict[str, Any], text: str) -> None:
    at = TWO + 15 * MINUTE
    assert text in wording.by_itself(case(**changes), means=RefusalMeans.OWED, at=at)


@pytest.mark.parametrize(
    ("changes", "minute", "text"),
    [
        ({}, 15, "Resent until 14:32 UTC"),
        ({}, 20, "Silent for 5 minutes"),
        ({}, 200, "Overdue for 2 hours"),
        ({"expected_at": None, "silent_at": None, "due_at": None}, 15, "Not resent"),
        ({"kind": "conflict"}, 15, "Compare the two sides"),
        ({"status": "waiting", "follow_up_on": TWO.date()}, 15, "Look again since 2026-11-21"),
        (
            {"status": "waiting", "follow_up_on": TWO.date() + timedelta(days=1)},
            15,
            "Put off until 2026-11-22",
        ),
        ({"status": "closed", "resolution": "merged"}, 15, "Merged"),
    ],
)
def test_a_cell_says_it_in_short(changes: dict[str, Any], minute: float, text: str) -> None:
    assert wording.brief(case(**changes), at=TWO + minute * MINUTE) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59.9), "59 seconds"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_a_length_is_told_in_the_unit_that_fits(length: timedelta, text: str) -> None:
    assert words.span(length) == text


def test_another_day_is_named() -> None:
    assert words.clock(TWO - timedelta(days=1), at=TWO) == "2026-11-20 14:00 UTC"


def test_a_reason_is_a_sentence_and_no_class() -> None:
    assert wording.reason("UnknownPlayer: No such player.") == "No such player."
    assert wording.reason("KeyError: 'x'") == "A fault of ours: KeyError: 'x'"
    strangers = case(kind="unauthentic", reason="2 addresses: No.")
    assert wording.last_reason(strangers) == "2 addresses: No."
