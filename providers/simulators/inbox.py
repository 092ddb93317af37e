"""One inbox row per delivery: the deliveries that were sent against the callbacks that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.simulators.base import Key
from providers.simulators.beliefs import Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """`missing` and `surplus` list the ids for which rows and deliveries don't fit.

    Every success has its row, and there are no more rows than deliveries. A refusal may have none
    where Cage had decided nothing (`unrecorded` counts those answers).
    """

    rows: int
    deliveries: int
    unrecorded: int
    missing: tuple[Key, ...]
    surplus: tuple[Key, ...]


def compare(sent: Sequence[Sent], rows: Mapping[Key, int]) -> Inbox:
    """Compare deliveries with callback rows, counted by provider and transaction id."""
    counted = [(one, rows.get(one.key, 0)) for one in sent]
    return Inbox(
        rows=sum(count for _, count in counted),
        deliveries=sum(one.deliveries for one in sent),
        unrecorded=sum(max(0, one.answered - count) for one, count in counted),
        missing=tuple(one.key for one, count in counted if count < one.successes),
        surplus=tuple(one.key for one, count in counted if count > one.deliveries),
    )
