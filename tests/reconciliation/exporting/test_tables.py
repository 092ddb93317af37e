"""What stands in an export, cell by cell, and what is noted of it."""

import csv
import hashlib
import io
import re
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.db.utils import DatabaseError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from reconciliation import exporting
from reconciliation.exporting import cells, taking, writing
from reconciliation.exporting.filters import BadFilter
from reconciliation.models import (
    Bucket,
    Case,
    CaseKind,
    Export,
    Line,
    Match,
    Statement,
    StatementFormat,
    Total,
)
from tests.cast import Books
from tests.reconciliation import day
from wallets.instructions import Kind
from wallets.models import Entry

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def take(what: str, ending: str = "csv", **filters: str) -> bytes:
    with tempfile.TemporaryFile() as file:
        exporting.export(what, filters, ending, file, by=None, at=NOW)
        file.seek(0)
        return file.read()


def lines(what: str, **filters: str) -> list[str]:
    """The lines of the CSV, its headings first."""
    *found, end = take(what, **filters).decode("utf-8-sig").split("\r\n")
    assert end == ""
    return found


def cells_of(what: str, **filters: str) -> list[list[str]]:
    return list(csv.reader(lines(what, **filters)))


# -- Tables ------------------------------------------------------------------------------------


def test_transactions_have_one_row_a_movement(books: Books) -> None:
    day.play(books)
    rows = lines("transactions", provider="jdb", player="alice", since="2026-11-21")
    assert rows == [
        "Posted at,Provider,Transaction,Kind,Player,Test player,Currency,Debit,Credit,"
        "Balance before,Balance after,Number in wallet,Reference,Round,Game,Stake,Occurred at,"
        "Origin",
        "2026-11-21T00:00:00+00:00,jdb,settle:0,settlement,alice,no,USD,0.00,0.00,90.00,90.00,3,0,"
        ",,,,command",
        "2026-11-21T12:00:00+00:00,jdb,bet:1,bet,alice,no,USD,20.00,0.00,90.00,70.00,4,1,"
        "r; 1,,,,command",
        "2026-11-21T12:00:00+00:00,jdb,settle:1,settlement,alice,no,USD,0.00,35.00,70.00,105.00,5,"
        "1,r; 1,Lucky  Seven,20.00,2026-11-21T11:59:00.000005+00:00,command",
        "2026-11-21T12:00:00+00:00,jdb,reward:4,reward,alice,no,USD,0.00,1.50,105.00,106.50,6,4,"
        ",,,,command",
        "2026-11-22T00:00:00+00:00,jdb,settle:9,settlement,alice,no,USD,3.00,0.00,91.50,88.50,8,9,"
        ",,,,command",
    ]


