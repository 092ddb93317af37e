"""manage.py import_statement and manage.py statement_format."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reconciliation.models import Statement, StatementFormat
from reconciliation.statements import formats
from tests.cast import Books
from tests.reconciliation.statements.sheets import file
from tests.reconciliation.statements.test_importing import ALICE, BOB, rows

UNTIMED = "bet_and_settle,1,alice,USD,10,25.50,,"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    call_command("import_statement", *map(str, words))
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as exit_:
        call_command("import_statement", *map(str, words))
    assert exit_.value.code == 1
    assert Statement.objects.count() == 0
    return capsys.readouterr().out


def test_an_import_says_what_it_kept(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, rows(ALICE, BOB))
    out = run(
        capsys,
        *("jdb", path, "--format", "cage", "--date", "2026-11-21"),
        *("--rows", "2", "--total", "USD:30:25.5"),
    )
    assert "Statement #1: jdb, 2026-11-21" in out
    assert " ".join(out.split("USD")[1].split("\n")[0].split()) == "│ 2 │ 30 │ 25.5 │"
    assert out.endswith("2 rows.\n")


def test_the_same_for_machines(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, rows(ALICE, BOB, "bet_and_settle,3,carol,USD,x,0,,"))
    words = ("--from", "2026-11-21T08:00", "--to", "2026-11-21T16:00", "--skip-bad", "--json")
    said = json.loads(run(capsys, "jdb", path, "--format", "cage", *words))
    assert said.pop("sha256") == Statement.objects.get().sha256
    assert said == {
        "statement": 1,
        "provider": "jdb",
        "format": "cage",
        "day": None,
        # In the zone of JDB's reports, where none is said.
        "start_at": "2026-11-21T12:00:00+00:00",
        "end_at": "2026-11-21T20:00:00+00:00",
        "rows": 3,
        "rejected": 1,
        "without_movement": 0,
        "sums": [{"currency": "USD", "lines": 2, "debit": "30", "credit": "25.5"}],
    }


def test_a_refusal_shows_the_bad_rows(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["bet_and_settle,1,[red]al,USD,1E5,0,,\x1b[31m2026" for _ in range(60)]
    path = file(tmp_path, rows(*bad))
    out = refused(capsys, "jdb", path, "--format", "cage", "--date", "2026-11-21")
    assert "Refused: 60 rows of 60 can't be read." in out
    assert "debit is not a decimal number: '1E5'" in out
    assert "These are the first 50 of 60." in out
    assert out.endswith("Nothing was imported.\n")
    assert "\x1b" not in out


def test_a_refusal_for_machines(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, rows(UNTIMED.replace("10,", "1E5,")))
    said = json.loads(refused(capsys, "jdb", path, "--format", "cage", "--json"))
    assert said == {
        "refused": "1 row of 1 can't be read.",
        "count": 1,
        "problems": [
            {"row": 2, "column": "debit", "sentence": "debit is not a decimal number: '1E5'"}
        ],
    }


def test_a_file_without_times_asks_for_its_day(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, rows(UNTIMED))
    out = refused(capsys, "jdb", path, "--format", "cage")
    assert "it has to be said which day it is about. Say --date, or --from and --to." in (
        " ".join(out.split())
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["acme", "FILE", "--format", "cage"], "No provider 'acme' is configured, but besoft,"),
        (["jdb", "nothing.csv", "--format", "cage"], "There is no file nothing.csv."),
        (["jdb", "FILE", "--format", "mine"], "There is no format 'mine', but cage."),
        (["jdb", "FILE", "--format", "cage", "--date", "21.11.2026"], "is no day such as"),
        (["jdb", "FILE", "--format", "cage", "--from", "noon"], "is no time such as"),
        (["jdb", "FILE", "--format", "cage", "--total", "USD:1E5:0"], "CURRENCY:DEBIT:CREDIT"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_one_sentence(
    books: Books, providers: None, tmp_path: Path, words: list[str], sentence: str
) -> None:
    path = file(tmp_path, rows(ALICE))
    words = [str(path) if word == "FILE" else word for word in words]
    with pytest.raises(CommandError, match=sentence):
        call_command("import_statement", *words)


def test_a_format_goes_out_and_comes_in_as_a_file(
    books: Books, providers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("statement_format", "--export", "cage")
    exported = capsys.readouterr().out
    assert exported == formats.as_json(StatementFormat.objects.get(name="cage")) + "\n"
    path = file(tmp_path, exported.replace('"cage",', '"mine",', 1), "mine.json")
    call_command("statement_format", "--import", str(path))
    call_command("statement_format", "--import", str(path))
    call_command("statement_format")
    assert capsys.readouterr().out == (
        "mine is saved.\nmine is changed.\n"
        "cage: Cage's own, any provider\nmine: Cage's own, any provider\n"
    )


def test_a_format_that_is_none_is_not_saved(
    books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, '{"name": "mine", "layout": "cage"}', "mine.json")
    with pytest.raises(SystemExit):
        call_command("statement_format", "--import", str(path))
    assert "columns: This field cannot be blank." in capsys.readouterr().err
    assert list(StatementFormat.objects.values_list("name", flat=True)) == ["cage"]
