"""What happens next with a case, in words for finance staff: no database, no HTML.

The words follow the clock they are given, not the state that the bookkeeping noted last, so that
they are right also while it is late. Times are told in the zone that is active.
"""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from providers.protocols.base import RefusalMeans, Resends
from reconciliation import words
from reconciliation.judging import Schedule
from reconciliation.models import Case, CaseKind, CaseStatus, Resend, Resolution
from wallets.refusals import Refusal

A_FAULT = "A fault of ours"


# -- Why ---------------------------------------------------------------------------------------


def last_reason(case: Case) -> str:
    """Why it is open."""
    by_delivery = (CaseKind.UNSETTLED, CaseKind.CONFLICT, CaseKind.VOID_RISK)
    return reason(case.reason) if case.kind in by_delivery else case.reason


def reason(text: str) -> str:
    """Why a delivery was not settled, without the names of our classes."""
    name, _, sentence = text.partition(":")
    if name in Refusal.kinds:
        return sentence.strip() or Refusal.kinds[name].sentence
    return f"{A_FAULT}: {text}" if text else ""


def kind_of_reason(word: str) -> str:
    """The same of a reason's first word only, for many cases at once."""
    return Refusal.kinds[word].sentence if word in Refusal.kinds else f"{A_FAULT}."


# -- What happens next --------------------------------------------------------------------------


def resend(case: Case, *, at: datetime) -> Resend:
    """Whether the provider is still going to send it, as of `at`."""
    schedule = Schedule(expected_at=case.expected_at, silent_at=case.silent_at, due_at=case.due_at)
    return schedule.resend(at)


def next_step(case: Case, *, means: RefusalMeans | None, resends: Resends, at: datetime) -> str:
    """What the provider does next, or what is expected of staff, in full sentences.

    `means` is what a refusal is on the provider's side; None where it is not configured any more.
    """
    if case.status == CaseStatus.CLOSED:
        return closed(case, at=at)
    if case.kind == CaseKind.UNSETTLED:
        return _unsettled(case, means=means, resends=resends, at=at)
    if case.kind == CaseKind.OUTAGE:
        return _outage(case, means=means, resends=resends, at=at)
    return {
        CaseKind.CONFLICT: (
            f"Nothing moved the second time, and {case.provider} heard a refusal. Compare the two "
            f"sides and ask {case.provider} which one holds."
        ),
        CaseKind.VOID_RISK: (
            f"Ask {case.provider} whether the order stands on their side. Until then the two "
            "sides believe different things."
        ),
        CaseKind.UNAUTHENTIC: (
            f"{_strangers(case, at)} If {case.provider}'s own deliveries are missing, our key or "
            "its list of addresses is wrong: compare it with theirs. If they arrive, these are "
            "strangers."
        ),
        CaseKind.DISPUTE: "Nothing happens by itself: it is open until somebody decides it.",
        CaseKind.ONLY_IN_STATEMENT: (
            f"It closes by itself if {case.provider}'s delivery still comes. Else two people book "
            f"what is missing under its own id, or {case.provider} confirms that it is void."
        ),
        CaseKind.ONLY_IN_LEDGER: (
            f"It closes by itself if a later statement lists it, or {case.provider} cancels it. "
            f"Ask {case.provider} whether it stands there; if it doesn't, two people reverse it."
        ),
        CaseKind.AMOUNT_DIFFERS: _differs(case, "which amounts hold"),
        CaseKind.PLAYER_DIFFERS: _differs(case, "whose it is"),
        CaseKind.CURRENCY_DIFFERS: _differs(case, "in which currency it was played"),
        CaseKind.REPEATED_LINE: (
            f"It was booked once, and {case.provider} lists it again: ask {case.provider} to take "
            "the line back, or for the other round's own id."
        ),
    }[CaseKind(case.kind)]