def test_a_players_statement_has_the_running_balance(books: Books, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Taipei"
    day.play(books)
    rows = lines("player", player=day.AWKWARD)
    assert rows == [
        "Currency,Number,Posted at,Provider,Transaction,Kind,Reference,Round,Game,Balance before,"
        "Debit,Credit,Balance",
        "C0IN,1,2026-11-21T08:00:00+08:00,house,deposit:4,deposit,4,,,0.00,0.00,3.00,3.00",
        "C0IN,2,2026-11-21T20:00:00+08:00,sud,match:5,settlement,5,,,3.00,1.00,0.00,2.00",
    ]


def test_a_day_is_one_of_the_zone_of_cage_and_ends_before_the_next(
    books: Books, settings: Any
) -> None:
    settings.TIME_ZONE = "Asia/Taipei"  # Its day begins eight hours earlier.
    day.play(books)
    ids = [row[2] for row in cells_of("transactions", since="2026-11-21", until="2026-11-22")[1:]]
    assert ids[:4] == ["deposit:1", "deposit:2", "bet:0", "deposit:3"]
    assert ids[-1] == "settle:8"  # What corrects it comes at 08:00 there.


def test_cases_are_limited_to_those_that_are_not_closed(books: Books) -> None:
    for number, status in enumerate(["open", "waiting", "closed"], start=1):
        Case.objects.create(
            kind=CaseKind.UNSETTLED,
            status=status,
            provider="jdb",
            subject=f"settle:{number}",
            reference=f"={number}",
            player="alice",
            amount=Decimal("12.5"),
            currency="USD",
            reason="No such player.\nNobody.",
            attempts=3,
            opened_at=day.START,
            follow_up_on="2026-11-23" if status == "waiting" else None,
            resolution="healed" if status == "closed" else "",
            closed_at=day.END if status == "closed" else None,
        )
    rows = lines("cases", status="not_closed", kind="unsettled", player="alice")
    assert rows == [
        "Case,Kind,Status,Provider,Subject,Operation,Reference,Player,At risk,Currency,Reason,"
        "Attempts,First delivery at,Last delivery at,Resend,Resent until,Statement,Owner,"
        "Follow up on,Notes,Tickets,Opened at,Closed at,Resolution",
        '1,unsettled,open,jdb,settle:1,,\'=1,alice,12.50,USD,"No such player.\nNobody.",3,,,none,,,'
        ",,,,2026-11-21T00:00:00+00:00,,",
        '2,unsettled,waiting,jdb,settle:2,,\'=2,alice,12.50,USD,"No such player.\nNobody.",3,,,'
        "none,,,,2026-11-23,,,2026-11-21T00:00:00+00:00,,",
    ]


def statement(layout: str = "cage") -> Statement:
    format_, _ = StatementFormat.objects.get_or_create(name=layout, defaults={"layout": layout})
    return Statement.objects.create(
        provider="jdb",
        format=format_,
        file_name="jdb.csv",
        sha256="0" * 64,
        size=1,
        start_at=day.START,
        end_at=day.END,
        rows=3,
        imported_at=NOW,
    )


def test_a_statements_rows_have_their_bucket_and_both_sides(books: Books) -> None:
    day.play(books)
    of = statement()
    known = {"statement": of, "uid": "alice", "currency": "USD", "occurred_at": day.START}
    paid = Line.objects.create(number=2, transaction_id="settle:1", credit=Decimal(36), **known)
    lost = Line.objects.create(number=3, transaction_id="bet:77", debit=Decimal("0.1"), **known)
    Line.objects.create(statement=of, number=4, error="credit is not a decimal number: 'x'")
    entry = Entry.objects.get(transaction__transaction_id="settle:1")
    ours = Entry.objects.get(transaction__transaction_id="reward:4")
    for bucket, line, found in [
        (Bucket.AMOUNT_DIFFERS, paid, entry),
        (Bucket.ONLY_IN_STATEMENT, lost, None),
        (Bucket.ONLY_IN_LEDGER, None, ours),
    ]:
        Match.objects.create(statement=of, bucket=bucket, line=line, entry=found)
    noon = "2026-11-21T12:00:00+00:00"
    assert lines("statement", statement=str(of.pk)) == [
        "Bucket,Row,Part,Their transaction,Their player,Their currency,Their debit,Their credit,"
        "Net only,Their round,Occurred at,Our transaction,Our player,Our currency,Our debit,"
        "Our credit,Our round,Our time,Posted at,Not read because",
        "amount_differs,2,1,settle:1,alice,USD,0.00,36.00,no,,2026-11-21T00:00:00+00:00,settle:1,"
        f"alice,USD,0.00,35.00,r; 1,2026-11-21T11:59:00.000005+00:00,{noon},",
        f"only_in_ledger,,,,,,,,,,,reward:4,alice,USD,0.00,1.50,,{noon},{noon},",
        "only_in_statement,3,1,bet:77,alice,USD,0.10,0.00,no,,2026-11-21T00:00:00+00:00,,,,,,,,,",
        "rejected,4,1,,,,,,,,,,,,,,,,,credit is not a decimal number: 'x'",
    ]
    assert len(lines("statement", statement=str(of.pk), bucket="rejected")) == 2


def test_a_statement_of_totals_has_what_both_sides_sum_up_to(books: Books) -> None:
    of = statement("totals")
    Total.objects.create(
        statement=of,
        number=1,
        currency="USD",
        count=2,
        net=Decimal("-3.5"),
        our_count=3,
        our_debit=Decimal(10),
        our_credit=Decimal("6.5"),
    )
    assert lines("statement", statement=str(of.pk)) == [
        "Row,Operation,Player,Currency,Their count,Their debit,Their credit,Their net,Our count,"
        "Our debit,Our credit,Our net",
        "1,,,USD,2,,,-3.50,3,10.00,6.50,-3.50",
    ]


def test_an_xlsx_has_the_same_rows_and_every_cell_is_text(books: Books) -> None:
    day.play(books)
    book = load_workbook(io.BytesIO(take("transactions", "xlsx")))
    (sheet,) = book.worksheets
    found = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert found == cells_of("transactions")
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "inlineStr"}
    assert "'" + day.AWKWARD in {row[4] for row in found}


def test_rows_that_a_sheet_has_no_room_for_go_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "SHEET_ROWS", 3)
    file = io.BytesIO()
    writing.write_xlsx(["n"], ([str(n)] for n in range(5)), file)
    sheets = load_workbook(file).worksheets
    values = [[row[0].value for row in sheet.iter_rows()] for sheet in sheets]
    assert values == [["n", "0", "1"], ["n", "2", "3"], ["n", "4"]]


def test_an_error_s_name_and_a_text_too_long_for_a_cell_stay_text() -> None:
    file = io.BytesIO()
    writing.write_xlsx(["a", "b", "c"], [["#N/A", "x" * 40_000, "#N/A"]], file)
    row = next(load_workbook(file).active.iter_rows(min_row=2))
    assert [cell.data_type for cell in row] == ["s", "s", "s"]
    assert str(row[1].value).endswith("xx… (too long for a cell)")
    assert len(str(row[1].value)) == writing.CELL_CHARACTERS


