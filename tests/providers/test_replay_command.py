"""manage.py replay, as somebody on call types it."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import altered, send

SETTLE = senders.verbatim("jdb", "settle")
RESULT = senders.verbatim("besoft", "result")


@pytest.fixture
def owed(books: Books, providers: None) -> Books:
    for number in (1, 2):
        send(senders.jdb(altered(SETTLE, transferId=number)))
        send(senders.jdb(altered(SETTLE, transferId=number)))
    books.open("john", "USD")
    return books


def test_a_reference_is_settled_again_once_however_often_it_came(
    owed: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("replay", "--reference", "1")
    assert capsys.readouterr().out == "jdb settle:1: paid\n1 paid\n"
    assert owed.transactions() == ["settle:1"]
    with pytest.raises(CommandError, match="nothing that was refused or failed"):
        call_command("replay", "--reference", "settle:1")


def test_a_dry_run_changes_nothing(owed: Books, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("replay", "--reference", "2", "--provider", "jdb", "--dry-run", "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["transaction_id"], row["result"]) == ("settle:2", "would be settled again")
    assert owed.transactions() == []


def test_a_void_order_is_not_settled_again_and_it_says_why(
    books: Books, providers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    send(senders.besoft(RESULT))
    books.open("useraccount", "USD", "100")
    with pytest.raises(SystemExit):
        call_command("replay", "--reference", "1zr8cu31gohrz")
    assert "counts a refused order void" in capsys.readouterr().out
    assert books.transactions() == []


def test_all_that_failed_by_a_fault_of_ours_are_settled_again(
    books: Books,
    providers: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    books.open("john", "USD")
    with monkeypatch.context() as broken:
        broken.setattr("wallets.draft.Draft.decide", fail)
        for number in range(3):
            send(senders.jdb(altered(SETTLE, transferId=number)))
    assert books.outcomes() == ["failed"] * 3
    call_command("replay", "--failed", "--provider", "jdb")
    assert capsys.readouterr().out.endswith("3 paid\n")
    assert books.violations() == []
    with pytest.raises(CommandError, match="which provider's"):
        call_command("replay", "--failed")


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")
