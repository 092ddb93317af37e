"""Deliveries against inbox rows."""

from providers.simulators import inbox
from providers.simulators.beliefs import Sent

KEY = ("besoft", "result:t1")


def test_one_inbox_row_per_delivery() -> None:
    thrice = Sent(key=KEY, deliveries=3, successes=2, answered=2)
    kept = inbox.compare([thrice], {KEY: 2})
    assert (kept.missing, kept.surplus, kept.unrecorded) == ((), (), 0)
    assert inbox.compare([thrice], {KEY: 1}).missing == (KEY,)
    assert inbox.compare([thrice], {KEY: 4}).surplus == (KEY,)
