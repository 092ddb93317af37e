"""The stream against a Cage made up in memory: what is sent, and what is believed at the end."""

from collections import Counter
from decimal import Decimal

import pytest

from providers.simulators import orders, polls, verdict
from providers.simulators.answers import refused
from providers.simulators.base import Kind
from providers.simulators.beliefs import Held
from providers.simulators.course import Course, Sender, Stop
from providers.simulators.orders import Shares
from providers.simulators.tally import total, words
from providers.simulators.traffic import Traffic
from providers.simulators.verdict import FaultKind
from tests.providers.simulators.cast import RUN, simulator
from tests.providers.simulators.memory import MemoryCage, Seen

UIDS = ["alice", "bob", "carol", "dave"]
EVERYONE = ("besoft", "jdb", "sud", "hotroad")
PAYING = {"hotroad": {"unknown_bet": "pay"}, "jdb": {"unknown_bet": "pay"}}
BETS, CANCELS = frozenset({Kind.BET}), frozenset({Kind.CANCEL})


@pytest.fixture(autouse=True)
def short_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "LONGEST_GAME", 0.05)


def stream(
    cage: MemoryCage, *protocols: str, seconds: float = 0.5, whole: bool = False, **shares: float
) -> Traffic:
    made = [simulator(one, **PAYING.get(one, {})) for one in protocols]
    traffic = Traffic(
        senders=[Sender(simulator=Seen(one), paths=[one.provider]) for one in made],  # type: ignore[arg-type]
        uids=UIDS,
        course=Course(
            rate=200,
            seconds=seconds,
            shares=Shares(**shares),
            seed=7,
            players=4,
            connections=4,
            patience=5,
            url="",
            rounds=whole,
        ),
        line=cage,  # type: ignore[arg-type]
        run=RUN,
    )
    traffic.run(stop=Stop(), watch=lambda _: None)
    return traffic


def faults(traffic: Traffic, cage: MemoryCage) -> Counter[FaultKind]:
    found = verdict.faults(traffic.beliefs(), traffic.sent(), cage.evidence())
    return Counter(fault.kind for fault in found)


def unsettled(traffic: Traffic) -> set[bool]:
    """Whether who is unsettled at the end is a stranger."""
    return {belief.stranger for belief in traffic.beliefs() if belief.is_unsettled}


# -- Settlements alone -------------------------------------------------------------------------


def test_a_cage_that_pays_once_is_found_without_fault() -> None:
    cage = MemoryCage()
    traffic = stream(
        cage, *EVERYONE, resends=0.3, conflicts=0.2, lost_replies=0.2, unknown_players=0.1
    )
    whole = total(list(traffic.tallies.values()))
    assert faults(traffic, cage) == {}
    assert whole.rounds == len(traffic.beliefs()) == 100
    assert whole.paid == len(cage.booked)
    assert whole.deliveries == cage.deliveries.total()
    assert min(whole.repeated, whole.conflicts_refused, whole.silent["reply lost"]) > 0
    assert unsettled(traffic) == {True}
    assert {one.deliveries for one in traffic.sent()} > {1, 2}


def test_a_cage_that_takes_conflicting_copies_is_found_out() -> None:
    cage = MemoryCage(believes_anything=True)
    traffic = stream(cage, "jdb", "sud", conflicts=0.3, unknown_players=0)
    assert faults(traffic, cage).keys() == {FaultKind.PAID_WRONGLY}


def test_a_cage_that_only_says_success_is_found_out() -> None:
    cage = MemoryCage(deaf=frozenset({Kind.PAYMENT}))
    traffic = stream(cage, "hotroad", unknown_players=0)
    assert faults(traffic, cage)[FaultKind.NOT_PAID] == 100


def test_what_got_no_answer_is_sent_until_it_does() -> None:
    cage = MemoryCage(silent_until=150)
    traffic = stream(cage, "besoft", "jdb", lost_replies=0, unknown_players=0)
    assert {belief.held for belief in traffic.beliefs()} == {Held.STANDS}
    assert faults(traffic, cage) == {}


# -- Whole rounds ------------------------------------------------------------------------------


def test_whole_rounds_end_with_what_the_providers_believe() -> None:
    cage = MemoryCage()
    traffic = stream(
        cage, *EVERYONE, whole=True, resends=0.3, conflicts=0.2, lost_replies=0.3,
        unknown_players=0.1,
    )  # fmt: skip
    whole = total(list(traffic.tallies.values()))
    assert faults(traffic, cage) == {}
    assert unsettled(traffic) == {True}
    assert min(whole.taken, whole.paid, whole.cancelled, whole.repeated) > 0
    assert {belief.held for belief in traffic.beliefs()} >= {Held.STANDS, Held.VOID}
    assert (cage.evidence().open_bets, whole.deliveries) == (
        frozenset(),
        cage.deliveries.total(),
    )


