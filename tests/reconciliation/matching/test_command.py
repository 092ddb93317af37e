"""manage.py match_statement: the table, the JSON, the exit status."""

import json
from collections.abc import Sequence

import pytest
from django.core.management import CommandError, call_command

from reconciliation.matching import matching
from reconciliation.models import StatementFormat, Total
from tests.cast import Books
from tests.reconciliation.matching.days import DAY, LATER, book, imported, listed

pytestmark = pytest.mark.usefixtures("providers")

ALICE_WON = ("1", "alice", "USD", "10", "25.50")
BOB_LOST = ("2", "bob", "USD", "4", "0")


@pytest.fixture
def cast(books: Books, monkeypatch: pytest.MonkeyPatch) -> Books:
    monkeypatch.setenv("COLUMNS", "160")
    for uid in ("alice", "bob"):
        books.open(uid, "USD", "1000")
    book(ALICE_WON)
    return books


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    try:
        call_command("match_statement", *map(str, words))
        status = 0
    except SystemExit as end:
        status = int(str(end.code))
    return status, capsys.readouterr().out


def cells(out: str) -> list[Sequence[str]]:
    rows = [line.replace("┃", "│").split("│")[1:-1] for line in out.splitlines()]
    return [[cell.strip() for cell in row] for row in rows if row]


def test_the_table_adds_up_and_open_rows_are_an_exit_status(
    cast: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = listed(ALICE_WON, BOB_LOST)
    status, out = run(capsys, statement.pk)
    assert status == 1
    assert cells(out) == [
        ["bucket", "currency", "lines", "debit", "credit", "booked", "debit", "credit"],
        ["Matched", "USD", "1", "10.00", "25.50", "1", "10.00", "25.50"],
        ["Only in the statement", "USD", "1", "4.00", "0.00", "0", "0.00", "0.00"],
        ["All", "USD", "2", "14.00", "25.50", "1", "10.00", "25.50"],
    ]
    assert "2 rows changed; cases: 1 opened, 0 updated, 0 closed." in out
    assert "1 open." in out
    book(BOB_LOST)
    status, out = run(capsys, statement.pk)
    assert status == 0
    assert "2 rows changed; cases: 0 opened, 0 updated, 1 closed." in out
    assert "Nothing is open." in out


def test_the_json_has_exact_money(cast: Books, capsys: pytest.CaptureFixture[str]) -> None:
    statement = listed(ALICE_WON)
    statement.day = DAY.date()
    statement.save()
    status, out = run(capsys, "--provider", "jdb", "--date", "2026-11-20", "--json")
    assert status == 0
    assert json.loads(out) == [
        {
            "statement": statement.pk,
            "provider": "jdb",
            "from": "2026-11-20T00:00:00+00:00",
            "to": "2026-11-21T00:00:00+00:00",
            "open": 0,
            "rows_changed": 1,
            "differences": [],
            "cases": {"opened": 0, "updated": 0, "closed": 0},
            "buckets": [
                {
                    "bucket": "matched",
                    "currency": "USD",
                    "lines": {"count": 1, "debit": "10", "credit": "25.5"},
                    "booked": {"count": 1, "debit": "10", "credit": "25.5"},
                }
            ],
        }
    ]


def test_totals_that_differ_are_open(cast: Books, capsys: pytest.CaptureFixture[str]) -> None:
    format_ = StatementFormat.objects.create(name="sums", layout="totals")
    statement = imported(format=format_)
    row = Total.objects.create(statement=statement, number=2, currency="USD", count=2)
    status, out = run(capsys, statement.pk)
    assert (status, "1 open." in out) == (1, True)
    assert "Row 2. The provider counts 2, the books 1." in out
    Total.objects.filter(pk=row.pk).update(count=1)
    assert run(capsys, statement.pk)[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Say either a statement's number or --provider and --date."),
        (["1", "--provider", "jdb"], "Say either a statement's number or --provider and --date."),
        (["--provider", "jdb"], "--provider and --date belong together."),
        (["77"], "There is no statement: number 77."),
        (
            ["--provider", "jdb", "--date", "2026-11-20"],
            "There is no statement: jdb's for 2026-11-20.",
        ),
    ],
)
def test_what_can_not_be_matched_is_a_sentence(
    cast: Books, words: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("match_statement", *words)


def test_a_withdrawn_statement_is_not_matched(cast: Books) -> None:
    statement = listed(ALICE_WON)
    matching.withdraw(statement, by=None, at=LATER)
    with pytest.raises(CommandError, match="Nothing was done: the statement was withdrawn"):
        call_command("match_statement", str(statement.pk))
