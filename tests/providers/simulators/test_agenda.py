"""What is due is handed out in its order, new arrivals at their rate, and then it is over."""

import threading
import time

from providers.simulators.agenda import Agenda


def drain(agenda: Agenda[str]) -> list[str | int]:
    taken = []
    while (item := agenda.take()) is not None:
        taken.append(item)
        agenda.done()
    return taken


def test_arrivals_come_at_the_rate_whoever_takes_them() -> None:
    agenda: Agenda[str] = Agenda(rate=50, seconds=0.205)
    started = time.monotonic()
    assert drain(agenda) == list(range(11))
    assert 0.15 < time.monotonic() - started < 1


def test_what_is_added_later_is_handed_out_when_due_and_in_order() -> None:
    agenda: Agenda[str] = Agenda(rate=1, seconds=0)
    agenda.add("second", after=0.05)
    agenda.add("first", after=0.01)
    assert drain(agenda) == ["first", "second"]


def test_it_waits_for_what_somebody_still_works_on() -> None:
    agenda: Agenda[str] = Agenda(rate=1, seconds=0)
    agenda.add("one")
    assert agenda.take() == "one"
    heard: list[str | int | None] = []
    other = threading.Thread(target=lambda: heard.append(agenda.take()))
    other.start()
    agenda.add("again", after=0.01)
    agenda.done()
    other.join(timeout=2)
    assert heard == ["again"]


def test_what_nobody_wants_any_more_is_forgotten() -> None:
    agenda: Agenda[str] = Agenda(rate=1, seconds=0)
    agenda.add("keep")
    agenda.add("drop", after=60)
    agenda.forget(lambda item: item == "drop")
    assert drain(agenda) == ["keep"]


def test_at_full_rate_one_is_always_due_and_what_comes_again_goes_first() -> None:
    agenda: Agenda[str] = Agenda(rate=0, seconds=None)
    assert [agenda.take(), agenda.take()] == [0, 1]
    agenda.add("again")
    assert agenda.take() == "again"
    agenda.end_stream()
    for _ in range(3):
        agenda.done()
    assert agenda.take() is None


def test_what_is_sent_behind_its_time_is_counted() -> None:
    agenda: Agenda[str] = Agenda(rate=1000, seconds=10)
    time.sleep(0.15)
    agenda.take()
    assert agenda.late == 1
