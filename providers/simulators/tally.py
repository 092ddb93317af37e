"""What happened so far, counted per provider: for the live line and for the report."""

from collections import Counter
from dataclasses import dataclass, field, fields

from providers.simulators.answers import Statement
from providers.simulators.base import Kind
from providers.simulators.orders import Copy
from providers.simulators.polls import Poll
from providers.simulators.sending import Heard

REASON_LENGTH = 60


@dataclass(slots=True, kw_only=True)
class Tally:
    """One provider's counts. `taken`, `paid` and `cancelled` are bets, payments and cancels that
    were acknowledged; `told` and what begins with `polls` are balance queries, which count nowhere
    else; everything else is deliveries."""

    rounds: int = 0
    deliveries: int = 0
    taken: int = 0
    paid: int = 0
    cancelled: int = 0
    repeated: int = 0  # Acknowledged again.
    conflicts_refused: int = 0
    conflicts_acknowledged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    polls: int = 0
    told: int = 0
    polls_refused: Counter[str] = field(default_factory=Counter)
    polls_unanswered: int = 0

    def add(
        self, kind: Kind, copy: Copy, heard: Heard, *, stranger: bool, was_acknowledged: bool
    ) -> None:
        """Count one delivery's answer."""
        self.deliveries += 1
        statement = heard.answer.statement
        if statement is Statement.NOTHING:
            self.silent[heard.answer.reason[:REASON_LENGTH]] += 1
        elif copy is Copy.CONFLICT:
            self.conflicts_acknowledged += statement is Statement.SUCCESS
            self.conflicts_refused += statement is Statement.REFUSED
        elif statement is Statement.REFUSED:
            known = "unknown player" if stranger else heard.answer.reason
            self.refused[known[:REASON_LENGTH]] += 1
        elif was_acknowledged:
            self.repeated += 1
        else:
            self.taken += kind is Kind.BET
            self.paid += kind is Kind.PAYMENT
            self.cancelled += kind is Kind.CANCEL

    def add_poll(self, poll: Poll, heard: Heard) -> None:
        """Count the answer to one balance query."""
        self.polls += 1
        statement = heard.answer.statement
        self.told += statement is Statement.SUCCESS
        self.polls_unanswered += statement is Statement.NOTHING
        if statement is Statement.REFUSED:
            known = "unknown player" if poll.stranger else heard.answer.reason
            self.polls_refused[known[:REASON_LENGTH]] += 1


def total(tallies: list[Tally]) -> Tally:
    """All providers together."""
    whole = Tally()
    for tally in tallies:
        for one in fields(Tally):
            setattr(whole, one.name, getattr(whole, one.name) + getattr(tally, one.name))
    return whole


def words(tally: Tally) -> str:
    """The tally in words an onlooker understands; what didn't happen isn't told."""
    silent = sum(tally.silent.values())
    lost = tally.silent["reply lost"]
    told = [
        (tally.taken, _plural(tally.taken, "bet") + " taken"),
        (tally.paid, "paid"),
        (tally.cancelled, _plural(tally.cancelled, "bet") + " cancelled"),
        (tally.repeated, "repeated"),
        *((count, f"refused ({reason})") for reason, count in sorted(tally.refused.items())),
        (tally.conflicts_refused, "conflicting refused"),
        (tally.conflicts_acknowledged, "CONFLICTING ACKNOWLEDGED"),
        (lost, "reply lost" if lost == 1 else "replies lost"),
        (silent - lost, "unanswered"),
        (tally.told, _plural(tally.told, "balance") + " told"),
        *(
            (count, f"balance refused ({reason})")
            for reason, count in sorted(tally.polls_refused.items())
        ),
        (tally.polls_unanswered, "balance unanswered"),
    ]
    return ", ".join(f"{count} {what}" for count, what in told if count) or "nothing yet"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
