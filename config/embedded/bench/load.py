"""The load generator, a process of its own: prepared requests, kept connections, replies checked.

    python -m config.embedded.bench.load REQUESTS PORT CONNECTIONS [RATE]

REQUESTS is a pickled list of (request, expected): the bytes of a whole HTTP request, and what must
be in the reply's. Without RATE the loop is closed: a connection sends again as soon as it is
answered. With RATE it is open: requests are due at so many a second, whatever the answers do, and
a latency counts from the moment at which its request was due. One JSON object is the result;
latencies are in milliseconds.
"""

import asyncio
import json
import pickle
import resource
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import uvloop

Request = tuple[bytes, bytes]

PATIENCE = 30.0  # Seconds without any answer before the rest counts as dropped.


class Run:
    """What was sent when, and what came back."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.sent = [0.0] * len(requests)
        self.answered = [0.0] * len(requests)
        self.replies = [b""] * len(requests)
        self.left = len(requests)
        self.last = time.perf_counter()
        self.over = asyncio.get_running_loop().create_future()

    def answer(self, number: int, reply: bytes) -> None:
        self.answered[number] = self.last = time.perf_counter()
        self.replies[number] = reply
        self.left -= 1
        if not self.left and not self.over.done():
            self.over.set_result(None)


class Caller(asyncio.Protocol):
    """One connection, with one request at a time; `free` is called when it has none."""

    def __init__(self, run: Run, free: "deque[Caller] | Iterator[int]") -> None:
        self._run = run
        self._free = free
        self._number = -1
        self._received = b""
        self.waiting: deque[tuple[int, float]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # To uvloop it is no relation of it.

    def send(self, number: int, due: float) -> None:
        self._number, self._run.sent[number] = number, due
        self._transport.write(self._run.requests[number][0])

    def next(self) -> None:
        """The next one of a closed loop."""
        assert not isinstance(self._free, deque)
        number = next(self._free, None)
        if number is not None:
            self.send(number, time.perf_counter())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not whole(self._received):
            return
        self._run.answer(self._number, self._received)
        self._received = b""
        if not isinstance(self._free, deque):
            self.next()
        elif self.waiting:
            self.send(*self.waiting.popleft())
        else:
            self._free.append(self)


def whole(received: bytes) -> bool:
    """Whether a reply with a Content-Length is all there."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    start = received.lower().find(b"content-length:", 0, head) + len(b"content-length:")
    length = int(received[start : received.index(b"\r\n", start)])
    return len(received) >= head + 4 + length


async def closed(run: Run, port: int, connections: int) -> None:
    """As many requests in flight as there are connections."""
    numbers = iter(range(len(run.requests)))
    callers = [await called(run, port, numbers) for _ in range(connections)]
    for caller in callers:
        caller.next()
    await ended(run)


async def open_(run: Run, port: int, connections: int, rate: float) -> None:
    """One request every 1 / rate seconds; it waits here if all connections are busy."""
    free: deque[Caller] = deque()
    shared: deque[tuple[int, float]] = deque()
    for _ in range(connections):
        caller = await called(run, port, free)
        caller.waiting = shared
        free.append(caller)
    started = time.perf_counter()
    for number in range(len(run.requests)):
        due = started + number / rate
        while (ahead := due - time.perf_counter()) > 0:  # A timer may be early.
            await asyncio.sleep(ahead)
        if free:
            free.popleft().send(number, due)
        else:
            shared.append((number, due))
    await ended(run)


async def called(run: Run, port: int, free: "deque[Caller] | Iterator[int]") -> Caller:
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(lambda: Caller(run, free), "127.0.0.1", port)
    return caller


async def ended(run: Run) -> None:
    while not run.over.done() and time.perf_counter() - run.last < PATIENCE:
        await asyncio.wait([run.over], timeout=1)


async def measured(
    requests: Sequence[Request], port: int, connections: int, rate: float | None
) -> dict[str, object]:
    run = Run(requests)
    started = time.perf_counter()
    if rate is None:
        await closed(run, port, connections)
    else:
        await open_(run, port, connections, rate)
    seconds = run.last - started
    answered = [number for number, at in enumerate(run.answered) if at]
    times = sorted((run.answered[number] - run.sent[number]) * 1000 for number in answered)
    wrong = [number for number in answered if requests[number][1] not in run.replies[number]]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "requests": len(requests),
        "dropped": len(requests) - len(answered),
        "wrong": len(wrong),
        "first_wrong": run.replies[wrong[0]].decode(errors="replace")[-300:] if wrong else "",
        "seconds": seconds,
        "rate": len(answered) / seconds,
        "generator_cpu": used.ru_utime + used.ru_stime,
        **{name: at(times, share) for name, share in SHARES.items()},
    }


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def at(ordered: Sequence[float], share: float) -> float:
    """The value that this share doesn't exceed; nothing was measured: 0."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main(path: str, port: str, connections: str, rate: str | None = None) -> None:
    requests = pickle.loads(Path(path).read_bytes())
    how = measured(requests, int(port), int(connections), float(rate) if rate else None)
    json.dump(uvloop.run(how), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
