"""The table for people and the JSON for machines."""

import io
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config.embedded.bench.scenes import Row
from config.embedded.processes import ROOT

PACKAGES = ("django", "djangorestframework", "psycopg", "granian", "msgspec", "uvloop")
HEADS = (
    *("a second", "of A", "of first", "offered", "dropped", "per commit"),
    *("p50", "p95", "p99", "p99.9", "web", "pg", "load", "MiB"),
)
LEGEND = """of A: share of limit A, pgbench writing the same rows one settlement a commit.
of first: of the first row of its kind, which it took turns with; the median of the rounds' shares.
per commit: deliveries that were settled in one transaction. p50 to p99.9: milliseconds from
sending a request (open loop: from when it was due) to its whole reply. web, pg, load: CPU seconds
of a thousand requests, of the web, PostgreSQL and the load generator, all on the same cores. MiB:
memory of the larger web process. Rates are medians; every reply was checked, and the books after
each run."""


def table(rows: Sequence[Row], *, width: int | None = None) -> str:
    """Right-aligned figures, one line a row."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("", no_wrap=True)
    for name in HEADS:
        made.add_column(name, justify="right", no_wrap=True)
    scene = ""
    for row in rows:
        if row.scene != scene:
            made.add_section()
            scene = row.scene
        made.add_row(*_cells(row))
    console = Console(width=width or 160, record=True, file=io.StringIO())
    console.print(made)
    return console.export_text()


def _cells(row: Row) -> list[str]:
    name = row.name + ("  VOID" if row.faults else "")
    shares = ["" if one is None else f"{one:.2f}" for one in (row.of_limit, row.of_first)]
    cells = [name, f"{row.rate:,.0f}", *shares]
    if not row.rounds:
        return cells
    offered = "" if row.offered is None else f"{row.offered:,.0f}"
    cells += [offered, f"{max(one.dropped for one in row.rounds)}", f"{row.median('group'):.1f}"]
    cells += [f"{row.median(name):.1f}" for name in ("p50", "p95", "p99", "p999")]
    for part in ("web", "postgres", "generator"):
        used = [one.cpu[part] for one in row.rounds]
        cells.append(f"{sum(used) / len(used):.2f}")
    cells.append(f"{row.median('memory'):.0f}")
    return cells


def as_json(rows: Sequence[Row], database: Mapping[str, str], *, quick: bool) -> str:
    """Everything that was measured, and on what."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    described: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "commit": commit.stdout.strip() or None,
        "machine": machine(),
        "versions": {
            "python": sys.version,
            **{name: version(name) for name in PACKAGES},
        },
        "database": dict(database),
        "rows": [asdict(row) | {"faults": row.faults} for row in rows],
    }
    return json.dumps(described, indent=2)


def machine() -> dict[str, Any]:
    cpus = Path("/proc/cpuinfo").read_text()
    memory = Path("/proc/meminfo").read_text().split()[1]
    model = next((line for line in cpus.splitlines() if line.startswith("model name")), ": unknown")
    return {
        "cpu": model.partition(": ")[2],
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 1024**2, 1),
        "kernel": platform.release(),
    }
