"""A whole simulation: ready the players, run the stream, compare beliefs with the books."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import OperationalError, connection

from providers import registry
from providers.protocols import PROTOCOLS
from providers.simulators import SIMULATORS, beliefs, cast, evidence, inbox, verdict
from providers.simulators.beliefs import Belief
from providers.simulators.course import Course, Sender, Stop
from providers.simulators.inbox import Inbox
from providers.simulators.sending import Line
from providers.simulators.traffic import Traffic
from providers.simulators.verdict import Evidence, Fault
from wallets.models import DatabaseMark

READY_WITHIN = 30.0
BOOKS_WITHIN = 60.0


class CannotSimulate(Exception):
    """Why there is no simulation, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended. The open bets are those that the providers are certain of, those of which they
    can't say, and those of the books."""

    run: int
    course: Course
    traffic: Traffic
    faults: Sequence[Fault]
    inbox: Inbox
    beliefs: Sequence[Belief]
    open_bets: int
    doubtful_bets: int
    open_in_books: int

    @property
    def is_good(self) -> bool:
        return not self.faults


def run(
    course: Course, names: Sequence[str], *, stop: Stop, watch: Callable[[Traffic], None]
) -> Result:
    """Simulate the providers `names` (all configured ones if empty) until the course is over.

    Raises CannotSimulate on a database that isn't a demo, an unknown name, or without a server.
    """
    if not DatabaseMark.is_demo():
        raise CannotSimulate("This database is marked for production; nothing is simulated on it.")
    run_number = int(time.time() * 10)  # Of a JDB id it leaves 8 digits.
    senders = _senders(names, run_number)
    line = Line(course.url, connections=course.connections)
    _wait_until_ready(line, stop)
    simulators = [sender.simulator for sender in senders]
    currencies = sorted({currency for one in simulators for currency in one.currencies})
    uids = cast.prepare(course.players, currencies, at=datetime.now(UTC))
    before = evidence.opening(uids, at=datetime.now(UTC))
    connection.close()  # The run may outlive it.
    traffic = Traffic(senders=senders, uids=uids, course=course, line=line, run=run_number)
    traffic.run(stop=stop, watch=watch)
    believed, sent = traffic.beliefs(), traffic.sent()
    found = _gather(lambda: evidence.gather(before, simulators, uids))
    certain, doubtful = beliefs.open_bets(believed)
    tracked = {belief.key for belief in believed if belief.opens}
    return Result(
        run=run_number,
        course=course,
        traffic=traffic,
        faults=verdict.faults(believed, sent, found) + traffic.denied,
        inbox=inbox.compare(sent, found.callbacks),
        beliefs=believed,
        open_bets=len(certain),
        doubtful_bets=len(doubtful),
        open_in_books=len(found.open_bets & tracked),
    )


def _senders(names: Sequence[str], run_number: int) -> list[Sender]:
    current = registry.current()
    if current.problems:
        raise CannotSimulate(f"PROVIDERS is not valid: {current.problems[0].text}")
    by_name = {name: one for name, one in current.by_name.items() if not one.retired}
    for name in names:
        if name not in by_name:
            raise CannotSimulate(f"{name!r} is none of the providers: {', '.join(by_name)}.")
    chosen = [by_name[name] for name in names or by_name]
    if not chosen:
        raise CannotSimulate("No provider is configured.")
    protocols = {protocol: word for word, protocol in PROTOCOLS.items()}
    return [
        Sender(
            simulator=SIMULATORS[protocols[type(one.protocol)]](
                provider=one.name, settings=one.protocol.settings, run=run_number
            ),
            paths=one.paths,
        )
        for one in chosen
    ]


def _wait_until_ready(line: Line, stop: Stop) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not line.is_ready():
        if time.monotonic() > deadline or stop.requests:
            raise CannotSimulate(f"No Cage is ready at {line.url} (GET /health/ready).")
        time.sleep(0.2)


def _gather(read: Callable[[], Evidence]) -> Evidence:
    """Read the books, also if the database is just coming back."""
    deadline = time.monotonic() + BOOKS_WITHIN
    while True:
        try:
            return read()
        except OperationalError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
