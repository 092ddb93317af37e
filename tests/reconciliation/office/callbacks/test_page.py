"""A callback's page, from verbatim deliveries: the meaning, what is hidden, what differs."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.html import escape

from providers import callback_page
from providers.models import Callback, Outcome
from tests import staff
from tests.cast import NOON, Books
from tests.providers import senders
from tests.providers.senders import Sent, altered, send
from tests.staff import Staff

BESOFT = {"action": 3, "ts": 1795262400, "uid": "nobody", "bet": 10, "win": 25.5, "transId": "T1"}


def besoft() -> Sent:
    return senders.besoft(altered(b"{}", **BESOFT))


def jdb() -> Sent:
    return senders.jdb(senders.verbatim("jdb", "settle"))


def sud() -> Sent:
    return senders.sud(senders.verbatim("sud", "match_settle"), X_Api_Key="the key of somebody")


def hotroad() -> Sent:
    return senders.hotroad(senders.verbatim("hotroad", "settle"))


@pytest.fixture
def boss(books: Books, providers: None) -> Staff:
    return staff.superuser()


def page_of(boss: Staff, callback: Callback) -> str:
    return boss.get(f"providers/callback/{callback.pk}/change/")


@pytest.mark.parametrize(
    ("sent", "code", "sentence", "source"),
    [
        (besoft, "1004", "Any status but 1 makes the order void", "Game result"),
        (jdb, "7501", "every minute for an hour until 0000", "action 10"),
        (sud, "7", "No such player", "our own"),
        (hotroad, "9999", "They send it again", "4.4"),
    ],
)
def test_a_verbatim_delivery_shows_what_its_reply_means(
    boss: Staff, sent: Callable[[], Sent], code: str, sentence: str, source: str
) -> None:
    heard = send(sent())
    kept = Callback.objects.get()
    assert bytes(kept.reply) == heard.body
    page = page_of(boss, kept)
    assert f'<code class="cage-code">{code}</code>' in page
    assert not staff.missing(page, [escape(sentence), escape(source), "Refused", "after "])
    assert not staff.missing(page, ["The provider, from 127.0.0.1.", "It is the first delivery"])


def test_what_proves_who_sends_is_not_shown(boss: Staff) -> None:
    sent = sud()
    send(sent)
    page = page_of(boss, Callback.objects.get())
    assert sent.headers["Sud-Signature"] not in page
    assert "the key of somebody" not in page
    assert not staff.missing(page, ["(hidden, 40 characters)", "nonce-1", "sud-signature"])


@pytest.mark.parametrize(
    ("name", "is_hidden"),
    [
        ("Authorization", True),
        ("cookie", True),
        ("set-cookie", True),
        ("x-api-key", True),
        ("x_api_key", True),
        ("apikey", True),
        ("x-signature", True),
        ("x-sign", True),
        ("x-auth-token", True),
        ("x-hub-signature-256", True),
        ("client-secret", True),
        ("content-type", False),
        ("user-agent", False),
        ("x-forwarded-for", False),
        ("x-design", False),
    ],
)
def test_headers_are_hidden_by_their_names(name: str, is_hidden: bool) -> None:
    shown = callback_page.shown_headers({name: "value-1234"}, frozenset())
    assert (shown[name] == "(hidden, 10 characters)") is is_hidden


def test_a_protocol_says_which_of_its_own_headers_are_secret() -> None:
    shown = callback_page.shown_headers({"X-Odd": "value", "x": "y"}, frozenset({"x-odd"}))
    assert shown == {"X-Odd": "(hidden, 5 characters)", "x": "y"}


def test_a_copy_differs_field_by_field_from_the_first_delivery(boss: Staff, books: Books) -> None:
    books.open("alice", "USD", "100")
    body = altered(b"{}", **{**BESOFT, "uid": "alice"})
    send(senders.besoft(body))
    send(senders.besoft(altered(body, win=99.5, mode="1", bet=...)))
    first, second = Callback.objects.order_by("id")
    page = page_of(boss, second)
    _, _, difference = page.partition("What differs from the first delivery")
    for text in ("99.5", "25.5", "not there", "fields are the same", f"#{first.pk}"):
        assert text in difference, text
    assert difference.count('class="cage-differs"') == 3


def test_a_true_copy_says_that_nothing_differs(boss: Staff, books: Books) -> None:
    books.open("alice", "USD", "100")
    body = altered(b"{}", **{**BESOFT, "uid": "alice"})
    send(senders.besoft(body))
    send(senders.besoft(body))
    page = page_of(boss, Callback.objects.latest("id"))
    assert "Every field is the same." in page
    assert "Success: the order is valid on their side." in page


def keep(**changes: Any) -> Callback:
    row: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "provider": "besoft",
        "operation": "result",
        "transaction_id": "result:1",
        "received_at": NOON,
        "decided_at": NOON + timedelta(milliseconds=12),
        "headers": {},
        "body": b"{}",
        "outcome": Outcome.DUPLICATE,
        "reply_status": 200,
        "reply": b'{"status":1}',
    }
    return Callback.objects.create(**{**row, **changes})


def test_of_many_deliveries_the_first_and_the_last_are_shown(boss: Staff) -> None:
    kept = [keep(received_at=NOON + timedelta(minutes=n)) for n in range(50)]
    page = page_of(boss, kept[25])
    assert "Delivered 50 times." in page
    assert "30 more in between" in page
    for one in (kept[0], kept[9], kept[40], kept[49]):
        assert f'href="/admin/providers/callback/{one.pk}/change/"' in page
    assert f'href="/admin/providers/callback/{kept[20].pk}/change/"' not in page


def test_the_page_costs_the_same_however_often_it_came(boss: Staff) -> None:
    one = keep()
    path = f"providers/callback/{one.pk}/change/"
    keep(received_at=NOON + timedelta(minutes=1))
    before = len(boss.queries(path))
    for n in range(2, 19):
        keep(received_at=NOON + timedelta(minutes=n))
    assert len(boss.queries(path)) == before


def test_nobody_heard_the_reply_to_a_replay(boss: Staff, books: Books) -> None:
    send(jdb())
    books.open("alice", "USD", "1")
    original = Callback.objects.get()
    copy = keep(
        provider="jdb",
        transaction_id=original.transaction_id,
        replay_of=original.delivery_id,
        received_at=original.received_at + timedelta(seconds=1),
    )
    page = page_of(boss, copy)
    assert "Nobody heard it" in page
    assert f"#{original.pk}" in page


def test_a_provider_that_is_gone_has_no_codes(boss: Staff) -> None:
    page = page_of(boss, keep(provider="gone"))
    assert "not configured any more" in page


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"just text", b"<script>alert(1)</script>"])
def test_bodies_without_fields_are_compared_whole(boss: Staff, body: bytes) -> None:
    keep(body=body)
    page = page_of(boss, keep(body=body + b" ", received_at=NOON + timedelta(minutes=1)))
    assert "the bodies are not the same" in page
    assert "<script>alert" not in page


def test_each_part_of_the_page_is_asked_for_once(boss: Staff, books: Books) -> None:
    send(jdb())
    send(jdb())
    page = f"providers/callback/{Callback.objects.latest('id').pk}/change/"
    boss.queries(page)  # What is asked once in a process.
    queries = boss.queries(page)
    # Its transaction is asked for by the link to it, and by the link to its story.
    assert len(queries) <= len(set(queries)) + 1
    assert len(queries) <= 16
