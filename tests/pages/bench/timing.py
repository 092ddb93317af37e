"""How long each page of the admin takes with a million transactions and callbacks.

    CAGE_HOME=/tmp/bench ./cage manage migrate --database owner
    CAGE_HOME=/tmp/bench ./cage manage shell -v 0 \\
        -c "from tests.pages.bench import timing; timing.main()"

Fills an empty demo database with 1 % of it and counts the queries of every page, then empties and
fills it again with all of it and times every page, 30 calls each after two to warm up. Exit status
1 if a page takes more than 300 ms at the 95th percentile, or a number of queries depends on the
number of rows. The database is to be thrown away afterwards; `timing.again()` measures a full one.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, reset_queries
from django.test import override_settings
from django.test.utils import (
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)

from tests.pages.bench import filling
from tests.pages.bench.places import Place, places
from tests.staff import PLAIN, Staff

CALLS = 30
LONGEST = 0.300  # seconds, of 95 in 100 calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One page: times in seconds, and its slowest query."""

    place: Place
    status: int
    queries: int
    p50: float
    p95: float
    slowest: float
    sql: str


def main(count: int = 1_000_000) -> None:
    """Fill, count, fill, time; print the table."""
    filling.empty()
    with _opened(filling.fill(count // 100, players=1_000)) as staff:
        few = {place.name: queries(staff, place) for place in _listed(staff)}
    filling.empty()
    filling.fill(count)
    _report(few)


def again(only: str = "") -> None:
    """Time the pages of a database that is full already, without the comparison."""
    _report({}, only)


def queries(staff: Staff, place: Place) -> int:
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        staff.client.get(place.url)
    return len(captured)


def _report(few: dict[str, int], only: str = "") -> None:
    with _opened(User.objects.get(username="bench")) as staff:
        found = [_measure(staff, one) for one in _listed(staff) if only in one.name]
    bad = []
    print(f"{'page':<78}{'queries':>8}{'p50':>8}{'p95':>8}  slowest query, in ms")
    for one in found:
        faults = list(_faults(one, few))
        bad += faults
        print(
            f"{one.place.name[:77]:<78}{one.queries:>8}{_ms(one.p50):>8}{_ms(one.p95):>8}  "
            f"{_ms(one.slowest)} {one.sql[:60] if faults else ''} {', '.join(faults)}"
        )
    worst = max(found, key=lambda one: one.p95)
    print(f"{len(found)} pages, the slowest {_ms(worst.p95)} ms at the 95th percentile")
    if bad:
        sys.exit(1)


def _faults(one: Measured, few: dict[str, int]) -> Iterator[str]:
    if one.status not in (200, 302):  # a search that finds one thing leads straight to it
        yield f"status {one.status}"
    if one.p95 > LONGEST:
        yield "SLOW"
    if one.queries > few.get(one.place.name, one.queries):
        yield f"{few[one.place.name]} queries with few rows"


def _measure(staff: Staff, place: Place) -> Measured:
    reset_queries()  # Its log has an end.
    with CaptureQueriesContext(connection) as captured:
        status = staff.client.get(place.url).status_code
    said = list(captured.captured_queries)
    times = []
    for _ in range(CALLS if status in (200, 302) else 2):
        started = time.perf_counter()
        staff.client.get(place.url)
        times.append(time.perf_counter() - started)
        if sum(times) > 20:  # It is too slow: nobody has to wait for all of them.
            break
    slowest = max(said, key=lambda one: float(one["time"]), default=None)
    return Measured(
        place=place,
        status=status,
        queries=len(said),
        p50=median(times),
        p95=quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0],
        slowest=float(slowest["time"]) if slowest else 0,
        sql=slowest["sql"] if slowest else "",
    )


def _listed(staff: Staff) -> list[Place]:
    """The pages to open, told by what the lists keep for a test to look at."""
    setup_test_environment(debug=False)
    try:
        return list(places(staff.client))
    finally:
        teardown_test_environment()


@contextmanager
def _opened(user: User) -> Iterator[Staff]:
    """Loaded as a web process is, and rendered as there: nothing is kept for a test to look at."""
    from config import wsgi

    assert wsgi.application
    with override_settings(**PLAIN, ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"]):
        yield Staff(user)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
