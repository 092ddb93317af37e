"""Who is told, once, and what happens when nobody can be reached."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from reconciliation import alerts, cases, watching
from reconciliation.models import Case, Task
from reconciliation.tasks import update_cases
from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.test_cases import RESULT, TWO, Clock, clock, settle

__all__ = ["clock"]


class Webhook(BaseHTTPRequestHandler):
    """Somebody's endpoint. `status` is what it answers; `heard` is body and signature."""

    heard: list[tuple[bytes, str]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Webhook.heard.append((body, self.headers["Cage-Signature"]))
        self.send_response(Webhook.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def told(settings: Any) -> Iterator[Any]:
    """Mail addresses, a webhook that answers, and thresholds."""
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Webhook.heard, Webhook.status = [], 200
    settings.ALERT_EMAILS = ["finance@example.com"]
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook"
    settings.ALERT_WEBHOOK_SECRET = "shared"
    settings.ALERT_THRESHOLDS = {"USD": "100"}
    yield settings
    server.shutdown()
    server.server_close()


def minute(clock: Clock, minutes: float) -> int:
    at = clock.at(minutes)
    cases.update(at=at)
    return alerts.send(at=at)


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def test_a_void_risk_is_told_once_by_mail_and_signed(
    books: Books, providers: None, clock: Clock, told: Any
) -> None:
    books.open("useraccount", "USD", "100")
    send(senders.besoft(RESULT))
    for win in (11.0, 12.0):
        send(senders.besoft(altered(RESULT, win=win)))
        minute(clock, win)
    assert subjects() == [
        "Cage: besoft result:1zr8cu31gohrz: paid here, and void on the provider's side"
    ]
    assert "useraccount 9 USD Conflict" in mail.outbox[0].body
    ((body, signature),) = Webhook.heard
    assert signature == hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    message = json.loads(body)
    assert (message["event"], message["count"]) == ("void_risk", 1)
    assert message["cases"][0]["amount"] == "9"


def test_small_ones_are_told_when_they_are_overdue_and_large_ones_at_once(
    books: Books, providers: None, clock: Clock, told: Any
) -> None:
    settle()
    settle(transferId=5, amount=100)
    assert minute(clock, 1) == 1
    assert [case.alerted for case in Case.objects.order_by("id")] == [[], ["opened"]]
    assert minute(clock, 60) == 2
    assert subjects()[1] == "Cage: jdb, 2 cases: not settled, and not sent again any more"
    assert minute(clock, 61) == 0


def test_many_of_one_kind_are_one_message(
    books: Books, providers: None, clock: Clock, told: Any
) -> None:
    for number in range(30):
        settle(transferId=number)
    assert minute(clock, 60) == 30
    assert len(mail.outbox) == len(Webhook.heard) == 1
    assert mail.outbox[0].body.endswith("...")


def test_what_could_not_be_told_is_told_later(
    books: Books, providers: None, clock: Clock, told: Any
) -> None:
    Webhook.status = 500
    settle(amount=500)
    assert minute(clock, 1) == 0
    assert minute(clock, 2) == 0
    Webhook.status = 204
    assert minute(clock, 3) == 1
    assert minute(clock, 4) == 0
    assert (len(mail.outbox), len(Webhook.heard)) == (1, 3)
    assert Case.objects.get().alerted == ["opened"]


def test_who_had_taken_a_case_is_told_that_it_closed_itself(
    books: Books, providers: None, clock: Clock, told: Any
) -> None:
    settle()
    minute(clock, 0.5)
    owner = User.objects.create(username="nina", email="nina@example.com")
    Case.objects.update(owner=owner)
    books.open("john", "USD")
    clock.at(1)
    settle()
    minute(clock, 1.5)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["nina@example.com"], "Cage: jdb settle:272017: closed by itself; you had taken it")
    ]


def test_a_task_that_has_not_succeeded_for_three_periods_is_late(
    books: Books, providers: None, clock: Clock
) -> None:
    assert "reconciliation.tasks.update_cases" in watching.late(at=TWO)
    update_cases.apply()
    name = "reconciliation.tasks.update_cases"
    assert Task.objects.get(name=name).succeeded_at == TWO
    assert name not in watching.late(at=TWO + timedelta(minutes=3))
    assert name in watching.late(at=TWO + timedelta(minutes=3, seconds=1))
    partitions = "providers.tasks.make_partitions"  # Its first time is in six hours.
    assert partitions not in watching.late(at=TWO + timedelta(hours=18))
    assert partitions in watching.late(at=TWO + timedelta(hours=18, seconds=1))
