"""Web processes are spread over the cores, each keeps to one, also those that come later."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from config.embedded.processes import ROOT

CORES = os.sched_getaffinity(0)
pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="there is but one core")

KEEP = """
import os, sys, threading
from config import cores
core = cores.keep_to_one()
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
thread.start()
thread.join()
assert found == [{core}], found
print(core, flush=True)
sys.stdin.read()
"""
REFUSED = """
import os, socket
from config import cores
class Refusing(socket.socket):
    def bind(self, address):
        raise PermissionError(1, "no sockets here")
cores.socket.socket = Refusing
before = os.sched_getaffinity(0)
assert cores.keep_to_one() is None
print(len(before ^ os.sched_getaffinity(0)))
"""
FORKED = """
import os, sys
from config import cores
cores.keep_to_one()
for _ in range(2):
    if os.fork() == 0:
        sys.stdout.write(f"{min(os.sched_getaffinity(0))}\\n")
        sys.stdout.flush()
        sys.stdin.read()
        os._exit(0)
os.wait()
os.wait()
"""


@contextmanager
def process(program: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            assert started.stdin
            started.stdin.close()


def told(started: subprocess.Popen[str]) -> int:
    assert started.stdout
    return int(started.stdout.readline())


def test_processes_of_one_server_are_spread_over_its_cores() -> None:
    with ExitStack() as running:
        found = [told(running.enter_context(process(KEEP))) for _ in range(2 * len(CORES))]
    assert sorted(found) == sorted([*CORES, *CORES])


def test_one_that_is_started_again_has_the_core_of_the_one_that_died() -> None:
    with process(KEEP) as first, process(KEEP) as other:
        core, stays = told(first), told(other)
        first.kill()
        first.wait()
        with process(KEEP) as again:
            assert told(again) == core != stays


def test_forked_processes_have_cores_of_their_own() -> None:
    with process(FORKED) as server:
        assert told(server) != told(server)


def test_where_no_place_can_be_taken_it_runs_anywhere() -> None:
    with process(REFUSED) as alone:
        assert told(alone) == 0
