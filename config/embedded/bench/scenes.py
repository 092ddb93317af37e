"""What is measured: each scene is a few rows of the table.

The figures that are compared come from rounds in turn (limit, on, off, limit, on, off, ...), so
that what the machine does meanwhile hits all of them alike; the median of the rounds counts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from config.embedded.bench import mixes as made
from config.embedded.bench.limit import CLIENTS
from config.embedded.bench.mixes import Mix
from config.embedded.bench.stage import Measured, Stage

Say = Callable[[str], None]
ASKED = 0.45  # Of limit A, over HTTP, encrypted.


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: medians, and all the rounds that they are of. Faults make it void."""

    scene: str
    name: str
    rate: float
    rounds: list[Measured] = field(default_factory=list)
    of_limit: float | None = None
    offered: float | None = None
    rates: list[float] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [fault for one in self.rounds for fault in one.faults]

    def median(self, name: str) -> float:
        return float(median(getattr(one, name) for one in self.rounds))


@dataclass(kw_only=True)
class Bench:
    """How much of it: `quick` fits into two minutes."""

    stage: Stage
    say: Say
    quick: bool
    base: float = 0.0  # The limit that rates are shares of.
    reached: float = 0.0  # JDB at 64 connections.

    @property
    def size(self) -> int:
        return 3000 if self.quick else 12000

    @property
    def rounds(self) -> int:
        return 3

    def row(self, scene: str, name: str, *played: Measured, offered: float | None = None) -> Row:
        rate = median(one.rate for one in played)
        return Row(
            scene=scene,
            name=name,
            rate=rate,
            rounds=list(played),
            of_limit=rate / self.base if self.base and offered is None else None,
            offered=offered,
            rates=[one.rate for one in played],
        )

    def limit(self, name: str, rates: list[float]) -> Row:
        return Row(
            scene="limit",
            name=name,
            rate=median(rates),
            of_limit=median(rates) / self.base if self.base else None,
            rates=rates,
        )


def limits(bench: Bench) -> Iterator[Row]:
    """Limit A, JDB at 64 connections with and without group commit, limit B; in turn."""
    seconds, limit, play = 3 if bench.quick else 8, bench.stage.limit, bench.stage.play
    tried = {n: limit.alone(clients=n, seconds=2 if bench.quick else 5) for n in CLIENTS}
    best = max(tried, key=lambda clients: tried[clients])
    rates: dict[str, list[float]] = {"A": [], "B": [], "careless": []}
    on: list[Measured] = []
    off: list[Measured] = []
    for number in range(bench.rounds):
        bench.say(f"limit A, group commit on and off, limit B: round {number + 1}")
        rates["A"].append(limit.alone(clients=best, seconds=seconds))
        on.append(play(made.settlements(bench.size)))
        off.append(play(made.settlements(bench.size // 3), grouped=False))
        if bench.quick:
            continue
        size = max(1, round(median(one.group for one in on)))
        rates["B"].append(limit.groups(size=size, clients=4, seconds=seconds))
        rates["careless"].append(limit.alone(clients=best, seconds=seconds, durable=False))
    bench.base = median(rates["A"])
    yield bench.limit(f"A: pgbench, one settlement a commit, {best} clients", rates["A"])
    if rates["B"]:
        yield bench.limit("B: pgbench, groups as large as Cage's", rates["B"])
        yield bench.limit("A without waiting for the disk", rates["careless"])
    row = bench.row("jdb", "settlements, 64 connections", *on)
    bench.reached = row.rate
    yield row
    yield bench.row("jdb", "the same, each in a commit of its own", *off)


def open_loop(bench: Bench) -> Iterator[Row]:
    """At fixed rates: half of what was reached, half of what is asked for, and 100 a second."""
    for rate in (round(bench.reached / 2), round(ASKED * bench.base / 2), 100):
        bench.say(f"open loop at {rate} a second")
        size = min(bench.size, rate * (5 if bench.quick else 15))
        played = [
            bench.stage.play(made.settlements(size), rate=rate)
            for _ in range(1 if bench.quick else bench.rounds)
        ]
        yield bench.row("open loop", f"open loop, {rate} a second", *played, offered=rate)


def mixes(bench: Bench) -> Iterator[Row]:
    """The same rate whatever comes? Each beside uniform players, in turn."""
    kinds: dict[str, Callable[[int], Mix]] = {
        "uniform players": made.settlements,
        "one hot player": lambda size: made.settlements(size, made.hot),
        "30 % resends": lambda size: made.with_resends(size, 0.3),
    }
    if not bench.quick:
        kinds |= {
            "Zipf 1.0 players": lambda size: made.settlements(size, made.zipf()),
            "four providers in turn": made.of_many,
            "5 % conflicts": lambda size: made.with_conflicts(size, 0.05),
            "whole rounds with balance polls": made.rounds,
        }
    yield from _in_turn(bench, "mix", kinds)


def protocols(bench: Bench) -> Iterator[Row]:
    """Each of the four at 1, 16, 64 and 256 connections."""
    kinds: dict[str, Callable[[int], Mix]] = {
        "jdb": made.settlements,
        "besoft": made.of_besoft,
        "hotroad": made.of_hotroad,
        "sud, matches of 9 players": lambda size: made.matches(size // 3, 9),
    }
    for connections in (1, 16, 64, 256):
        part = bench.size // (6 if connections == 1 else 1)
        for name, make in kinds.items():
            bench.say(f"{name}, {connections} connections")
            played = bench.stage.play(make(part), connections=connections)
            yield bench.row("protocol", f"{name}, {connections} connections", played)


def ledgers(bench: Bench) -> Iterator[Row]:
    """Ten thousand, a million and ten million entries; the last million under random ids."""
    for entries in (10_000, 1_000_000, 10_000_000):
        bench.say(f"filling the books with {entries:,} entries")
        bench.stage.books.fill(entries)
        yield from _in_turn(bench, "ledger", {f"{entries:,} entries": made.settlements})
    bench.say("another million under random ids")
    bench.stage.books.fill(11_000_000, random=True)
    yield from _in_turn(bench, "ledger", {"11,000,000 entries, random ids": made.settlements})


def valkey(bench: Bench) -> Iterator[Row]:
    """Nothing that settles needs it. It does not come back: this is the last scene."""
    bench.say("Valkey is stopped")
    bench.stage.stop_valkey()
    yield from _in_turn(bench, "valkey", {"Valkey down": made.settlements})


def _in_turn(bench: Bench, scene: str, kinds: dict[str, Callable[[int], Mix]]) -> Iterator[Row]:
    played: dict[str, list[Measured]] = {name: [] for name in kinds}
    for number in range(1 if bench.quick else bench.rounds):
        for name, make in kinds.items():
            bench.say(f"{name}: round {number + 1}")
            played[name].append(bench.stage.play(make(bench.size)))
    for name, measured in played.items():
        yield bench.row(scene, name, *measured)


SCENES = {
    "limits": limits,
    "open": open_loop,
    "mixes": mixes,
    "protocols": protocols,
    "ledgers": ledgers,
    "valkey": valkey,
}
QUICK = ("limits", "open", "mixes")
