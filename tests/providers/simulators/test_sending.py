"""One delivery over HTTP: the reply is read, or lost on purpose, or there is none."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from providers.simulators.answers import Statement
from providers.simulators.base import Request
from providers.simulators.sending import Heard, Line, Loss
from tests.providers.simulators.cast import simulator

SUD = simulator("sud")
REQUEST = Request(body=b"{}", headers={"Content-Type": "application/json"}, operation="match")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"ret_code":0,"ret_msg":"SUCCESS"}' if "good" in self.path else b""
        self.send_response(200 if body else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    seen: list[str]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        made.seen = []
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


def send(port: int, path: str, loss: Loss = Loss.NONE, suffix: str = "") -> Heard:
    request = replace(REQUEST, suffix=suffix)
    return Line(f"http://127.0.0.1:{port}/", connections=1).send(request, SUD, path=path, loss=loss)


def test_a_reply_is_judged(server: Server) -> None:
    heard = send(server.server_port, "good")
    assert heard.answer.statement is heard.said is Statement.SUCCESS
    assert server.seen == ["/callbacks/good"]


def test_the_suffix_is_part_of_the_url(server: Server) -> None:
    send(server.server_port, "good", suffix="settle")
    assert server.seen == ["/callbacks/good/settle"]


def test_a_503_states_nothing(server: Server) -> None:
    assert send(server.server_port, "bad").answer.statement is Statement.NOTHING


def test_a_discarded_reply_was_said_but_not_heard(server: Server) -> None:
    heard = send(server.server_port, "good", Loss.DISCARDED)
    assert heard.answer.statement is Statement.NOTHING
    assert heard.said is Statement.SUCCESS


def test_a_connection_that_breaks_before_the_reply_states_nothing(server: Server) -> None:
    heard = send(server.server_port, "good", Loss.UNREAD)
    assert heard.answer.statement is heard.said is Statement.NOTHING
    assert heard.answer.reason == "reply lost"


def test_a_server_that_is_not_there_states_nothing() -> None:
    heard = send(1, "good")
    assert heard.answer.statement is Statement.NOTHING
    assert heard.answer.reason == "connection refused"
