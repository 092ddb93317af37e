"""Evidence packs: what is in them, that it is all of it, and who may take them."""

import csv
import hashlib
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from providers.models import Callback
from reconciliation import cases
from reconciliation.models import Case, Export
from reconciliation.office.packs import collecting, editions, packing
from reconciliation.office.work import attachments
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.office.packs.matches import (
    delivery,
    list_it,
    play,
    take,
    talk,
    unpacked,
)
from tests.staff import Staff
from wallets.models import Transaction

SETTLE = senders.verbatim("jdb", "settle")
SCRIPT = "<script>window.pwned = 1</script>\u202e"
TWO = {"alice": 40, "bob": -40}


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def conflict(books: Books) -> Case:
    """Of jdb, whose bodies are encrypted."""
    books.open("john", "USD")
    ts = int(timezone.now().timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, ts=ts)))
    send(senders.jdb(altered(SETTLE, ts=ts, amount=0.5)))
    cases.update(at=timezone.now())
    return Case.objects.get()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


# -- The whole pack --------------------------------------------------------------------------------


def test_a_pack_has_every_delivery_as_it_came_and_as_it_was_answered(
    books: Books, providers: None, boss: Staff
) -> None:
    case = conflict(books)
    pack = take(boss, case)
    first, second = Callback.objects.order_by("id")
    for one, word in [(first, "posted"), (second, "conflict")]:
        folder = f"deliveries/{one.pk:09}-{word}"
        assert pack[f"{folder}/request.raw"] == bytes(one.body)
        assert pack[f"{folder}/request.unwrapped"] == bytes(one.unwrapped or b"")
        assert pack[f"{folder}/reply.raw"] == bytes(one.reply)
        meta = json.loads(pack[f"{folder}/meta.json"])
        assert (meta["outcome"], meta["transaction_id"]) == (word, "settle:272017")
        digest = hashlib.sha256(bytes(one.body)).hexdigest()
        assert meta["as_it_was"]["request.raw"]["sha256"] == digest
        assert meta["left_out"] == {}
    assert (
        json.loads(pack[f"deliveries/{second.pk:09}-conflict/request.unwrapped"])["amount"] == 0.5
    )


def test_the_tables_hold_what_was_booked_listed_and_said(
    books: Books, providers: None, boss: Staff
) -> None:
    case = play(books, TWO)
    list_it(TWO)
    talk(case, boss, "=HYPERLINK(1)")
    pack = take(boss, case)
    booked = [(r["Player"], r["Debit"], r["Credit"]) for r in rows(pack["transactions.csv"])]
    assert booked == [("alice", "0.00", "40.00"), ("bob", "40.00", "0.00")]
    listed = [(r["Player"], r["Row"], r["Part"]) for r in rows(pack["statement_rows.csv"])]
    assert listed == [("alice", "2", "1"), ("bob", "2", "2")]
    assert json.loads(rows(pack["statement_rows.csv"])[0]["Cells of the row"])[1]["uid"] == "bob"
    assert [r["Comment"] for r in rows(pack["comments.csv"])] == ["'=HYPERLINK(1)"]
    (file,) = rows(pack["attachments.csv"])
    assert pack[file["File here"]] == b"=HYPERLINK(1)"
    assert "A delivery that did not go smoothly." in pack["history.csv"].decode()


