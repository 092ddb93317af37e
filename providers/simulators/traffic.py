"""The stream: threads that send what is due, hear what comes back and decide what follows."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from providers.simulators import orders, rounds
from providers.simulators.agenda import Agenda
from providers.simulators.answers import Statement
from providers.simulators.base import Kind, Message, Move, Request, Simulator, Table
from providers.simulators.beliefs import Belief, Sent
from providers.simulators.course import Course, Sender, Stop
from providers.simulators.orders import Copy, Order, Play
from providers.simulators.polls import Poll
from providers.simulators.rounds import Pace
from providers.simulators.sending import Heard, Line, Loss
from providers.simulators.tally import Tally
from providers.simulators.verdict import Fault

TICK = 0.1
SHORT_PATIENCE = 10.0  # seconds for what is open when somebody asks us to stop


@dataclass(frozen=True, slots=True)
class _Job:
    play: Play
    order: Order
    copy: Copy
    message: Message
    after_refusal: bool = False

    @property
    def can_be_spared(self) -> bool:
        return self.after_refusal or self.copy in (Copy.RESEND, Copy.CONFLICT)


class Traffic:
    """One run of the stream. Read its counts at any time, the rest when `run` has returned."""

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
        self.sending_seconds = 0.0  # How long new rounds came.
        self._open: dict[int, Play] = {}
        self._beliefs: list[Belief] = []
        self._sent: list[Sent] = []
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
        """What the providers believe, one of each bet and payment."""
        with self._lock:
            still = [belief for play in self._open.values() for belief in play.round.beliefs()]
            return self._beliefs + still

    def sent(self) -> list[Sent]:
        """The deliveries of each message."""
        with self._lock:
            return self._sent + [sent for play in self._open.values() for sent in _sent(play)]

    def _wind_up(self) -> None:
        """Nothing new, and no waiting for what was refused: only what got no answer goes on, and
        rounds that began are played to their end."""
        self._hurry = True
        self.agenda.end_stream()
        self.agenda.forget(lambda due: isinstance(due, Poll) or due.can_be_spared)

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
        """Begin round `number`, some with a balance query."""
        course = self.course
        luck = Random(course.seed * 1_000_003 + number)
        is_stranger = luck.random() < course.shares.unknown_players
        asks_first = luck.random() < course.shares.polls
        simulator = luck.choice(self.senders).simulator
        stranger = f"stranger-{number}" if is_stranger else ""
        table = Table(uids=self.uids, luck=luck, at=datetime.now(UTC), stranger=stranger)
        round_ = rounds.begin(simulator, number, table, whole=course.rounds)
        play = Play(simulator=simulator, round=round_, luck=luck, shares=course.shares)
        if asks_first:
            first = round_.messages[0]
            self._ask(Poll(simulator=simulator, message=first, stranger=is_stranger))
        with self._lock:
            self._open[id(play)] = play
            self.tallies[simulator.provider].rounds += 1
            self._follow(play)

    def _ask(self, poll: Poll) -> None:
        serial = next(self._serials)
        request = poll.simulator.poll(poll.message, at=datetime.now(UTC), serial=serial)
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
        play, order = job.play, job.order
        with self._lock:
            if job.copy is Copy.RETRY and not play.is_due(job.message):
                order.pending -= 1
                self._close_if_over(play)
                return
        serial = next(self._serials)
        request = play.simulator.request(job.message, at=datetime.now(UTC), serial=serial)
        loss = order.fate.loss if job.copy is Copy.FIRST else Loss.NONE
        heard = self._send(request, play.simulator, serial, loss)
        with self._lock:
            self._hear(job, heard)

    def _send(self, request: Request, simulator: Simulator, serial: int, loss: Loss) -> Heard:
        paths = self._paths[simulator.provider]
        return self.line.send(request, simulator, path=paths[serial % len(paths)], loss=loss)

    def _hear(self, job: _Job, heard: Heard) -> None:
        play, order, round_ = job.play, job.order, job.play.round
        was_done = round_.is_done(order.message)
        order.count(job.copy, heard)
        if job.copy is not Copy.CONFLICT:  # That is a test of ours, and no part of the round.
            round_.hear(order.message, heard.answer)
        self.tallies[play.simulator.provider].add(
            order.message.kind,
            job.copy,
            heard,
            stranger=round_.stranger,
            was_acknowledged=was_done,
        )
        if heard.answer.statement is not Statement.NOTHING:
            self.seconds_to_answer.append(heard.seconds)
        if round_.is_done(order.message) and not was_done:
            self._acknowledged(play, order)
        self._follow(play)
        self._close_if_over(play)

    def _acknowledged(self, play: Play, order: Order) -> None:
        if self.first_paid is None and order.message.kind is Kind.PAYMENT:
            seconds = time.monotonic() - self.started
            self.first_paid = (seconds, play.simulator.provider, order.message.moves)
        if self._hurry:
            return
        if order.fate.resend:
            self._plan(_Job(play, order, Copy.RESEND, order.message), after=play.luck.random())
        if play.can_conflict(order):
            table = Table(uids=self.uids, luck=play.luck, at=datetime.now(UTC))
            other = play.simulator.contradict(order.message, table)
            self._plan(_Job(play, order, Copy.CONFLICT, other), after=play.luck.random())

    def _follow(self, play: Play) -> None:
        """Plan what is due now, the first time with its twin."""
        for order, due in play.waiting():
            refused = due.pace is Pace.REFUSAL
            if self._hurry and refused:
                continue
            after = orders.wait(due, play.luck)
            copy = Copy.RETRY if order.deliveries else Copy.FIRST
            if copy is Copy.FIRST and order.fate.twin:
                self._plan(_Job(play, order, Copy.TWIN, due.message), after=after)
            self._plan(_Job(play, order, copy, due.message, refused), after=after)

    def _plan(self, job: _Job, *, after: float) -> None:
        job.order.pending += 1
        self.agenda.add(job, after=after)

    def _close_if_over(self, play: Play) -> None:
        """Keep only the beliefs: a demo may run for days."""
        if play.is_over and id(play) in self._open:
            del self._open[id(play)]
            self._beliefs += play.round.beliefs()
            self._sent += _sent(play)


def _sent(play: Play) -> list[Sent]:
    return [order.sent for order in play.orders.values()]
