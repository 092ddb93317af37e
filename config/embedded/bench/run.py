"""`./cage bench`: set up, play the scenes, print the table, keep the JSON."""

import platform
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from config.embedded.bench import report, scenes, stage
from config.embedded.bench.scenes import Bench, Row
from config.embedded.bench.stage import Stage
from config.embedded.home import Home, given
from config.embedded.processes import Failure, Signals


def main(options: Namespace, signals: Signals) -> int:
    """Return 0 if all books added up. Real money is nowhere near: the servers are made for it."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        if given(name):
            raise Failure(f"{name} is exported: the benchmark runs on servers of its own only.")
    chosen = options.only or (scenes.QUICK if options.quick else tuple(scenes.SCENES))
    another = partial(staged, signals)
    with another() as made:
        bench = Bench(stage=made, another=another, say=say, quick=options.quick)
        rows: list[Row] = []
        for name in (name for name in scenes.SCENES if name in ("limits", *chosen)):
            rows += scenes.SCENES[name](bench)
            signals.pause(0)
        say("all checks of the books")
        faults = [fault for row in rows for fault in row.faults] + made.verify()
        database = made.books.settings()
    found = report.machine()
    print(
        f"{found['cpu']}, {found['cores']} cores for everything, Python"
        f" {platform.python_version()}, PostgreSQL {database['server_version']}, fsync"
        f" {database['fsync']}, synchronous_commit {database['synchronous_commit']}\n"
    )
    print(report.table(rows))
    print(report.LEGEND)
    if options.json:
        Path(options.json).write_text(report.as_json(rows, database, quick=options.quick))
    for fault in faults:
        print(f"VOID: {fault}")
    return int(bool(faults))


@contextmanager
def staged(signals: Signals) -> Iterator[Stage]:
    """Servers, webs and books of their own, thrown away afterwards."""
    home = Home(Path(tempfile.mkdtemp(prefix="cage-bench-")))
    try:
        home.acquire(signals, command="bench")
        with stage.set_up(home, signals, say=say) as made:
            yield made
    finally:
        shutil.rmtree(home.path, ignore_errors=True)


def say(what: str) -> None:
    """Progress, on stderr: the table stays alone on stdout."""
    print(f"  {what} ...", file=sys.stderr, flush=True)