# -- Cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-1234.5"), "-1234.50"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("99999999999999999999.99999999"), "99999999999999999999.99999999"),
        (datetime(2026, 11, 21, 12, tzinfo=UTC), "2026-11-21T12:00:00+00:00"),
        (None, ""),
        (True, "yes"),
        (-7, "-7"),
        ("-7", "'-7"),  # Somebody's name, and not a number of ours.
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("x;=1+1", "x;'=1+1"),
        ("'t Hooft", "''t Hooft"),
        ("a=b; c", "a=b; c"),
        ("a\x00b\x1b", "a\\u0000b\\u001b"),
    ],
)
def test_a_cell_is_exact_and_is_never_computed(value: object, text: str) -> None:
    assert cells.cell(value) == text


@given(st.text())
def test_taking_the_apostrophes_away_gives_back_what_was_there(value: str) -> None:
    written = cells.text(value)
    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    back = re.sub(r"(^|;)'(?=\s*['=+\-@＝＋－＠]|[\t\r\n])", r"\1", written)  # noqa: RUF001
    assert back == cells.CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", value)


# -- What is noted -----------------------------------------------------------------------------


def test_an_export_is_noted_with_its_digest_filters_and_size(books: Books) -> None:
    day.play(books)
    data = take("player", player="alice", currency="USD", since="")
    noted = Export.objects.get()
    assert (noted.what, noted.filters, noted.rows, noted.exported_by) == (
        "player",
        {"player": "alice", "currency": "USD"},
        8,
        None,
    )
    assert (noted.size, noted.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (noted.file_name, noted.exported_at) == ("player-20261122-120000.csv", NOW)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_digest_is_that_of_the_bytes_of_the_file(books: Books, ending: str) -> None:
    data = take("cases", ending)
    assert Export.objects.get().sha256 == hashlib.sha256(data).hexdigest()


def test_what_can_t_be_noted_does_not_leave(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**fields: object) -> Export:
        raise DatabaseError("gone")

    monkeypatch.setattr(Export.objects, "create", broken)
    with pytest.raises(DatabaseError):
        take("cases")


def test_a_note_is_never_changed_or_removed(books: Books) -> None:
    take("cases")
    for change in (Export.objects.all().delete, lambda: Export.objects.update(rows=0)):
        with pytest.raises((ProgrammingError, DatabaseError)):
            change()
    connections["default"].close()


def test_all_rows_are_of_one_instant(books: Books) -> None:
    day.play(books)
    with tempfile.TemporaryFile() as file:

        def post_meanwhile(lines: Any) -> Any:
            for number, line in enumerate(lines):
                if number == 0:
                    _post_elsewhere()
                yield line

        write = taking.ENDINGS["csv"]
        endings = {"csv": lambda headings, lines, out: write(headings, post_meanwhile(lines), out)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(taking, "ENDINGS", endings)
            taken = exporting.export("transactions", {}, "csv", file, by=None, at=NOW)
    assert (taken.rows, Entry.objects.count()) == (21, 22)


def _post_elsewhere() -> None:
    """In a thread of its own, hence on a connection of its own."""
    from threading import Thread

    def post() -> None:
        day.post(NOW, day.step("jdb", "late:1", Kind.REWARD, ("alice", "USD", "0", "1")))
        connections["default"].close()

    thread = Thread(target=post)
    thread.start()
    thread.join()


# -- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "ending", "filters", "sentence"),
    [
        ("money", "csv", {}, "'money' is none of cases, statement, transactions, player, journal."),
        ("cases", "pdf", {}, "'pdf' is none of csv, xlsx."),
        ("journal", "csv", {}, "'csv' is none of journal."),
        ("cases", "csv", {"currency": "USD"}, "This export can't be limited by 'currency'."),
        ("cases", "csv", {"kind": "bet"}, "'bet' is none of unsettled, conflict,"),
        ("player", "csv", {}, "Say which player."),
        ("player", "csv", {"player": "nobody"}, "There is no player 'nobody'."),
        ("statement", "csv", {"statement": "7"}, "There is no statement '7'."),
        ("statement", "csv", {"statement": "²"}, "There is no statement '²'."),
        ("transactions", "csv", {"since": "21.11.2026"}, "'21.11.2026' is not a day or a time"),
        (
            "transactions",
            "csv",
            {"since": "2026-11-21", "until": "2026-11-21"},
            "`since` has to be before `until`.",
        ),
        ("journal", "journal", {"since": "2026-12-01"}, "Nothing can have been posted yet."),
    ],
)
def test_what_can_t_be_exported_is_said_and_not_noted(
    books: Books, what: str, ending: str, filters: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadFilter) as refused, tempfile.TemporaryFile() as file:
        exporting.export(what, filters, ending, file, by=None, at=NOW)
    assert str(refused.value).startswith(sentence)
    assert not Export.objects.exists()