def _differs(case: Case, what: str) -> str:
    """Both sides have it, with other terms."""
    if case.subject.startswith("statement:"):
        return (
            "Only sums are known: look into our transactions there, and ask "
            f"{case.provider} for its lines."
        )
    return (
        f"Nothing moves by itself. Ask {case.provider} {what}: if its statement is right, two "
        "people accept its terms in the place of what is booked."
    )


def _unsettled(case: Case, *, means: RefusalMeans | None, resends: Resends, at: datetime) -> str:
    so_far = f"{words.count(case.attempts, 'attempt')} so far"
    state = resend(case, at=at)
    if state is Resend.EXPECTED:
        return f"{case.provider} resends {_rhythm(resends)}{_until(case, at)}; {so_far}."
    if state is Resend.OVERDUE and case.due_at:
        since = f"{words.clock(case.due_at, at=at)} ({words.span(at - case.due_at)})"
        return (
            f"Overdue since {since}: {case.provider} doesn't send it any more. {_owed(case, means)}"
        )
    if state is Resend.SILENT and case.last_at:
        last = f"{words.clock(case.last_at, at=at)} ({words.span(at - case.last_at)} ago)"
        return (
            f"{case.provider} should resend {_rhythm(resends)}{_until(case, at)}, but the last "
            f"delivery came at {last}; {so_far}. It may have given up, or can't reach us."
        )
    return f"{case.provider} is not known to resend. {_owed(case, means)}"


def _rhythm(resends: Resends) -> str:
    if resends.every is None:
        return "it, it is not documented how often,"
    return f"every {words.span(resends.every).removeprefix('1 ')}"


def _until(case: Case, at: datetime) -> str:
    if case.due_at is None:
        return ", until when is not documented"
    return f" until {words.clock(case.due_at, at=at)}, {words.span(case.due_at - at)} left"


def _owed(case: Case, means: RefusalMeans | None) -> str:
    """What it means for the player, and what is left to do."""
    if means is RefusalMeans.VOID:
        return f"Whether the order stands there is not documented: ask {case.provider}."
    whose = f"{case.player} is" if case.player else "The players are"
    agree = f"agree with {case.provider} that it is void"
    return f"{whose} still owed the money: settle it again, or {agree}."


def _strangers(case: Case, at: datetime) -> str:
    """How many, and when the last one was counted."""
    last = f", the last at {words.clock(case.last_at, at=at)}" if case.last_at else ""
    return f"{words.count(case.attempts, 'delivery')} in {case.provider}'s name{last}."


def _outage(case: Case, *, means: RefusalMeans | None, resends: Resends, at: datetime) -> str:
    asked = "What they asked for is not known here."
    if means is RefusalMeans.VOID:
        after = f"Ask {case.provider} which orders of that time stand there."
    elif resends.window is not None and case.last_at is not None:
        until = case.last_at + resends.window
        word = "resends" if until > at else "resent"
        after = (
            f"{case.provider} {word} what is owed until {words.clock(until, at=at)}; what is still "
            "missing then stands in its statement only."
        )
    else:
        after = f"Compare the time with {case.provider}'s statement."
    return f"{outage(case, at=at)} {asked} {after}"


def outage(case: Case, *, at: datetime) -> str:
    """From when to when, and how many."""
    if case.first_at is None or case.last_at is None:
        return f"{words.count(case.attempts, 'delivery')} were answered without a decision."
    from_, to = words.clock(case.first_at, at=at), words.clock(case.last_at, at=at)
    when = f"At {from_}" if from_ == to else f"From {from_} to {to}"
    was = "was" if case.attempts == 1 else "were"
    return f"{when} {words.count(case.attempts, 'delivery')} {was} answered without a decision."


def closed(case: Case, *, at: datetime) -> str:
    """How it ended."""
    resolution = Resolution(case.resolution)
    when = f" at {words.clock(case.closed_at, at=at)}" if case.closed_at else ""
    return f"Closed{when}: {resolution.label.lower()}. {resolution.sentence}"


