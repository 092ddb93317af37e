"""Simulators and tables for the tests: literal settings, a fixed seed, four players."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from providers.protocols import PROTOCOLS
from providers.simulators import SIMULATORS
from providers.simulators.base import Simulator, Table

NOW = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
KEY, IV = "0123456789abcdef", "fedcba9876543210"
RUN = 178_000_000_000
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


def simulator(protocol: str) -> Simulator:
    settings = msgspec.convert(SETTINGS[protocol], PROTOCOLS[protocol].Settings)
    return SIMULATORS[protocol](provider=protocol, settings=settings, run=RUN)


def table(seed: int = 7, *, stranger: str = "") -> Table:
    return Table(
        uids=("alice", "bob", "carol", "dave"), luck=Random(seed), at=NOW, stranger=stranger
    )