def test_sha256sum_finds_every_file_as_it_was_packed(
    books: Books, providers: None, boss: Staff, tmp_path: Path
) -> None:
    case = play(books, TWO)
    talk(case, boss, "Their mail.")
    pack = take(boss, case)
    for name, content in pack.items():
        target = tmp_path / name
        assert target.resolve().is_relative_to(tmp_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK\n") == len(pack) - 1
    (tmp_path / "story.txt").write_text("Nothing happened.")
    changed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert changed.returncode == 1


def test_the_same_content_is_the_same_bytes(books: Books, providers: None, boss: Staff) -> None:
    case, now = play(books, TWO), timezone.now()
    packs = []
    for _ in range(2):
        material, edition = editions.of(collecting.of_case(case), "")
        file = io.BytesIO()
        packing.write(material, edition, file, at=now, by="boss")
        packs.append(file.getvalue())
    assert packs[0] == packs[1]


def test_the_story_is_one_inert_file_that_loads_nothing(
    books: Books, providers: None, boss: Staff
) -> None:
    uid = f"{SCRIPT[:40]}\u2066😀"
    case = play(books, {uid: 40, "bob": -40})
    talk(case, boss, SCRIPT + "x" * 9_000)
    pack = take(boss, case)
    story = pack["story.html"].decode()
    assert "<script" not in story
    assert not [word for word in ("src=", "href=", "url(", "\u202e", "\u2066") if word in story]
    assert "\u202e" not in pack["story.txt"].decode()
    assert "&lt;script&gt;" in story
    assert "😀" in story
    assert "… (cut here)" in story


def test_headers_prove_nothing_to_whoever_has_the_pack(
    books: Books, boss: Staff, configure: Any
) -> None:
    configure(sud={**PROVIDERS["sud"], "path": ["s-7f3a9c"]})
    books.open("fa1c53c4", "COIN", "100")
    books.open("f0818db8", "COIN", "100")
    body = senders.verbatim("sud", "match_settle")
    for score in (body, body.replace(b"-100", b"-99")):
        send(senders.sud(score, path="s-7f3a9c", X_Original_Uri="/callbacks/s-7f3a9c"))
    cases.update(at=timezone.now())
    pack = take(boss, Case.objects.get())
    (name, *_) = (name for name in pack if name.endswith("headers.json"))
    headers = {name.lower(): value for name, value in json.loads(pack[name]).items()}
    assert headers["sud-signature"] == headers["x-original-uri"] == "(masked)"
    assert headers["sud-nonce"] == "nonce-1"
    assert not [name for name, content in pack.items() if b"s-7f3a9c" in content]


def test_no_name_of_a_file_leads_out_of_its_folder(
    books: Books, providers: None, boss: Staff
) -> None:
    case = play(books, TWO, match_id="../../etc/passwd")
    for number, name in enumerate(
        ["../../x.txt", "a\\..\\b", "\u202egpj.exe", "-rf", "n" * 10_000]
    ):
        attachments.add(
            case.pk, name=name, content=b"%d" % number, why="", by=boss.user, at=timezone.now()
        )
    names = list(take(boss, case))
    assert sum(name.startswith("attachments/") for name in names) == 5
    assert not [name for name in names if not packing.SAFE.fullmatch(name) or ".." in name]
    assert max(map(len, names)) < 120


def test_many_deliveries_are_cut_in_the_middle_and_it_says_so(
    books: Books, providers: None, boss: Staff, settings: Any
) -> None:
    settings.PACK_DELIVERIES = 4
    case = conflict(books)
    for _ in range(5):
        send(senders.jdb(altered(SETTLE, ts=int(timezone.now().timestamp() * 1000))))
    pack = take(boss, case)
    numbers = sorted({name.split("/")[1].split("-")[0] for name in pack if "deliveries/" in name})
    ids = [f"{one.pk:09}" for one in Callback.objects.order_by("id")]
    assert numbers == [*ids[:2], *ids[-2:]]
    assert "LEFT OUT: 3 deliveries" in pack["README.txt"].decode()


# -- A round ---------------------------------------------------------------------------------------


def test_a_round_without_a_case_is_found_by_its_reference_and_its_round(
    books: Books, providers: None, boss: Staff
) -> None:
    books.open("john", "USD")
    ts = int(timezone.now().timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, ts=ts)))
    for named in ("272017", "settle:272017", "5250228497993"):
        form = {"provider": "jdb", "round": named}
        pack = unpacked(boss.answer("post", "reconciliation/case/round_pack/", form))
        assert [r["Transaction id"] for r in rows(pack["transactions.csv"])] == ["settle:272017"]
        assert f"deliveries/{delivery(0).pk:09}-posted/reply.raw" in pack, named


def test_a_transaction_leads_to_its_pack(books: Books, providers: None, boss: Staff) -> None:
    books.open("john", "USD")
    send(senders.jdb(altered(SETTLE, ts=int(timezone.now().timestamp() * 1000))))
    path = f"wallets/transaction/{Transaction.objects.get(provider='jdb').pk}/change/"
    found = re.search(r'href="/admin/(reconciliation/case/round_pack/\?[^"]*)"', boss.get(path))
    assert found
    assert 'value="settle:272017"' in boss.get(found[1].replace("&amp;", "&"))
    assert "round_pack" not in staff.viewer("view_transaction", "view_case").get(path)


def test_an_unknown_round_is_said_to_be_unknown(books: Books, providers: None, boss: Staff) -> None:
    form = {"provider": "jdb", "round": "0"}
    answer = boss.answer("post", "reconciliation/case/round_pack/", form)
    assert "Nothing is known of it." in answer.content.decode()
    assert not Export.objects.exists()


# -- Who takes it, and that it is on record ------------------------------------------------------


def test_it_is_noted_who_took_what(books: Books, providers: None) -> None:
    case = play(books, TWO)
    auditor = staff.viewer("view_case", "take_export")
    answer = auditor.answer("post", f"reconciliation/case/{case.pk}/pack/", {"for": "alice"})
    data = b"".join(answer)
    answer.close()
    noted = Export.objects.get()
    assert (noted.what, noted.exported_by) == ("evidence pack", auditor.user)
    assert noted.filters == {"case": str(case.pk), "for": "alice"}
    assert (noted.size, noted.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert answer["Content-Disposition"] == f'attachment; filename="{noted.file_name}"'
    assert "alice" not in noted.file_name


@pytest.mark.parametrize("permissions", [["view_case"], ["take_export"], []])
def test_who_may_not_take_one_gets_nothing(
    books: Books, providers: None, permissions: list[str]
) -> None:
    case = play(books, TWO)
    who = staff.viewer(*permissions)
    paths = [f"reconciliation/case/{case.pk}/pack/", "reconciliation/case/round_pack/"]
    form = {"provider": "sud", "round": "m1"}
    answers = [
        who.answer(method, path, form).status_code for path in paths for method in ("get", "post")
    ]
    assert answers == [403] * 4
    assert not Export.objects.exists()
    if "view_case" in permissions:
        assert "Evidence pack" not in who.get(f"reconciliation/case/{case.pk}/change/")


def test_looking_at_the_form_takes_nothing(books: Books, providers: None, boss: Staff) -> None:
    case = play(books, TWO)
    page = boss.get(f"reconciliation/case/{case.pk}/pack/", **{"for": "bob"})
    assert not staff.missing(page, ['value="bob"', "alice", "Take it"])
    assert not Export.objects.exists()
