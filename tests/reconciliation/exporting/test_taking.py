"""How staff and commands take exports out, and who may."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import FileResponse, HttpResponseBase
from django.test import RequestFactory

from reconciliation.exporting import views
from reconciliation.models import Export
from tests import staff
from tests.cast import Books
from tests.reconciliation import day


def post(user: User | AnonymousUser, what: str, **form: str) -> HttpResponseBase:
    request = RequestFactory().post("/", form)
    request.user = user
    return views.take(request, what)


def test_staff_get_the_file_and_it_is_noted_who_took_it(books: Books) -> None:
    day.play(books)
    user = staff.viewer("take_export", "view_player", "view_entry").user
    answer = post(user, "player", player="alice", format="csv")
    assert isinstance(answer, FileResponse)
    data = b"".join(answer)
    answer.close()
    noted = Export.objects.get()
    assert (noted.exported_by, noted.filters, noted.rows) == (user, {"player": "alice"}, 8)
    assert noted.sha256 == hashlib.sha256(data).hexdigest()
    assert (answer["Content-Length"], answer["Cache-Control"]) == (str(len(data)), "no-store")
    assert answer["Content-Disposition"] == f'attachment; filename="{noted.file_name}"'


def test_a_download_that_is_broken_off_is_noted_all_the_same(books: Books) -> None:
    answer = post(staff.superuser().user, "transactions")
    answer.close()  # Before the first byte was read.
    assert Export.objects.count() == 1


@pytest.mark.parametrize("permissions", [["take_export"], ["view_player", "view_entry"], []])
def test_who_may_not_look_at_it_or_not_take_it_out_gets_nothing(
    books: Books, permissions: list[str]
) -> None:
    day.play(books)
    user = staff.viewer(*permissions).user
    with pytest.raises(PermissionDenied):
        post(user, "player", player="alice")
    assert not Export.objects.exists()


def test_nobody_takes_anything_without_a_login(books: Books) -> None:
    assert post(AnonymousUser(), "cases").status_code == 302


def test_a_filter_that_can_t_be_read_is_a_sentence(books: Books) -> None:
    answer = post(staff.superuser().user, "player", player="nobody")
    assert (answer.status_code, answer.content) == (400, b"There is no player 'nobody'.")  # type: ignore[attr-defined]


def run(*words: object) -> None:
    call_command("export", *map(str, words))


def test_the_command_writes_a_file_by_its_ending(
    books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day.play(books)
    path = tmp_path / "november.xlsx"
    run("transactions", "--provider", "sud", "--to", path, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told.pop("exported_at")
    assert told == {
        "export": 1,
        "what": "transactions",
        "filters": {"provider": "sud"},
        "file_name": "november.xlsx",
        "rows": 2,
        "size": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert Export.objects.get().exported_by is None
    assert [file.name for file in tmp_path.iterdir()] == ["november.xlsx"]


def test_the_command_says_what_it_wrote(
    books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("cases", "--to", tmp_path / "cases.txt", "--format", "csv")
    noted = Export.objects.get()
    assert capsys.readouterr().out == (
        f"0 rows, {noted.size} bytes to {tmp_path}/cases.txt\nSHA-256 {noted.sha256}\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cases", "--to", "cases.pdf"], "'pdf' is none of csv, xlsx."),
        (["cases", "--to", "there.csv"], "there.csv exists already."),
        (["player", "--to", "a.csv", "--player", "bob"], "There is no player 'bob'."),
        (["cases", "--to", "missing/a.csv"], "No such file or directory"),
    ],
)
def test_the_command_refuses_in_one_sentence_and_leaves_no_file(
    books: Books,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(CommandError, match=sentence.replace(".", r"\.")):
        run(*words)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]
    assert not Export.objects.exists()
