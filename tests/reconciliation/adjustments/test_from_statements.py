"""What only a statement has is booked by two people, and its late delivery moves nothing more."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciliation import cases
from reconciliation.adjustments import proposals
from reconciliation.matching import matching, results
from reconciliation.models import Case, Layout, Match, Statement, StatementFormat
from reconciliation.statements import importing
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import hotroad, senders
from tests.providers.senders import altered, send
from tests.reconciliation.adjustments.people import CORRECT, PAY, approve, approver, ask, finance
from wallets.models import Reference

DAY = date(2026, 11, 20)
LATER = datetime(2026, 11, 25, tzinfo=UTC)
TS = int(datetime(2026, 11, 20, 16, tzinfo=UTC).timestamp() * 1000)
Listed = Callable[..., Statement]


@pytest.fixture
def listed(books: Books, tmp_path: Path) -> Listed:
    """Import rows of a report whose headings are our names of its fields, and match them."""

    def listed(provider: str, *rows: dict[str, object], **stated: Any) -> Statement:
        names = list(dict.fromkeys(name for row in rows for name in row))
        format_, _ = StatementFormat.objects.get_or_create(
            name=f"{provider}-report",
            defaults={
                "layout": Layout.REPORT,
                "protocol": provider,
                "columns": {name: name for name in names},
                **stated,
            },
        )
        file = tmp_path / "report.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        statement = importing.import_file(
            provider=provider,
            path=file,
            file_name=file.name,
            format=format_,
            day=DAY,
            at=LATER,
        )
        return matching.match(statement, at=LATER)

    return listed


def only_listed() -> Case:
    return Case.objects.get(kind="only_in_statement", status="open")


def buckets() -> list[str]:
    return list(Match.objects.order_by("line_id").values_list("bucket", flat=True))


def test_it_is_paid_once_whenever_the_delivery_comes(
    books: Books, configure: Callable[..., None], listed: Listed
) -> None:
    """With the bet that it settles, as the row says, so that this can't be given back any more."""
    configure(jdb={**PROVIDERS["jdb"], "unknown_bet": "refuse"})
    books.open("john", "USD", "100")
    bet = altered(senders.verbatim("jdb", "bet"), transferId=272016, uid="john", currency="XX")
    assert send(senders.jdb(altered(bet, amount=0.2, ts=TS))).json["status"] == "0000"
    row = {"action": 9, "transferId": 272016, "uid": "john", "currency": "XX", "amount": 0.2}
    row |= {"refTransferIds": ""}
    listed("jdb", row, {**row, "action": 10, "transferId": 272017, "refTransferIds": "272016"})
    asked = ask(only_listed(), PAY, finance())
    assert asked.moves == [{"uid": "john", "currency": "USD", "debit": "0", "credit": "0.2"}]
    assert approve(asked, approver()).status == "approved"
    assert books.balance("john", "USD") == 100
    settled = Reference.objects.get(effect="settles")
    assert (settled.target, settled.transaction.transaction_id) == ("bet:272016", "settle:272017")

    late = altered(senders.verbatim("jdb", "settle"), amount=0.2)
    for _ in range(2):
        assert send(senders.jdb(late)).json == {
            "status": "0000",
            "balance": "100.00",
            "err_text": "",
        }
    assert books.transactions() == ["bet:272016", "settle:272017"]
    cases.update(at=LATER)
    assert buckets() == ["matched", "matched"]
    assert not Case.objects.exclude(status="closed").exists()
    assert books.violations() == []


def test_a_bet_and_its_payout_are_booked_one_after_the_other(
    books: Books, configure: Callable[..., None], listed: Listed
) -> None:
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("hrgpl0001", "THB", "100")
    row = {"txId": "AAA-251916", "userId": "hrgpl0001", "betAmount": "10", "winAmount": "0.0"}
    listed("hotroad", row)
    fay, ann = finance(), approver("ann", THB="50")
    for subject in ("bet:AAA-251916", "settle:AAA-251916"):
        case = Case.objects.get(kind="only_in_statement", subject=subject)
        assert approve(ask(case, PAY, fay), ann).status == "approved"
    assert books.balance("hrgpl0001", "THB") == 90
    assert [hotroad.code(one) for one in (hotroad.bet(), hotroad.settle())] == ["9999", "0000"]
    assert books.balance("hrgpl0001", "THB") == 90
    assert books.violations() == []


def test_what_a_report_does_not_show_is_not_booked(
    books: Books, providers: None, listed: Listed
) -> None:
    for uid in ("alice", "bob"):
        books.open(uid, "COIN", "100")
    match = {"operation": "match", "match_id": "m1"}
    listed("sud", {**match, "uid": "alice", "score": "5"}, {**match, "uid": "bob", "score": "-5"})
    assert proposals.of(only_listed(), PAY).refused == (
        "The report may not show all players of the round, and it is booked for all or none."
    )
    StatementFormat.objects.filter(name="sud-report").update(shows_all_players=True)
    assert len(proposals.of(only_listed(), PAY).moves) == 2
    books.open("carol", "USD", "1")
    listed("besoft", {"transId": "t1", "uid": "carol", "net": "3"})
    case = Case.objects.get(kind="only_in_statement", provider="besoft")
    assert proposals.of(case, PAY).refused == (
        "The report shows only the difference: stake and win are not known."
    )


def test_their_amount_is_accepted_and_their_copy_is_a_duplicate(
    books: Books, providers: None, listed: Listed
) -> None:
    books.open("john", "USD", "100")
    verbatim = altered(senders.verbatim("jdb", "settle"), ts=TS)
    assert send(senders.jdb(verbatim)).json["status"] == "0000"
    row = {"action": 10, "transferId": 272017, "uid": "john", "currency": "XX", "amount": 0.5}
    statement = listed("jdb", row)
    case = Case.objects.get(kind="amount_differs")
    assert approve(ask(case, CORRECT, finance()), approver()).status == "approved"
    copy = send(senders.jdb(altered(verbatim, amount=0.5)))
    assert copy.json == {"status": "0000", "balance": "100.50", "err_text": ""}
    assert send(senders.jdb(verbatim)).json["status"] == "9999"
    cases.update(at=LATER)
    matched = [row for row in results.of(statement).rows if row.label == "Matched"]
    assert [(row.lines, row.entries) for row in matched] == [(1, 1)]
    assert not Case.objects.filter(kind="amount_differs").exclude(status="closed").exists()
    assert books.violations() == []
