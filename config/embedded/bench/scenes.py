"""What is measured: each scene is a few rows of the table.

The figures that are compared come from rounds in turn (limit, on, off, limit, on, off, ...), so
that what the machine does meanwhile hits all of them alike: a virtual one may be half as fast a few
minutes later. The median of the rounds counts, and where two kinds took turns, that of their shares
in each round.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median

from config.embedded.bench import mixes as made
from config.embedded.bench.limit import CLIENTS
from config.embedded.bench.mixes import Mix
from config.embedded.bench.stage import Measured, Stage

Say = Callable[[str], None]
ASKED = 0.45  # Of limit A, over HTTP, encrypted.
PAIRS = 7  # Rounds where a few per cent are looked for.
FEW = 10_000
LARGE = ((1_000_000, False), (10_000_000, False), (11_000_000, True))  # Entries; random ids?


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: medians, and all the rounds that they are of. Faults make it void."""

    scene: str
    name: str
    rate: float
    rounds: list[Measured] = field(default_factory=list)
    of_limit: float | None = None
    of_first: float | None = None
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
    another: Callable[[], AbstractContextManager[Stage]]
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

    def playing(
        self, make: Callable[[int], Mix], *, on: Stage | None = None
    ) -> Callable[[], Measured]:
        """To be called for each of its rounds."""
        return lambda: (on or self.stage).play(make(self.size))

    def row(
        self,
        scene: str,
        name: str,
        *played: Measured,
        offered: float | None = None,
        beside: Sequence[Measured] = (),
    ) -> Row:
        """`beside` are the rounds of another that it took turns with."""
        rate = median(one.rate for one in played)
        shares = [one.rate / other.rate for one, other in zip(played, beside, strict=False)]
        return Row(
            scene=scene,
            name=name,
            rate=rate,
            rounds=list(played),
            of_limit=rate / self.base if self.base and offered is None else None,
            of_first=median(shares) if shares else None,
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
    yield bench.row("jdb", "the same, each in a commit of its own", *off, beside=on)


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
    plays = {name: bench.playing(make) for name, make in kinds.items()}
    yield from _in_turn(bench, "mix", plays, rounds=bench.rounds)


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


def million(bench: Bench) -> Iterator[Row]:
    """A million callbacks through one web, a tenth at a time: its rate and its memory."""
    tenth = bench.size if bench.quick else 100_000
    for done in range(tenth, 11 * tenth, tenth):
        bench.say(f"{done:,} callbacks")
        yield bench.row(
            "million", f"until {done:,} callbacks", bench.stage.play(made.settlements(tenth))
        )


def ledgers(bench: Bench) -> Iterator[Row]:
    """A million entries, ten, and another one under random ids; each beside ten thousand, which
    are in a second database with a web of its own."""
    for entries, random in ((2 * FEW, False),) if bench.quick else LARGE:
        bench.say(f"filling the books with {entries:,} entries")
        bench.stage.books.fill(entries, random=random)
        with bench.another() as small:
            small.books.fill(FEW)
            name = f"{entries:,} entries" + (", random ids" if random else "")
            plays = {
                f"{FEW:,} entries": bench.playing(made.settlements, on=small),
                name: bench.playing(made.settlements),
            }
            yield from _in_turn(bench, name, plays, rounds=PAIRS)


def valkey(bench: Bench) -> Iterator[Row]:
    """Nothing that settles needs it. It does not come back: this is the last scene."""
    bench.say("Valkey is stopped")
    bench.stage.stop_valkey()
    plays = {"Valkey down": bench.playing(made.settlements)}
    yield from _in_turn(bench, "valkey", plays, rounds=bench.rounds)


def _in_turn(
    bench: Bench, scene: str, plays: Mapping[str, Callable[[], Measured]], *, rounds: int
) -> Iterator[Row]:
    """A row for each of `plays`; the first is what the others are compared with."""
    played: dict[str, list[Measured]] = {name: [] for name in plays}
    for number in range(1 if bench.quick else rounds):
        for name in list(plays)[:: -1 if number % 2 else 1]:
            bench.say(f"{name}: round {number + 1}")
            played[name].append(plays[name]())
    first, *others = played
    yield bench.row(scene, first, *played[first])
    for name in others:
        yield bench.row(scene, name, *played[name], beside=played[first])


SCENES = {
    "limits": limits,
    "open": open_loop,
    "mixes": mixes,
    "protocols": protocols,
    "million": million,
    "ledgers": ledgers,
    "valkey": valkey,
}
QUICK = ("limits", "open", "mixes")
