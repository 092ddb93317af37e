"""A file becomes a statement, whole or not at all."""

import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connections

from reconciliation.models import Layout, Line, Statement, StatementFormat, StatementStatus, Total
from reconciliation.statements import importing, reading
from reconciliation.statements.importing import Refused, Stated, UnknownDay
from tests.cast import NOON, Books, somebody_waits
from tests.providers.faults import until
from tests.reconciliation.statements.sheets import HEADINGS, file, format

DAY = date(2026, 11, 21)
ALICE = "bet_and_settle,1,alice,USD,10,25.50,R1,2026-11-21T12:00:00Z"
BOB = "bet_and_settle,2,bob,USD,20,0,R2,2026-11-21T13:00:00Z"


def rows(*lines: str) -> str:
    return "\n".join([HEADINGS, *lines, ""])


def import_file(path: Path, **changes: Any) -> Statement:
    asked: dict[str, Any] = {
        "provider": "jdb",
        "path": path,
        "file_name": path.name,
        "format": StatementFormat.objects.get(name="cage"),
        "at": NOON,
        **changes,
    }
    return importing.import_file(**asked)


def refused(path: Path, **changes: Any) -> Refused:
    """The refusal of a file, of which nothing is kept."""
    before = [model.objects.count() for model in (Statement, Line, Total)]
    with pytest.raises(Refused) as error:
        import_file(path, **changes)
    assert [model.objects.count() for model in (Statement, Line, Total)] == before
    return error.value


def kept(statement: Statement) -> list[tuple[Any, ...]]:
    names = ("number", "part", "transaction_id", "uid", "currency", "debit", "credit", "error")
    return list(statement.lines.order_by("number", "part").values_list(*names))


# -- What is kept ----------------------------------------------------------------------------