def test_a_silent_cage_makes_providers_cancel_and_all_is_given_back() -> None:
    cage = MemoryCage(silent_until=100)
    traffic = stream(cage, "jdb", "hotroad", whole=True, lost_replies=0, unknown_players=0)
    assert faults(traffic, cage) == {}
    assert unsettled(traffic) == set()
    assert total(list(traffic.tallies.values())).cancelled > 20


def test_a_cage_that_takes_no_bets_is_found_out() -> None:
    cage = MemoryCage(deaf=BETS)
    traffic = stream(cage, "hotroad", whole=True, unknown_players=0, conflicts=0)
    assert faults(traffic, cage).keys() == {FaultKind.NOT_TAKEN}


def test_a_cage_that_takes_what_it_refuses_is_found_out() -> None:
    cage = MemoryCage(late=BETS, refusal=refused("8001"))
    traffic = stream(cage, "hotroad", whole=True, unknown_players=0, lost_replies=0)
    assert faults(traffic, cage).keys() == {FaultKind.TAKEN_FAILED}
    cage = MemoryCage(late=frozenset({Kind.PAYMENT}))
    traffic = stream(cage, "besoft", unknown_players=0)
    assert faults(traffic, cage).keys() == {FaultKind.PAID_VOID}


def test_a_cage_that_gives_nothing_back_is_found_out() -> None:
    cage = MemoryCage(deaf=CANCELS)
    traffic = stream(cage, "hotroad", whole=True, lost_replies=0.3, unknown_players=0)
    assert faults(traffic, cage).keys() == {FaultKind.NOT_GIVEN_BACK}


# -- The stream itself -------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
def test_the_seed_repeats_who_gets_what(whole: bool) -> None:
    moves = []
    for _ in range(2):
        cage = MemoryCage()
        stream(
            cage, *EVERYONE, seconds=0.2, whole=whole, lost_replies=0, unknown_players=0,
        )  # fmt: skip
        moves.append(cage.booked)
    assert moves[0] == moves[1]


def test_asked_to_stop_it_ends_at_once_and_still_knows_what_it_believes() -> None:
    cage, stop = MemoryCage(), Stop()
    stop.ask()
    traffic = Traffic(
        senders=[Sender(simulator=Seen(simulator("jdb")), paths=["jdb"])],  # type: ignore[arg-type]
        uids=UIDS,
        course=Course(
            rate=100, seconds=None, shares=Shares(), seed=1, players=4, connections=2,
            patience=60, url="", rounds=True,
        ),
        line=cage,  # type: ignore[arg-type]
        run=RUN,
    )  # fmt: skip
    traffic.run(stop=stop, watch=lambda _: None)
    assert traffic.tallies["jdb"].rounds <= len(traffic.beliefs())
    assert faults(traffic, cage) == {}
    assert sum(move.credit for moves in cage.booked.values() for move in moves) >= Decimal(0)


def test_balance_queries_are_counted_apart_and_strangers_are_refused() -> None:
    cage = MemoryCage()
    traffic = stream(cage, "jdb", "sud", "hotroad", polls=1.0, unknown_players=0.1)
    whole = total(list(traffic.tallies.values()))
    strangers = sum(belief.stranger for belief in traffic.beliefs())
    assert strangers > 0
    assert whole.polls == whole.rounds == 100
    assert whole.told == 100 - strangers
    assert whole.polls_refused == {"unknown player": strangers}
    assert (whole.deliveries, traffic.denied) == (cage.deliveries.total(), [])
    assert len(traffic.seconds_to_tell) == 100
    assert words(whole).endswith(
        f"{whole.told} balances told, {strangers} balance refused (unknown player)"
    )


def test_a_balance_that_is_refused_for_a_while_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polls, "REFUSED", (0.01, 0.01))
    cage = MemoryCage(refuses_to_tell=2)
    traffic = stream(cage, "jdb", polls=1.0, unknown_players=0)
    whole = total(list(traffic.tallies.values()))
    assert (whole.polls, whole.told, traffic.denied) == (102, 100, [])


def test_a_cage_that_never_tells_a_balance_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "REFUSED", (0.01, 0.01))
    traffic = stream(MemoryCage(tells=False), "jdb", polls=0.1, unknown_players=0)
    assert {fault.kind for fault in traffic.denied} == {FaultKind.BALANCE_REFUSED}
    assert traffic.tallies["jdb"].polls == 3 * len(traffic.denied)
    assert "asked 3 times: 1003" in str(traffic.denied[0])
