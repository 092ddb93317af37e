"""Any order of bets, settlements, cancels, resends, lost replies and restarts ends in agreement.

Hypothesis plays rounds as the providers live them, loses requests and replies, delivers twice, late
and out of order, breaks the ledger and drops the connection. When everything that the providers
still want to say was said, what they believe is what the books say, or a refusal that they saw
explains the difference.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from providers import checks, registry
from providers.simulators import SIMULATORS, answers, evidence, rounds, verdict
from providers.simulators.base import Message, Simulator, Table
from providers.simulators.rounds import Round
from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS, empty_the_books
from tests.providers.senders import Sent, send
from wallets.models import Player, Wallet

UIDS = ["alice", "bob"]
OPENING = "60"  # Little enough that some bets are not covered.
MOST_ROUNDS = 3
COMES_TO_SOMETHING = {
    "besoft": {"result"},
    "jdb": {"bet", "settle", "cancel_bet", "bet_and_settle", "withdraw", "deposit"},
    "sud": {"match", "update_score"},
    "hotroad": {"bet", "settle", "cancel_bet", "event"},
}
# What becomes of a delivery; a fault of ours is heard in the provider's dialect.
BREAKING = {
    "fault in the ledger": "wallets.ledger._read",
    "fault in the inbox": "providers.callbacks.keep",
}
FATES = ["heard", "heard", "reply lost", "reply lost", "request lost", "late", "twice", *BREAKING]
HAPPENINGS = st.sampled_from(
    [*FATES, *FATES, "resend", "resend", "arrive late", "top up", "suspend or not", "restart"]
)
SEEDS = st.integers(0, 2**32)
EXAMPLES = int(os.environ.get("ROUND_EXAMPLES", "25"))
LAST_WORDS = 40  # So often everything that is due is said at the end.
CONFIGURED: dict[str, dict[str, Any]] = {
    "besoft": PROVIDERS["besoft"],
    "jdb": {**PROVIDERS["jdb"], "unknown_bet": "refuse"},
    "jdb, reversing": {
        **PROVIDERS["jdb"],
        "unknown_bet": "refuse",
        "cancel_bet_and_settle": "reverse",
    },
    "jdb, paying": {**PROVIDERS["jdb"], "unknown_bet": "pay"},
    "sud": PROVIDERS["sud"],
    "hotroad": {**PROVIDERS["hotroad"], "unknown_bet": "refuse"},
    "hotroad, paying": {**PROVIDERS["hotroad"], "unknown_bet": "pay"},
}


class Rounds(RuleBasedStateMachine):
    """One provider, two players, a few rounds at once."""

    provider: str
    booked: set[str]  # The operations that came to anything, in all examples.

    def __init__(self) -> None:
        super().__init__()
        empty_the_books()
        self.books = Books()
        protocol = registry.current().by_name[self.provider].protocol
        self.simulator: Simulator = SIMULATORS[self.provider](
            provider=self.provider, settings=protocol.settings, run=17_600_000_000
        )
        for uid in UIDS:
            for currency in self.simulator.currencies:
                self.books.open(uid, currency, OPENING)
        self.before = evidence.opening(UIDS, at=datetime.now(UTC))
        self.rounds: list[Round] = []
        self.late: list[Message] = []
        self.serial = 0

    # -- What can happen --------------------------------------------------------------------------

    @initialize(seeds=st.lists(SEEDS, min_size=1, max_size=MOST_ROUNDS))
    def begin(self, seeds: list[int]) -> None:
        for seed in seeds:
            self.begin_another(seed)

    @precondition(lambda self: len(self.rounds) < MOST_ROUNDS)
    @rule(seed=SEEDS)
    def begin_another(self, seed: int) -> None:
        number, luck = len(self.rounds), Random(seed)
        stranger = f"stranger-{number}" if luck.random() < 0.1 else ""
        table = Table(uids=UIDS, luck=luck, at=datetime.now(UTC), stranger=stranger)
        self.rounds.append(rounds.begin(self.simulator, number, table, whole=True))

    @rule(happenings=st.lists(st.tuples(HAPPENINGS, st.integers(0, 99)), min_size=10, max_size=30))
    def happen(self, happenings: list[tuple[str, int]]) -> None:
        """One rule for all: Hypothesis would else leave most of them out of most examples."""
        for what, number in happenings:
            if what in FATES:
                if due := self.due():
                    round_, message = due[number % len(due)]
                    self.meet(what, round_, message)
            else:
                getattr(self, what.replace(" ", "_"))(number)

    def resend(self, number: int) -> None:
        """What may be done with; the provider hears this answer too."""
        every = [(round_, message) for round_ in self.rounds for message in round_.messages]
        round_, message = every[number % len(every)]
        round_.hear(message, self.said(message))

    def arrive_late(self, number: int) -> None:
        """The provider has given up waiting for this answer."""
        if self.late:
            self.said(self.late.pop(number % len(self.late)))

    def suspend_or_not(self, number: int) -> None:
        player = Player.objects.get(uid=UIDS[number % len(UIDS)])
        is_active = player.status == Player.Status.ACTIVE
        self.books.set_status(player.uid, "suspended" if is_active else "active")

    def top_up(self, number: int) -> None:
        for currency in self.simulator.currencies:
            post(deposit(UIDS[number % len(UIDS)], currency, "500"))

    def restart(self, _: int) -> None:
        """One web process ends, another one begins."""
        connection.close()
        registry.parse.cache_clear()
        checks._verified.clear()

    # -- What must hold ---------------------------------------------------------------------------

    @invariant()
    def nobody_is_below_zero(self) -> None:
        assert not Wallet.objects.filter(balance__lt=0).exists()

    def teardown(self) -> None:
        for uid in UIDS:
            self.books.set_status(uid, "active")
        while self.late:
            self.said(self.late.pop())
        for _ in range(LAST_WORDS):
            for round_, message in self.due():
                round_.hear(message, self.said(message))
        beliefs = [belief for round_ in self.rounds for belief in round_.beliefs()]
        found = evidence.gather(self.before, [self.simulator], UIDS)
        assert [str(fault) for fault in verdict.faults(beliefs, [], found)] == []
        assert self.books.violations() == []
        self.booked.update(row.transaction_id.partition(":")[0] for row in found.booked)

    # -- Means ------------------------------------------------------------------------------------

    def meet(self, fate: str, round_: Round, message: Message) -> None:
        """One delivery of `message`, or the attempt."""
        if fate == "late":
            self.late.append(message)
        if fate == "twice":
            round_.hear(message, self.said(message))
        if fate in ("heard", "twice"):
            round_.hear(message, self.said(message))
        elif fate in BREAKING:
            with broken(BREAKING[fate]):
                answer = self.said(message)
            round_.hear(message, answer)
        else:
            if fate == "reply lost":
                self.said(message)
            round_.hear(message, answers.nothing(fate))

    def due(self) -> list[tuple[Round, Message]]:
        return [(round_, due.message) for round_ in self.rounds for due in round_.due()]

    def said(self, message: Message) -> answers.Answer:
        """What Cage answers to one delivery of `message`."""
        self.serial += 1
        request = self.simulator.request(message, at=datetime.now(UTC), serial=self.serial)
        headers = dict(request.headers)
        path = f"{self.provider}/{request.suffix}" if request.suffix else self.provider
        heard = send(
            Sent(
                path=path,
                body=request.body,
                content_type=headers.pop("Content-Type"),
                headers=headers,
            )
        )
        return self.simulator.read(request.operation, heard.status, heard.body)


@contextmanager
def broken(where: str) -> Iterator[None]:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, fail)
        yield


@pytest.mark.parametrize("name", CONFIGURED)
def test_whatever_happens_ends_in_agreement(
    books: Books, configure: Callable[..., None], name: str
) -> None:
    provider = name.partition(",")[0]
    configure(**{provider: CONFIGURED[name]})
    machine = type("Machine", (Rounds,), {"provider": provider, "booked": set()})
    run(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.booked >= COMES_TO_SOMETHING[provider]  # type: ignore[attr-defined]
