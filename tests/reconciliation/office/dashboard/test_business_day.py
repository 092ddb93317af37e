"""The business day: whose clock, when it starts, and how many hours it has."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.office.rollups import business_day
from reconciliation.office.rollups.business_day import BusinessDay

BERLIN = BusinessDay(zone=ZoneInfo("Europe/Berlin"), starts=time(0))
KOLKATA = BusinessDay(zone=ZoneInfo("Asia/Kolkata"), starts=time(6))
LORD_HOWE = BusinessDay(zone=ZoneInfo("Australia/Lord_Howe"), starts=time(5, 30))
APIA = BusinessDay(zone=ZoneInfo("Pacific/Apia"), starts=time(0))  # It skipped 30 December 2011.
DAYS = [BERLIN, KOLKATA, LORD_HOWE, APIA]

instants = st.datetimes(
    min_value=datetime.fromisoformat("2011-01-01"),
    max_value=datetime.fromisoformat("2030-01-01"),
    timezones=st.just(UTC),
)


def hours_of(day: BusinessDay, name: date) -> list[datetime]:
    period = day.period(name)
    return day.hours(period.start_at, period.end_at)


@pytest.mark.parametrize(
    ("name", "count"),
    [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 11, 21), 24)],
)
def test_a_day_on_which_clocks_change_has_an_hour_more_or_less(name: date, count: int) -> None:
    hours = hours_of(BERLIN, name)
    assert len(hours) == count
    assert hours[0] == BERLIN.start_of(name)
    assert hours[-1] + timedelta(hours=1) == BERLIN.start_of(name + timedelta(days=1))


def test_a_zone_that_is_half_an_hour_off_has_whole_hours() -> None:
    assert hours_of(KOLKATA, date(2026, 11, 21))[:2] == [
        datetime(2026, 11, 21, 0, 30, tzinfo=UTC),  # 06:00 there.
        datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
    ]
    assert KOLKATA.day_of(datetime(2026, 11, 21, 0, 29, 59, tzinfo=UTC)) == date(2026, 11, 20)
    assert KOLKATA.day_of(datetime(2026, 11, 21, 0, 30, tzinfo=UTC)) == date(2026, 11, 21)


def test_where_clocks_change_by_half_an_hour_the_last_hour_is_short() -> None:
    lengths = [
        len(hours_of(LORD_HOWE, date(2026, 4, 4))),
        len(hours_of(LORD_HOWE, date(2026, 4, 5))),
    ]
    assert lengths == [25, 24]  # 24 and a half.


@pytest.mark.parametrize("day", DAYS, ids=str)
@given(at=instants)
def test_every_instant_is_of_exactly_one_day_and_hour(day: BusinessDay, at: datetime) -> None:
    period = day.period(day.day_of(at))
    assert period.start_at <= at < period.end_at
    hours = day.hours(period.start_at, period.end_at)
    assert [hour for hour in hours if hour <= at][-1] == day.hour_of(at)
    assert hours == sorted(set(hours))
    assert at - day.hour_of(at) < timedelta(hours=1)


@pytest.mark.parametrize("day", DAYS, ids=str)
@given(start=instants, length=st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_hours_of_a_time_are_those_that_have_any_of_it(
    day: BusinessDay, start: datetime, length: timedelta
) -> None:
    hours = day.hours(start, start + length)
    if not length:
        assert hours in ([], [day.hour_of(start)])
    else:
        assert hours[0] == day.hour_of(start)
        assert hours[-1] == day.hour_of(start + length - timedelta(microseconds=1))


def test_a_day_so_far_is_held_against_the_same_part_of_the_day_before() -> None:
    today, before = KOLKATA.so_far(datetime(2026, 11, 21, 9, 12, 40, tzinfo=UTC))
    assert (today.day, before.day) == (date(2026, 11, 21), date(2026, 11, 20))
    assert before.start_at == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    assert before.end_at == datetime(2026, 11, 20, 9, 12, 40, tzinfo=UTC)


def test_a_day_before_that_was_shorter_is_compared_whole() -> None:
    end_of_day = datetime(2026, 3, 30, 21, 45, tzinfo=UTC)  # 23:45; the day before had 23 hours.
    _, before = BERLIN.so_far(end_of_day)
    assert before.end_at == BERLIN.start_of(date(2026, 3, 30))


@pytest.mark.parametrize("starts", ["6", "24:00", "06:60", "06:00:30", "", "\u0660\u0666:00"])
def test_a_start_that_is_no_time_of_day_is_an_error(settings: Any, starts: str) -> None:
    settings.BUSINESS_DAY_STARTS = starts
    assert [error.id for error in business_day.check()] == ["reconciliation.E002"]


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../etc", "x" * 5_000])
def test_a_zone_that_is_none_is_an_error(settings: Any, zone: str) -> None:
    settings.BUSINESS_DAY_ZONE = zone
    assert [error.id for error in business_day.check()] == ["reconciliation.E001"]


def test_minutes_may_be_any(settings: Any) -> None:
    settings.BUSINESS_DAY_ZONE, settings.BUSINESS_DAY_STARTS = "Asia/Kathmandu", "06:17"
    assert business_day.check() == []
    assert str(business_day.current()) == "Asia/Kathmandu 06:17"
