"""What can happen to a delivery on its way through a real web server."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import urllib3

from providers.models import Callback, Unauthentic
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.live import LiveCage, live_cage
from tests.providers import senders

FORM = b"action=3&uid=alice&bet=0&transId=T1&win=1000"
CONFIGURED = {
    **PROVIDERS,
    "elsewhere": {"protocol": "besoft", "currency": "USD", "allowed_ips": ["203.0.113.0/24"]},
}


@pytest.fixture(scope="module")
def live(django_db_setup: None) -> Iterator[LiveCage]:
    with live_cage(CONFIGURED) as cage:
        yield cage


def request(body: bytes, *, length: int, path: str = "besoft", host: str = "localhost") -> bytes:
    head = (
        f"POST /callbacks/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("missing", [1, 2, 20, len(FORM)])
def test_a_body_that_was_cut_off_is_not_taken_for_a_smaller_order(
    books: Books, live: LiveCage, missing: int
) -> None:
    """`win=1000` without its last bytes is `win=10`: BeSoft's forms don't say where they end."""
    books.open("alice", "USD")
    cut = FORM[: len(FORM) - missing]
    answer = live.send_raw(request(cut, length=len(FORM)), then=socket.SHUT_WR)
    assert not answer or b" 503 " in answer.split(b"\r\n")[0]
    assert (books.transactions(), Callback.objects.count()) == ([], 0)
    assert b'"status":1,' in live.send_raw(request(FORM, length=len(FORM)))
    assert books.balance("alice", "USD") == 1000


def test_a_body_without_content_length_states_nothing_and_is_paid_when_it_comes_whole(
    books: Books, live: LiveCage
) -> None:
    """Chunked: the server would read it as empty, which BeSoft would hear as a refusal."""
    books.open("alice", "USD")
    head = request(b"", length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunked = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM)
    assert b" 503 " in live.send_raw(chunked).split(b"\r\n")[0]
    assert Callback.objects.count() == 0
    assert b'"status":1,' in live.send_raw(request(FORM, length=len(FORM)))


def test_whatever_host_is_named_the_provider_hears_its_dialect(
    books: Books, live: LiveCage
) -> None:
    books.open("alice", "USD")
    answer = live.send_raw(request(FORM, length=len(FORM), host="198.51.100.7"))
    assert b'"status":1,' in answer


def test_nobody_waits_for_the_body_of_a_stranger(books: Books, live: LiveCage) -> None:
    answer = live.send_raw(request(b"a", length=1000, path="elsewhere"))
    assert answer.endswith(b'\r\n\r\n{"status":1008}')
    assert b"content-length: 15\r\n" in answer.lower()
    assert Unauthentic.objects.get().provider == "elsewhere"


def test_a_renamed_provider_does_not_start(books: Books, live: LiveCage) -> None:
    """Under the new name every resend would be paid again."""
    books.open("john", "USD")
    assert live.send(senders.jdb(senders.verbatim("jdb", "settle"))).json["status"] == "0000"
    renamed = {**PROVIDERS, "jdb": None, "jdb-new": {**PROVIDERS["jdb"], "protocol": "jdb"}}
    with (
        pytest.raises(TimeoutError),
        live_cage({k: v for k, v in renamed.items() if v}, within=5),
    ):
        pytest.fail("it started")


def test_an_empty_body_is_a_whole_one_and_refused(books: Books, live: LiveCage) -> None:
    answer = live.send_raw(request(b"", length=0))
    assert answer.endswith(b'{"status":1008}')
    assert books.outcomes() == ["refused"]


@pytest.mark.parametrize("path", ["", "besoft/a/b", "besoft//", "nowhere"])
def test_what_leads_nowhere_is_a_plain_404(books: Books, live: LiveCage, path: str) -> None:
    answer = live.send_raw(request(FORM, length=len(FORM), path=path, host="198.51.100.7"))
    assert b" 404 " in answer.split(b"\r\n")[0]
    assert b"<" not in answer
    assert Callback.objects.count() == 0


def test_the_environment_of_the_process_is_no_header(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:password@proxy:3128")
    books.open("alice", "USD")
    with live_cage(PROVIDERS) as cage:
        assert b'"status":1,' in cage.send_raw(request(FORM, length=len(FORM)))
    headers = Callback.objects.get().headers
    assert "proxy" not in headers
    assert headers["host"] == "localhost"


def test_a_form_reaches_its_page(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login: behind the callbacks' event loop pages are a WSGI application."""
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with live_cage(PROVIDERS) as cage:
        log_in(cage)


def log_in(live: LiveCage) -> None:
    http, path = urllib3.PoolManager(retries=False), "/admin/login/"
    https = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    page = http.request("GET", live.url + path, headers=https)
    https["Cookie"] = page.headers["set-cookie"].partition(";")[0]
    https["Referer"] = f"https://localhost{path}"
    https["Content-Type"] = "application/x-www-form-urlencoded"
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.data)
    assert found
    fields = {"csrfmiddlewaretoken": found[1].decode(), "username": "x", "password": "y"}
    form = urlencode({**fields, "note": "z" * 300_000}).encode()
    answer = http.request("POST", live.url + path, body=form, headers=https)
    assert (answer.status, b"Please enter the correct username" in answer.data) == (200, True)
    lines = [f"{name}: {value}" for name, value in https.items()]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"Content-Length: {len(form)}", "", ""])
    answered = live.send_raw(head.encode() + form[:-1], then=socket.SHUT_WR)
    assert b" 200 " not in answered.split(b"\r\n")[0]


def test_a_query_that_is_not_ascii_is_no_fault(live: LiveCage) -> None:
    raw = "GET /health/live?\u00e4 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert b" 200 " in live.send_raw(raw.encode()).split(b"\r\n")[0]