def test_a_file_becomes_a_statement_of_its_day_and_its_lines(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows(ALICE, BOB))
    statement = import_file(path)
    statement.refresh_from_db()
    assert (statement.provider, statement.file_name, statement.rows, statement.rejected) == (
        "jdb",
        "day.csv",
        2,
        0,
    )
    # A day of JDB's reports is one of GMT-4.
    assert statement.day == DAY
    assert statement.start_at == datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert statement.end_at == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert statement.size == path.stat().st_size
    assert statement.sha256 == "a5b09b433a6b78f4c65f5358445b198d9c5b944b56fad2a9c3ad4e58a5a63622"
    assert kept(statement) == [
        (2, 1, "bet_and_settle:1", "alice", "USD", Decimal(10), Decimal("25.50"), ""),
        (3, 1, "bet_and_settle:2", "bob", "USD", Decimal(20), Decimal(0), ""),
    ]
    line = statement.lines.get(number=2)
    assert (line.round_id, line.occurred_at) == ("R1", datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert json.loads(line.original) == dict(
        zip(HEADINGS.split(","), ALICE.split(","), strict=True)
    )


def test_amounts_texts_and_times_come_out_of_the_copy_as_they_went_in(
    books: Books, providers: None, tmp_path: Path
) -> None:
    uid = "o\\n'\"é\\\\"
    quoted = uid.replace('"', '""')
    line = f'bet_and_settle,"a\\b","{quoted}",USD,99999999999999999.99999999,0,,'
    statement = import_file(file(tmp_path, rows(line)), day=DAY)
    found = statement.lines.get()
    assert (found.transaction_id, found.uid) == ("bet_and_settle:a\\b", uid)
    assert found.debit == Decimal("99999999999999999.99999999")
    assert (found.occurred_at, found.round_id, found.net_only) == (None, "", False)


def test_columns_that_are_not_required_may_be_left_out_and_others_may_be_there(
    books: Books, providers: None, tmp_path: Path
) -> None:
    content = (
        "note,operation,reference,uid,currency,debit,credit\nhi,bet_and_settle,1,alice,USD,1,2\n"
    )
    assert kept(import_file(file(tmp_path, content), day=DAY)) == [
        (2, 1, "bet_and_settle:1", "alice", "USD", Decimal(1), Decimal(2), "")
    ]


def test_json_lines_and_a_workbook_say_the_same_as_a_csv(
    books: Books, providers: None, tmp_path: Path
) -> None:
    names = HEADINGS.split(",")
    values = ["bet_and_settle", "1", "alice", "USD", 10, 25.5, "R1", "2026-11-21T12:00:00Z"]
    book = openpyxl.Workbook()
    book.active.append(names)
    book.active.append(values)
    book.save(tmp_path / "day.xlsx")
    text = json.dumps(dict(zip(names, values, strict=True)))
    files = [
        tmp_path / "day.xlsx",
        file(tmp_path, f"{text}\n", "day.jsonl"),
        file(tmp_path, rows(ALICE)),
    ]
    assert [kept(import_file(path))[0][2:] for path in files] == [
        ("bet_and_settle:1", "alice", "USD", Decimal(10), Decimal("25.50"), "")
    ] * 3


def test_constants_stand_for_columns_that_no_file_has(
    books: Books, providers: None, tmp_path: Path
) -> None:
    columns = {"reference": "No.", "uid": "Player", "debit": "Out", "credit": "In"}
    made = format(
        columns=columns,
        constants={"operation": "bet_and_settle", "currency": "USD"},
        delimiter=";",
        decimal_mark=",",
        grouping=".",
    )
    made.save()
    path = file(tmp_path, "No.;Player;Out;In\n1;alice;1.234,50;0\n")
    assert kept(import_file(path, format=made, day=DAY)) == [
        (2, 1, "bet_and_settle:1", "alice", "USD", Decimal("1234.50"), Decimal(0), "")
    ]


def test_the_rows_are_watched(books: Books, providers: None, tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []
    content = rows(
        *(f"bet_and_settle,{number},alice,USD,1,0,,2026-11-21T12:00" for number in range(5000))
    )
    import_file(
        file(tmp_path, content), day=DAY, watch=lambda rows, share: seen.append((rows, share))
    )
    assert [count for count, _ in seen] == [0, 2000, 4000]
    assert 0 < seen[0][1] < seen[1][1] < seen[2][1] <= 1


# -- Bad rows --------------------------------------------------------------------------------


BAD = [
    ALICE,
    "bet_and_settle,2,bob,USD,1E5,0,,2026-11-21T13:00:00Z",
    'bet_and_settle,3,bob,USD,"1,000",0,,2026-11-21T13:00:00Z',
    "bet_and_settle,4,bob,USD,1,0",
    "bet_and_settle,,bob,USD,1,0,,2026-11-21T13:00:00Z",
    "bet_and_settle,6,bob,USD,1,-1,,2026-11-21T13:00:00Z",
    "bet_and_settle,7,bob,USD,1,0,,yesterday",
]


def test_bad_rows_refuse_the_file_and_each_is_told(
    books: Books, providers: None, tmp_path: Path
) -> None:
    refusal = refused(file(tmp_path, rows(*BAD)))
    assert (refusal.sentence, refusal.count) == ("6 rows of 7 can't be read.", 6)
    assert refusal.problems == [
        (3, "debit", "debit is not a decimal number: '1E5'"),
        (4, "debit", "debit is not a decimal number: '1,000'"),
        (5, "", "The row has 6 cells, and there are 8 headings."),
        (6, "reference", "reference is empty"),
        (7, "credit", "credit is negative"),
        (8, "occurred_at", "occurred_at is not a time: 'yesterday'"),
    ]


def test_all_bad_rows_are_counted_and_the_first_fifty_told(
    books: Books, providers: None, tmp_path: Path
) -> None:
    content = rows(*(f"bet_and_settle,{number},,USD,1,0,,2026-11-21" for number in range(1234)))
    refusal = refused(file(tmp_path, content))
    assert (refusal.sentence, refusal.count) == ("1,234 rows of 1,234 can't be read.", 1234)
    assert [number for number, _, _ in refusal.problems] == list(range(2, 52))


def test_with_skip_bad_they_are_rejected_lines_with_their_row(
    books: Books, providers: None, tmp_path: Path
) -> None:
    statement = import_file(file(tmp_path, rows(*BAD)), skip_bad=True)
    assert (statement.rows, statement.rejected) == (7, 6)
    assert kept(statement)[:2] == [
        (2, 1, "bet_and_settle:1", "alice", "USD", Decimal(10), Decimal("25.50"), ""),
        (3, 1, "", "", "", Decimal(0), Decimal(0), "debit is not a decimal number: '1E5'"),
    ]
    ragged = statement.lines.get(number=5)
    assert json.loads(ragged.original) == dict(
        zip(HEADINGS.split(","), ["bet_and_settle", "4", "bob", "USD", "1", "0"], strict=False)
    )


def test_a_file_without_any_row_that_can_be_read_is_refused_all_the_same(
    books: Books, providers: None, tmp_path: Path
) -> None:
    refusal = refused(file(tmp_path, rows(BAD[1])), skip_bad=True)
    assert refusal.sentence == "None of its rows can be read."


def test_ids_that_no_line_has_room_for_are_bad_rows(
    books: Books, providers: None, tmp_path: Path
) -> None:
    refusal = refused(file(tmp_path, rows(ALICE.replace("alice", "x" * 65))))
    assert refusal.problems == [
        (2, "uid", "uid is too long or has characters that can't be printed")
    ]


def test_a_row_that_expects_nothing_is_kept_and_is_not_rejected(
    books: Books, providers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reading.Reader.expected
    monkeypatch.setattr(
        reading.Reader,
        "expected",
        lambda self, cells: () if cells["uid"] == "bob" else whole(self, cells),
    )
    statement = import_file(file(tmp_path, rows(ALICE, BOB)))
    assert (statement.rows, statement.rejected) == (2, 0)
    assert kept(statement)[1] == (
        *(3, 1, "", "", "", Decimal(0), Decimal(0), "Expects no movement."),
    )


def test_a_row_with_several_movements_is_several_lines_and_kept_once(
    books: Books, providers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reading.Reader.expected
    monkeypatch.setattr(reading.Reader, "expected", lambda self, cells: whole(self, cells) * 2)
    statement = import_file(file(tmp_path, rows(ALICE)))
    assert [line[:3] for line in kept(statement)] == [
        (2, 1, "bet_and_settle:1"),
        (2, 2, "bet_and_settle:1"),
    ]
    assert statement.lines.get(part=2).original == ""
    assert statement.rows == 1


# -- Files that are refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence", "problems"),
    [
        (
            "id,who\n1,alice\n",
            "The file has no `operation`, `reference`, `uid`, `currency`, `debit`, `credit`. "
            "What it has: `id`, `who`.",
            [],
        ),
        (
            rows("spin,1,alice,USD,1,0,,2026-11-21", "place,1,alice,USD,1,0,,2026-11-21"),
            "jdb sends none of the file's operations (place, spin) through Cage: "
            "is it another provider's file?",
            [],
        ),
        (rows(), "The file has no rows. If that is right, state that it has 0.", []),
        ("", "The file is empty.", []),
        (
            rows(ALICE) + "bet_and_settle,2,Jos\udce9,USD,1,0,,\n",
            "Row 3: The byte 0xE9 (number 21 of its line) is not utf-8, which the format says.",
            [
                (
                    3,
                    "",
                    "The byte 0xE9 (number 21 of its line) is not utf-8, which the format says.",
                )
            ],
        ),
        (
            rows(ALICE).replace(",", ";"),
            "Row 1: One column found: is the delimiter ';'? The format says ','.",
            [(1, "", "One column found: is the delimiter ';'? The format says ','.")],
        ),
    ],
)
def test_a_file_that_is_another_one_is_refused(
    books: Books,
    providers: None,
    tmp_path: Path,
    content: str,
    sentence: str,
    problems: list[importing.Problem],
) -> None:
    path = file(tmp_path, content.encode(errors="surrogateescape"))
    refusal = refused(path, skip_bad=True)
    assert (refusal.sentence, refusal.problems) == (sentence, problems)


def test_a_file_that_turns_bad_after_many_good_rows_leaves_nothing(
    books: Books, providers: None, tmp_path: Path
) -> None:
    good = rows(*(f"bet_and_settle,{number},alice,USD,1,0,,2026-11-21" for number in range(20_000)))
    refusal = refused(file(tmp_path, good.encode() + b"bet_and_settle,2,\xff,USD,1,0,,\n"))
    assert refusal.sentence.startswith("Row 20002: The byte 0xFF")


def test_a_day_without_any_row_is_imported_where_it_is_stated(
    books: Books, providers: None, tmp_path: Path
) -> None:
    statement = import_file(file(tmp_path, rows()), day=DAY, stated=Stated(rows=0))
    assert (statement.rows, statement.lines.count()) == (0, 0)


def test_the_same_file_is_imported_once_by_each_provider_and_again_when_withdrawn(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows(ALICE))
    statement = import_file(path)
    same = file(tmp_path, rows(ALICE), "renamed.csv")
    assert refused(same).sentence == (
        f"The same file is already imported as statement #{statement.pk}."
    )
    refused(same, provider="sud")  # It isn't sud's, but not for that reason.
    Statement.objects.update(status=StatementStatus.WITHDRAWN)
    assert import_file(same).pk != statement.pk


def test_two_people_at_once_import_a_file_once(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows(ALICE))
    heard: list[str] = []

    def second() -> None:
        try:
            import_file(path)
        except Refused as refusal:
            heard.append(refusal.sentence)
        finally:
            connections.close_all()

    thread = threading.Thread(target=second)

    def while_the_first_is_open(*_: Any) -> None:
        thread.start()
        until(somebody_waits)

    statement = import_file(path, watch=while_the_first_is_open)
    thread.join()
    assert heard == [f"The same file is already imported as statement #{statement.pk}."]
    assert Line.objects.count() == 1


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (Stated(rows=3), "The file has 2 rows, and 3 were stated."),
        (
            Stated(sums={"USD": (Decimal(30), Decimal(26))}),
            "The credit in USD is 25.5, and 26 was stated.",
        ),
        (
            Stated(sums={"CNY": (Decimal(30), Decimal("0.00000001"))}),
            "The debit in CNY is 0, and 30 was stated. "
            "The credit in CNY is 0, and 0.00000001 was stated.",
        ),
    ],
)
def test_what_was_stated_has_to_be_so(
    books: Books, providers: None, tmp_path: Path, stated: Stated, sentence: str
) -> None:
    path = file(tmp_path, rows(ALICE, BOB))
    assert refused(path, stated=stated).sentence == sentence
    import_file(path, stated=Stated(rows=2, sums={"USD": (Decimal(30), Decimal("25.5"))}))


def test_a_format_with_problems_imports_nothing(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows(ALICE))
    assert refused(path, format=format(zone="Mars/Base")).sentence == (
        "There is no zone 'Mars/Base'."
    )
    assert refused(path, provider="acme").sentence == "No provider 'acme' is configured."


# -- Which time it is about ------------------------------------------------------------------


def test_without_times_the_day_has_to_be_said(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows("bet_and_settle,1,alice,USD,1,0,,"))
    refusal = refused(path)
    assert isinstance(refusal, UnknownDay)
    assert refusal.sentence == "The file has no times: it has to be said which day it is about."
    assert import_file(path, day=DAY).day == DAY


def test_times_of_several_days_have_to_be_said(
    books: Books, providers: None, tmp_path: Path
) -> None:
    # 03:59 is still the day before, where JDB's reports are counted.
    path = file(tmp_path, rows(ALICE, BOB.replace("T13:00:00Z", "T03:59:59Z")))
    refusal = refused(path)
    assert isinstance(refusal, UnknownDay)
    assert refusal.sentence == (
        "The times of the file are of several days (2026-11-20 to 2026-11-21, Etc/GMT+4): "
        "it has to be said which time it is about."
    )
    start, end = datetime(2026, 11, 21, 3, tzinfo=UTC), datetime(2026, 11, 21, 15, tzinfo=UTC)
    statement = import_file(path, start_at=start, end_at=end)
    assert (statement.start_at, statement.end_at, statement.day) == (start, end, None)


def test_a_file_of_another_day_than_the_one_that_is_said_is_refused(
    books: Books, providers: None, tmp_path: Path
) -> None:
    path = file(tmp_path, rows(ALICE, BOB))
    assert refused(path, day=date(2026, 11, 22)).sentence == (
        "No time of the file is within 2026-11-22: they are 2026-11-21T12:00:00+00:00 to "
        "2026-11-21T13:00:00+00:00. Is it another day's file?"
    )


def test_a_time_has_a_start_and_a_later_end(books: Books, providers: None, tmp_path: Path) -> None:
    path = file(tmp_path, rows(ALICE))
    assert refused(path, start_at=NOON).sentence == "A time needs its start and its end."
    assert refused(path, start_at=NOON, end_at=NOON).sentence == "The time ends before it starts."


# -- Totals ----------------------------------------------------------------------------------


def test_a_file_of_totals_becomes_totals(books: Books, providers: None, tmp_path: Path) -> None:
    names = ("currency", "uid", "count", "debit", "net")
    made = format(layout=Layout.TOTALS, columns={name: name for name in names}, grouping=",")
    made.save()
    path = file(tmp_path, 'currency,uid,count,debit,net\nUSD,alice,"1,000",10,-5.50\nCNY,,,1,\n')
    statement = import_file(path, format=made, day=DAY)
    assert (statement.rows, statement.lines.count()) == (2, 0)
    first, second = statement.totals.order_by("number")
    assert (first.number, first.currency, first.uid, first.count) == (2, "USD", "alice", 1000)
    assert (first.debit, first.credit, first.net) == (Decimal(10), None, Decimal("-5.50"))
    assert json.loads(first.original)["net"] == "-5.50"
    assert (second.number, second.uid, second.count, second.net) == (3, "", None, None)


def test_a_bad_row_of_totals_refuses_them_also_with_skip_bad(
    books: Books, providers: None, tmp_path: Path
) -> None:
    made = format(layout=Layout.TOTALS, columns={"currency": "currency", "debit": "debit"})
    made.save()
    path = file(tmp_path, "currency,debit\nUSD,1\nUSD,-1\n,1\nCNY,\n")
    refusal = refused(path, format=made, day=DAY, skip_bad=True)
    assert refusal.sentence == "3 rows of 4 can't be read."
    assert refusal.problems == [
        (3, "debit", "debit is negative"),
        (4, "currency", "currency is empty"),
        (5, "", "The row has no sum: one of count, debit, credit, net is needed"),
    ]
