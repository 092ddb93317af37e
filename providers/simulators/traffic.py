"""The stream: threads that send what is due, hear what comes back and decide what follows."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from providers.simulators.agenda import Agenda
from providers.simulators.base import Move, Request, Settlement, Simulator, Statement, Table
from providers.simulators.orders import Copy, Order, Plan, Shares
from providers.simulators.polls import Poll
from providers.simulators.sending import Heard, Line, Loss
from providers.simulators.tally import Tally
from providers.simulators.verdict import Belief, Fault

TICK = 0.1
SHORT_PATIENCE = 10.0  # seconds for what is open when somebody asks us to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the stream runs. `rate` is settlements a second (0: as fast as it goes), `seconds` how
    long new ones come (None: until told to stop), `patience` how long the rest may take."""

    rate: float
    seconds: float | None
    shares: Shares
    seed: int
    players: int
    connections: int
    patience: float
    url: str


class Stop:
    """Somebody wants an end: the first request lets open deliveries finish, the second doesn't."""

    def __init__(self) -> None:
        self.requests = 0

    def ask(self, *_: object) -> None:
        self.requests += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A provider that sends: its simulator and the paths under which Cage knows it."""

    simulator: Simulator
    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Job:
    order: Order
    copy: Copy
    settlement: Settlement


class Traffic:
    """One run of the stream. Read its counts at any time, `beliefs` when `run` has returned."""

    def __init__(
        self,
        *,
        senders: Sequence[Sender],
        uids: Sequence[str],
        course: Course,
        line: Line,
        run: int,
    ) -> None:
        self.senders, self.uids, self.course, self.line = senders, uids, course, line
        self.tallies = {sender.simulator.provider: Tally() for sender in senders}
        self.seconds_to_answer: list[float] = []
        self.seconds_to_tell: list[float] = []  # The same of balance queries.
        self.denied: list[Fault] = []  # Players who never heard their balance.
        self.first_paid: tuple[float, str, tuple[Move, ...]] | None = None
        self.started = time.monotonic()
        self.sending_seconds = 0.0  # How long new settlements came.
        self._open: dict[int, Order] = {}
        self._closed: list[Belief] = []
        self._failure: Exception | None = None
        self._paths = {sender.simulator.provider: sender.paths for sender in senders}
        self._run = run
        self._serials = itertools.count()
        self._lock = threading.Lock()
        self._hurry = False
        self.agenda: Agenda[_Job | Poll] = Agenda(rate=course.rate, seconds=course.seconds)

    def run(self, *, stop: Stop, watch: Callable[["Traffic"], None]) -> None:
        """Send until the course is over and everything is answered, or patience is."""
        threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(self.course.connections)
        ]
        for thread in threads:
            thread.start()
        give_up_at: float | None = None
        while any(thread.is_alive() for thread in threads):
            time.sleep(TICK)
            if stop.requests and not self._hurry:
                self._wind_up()
                give_up_at = time.monotonic() + min(SHORT_PATIENCE, self.course.patience)
            if self.agenda.stream_ended and give_up_at is None:
                give_up_at = time.monotonic() + self.course.patience
            if not self.agenda.stream_ended:
                self.sending_seconds = time.monotonic() - self.started
            if stop.requests > 1 or (give_up_at and time.monotonic() > give_up_at):
                self.agenda.finish()
            watch(self)
        if self._failure is not None:
            raise self._failure

    def beliefs(self) -> list[Belief]:
        """What the providers believe, one of each settlement."""
        with self._lock:
            return self._closed + [order.belief() for order in self._open.values()]

    def _wind_up(self) -> None:
        """Nothing new, and no waiting for what was refused: only what got no answer goes on."""
        self._hurry = True
        self.agenda.end_stream()
        self.agenda.forget(
            lambda due: isinstance(due, Poll) or due.order.settled or due.order.refused > 0
        )

    # -- In the threads -----------------------------------------------------------------------

    def _work(self) -> None:
        while (due := self.agenda.take()) is not None:
            try:
                if isinstance(due, int):
                    self._arrive(due)
                elif isinstance(due, Poll):
                    self._ask(due)
                else:
                    self._deliver(due)
            except Exception as error:  # A bug of ours: it must not end as a good verdict.
                self._failure = error
                self.agenda.finish()
            finally:
                self.agenda.done()

    def _arrive(self, number: int) -> None:
        """Make settlement `number` up and send it, a balance query before some."""
        luck = Random(self.course.seed * 1_000_003 + number)
        plan = Plan.draw(self.course.shares, luck)
        simulator = luck.choice(self.senders).simulator
        stranger = f"stranger-{number}" if plan.stranger else ""
        table = Table(uids=self.uids, luck=luck, at=datetime.now(UTC), stranger=stranger)
        settlement = simulator.settle(number, table)
        if plan.poll:
            self._ask(Poll(simulator=simulator, settlement=settlement, stranger=plan.stranger))
        order = Order(simulator=simulator, settlement=settlement, plan=plan, luck=luck)
        with self._lock:
            self._open[id(order)] = order
            self.tallies[simulator.provider].settlements += 1
            order.pending = 2 if plan.twin else 1
        if plan.twin:
            self.agenda.add(_Job(order, Copy.TWIN, settlement))
        self._deliver(_Job(order, Copy.FIRST, settlement))

    def _ask(self, poll: Poll) -> None:
        serial = next(self._serials)
        request = poll.simulator.poll(poll.settlement, at=datetime.now(UTC), serial=serial)
        heard = self._send(request, poll.simulator, serial, Loss.NONE)
        after = poll.next_try(heard.answer)
        with self._lock:
            self.tallies[poll.simulator.provider].add_poll(poll, heard)
            if heard.answer.statement is not Statement.NOTHING:
                self.seconds_to_tell.append(heard.seconds)
            if heard.answer.statement is Statement.REFUSED and after is None and not poll.stranger:
                self.denied.append(poll.fault(heard.answer))
        if after is not None and not self._hurry:
            self.agenda.add(poll, after=after)

    def _deliver(self, job: _Job) -> None:
        order, simulator = job.order, job.order.simulator
        if job.copy is Copy.RETRY and order.settled:
            with self._lock:
                order.pending -= 1
                self._close_if_done(order)
            return
        serial = next(self._serials)
        request = simulator.request(job.settlement, at=datetime.now(UTC), serial=serial)
        loss = order.plan.loss if job.copy is Copy.FIRST else Loss.NONE
        with self._lock:
            order.sent += 1
        heard = self._send(request, simulator, serial, loss)
        with self._lock:
            self._hear(job, heard)

    def _send(self, request: Request, simulator: Simulator, serial: int, loss: Loss) -> Heard:
        paths = self._paths[simulator.provider]
        return self.line.send(request, simulator, path=paths[serial % len(paths)], loss=loss)

    def _hear(self, job: _Job, heard: Heard) -> None:
        order, statement = job.order, heard.answer.statement
        was_acknowledged = order.acknowledged
        order.pending -= 1
        order.hear(job.copy, heard.answer, said=heard.said)
        tally = self.tallies[order.simulator.provider]
        tally.add(order, job.copy, heard, was_acknowledged=was_acknowledged)
        if statement is not Statement.NOTHING:
            self.seconds_to_answer.append(heard.seconds)
        if order.acknowledged and not was_acknowledged:
            self._paid(order)
        elif order.pending == 0:
            self._send_again(order, statement)
        self._close_if_done(order)

    def _paid(self, order: Order) -> None:
        if self.first_paid is None:
            seconds = time.monotonic() - self.started
            self.first_paid = (seconds, order.simulator.provider, order.settlement.moves)
        if self._hurry:
            return
        if order.plan.resend:
            self._plan(order, Copy.RESEND, order.settlement, after=order.luck.uniform(0, 1))
        if order.plan.conflict:
            table = Table(uids=self.uids, luck=order.luck, at=datetime.now(UTC))
            other = order.simulator.contradict(order.settlement, table)
            self._plan(order, Copy.CONFLICT, other, after=order.luck.uniform(0, 1))

    def _send_again(self, order: Order, statement: Statement) -> None:
        after = order.next_try(statement)
        if after is None or (self._hurry and order.refused):
            return
        self._plan(order, Copy.RETRY, order.settlement, after=after)

    def _close_if_done(self, order: Order) -> None:
        """Keep only the belief: a demo may run for days."""
        if order.settled and order.pending == 0 and id(order) in self._open:
            del self._open[id(order)]
            self._closed.append(order.belief())

    def _plan(self, order: Order, copy: Copy, settlement: Settlement, *, after: float) -> None:
        order.pending += 1
        self.agenda.add(_Job(order, copy, settlement), after=after)
