"""Many cases at once: each under its own lock and the stamp that its reader saw.

What was changed meanwhile is skipped and named; the others are done all the same. Nothing is done
that could not be done with each of them alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from reconciliation import working
from reconciliation.models import AdjustmentStatus, Case, Resolution
from reconciliation.working import NotDone

MOST = 500

Seen = Mapping[int, str]  # The number of a case -> its stamp as it was shown.


@dataclass(slots=True, kw_only=True)
class Done:
    """Which cases were changed, and why each of the others was not."""

    done: list[int] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)


def take(chosen: Seen, *, by: User, at: datetime) -> Done:
    """`by` works on them from now on. What somebody else has is not taken in passing."""

    def one(case_id: int, seen: str) -> None:
        owner = Case.objects.select_related("owner").get(pk=case_id).owner
        if owner is not None and owner != by:
            raise NotDone(f"{owner.get_username()} works on it: take it on its own page.")
        working.take(case_id, seen=seen, by=by, at=at)

    return _each(chosen, one)


def hand_over(chosen: Seen, *, to: User, why: str, by: User, at: datetime) -> Done:
    """Somebody else works on them from now on."""
    return _each(
        chosen,
        lambda case_id, seen: working.hand_over(case_id, seen=seen, to=to, why=why, by=by, at=at),
    )


def close(chosen: Seen, *, resolution: Resolution, why: str, by: User, at: datetime) -> Done:
    """Nothing is left to do with any of them; `why` stands in the history of each."""

    def one(case_id: int, seen: str) -> None:
        if asked_for(case_id):
            raise NotDone("An adjustment of it waits for a second person.")
        working.close(case_id, seen=seen, resolution=resolution, why=why, by=by, at=at)

    return _each(chosen, one)


def asked_for(case_id: int) -> bool:
    """Whether money of it is asked for and not decided: that is not closed among others."""
    asked = Case.objects.filter(pk=case_id, adjustments__status=AdjustmentStatus.REQUESTED)
    return asked.exists()


def _each(chosen: Seen, act: Callable[[int, str], object]) -> Done:
    """In the order of their numbers, each in a transaction of its own."""
    if len(chosen) > MOST:
        raise NotDone(f"Nothing was done: {MOST} cases at most at a time.")
    result = Done()
    for case_id in sorted(chosen):
        try:
            act(case_id, chosen[case_id])
        except Case.DoesNotExist:
            result.skipped.append((case_id, "There is no such case."))
        except NotDone as reason:
            result.skipped.append((case_id, str(reason)))
        else:
            result.done.append(case_id)
    return result
