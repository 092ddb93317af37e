"""What each provider does next, by its document or its configuration, and what a stopped clock of
ours changes: nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciliation import cases
from reconciliation.models import Case
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.test_cases import TWO, Clock, bookkeeping, clock, settle

__all__ = ["clock"]

HOTROAD = altered(senders.verbatim("hotroad", "settle"), ts="2026-11-21T22:00:00.000+0800")
MATCH = senders.verbatim("sud", "match_settle")


def test_hotroad_resends_for_as_long_as_is_configured(
    books: Books, configure: Callable[..., None], clock: Clock
) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "resend_window": 90})
    send(senders.hotroad(HOTROAD))
    case = bookkeeping(clock, 89.9)
    assert (case.resend, case.due_at) == ("expected", TWO + timedelta(minutes=90))
    assert (case.expected_at, case.silent_at) == (None, None)  # How often is not documented.
    assert bookkeeping(clock, 90).resend == "overdue"


def test_without_a_configured_window_nobody_is_expected_to_send_again(
    books: Books, providers: None, clock: Clock
) -> None:
    send(senders.hotroad(HOTROAD))
    assert bookkeeping(clock, 600).resend == "none"


def test_sud_is_not_known_to_send_again(books: Books, providers: None, clock: Clock) -> None:
    send(senders.sud(MATCH))
    case = bookkeeping(clock, 600)
    assert (case.resend, case.due_at, case.attempts) == ("none", None, 1)
    assert case.player == ""  # Two of them.


@pytest.mark.parametrize("minutes", [[61], list(range(1, 62))], ids=["after an hour", "each"])
def test_a_beat_that_stood_still_for_an_hour_ends_with_the_same_cases(
    books: Books, providers: None, clock: Clock, minutes: list[int]
) -> None:
    settle()
    for minute in (1, 2, 3):
        clock.at(minute)
        settle()
    settle(transferId=5)
    books.open("john", "USD")
    clock.at(4)
    settle()
    for minute in minutes:
        cases.update(at=clock.at(minute))
    found = Case.objects.order_by("subject").values_list("subject", "status", "resend", "attempts")
    assert list(found) in (
        [("settle:5", "open", "overdue", 1)],  # The other one healed before anybody looked.
        [("settle:272017", "closed", "none", 4), ("settle:5", "open", "overdue", 1)],
    )
    assert books.transactions() == ["settle:272017"]