# -- What else a case says ----------------------------------------------------------------------


def brief(case: Case, *, at: datetime) -> str:
    """What happens next, for a cell of a list."""
    if case.status == CaseStatus.CLOSED:
        return Resolution(case.resolution).label
    if case.status == CaseStatus.WAITING and case.follow_up_on is not None:
        due = case.follow_up_on <= timezone.localdate(at, timezone.get_default_timezone())
        return f"{'Look again since' if due else 'Put off until'} {case.follow_up_on}"
    if case.kind != CaseKind.UNSETTLED:
        return {
            CaseKind.CONFLICT: "Compare the two sides",
            CaseKind.VOID_RISK: "Ask whether it stands there",
            CaseKind.OUTAGE: "Find out what was missed",
            CaseKind.UNAUTHENTIC: "Check the key",
            CaseKind.DISPUTE: "Decide",
            CaseKind.ONLY_IN_STATEMENT: "Book it, or agree that it is void",
            CaseKind.ONLY_IN_LEDGER: "Ask whether it stands there",
            CaseKind.AMOUNT_DIFFERS: "Ask which amounts hold",
            CaseKind.PLAYER_DIFFERS: "Ask whose it is",
            CaseKind.CURRENCY_DIFFERS: "Ask in which currency it was",
            CaseKind.REPEATED_LINE: "Ask why it is listed again",
        }[CaseKind(case.kind)]
    state = resend(case, at=at)
    if state is Resend.OVERDUE and case.due_at:
        return f"Overdue for {words.span(at - case.due_at)}"
    if state is Resend.SILENT and case.last_at:
        return f"Silent for {words.span(at - case.last_at)}"
    if state is Resend.EXPECTED and case.due_at:
        return f"Resent until {words.clock(case.due_at, at=at)}"
    return "Resent" if state is Resend.EXPECTED else "Not resent"


def left(case: Case, *, at: datetime) -> str:
    """How much time the provider still takes, where it takes any."""
    if case.kind != CaseKind.UNSETTLED or case.due_at is None or case.due_at <= at:
        return ""
    return f"{words.span(case.due_at - at)} left" if case.status != CaseStatus.CLOSED else ""


def by_itself(case: Case, *, means: RefusalMeans | None, at: datetime) -> str:
    """Whether Cage tries it again without anybody, and when."""
    tried = (
        f" {words.count(case.replays, 'try').capitalize()} in vain so far." if case.replays else ""
    )
    if case.kind != CaseKind.UNSETTLED or case.status == CaseStatus.CLOSED:
        return ""
    if case.replay_at is not None:
        when = (
            f"at {words.clock(case.replay_at, at=at)}" if case.replay_at > at else "within a minute"
        )
        return f"Cage tries again by itself {when}, if it can be settled by then.{tried}"
    if means is RefusalMeans.VOID:
        why = f"{case.provider} may count it void, and would then be paid for nothing"
    else:
        why = "its reason doesn't go away by itself"
    return f"Cage doesn't try again by itself: {why}.{tried}"


def void_sides(
    case: Case, *, booked: str, net: Decimal | None, refused: datetime | None, at: datetime
) -> list[str]:
    """Which side believes what, and what follows. `booked` is what the books moved, `net` what the
    one player gained by it, `refused` when the provider heard a refusal last."""
    heard = f"heard a refusal at {words.clock(refused, at=at)}" if refused else "heard a refusal"
    whose = case.player or "the players"
    much = {True: "too much", False: "too little"}
    if net:
        risk = f"{whose} has {words.money(abs(net), case.currency)} {much[net > 0]}"
    else:
        risk = f"{words.money(case.amount, case.currency)} is booked wrongly"
    return [
        f"Our books: the order stands. {booked}".strip(),
        f"{case.provider}: {heard}, and counts the order void, as if nothing had been moved.",
        f"If {case.provider} is right, {risk} here.",
    ]
