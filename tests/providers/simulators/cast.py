"""Simulators and tables for the tests: literal settings, a fixed seed, four players."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from providers.protocols import PROTOCOLS
from providers.simulators import SIMULATORS, rounds
from providers.simulators.answers import SUCCESS, Answer, nothing, refused
from providers.simulators.base import Message, Simulator, Table
from providers.simulators.rounds import Round

NOW = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
KEY, IV = "0123456789abcdef", "fedcba9876543210"
RUN = 17_800_000_000
SETTINGS: dict[str, dict[str, Any]] = {
    "besoft": {"currency": "USD"},
    "jdb": {
        "key": KEY,
        "iv": IV,
        "currencies": {"US": "USD", "VN": {"currency": "VND", "factor": 1000}},
    },
    "sud": {"app_id": "1461564080052506636", "app_secret": ["test-app-secret"], "currency": "COIN"},
    "hotroad": {"currency": "THB", "uid_prefix": "hrg"},
}


YES, NO = SUCCESS, refused("1009", "no")
SILENCE = nothing("timed out")
UNREADABLE = Answer(statement=NO.statement, reason="unreadable reply")


def simulator(protocol: str, **settings_of_its_own: Any) -> Simulator:
    stated = SETTINGS[protocol] | settings_of_its_own
    settings = msgspec.convert(stated, PROTOCOLS[protocol].Settings)
    return SIMULATORS[protocol](provider=protocol, settings=settings, run=RUN)


def table(seed: int = 7, *, stranger: str = "") -> Table:
    return Table(
        uids=("alice", "bob", "carol", "dave"), luck=Random(seed), at=NOW, stranger=stranger
    )


def begin(protocol: str, *operations: str, is_void: bool = False, stranger: str = "") -> Round:
    """The first round that is drawn and begins with these operations."""
    one = simulator(protocol)
    for seed in range(1_000):
        round_ = rounds.begin(one, seed, table(seed, stranger=stranger), whole=True)
        found = tuple(message.operation for message in round_.messages)
        if found == operations and round_.game.is_void == is_void:
            return round_
    raise LookupError(f"{protocol} never begins with {operations}")


def due(round_: Round) -> list[str]:
    """The operations that are due."""
    return [one.message.operation for one in round_.due()]


def find(round_: Round, operation: str) -> Message:
    """The first message of a kind that was due so far."""
    return next(message for message in round_.messages if message.operation == operation)


def hear(round_: Round, operation: str, *answers: Answer) -> None:
    for answer in answers:
        round_.hear(find(round_, operation), answer)


def held(round_: Round) -> dict[str, str]:
    """What the provider holds of each operation."""
    return {
        belief.transaction_id.partition(":")[0]: belief.held.value for belief in round_.beliefs()
    }
