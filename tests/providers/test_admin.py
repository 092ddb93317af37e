"""The inbox in the admin: the exact evidence, readable and inert, and nothing to press."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from providers.models import Callback, Outcome, Unauthentic
from tests import staff
from tests.cast import NOON, Books, instruction, post
from tests.staff import Staff
from wallets.models import Transaction

SCRIPT = "<script>window.pwned = 1</script>"
INERT = "&lt;script&gt;window.pwned"
LISTS = ["providers/callback/", "providers/unauthentic/"]


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def keep(**changes: Any) -> Callback:
    """A row of the inbox."""
    row: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "provider": "besoft",
        "operation": "settle",
        "transaction_id": "settle:272017",
        "received_at": NOON,
        "decided_at": NOON + timedelta(milliseconds=12),
        "address": "192.0.2.7",
        "headers": {"content-type": "application/json"},
        "body": b"{}",
        "outcome": Outcome.POSTED,
        "reply_status": 200,
        "reply": b'{"balance":1.50}',
    }
    return Callback.objects.create(**{**row, **changes})


def knock() -> Unauthentic:
    return Unauthentic.objects.create(
        provider="jdb", address="192.0.2.9", minute=NOON, count=1234, reason="No.", sample=b"x=1"
    )


def detail(boss: Staff, callback: Callback) -> str:
    return boss.get(f"providers/callback/{callback.pk}/change/")


# -- Nobody edits evidence -------------------------------------------------------------------


@pytest.mark.parametrize("page", ["add/", "{id}/change/", "{id}/delete/"])
def test_not_even_a_superuser_changes_the_inbox(books: Books, boss: Staff, page: str) -> None:
    rows = {"callback": keep(), "unauthentic": knock()}
    before = [list(Callback.objects.values()), list(Unauthentic.objects.values())]
    for model, row in rows.items():
        form = {"outcome": "posted", "count": "1", "post": "yes"}
        assert boss.post(f"providers/{model}/" + page.format(id=row.pk), **form) == 403
    assert [list(Callback.objects.values()), list(Unauthentic.objects.values())] == before


def test_a_viewer_sees_the_inbox_and_nothing_else(books: Books) -> None:
    keep()
    someone = staff.viewer("view_callback")
    page = someone.get("providers/callback/")
    assert "settle:272017" in page
    assert "Unauthentic deliveries" not in page
    assert someone.answer("get", "providers/unauthentic/", {}).status_code == 403


# -- What is shown ---------------------------------------------------------------------------


def test_a_callback_shows_the_exact_bytes_readably(books: Books, boss: Staff) -> None:
    page = detail(
        boss,
        keep(
            body=b"x=encrypted",
            unwrapped=b'{"win":1.10,"big":12345678901234567890.00000001,"name":"\xe7\x94\x9f"}',
            headers={"user-agent": "provider/1", "authorization": "(masked)"},
        ),
    )
    # Numbers stand as they were sent: 1.10 isn't 1.1, and nothing goes through a float.
    numbers = ["&quot;win&quot;: 1.10", "12345678901234567890.00000001", "生"]
    assert not staff.missing(page, [*numbers, "x=encrypted", "&quot;balance&quot;: 1.50"])
    assert not staff.missing(page, ["user-agent", "provider/1", "(masked)", "192.0.2.7"])
    assert not staff.missing(page, [">Posted<", Outcome.POSTED.sentence, "12:00:00.000 UTC"])


def test_a_callback_leads_to_its_transaction_and_its_other_deliveries(
    books: Books, boss: Staff
) -> None:
    books.open("alice", "USD")
    post(instruction("272017", ("alice", "USD", "0", "5")))
    first = keep()
    second = keep(outcome=Outcome.DUPLICATE, received_at=NOON + timedelta(minutes=1))
    third = keep(outcome=Outcome.CONFLICT, received_at=NOON + timedelta(minutes=2))
    keep(provider="jdb")  # Another provider's id of the same spelling.

    page = detail(boss, second)
    transaction = Transaction.objects.get(transaction_id="settle:272017")
    assert f"/admin/wallets/transaction/{transaction.pk}/change/" in page
    assert "Delivered 3 times." in page
    for sibling in (first, third):
        assert f'href="/admin/providers/callback/{sibling.pk}/change/"' in page

    page = boss.get(f"wallets/transaction/{transaction.pk}/change/")
    assert "/admin/providers/callback/?provider=besoft&amp;q=settle%3A272017" in page


def test_a_callback_without_a_transaction_says_so(books: Books, boss: Staff) -> None:
    page = detail(boss, keep(transaction_id="", outcome=Outcome.REFUSED, reason="Not JSON."))
    assert not staff.missing(page, ["It names no transaction.", "Not JSON.", ">Refused<"])


def test_a_fault_shows_its_traceback_and_its_last_line_in_the_list(
    books: Books, boss: Staff
) -> None:
    failed = keep(
        outcome=Outcome.FAILED, reason="Traceback:\n  File x\nValueError: 1 < 2", reply=b""
    )
    assert not staff.missing(detail(boss, failed), ["Traceback:\n  File x\nValueError: 1 &lt; 2"])
    assert ">ValueError: 1 &lt; 2<" in boss.get("providers/callback/")


def test_bytes_and_text_of_others_are_inert(books: Books, boss: Staff) -> None:
    hostile = keep(
        transaction_id=f"settle:{SCRIPT}",
        operation="settle",
        body=SCRIPT.encode(),
        unwrapped=f'{{"uid":"{SCRIPT}\u202e"}}'.encode(),
        headers={SCRIPT: SCRIPT},
        reason=SCRIPT,
        reply=SCRIPT.encode(),
    )
    Unauthentic.objects.create(
        provider="jdb", address="192.0.2.9", minute=NOON, reason=SCRIPT, sample=SCRIPT.encode()
    )
    knocked = Unauthentic.objects.get()
    details = [
        f"providers/callback/{hostile.pk}/change/",
        f"providers/unauthentic/{knocked.pk}/change/",
    ]
    for path in [*LISTS, *details]:
        page = boss.get(path)
        assert INERT in page, path
        assert SCRIPT not in page, path
    assert "\\u202e" in detail(boss, hostile)


def test_strangers_are_counted(books: Books, boss: Staff) -> None:
    knock()
    assert not staff.missing(boss.get("providers/unauthentic/"), ["192.0.2.9", ">1,234<", "jdb"])
    page = boss.get(f"providers/unauthentic/{Unauthentic.objects.get().pk}/change/")
    assert "x=1" in page


# -- Finding, and what it costs --------------------------------------------------------------


def found(boss: Staff, term: str) -> bool:
    return "result_list" in boss.get("providers/callback/", q=term)


def test_staff_find_by_reference_by_transaction_id_and_by_number(
    books: Books, providers: None, boss: Staff
) -> None:
    """Also what was refused and has no transaction in the books."""
    callback = keep(provider="jdb")
    terms = ["272017", "settle:272017", f"#{callback.pk}", "27201", "bet:272017", "#999", "#x"]
    assert [found(boss, term) for term in terms] == [True] * 3 + [False] * 4


def test_callbacks_are_filtered_by_provider_and_outcome(books: Books, boss: Staff) -> None:
    keep()
    keep(provider="jdb", transaction_id="settle:5", outcome=Outcome.CONFLICT)
    for query in [{"provider": "jdb"}, {"outcome__exact": "conflict"}]:
        page = boss.get("providers/callback/", **query)
        assert "settle:5" in page
        assert "settle:272017" not in page


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_twenty_costs_as_many_queries_as_one(
    books: Books, boss: Staff, path: str
) -> None:
    keep()
    knock()
    boss.get(path)
    one = boss.queries(path)
    for number in range(20):
        keep(transaction_id=f"settle:{number}")
        Unauthentic.objects.create(
            provider="sud", address=f"192.0.2.{number}", minute=NOON, reason="No.", sample=b""
        )
    twenty = boss.queries(path)

    assert len(twenty) == len(one) <= 11
    assert not [sql for sql in twenty if "COUNT(" in sql], "a COUNT(*) of a big table"
    assert not [sql for sql in twenty if '"body"' in sql], "bodies are read for a list"
