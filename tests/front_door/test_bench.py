"""The benchmark, small: its servers, its webs, its books, and what makes a run void."""

import json
import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pytest
import redis

from config.embedded.bench import mixes, report, run, scenes, stage
from config.embedded.bench.mixes import Mix
from config.embedded.bench.scenes import Bench
from config.embedded.bench.stage import Stage
from config.embedded.home import Home
from config.embedded.processes import Failure, Signals


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    patch = pytest.MonkeyPatch()
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "PROVIDERS", "DEBUG"):
        patch.delenv(name, raising=False)
    home, signals = Home(tmp_path_factory.mktemp("bench")), Signals()
    home.acquire(signals, command="bench")
    with stage.set_up(home, signals, say=lambda _: None) as made:
        yield made
    patch.undo()


MIXES: dict[str, Callable[[], Mix]] = {
    "hot": lambda: mixes.settlements(100, mixes.hot),
    "zipf": lambda: mixes.settlements(100, mixes.zipf()),
    "resends": lambda: mixes.with_resends(150, 0.3),
    "four names": lambda: mixes.of_many(40),
    "conflicts": lambda: mixes.with_conflicts(150, 0.3),
    "rounds": lambda: mixes.rounds(120),
    "matches": lambda: mixes.matches(20, 9),
    "besoft": lambda: mixes.of_besoft(20),
    "hotroad": lambda: mixes.of_hotroad(20),
}


def quick(played: Stage, **more: float) -> Bench:
    another = partial(run.staged, Signals())
    return Bench(stage=played, another=another, say=lambda _: None, quick=True, **more)


@pytest.mark.parametrize("grouped", [True, False])
def test_every_mix_is_answered_as_expected_and_adds_up(
    played: Stage, monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    monkeypatch.setattr(mixes, "FAR", 50)
    for name, make in MIXES.items():
        mix = make()
        measured = played.play(mix, connections=16 if grouped else 4, grouped=grouped)
        assert (name, measured.faults) == (name, [])
        assert 0 < measured.p50 <= measured.p95 <= measured.p99 <= measured.p999
        assert grouped or measured.group < 1.2  # Two at the same moment count as one group.
        assert 50 < measured.memory < 500
    assert played.verify() == []


def test_a_run_is_void_when_a_reply_is_another_or_the_books_do_not_add_up(played: Stage) -> None:
    mix = mixes.settlements(20)
    wrong = replace(mix, requests=[(request, b'"7777"') for request, _ in mix.requests])
    (fault,) = played.play(wrong).faults
    assert fault.startswith("20 wrong replies")
    twice = mixes.settlements(20)
    (fault,) = played.play(replace(twice, requests=twice.requests * 2, transactions=21)).faults
    assert fault == "20 transactions instead of 21"


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is but one core")
def test_every_thread_of_a_web_process_keeps_to_the_core_of_it(played: Stage) -> None:
    assert played.play(mixes.settlements(50)).faults == []
    cores = [
        {min(os.sched_getaffinity(int(thread.name))) for thread in (process / "task").iterdir()}
        for process in workers(played.ports[True])
    ]
    assert [len(one) for one in cores] == [1, 1]
    assert cores[0] != cores[1]


def workers(port: int) -> Iterator[Path]:
    """The web processes there, in /proc; their parent answers nobody."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"--port\0{port}\0".encode() in (process / "cmdline").read_bytes():
                found.append(process)
    for process in found:
        parent = (process / "stat").read_text().rpartition(") ")[2].split()[1]
        if Path("/proc", parent) in found:
            yield process


def test_the_limits_write_books_that_add_up(played: Stage) -> None:
    assert played.limit.alone(clients=2, seconds=1) > 0
    assert played.limit.groups(size=8, clients=2, seconds=1) > 0
    assert played.verify() == []


def test_filled_books_add_up_under_ascending_and_random_ids(played: Stage) -> None:
    played.books.fill(10_000)
    played.books.fill(12_000, random=True)
    assert played.play(mixes.settlements(50)).faults == []
    assert played.verify() == []


def test_a_large_ledger_takes_turns_with_a_small_one(played: Stage) -> None:
    small, large = scenes.ledgers(quick(played))
    assert (small.name, large.name) == ("10,000 entries", "20,000 entries")
    assert small.faults == large.faults == []
    assert (small.of_first, large.of_first) == (None, large.rate / small.rate)
    assert played.verify() == []


def test_a_million_callbacks_are_sent_a_tenth_at_a_time(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "size", 100)
    rows = list(scenes.million(quick(played)))
    assert [row.name for row in rows][::9] == ["until 100 callbacks", "until 1,000 callbacks"]
    assert [row.faults for row in rows] == [[]] * 10


def test_valkey_is_not_needed_and_is_really_down(played: Stage) -> None:
    bench = quick(played)
    path = unquote(played.env["REDIS_URL"].removeprefix("redis+socket://"))
    with redis.Redis(unix_socket_path=path) as client:
        assert client.ping()
        (row,) = scenes.valkey(bench)
        assert row.faults == []
        with pytest.raises(redis.ConnectionError):
            client.ping()


def test_an_open_loop_and_the_report_of_all_of_it(played: Stage) -> None:
    bench = quick(played, base=1000, reached=200)
    rows = list(scenes.open_loop(bench))
    assert [row.faults for row in rows] == [[], [], []]
    text = report.table(rows)
    assert "open loop, 100 a second" in text
    found = json.loads(report.as_json(rows, played.books.settings(), quick=True))
    assert found["database"]["fsync"] == found["database"]["synchronous_commit"] == "on"
    assert {"cpu", "cores", "memory_gib", "kernel"} == set(found["machine"])
    assert found["versions"]["psycopg"].startswith("3.")
    assert [row["offered"] for row in found["rows"]] == [100, 225, 100]
    assert found["rows"][0]["rounds"][0]["cpu"]["postgres"] > 0


def test_an_exported_database_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@localhost/real")
    options = Namespace(quick=True, only=None, json=None)
    with pytest.raises(Failure, match="of its own only"):
        run.main(options, Signals())
