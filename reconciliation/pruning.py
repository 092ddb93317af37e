"""Which months of callbacks may go, and what became of each: what `prune_callbacks` does."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from providers import pruning
from providers.partitions import Month
from providers.pruning import Busy, Gone, Hold, Size, TooSlow
from reconciliation import holding

TRIES = 10
PAUSE = 1.0  # Seconds, in which deliveries pass that stood behind the last try.

Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One month's. It is removed, or `holds` say by what it is held, or `fault` why it is there
    still; of a trial `is_removed` says that it would be. `is_gone`: another run has removed it
    since this one began; its size is in that one's record."""

    month: Month
    size: Size
    is_removed: bool = False
    is_gone: bool = False
    holds: Sequence[Hold] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """All of them. `strays` are callbacks of before `limit` that are in no month's partition."""

    limit: datetime
    fates: Sequence[Fate]
    strays: int

    @property
    def is_good(self) -> bool:
        """Nothing was kept back by a fault; what is held is no fault."""
        return not self.strays and not any(fate.fault for fate in self.fates)


def prune(
    limit: datetime,
    *,
    at: datetime,
    is_trial: bool = False,
    watch: Watch = lambda done, of: None,
) -> Pruned:
    """Remove the months that end by `limit` and that nothing holds; a trial removes nothing.

    Safe beside live traffic, and to run again: each month is a commit of its own. Raises
    CannotPrune.
    """
    pruning.require_owner()
    months = pruning.due(limit)
    fates = []
    for done, month in enumerate(months):
        watch(done, len(months))
        fates.append(_removed(month, at=at, is_trial=is_trial))
    return Pruned(limit=limit, fates=fates, strays=pruning.strays(limit))


def _removed(month: Month, *, at: datetime, is_trial: bool) -> Fate:
    try:
        fate = Fate(month=month, size=pruning.size(month), holds=_holds(month))
        if fate.holds:
            return fate
        return replace(fate, is_removed=True) if is_trial else _really_removed(fate, at)
    except Gone:
        return Fate(month=month, size=Size(rows=0, posted=0, size=0), is_gone=True)


def _really_removed(fate: Fate, at: datetime) -> Fate:
    fault = ""
    for _ in _tries():
        try:
            done = pruning.remove(fate.month, fate.size, holding.NEEDS, at=at)
        except TooSlow as reason:
            return replace(fate, fault=str(reason))
        except Busy as reason:
            fault = str(reason)
            continue
        if done:
            return replace(fate, is_removed=True)
        # Something has begun to need it since it was looked at.
        return replace(fate, holds=_holds(fate.month))
    return replace(fate, fault=fault)


def _holds(month: Month) -> Sequence[Hold]:
    return pruning.holding(month, holding.NEEDS.holds)


def _tries() -> Iterator[int]:
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE)
        yield number
