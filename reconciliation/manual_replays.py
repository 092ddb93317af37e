"""A person settles a kept delivery again: they see what it would do, then it does just that."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from providers import replays
from providers.models import Callback
from providers.replays import CannotReplay, Replayed, TermsDiffer
from reconciliation import cases, replaying, working
from reconciliation.models import Case, CaseKind, CaseStatus, Resolution
from reconciliation.working import NotDone
from wallets.instructions import Instruction, Movement
from wallets.models import Wallet

MAY = "reconciliation.replay_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What settling it again would do. `refused` is why it is not done; else `instructions` is
    what is booked, and `differs` says that it meant other money when it came."""

    callback: Callback | None = None
    instructions: tuple[Instruction, ...] = ()
    differs: bool = False
    refused: str = ""

    @property
    def seal(self) -> str:
        """What a person has agreed to: the same ids, the same money."""
        text = "\n".join(f"{one.transaction_id} {one.terms.hex()}" for one in self.instructions)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def movements(self) -> tuple[Movement, ...]:
        return tuple(movement for one in self.instructions for movement in one.movements)


def plan(case: Case, *, at: datetime) -> Plan:
    """What settling `case` again would do, as of now. Doesn't raise."""
    if case.status == CaseStatus.CLOSED:
        return Plan(refused="The case is closed.")
    if case.kind != CaseKind.UNSETTLED:
        return Plan(refused="Only what is unsettled is settled again.")
    callback = replaying.last_deliveries([case]).get(case.pk)
    if callback is None:
        return Plan(refused="No delivery of it is kept, or its provider is not configured.")
    try:
        return _planned(callback, at)
    except CannotReplay as reason:
        return Plan(callback=callback, refused=str(reason))


def _planned(callback: Callback, at: datetime) -> Plan:
    try:
        opened, differs = replays.prepare(callback, at=at), False
    except TermsDiffer:
        opened, differs = replays.prepare(callback, at=at, other_terms=True), True
    return Plan(callback=callback, instructions=opened.instructions, differs=differs)


def wallets(plan: Plan) -> dict[tuple[str, str], Wallet]:
    """Those that would be moved and exist."""
    uids = {movement.uid for movement in plan.movements}
    found = Wallet.objects.filter(player__uid__in=uids).select_related("player")
    wanted = {movement.wallet for movement in plan.movements}
    by_key = {(wallet.player.uid, wallet.currency): wallet for wallet in found}
    return {key: wallet for key, wallet in by_key.items() if key in wanted}


def carry_out(
    case_id: int, *, seal: str, other_terms: bool, why: str, by: User, at: datetime
) -> Replayed:
    """Settle it again, if that still does what the person has seen. Raises NotDone.

    The ledger decides under its own locks, so nothing is paid twice however many do this at once;
    no case is locked meanwhile.
    """
    case = Case.objects.get(pk=case_id)
    found = plan(case, at=at)
    if found.refused or found.callback is None:
        raise NotDone(f"Nothing was done. {found.refused}")
    if found.seal != seal:
        raise NotDone("Nothing was done: it would do something else by now. Look again.")
    if found.differs and not other_terms:
        raise NotDone("Nothing was done: say that it shall move other money than when it came.")
    (replayed,) = replays.replay([found.callback], other_terms=other_terms, clock=lambda: at)
    _note(case_id, replayed, why=why, by=by, at=at)
    cases.update(at=at)
    return replayed


def _note(case_id: int, replayed: Replayed, *, why: str, by: User, at: datetime) -> None:
    """What came of it, on the case as it is by now, also where it was closed meanwhile."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        case.replays += 1
        if replayed.is_paid:
            text = f"Settled again by hand. {why}"
            if case.status != CaseStatus.CLOSED:
                cases.close(case, Resolution.REPLAYED, at=at)
        else:
            text = f"Tried again by hand, in vain: {replayed.refused or replayed.reason} {why}"
        working.write(case, why=text.strip(), by=by, at=at)
