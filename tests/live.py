"""A real web server of two processes, on the test database."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import urllib3
from django.db import connections

from tests.providers.senders import Heard, Sent

WORKERS = 2


class LiveCage:
    """Granian with two workers. `kill` is SIGKILL of every process, as a power cut would."""

    def __init__(self, providers: dict[str, Any]) -> None:
        self.port = _free_port()
        self._providers = providers
        self._process: subprocess.Popen[bytes] | None = None
        self._pool = urllib3.PoolManager(maxsize=128, retries=False, timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, within: float = 30) -> None:
        """Returns once it is ready. Raises TimeoutError after so many seconds."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "asgi",
                "--loop",
                "uvloop",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--workers",
                str(WORKERS),
                "--no-ws",
                "config.asgi:application",
            ],
            env=environment(self._providers),
            start_new_session=True,
        )
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                if self._pool.request("GET", f"{self.url}/health/ready").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise TimeoutError("the web server did not become ready")

    def send(self, sent: Sent) -> Heard:
        response = self._pool.request(
            "POST",
            f"{self.url}/callbacks/{sent.path}",
            body=sent.body,
            headers={"Content-Type": sent.content_type, **sent.headers},
        )
        return Heard(
            status=response.status,
            content_type=response.headers.get("content-type", ""),
            body=response.data,
        )

    def send_raw(self, request: bytes, *, then: int | None = None) -> bytes:
        """Bytes as they are; `then` is a socket.SHUT_ constant, before the answer is read."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            if then is not None:
                connection.shutdown(then)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    @property
    def workers(self) -> list[int]:
        """Their process ids."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        os.killpg(self._process.pid, number)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        self._pool.clear()


@contextmanager
def live_cage(providers: dict[str, Any], *, within: float = 30) -> Iterator[LiveCage]:
    cage = LiveCage(providers)
    cage.start(within=within)
    try:
        yield cage
    finally:
        cage.stop()


def environment(providers: dict[str, Any]) -> dict[str, str]:
    """The exported one, on the test database, with these providers."""
    return {
        **os.environ,
        "DATABASE_URL": _test_url("DATABASE_URL", "default"),
        "MIGRATE_DATABASE_URL": _test_url("MIGRATE_DATABASE_URL", "owner"),
        "PROVIDERS": json.dumps(providers),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _test_url(name: str, alias: str) -> str:
    """The exported URL, with the test database's name."""
    url = urlsplit(os.environ[name])
    return urlunsplit(url._replace(path=f"/{connections[alias].settings_dict['NAME']}"))
