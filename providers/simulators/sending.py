"""One delivery over HTTP, as a provider sends it: a reply, or nothing within three seconds."""

import itertools
import time
from dataclasses import dataclass
from enum import Enum
from http.client import HTTPException

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, TimeoutError

from providers.simulators.answers import Answer, Statement, nothing
from providers.simulators.base import Request, Simulator

TIME_OUT = 3.0  # seconds; JDB's, the only documented one


class Loss(Enum):
    """How a reply gets lost on its way."""

    NONE = "none"
    UNREAD = "unread"  # The connection breaks before the provider has read anything.
    DISCARDED = "discarded"  # It is read, and then the provider forgets it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back. `said` is what the server stated, also where the provider has lost it."""

    answer: Answer
    said: Statement
    seconds: float


class Line:
    """Connections to one Cage, kept open and shared by all threads. `url` names its hosts, with
    commas between them: they are called in turn."""

    def __init__(self, url: str, *, connections: int) -> None:
        self.url = url
        self._pools = [
            urllib3.connection_from_url(
                host.rstrip("/"), maxsize=connections, timeout=TIME_OUT, retries=False
            )
            for host in url.split(",")
        ]
        self._turns = itertools.cycle(self._pools)

    def send(self, request: Request, simulator: Simulator, *, path: str, loss: Loss) -> Heard:
        """POST `request`. Doesn't raise: an HTTP error or a dead line states nothing."""
        url = f"/callbacks/{path}"
        if request.suffix:
            url = f"{url}/{request.suffix}"
        started = time.monotonic()
        try:
            if loss is Loss.UNREAD:
                self._send_and_hang_up(url, request)
                answer = nothing("reply lost")
            else:
                answer = self._post(url, request, simulator)
        except (HTTPError, HTTPException, OSError) as error:
            answer = nothing(_name(error))
        said = answer.statement
        if loss is Loss.DISCARDED:
            answer = nothing("reply lost")
        return Heard(answer=answer, said=said, seconds=time.monotonic() - started)

    def is_ready(self) -> bool:
        """Whether GET /health/ready says 200, everywhere."""
        try:
            answers = [pool.urlopen("GET", "/health/ready", redirect=False) for pool in self._pools]
        except (HTTPError, OSError):
            return False
        return all(answer.status == 200 for answer in answers)

    def _post(self, url: str, request: Request, simulator: Simulator) -> Answer:
        response = next(self._turns).urlopen(
            "POST", url, body=request.body, headers=request.headers, redirect=False, retries=False
        )
        return simulator.read(request.operation, response.status, response.data)

    def _send_and_hang_up(self, url: str, request: Request) -> None:
        pool = next(self._turns)
        connection = pool.ConnectionCls(host=pool.host, port=pool.port, timeout=TIME_OUT)
        try:
            connection.request("POST", url, body=request.body, headers=request.headers)
        finally:
            connection.close()


def _name(error: Exception) -> str:
    names = {
        NewConnectionError: "connection refused",
        TimeoutError: "timed out",
        ProtocolError: "connection reset",
    }
    for kind, name in names.items():
        if isinstance(error, kind):
            return name
    return type(error).__name__
