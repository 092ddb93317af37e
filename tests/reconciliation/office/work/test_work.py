"""What people add to cases: comments, files, lists that they keep; ages, and the next case."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from reconciliation import working
from reconciliation.models import Attachment, Case, Comment, SavedFilter
from reconciliation.office.work import ageing, attachments, saved
from tests import staff
from tests.cast import Books, instruction, post
from tests.reconciliation.office.work.keeping_cases import LIST, keep
from tests.staff import Staff

SCRIPT = "<script>window.pwned = 1</script>\u202e"
HOUR = timedelta(hours=1)


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def page(who: Staff, case: Case) -> str:
    return who.get(f"{LIST}{case.pk}/change/")


def say(who: Staff, case: Case, text: str) -> int:
    return who.post(f"{LIST}{case.pk}/do/comment/", text=text)


def closed(reference: str) -> Case:
    return keep(reference, status="closed", resolution="void", closed_at=timezone.now())


# -- Comments --------------------------------------------------------------------------------------


def test_a_comment_is_signed_and_dated_and_changes_nothing(books: Books, boss: Staff) -> None:
    case = keep("1")
    before = working.stamp(case)
    assert say(boss, case, "  Asked JDB.\nThey call back. ") == 302
    one = Comment.objects.get()
    assert (one.text, one.said_by) == ("Asked JDB.\nThey call back.", boss.user)
    case.refresh_from_db()
    assert working.stamp(case) == before
    assert not staff.missing(page(boss, case), ["Asked JDB.", "boss"])


def test_a_closed_case_can_still_be_spoken_of_and_nothing_else(books: Books, boss: Staff) -> None:
    case = closed("1")
    assert say(boss, case, "Their mail came late.") == 302
    assert "Their mail came late." in page(boss, case)
    assert "cage-say" in page(boss, case)
    for slug in ("take", "wait", "notes", "close"):
        boss.post(f"{LIST}{case.pk}/do/{slug}/", seen=working.stamp(case), why="x",
                  resolution="void", until="2999-01-01")  # fmt: skip
    assert Case.history.count() == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
def test_an_empty_or_endless_comment_is_not_kept(books: Books, boss: Staff, text: str) -> None:
    assert say(boss, keep("1"), text) == 200
    assert not Comment.objects.exists()


@pytest.mark.parametrize("model", [Comment, Attachment])
def test_nobody_edits_or_deletes_what_was_added(books: Books, boss: Staff, model: Any) -> None:
    case = keep("1")
    say(boss, case, "x")
    attach(boss, case, b"x")
    for change in (
        lambda: model.objects.update(case_id=case.pk),
        lambda: model.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()
    assert model.objects.count() == 1


def test_an_empty_comment_breaks_its_constraint(books: Books, boss: Staff) -> None:
    with pytest.raises(IntegrityError, match="comment_says_something"), transaction.atomic():
        Comment.objects.create(case=keep("1"), text="", said_by=boss.user, said_at=timezone.now())


# -- Files -----------------------------------------------------------------------------------------


def attach(who: Staff, case: Case, content: bytes, name: str = "mail.txt", **form: str) -> Any:
    file = SimpleUploadedFile("x", content)
    file.__dict__["_name"] = name  # As somebody else's browser may send it.
    return who.answer("post", f"{LIST}{case.pk}/attach/", {"file": file, **form})


def download(who: Staff, one: Attachment) -> Any:
    return who.answer("get", f"{LIST}{one.case_id}/files/{one.pk}/", {})


def test_a_file_is_kept_whole_and_only_ever_given_out_as_a_download(
    books: Books, boss: Staff
) -> None:
    content = b"<html><script>alert(1)</script>\xff"
    case = keep("1")
    assert attach(boss, case, content, "mail.html", why="Their answer.").status_code == 302
    one = Attachment.objects.get()
    assert (one.sha256, one.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (one.attached_by, one.why) == (boss.user, "Their answer.")
    answer = download(staff.viewer("view_case"), one)
    assert answer.content == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="mail.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not staff.missing(page(boss, case), ["mail.html", "Their answer.", one.sha256])


def test_evidence_comes_to_a_closed_case_too(books: Books, boss: Staff) -> None:
    assert attach(boss, closed("1"), b"late").status_code == 302
    assert Attachment.objects.count() == 1


def test_the_same_file_comes_to_a_case_once(books: Books, boss: Staff) -> None:
    case, other = keep("1"), keep("2")
    attach(boss, case, b"same", "a.txt")
    attach(boss, case, b"same", "b.txt")
    assert "This very file is attached already, as a.txt." in page(boss, case)
    attach(boss, other, b"same")
    assert list(Attachment.objects.values_list("case", flat=True)) == [case.pk, other.pk]


def test_a_file_that_is_empty_or_too_big_is_not_kept(
    books: Books, boss: Staff, settings: Any
) -> None:
    settings.ATTACHMENT_BYTES = 10
    case = keep("1")
    assert attach(boss, case, b"").status_code == 200
    assert "It is too big" in attach(boss, case, b"x" * 11).content.decode()
    with pytest.raises(working.NotDone, match="10 bytes at most"):
        attachments.add(
            case.pk, name="x", content=b"x" * 11, why="", by=boss.user, at=timezone.now()
        )
    assert attach(boss, case, b"x" * 10).status_code == 302


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("mail.eml", "mail.eml"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\bob\\mail.txt", "mail.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "a__Set-Cookie_ x=1.txt"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("..", "file"),
        ("", "file"),
        ("x" * 10_000 + ".pdf", "x" * 116 + ".pdf"),
        ("Überweisung 漢😀.pdf", "Überweisung 漢😀.pdf"),
        ('"><script>.html', "___script_.html"),
    ],
)
def test_a_file_is_called_something_harmless(name: str, kept: str) -> None:
    assert attachments.safe_name(name) == kept


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"<html>", "text/plain"),
        (b"a\x00b", "application/octet-stream"),
        (b"\xff\xfe", "application/octet-stream"),
    ],
)
def test_a_file_looks_like_what_its_first_bytes_are(content: bytes, kind: str) -> None:
    assert attachments.media_type(content) == kind


def test_who_may_only_look_adds_nothing_and_who_may_not_sees_nothing(books: Books) -> None:
    case, boss = keep("1"), staff.superuser()
    attach(boss, case, b"x")
    reader = staff.viewer("view_case")
    assert (say(reader, case, "x"), attach(reader, case, b"y").status_code) == (403, 403)
    shown = page(reader, case)
    assert not [word for word in ("cage-say", "Attach a file") if word in shown]
    reader.user.user_permissions.clear()
    nobody = Staff(User.objects.get(pk=reader.user.pk))
    assert download(nobody, Attachment.objects.get()).status_code == 403
    assert (Comment.objects.count(), Attachment.objects.count()) == (0, 1)


def test_a_file_is_found_at_its_own_case_only(books: Books, boss: Staff) -> None:
    case, other = keep("1"), keep("2")
    attach(boss, case, b"x")
    one = Attachment.objects.get()
    assert boss.answer("get", f"{LIST}{other.pk}/files/{one.pk}/", {}).status_code == 404


def test_what_people_add_is_inert(books: Books, boss: Staff) -> None:
    case = keep("1")
    say(boss, case, SCRIPT)
    attach(boss, case, b"x", f"{SCRIPT}.txt", why=SCRIPT)
    saved.save(name="<b>mine</b>", query="list=open", is_shared=True, by=boss.user,
               at=timezone.now())  # fmt: skip
    for html in (page(boss, case), boss.get(LIST)):
        assert "<script>window" not in html
        assert "<b>mine" not in html
        assert "\u202e" not in html.partition("<body")[2]


def test_a_hundred_comments_cost_as_many_queries_as_one(books: Books, boss: Staff) -> None:
    case = keep("1")
    path = f"{LIST}{case.pk}/change/"
    say(boss, case, "x")
    attach(boss, case, b"x")
    boss.get(path)
    one = len(boss.queries(path))
    for number in range(20):
        say(boss, case, f"{number}")
        attach(boss, case, b"%d" % number)
    boss.get(path)
    assert len(boss.queries(path)) == one


# -- How long it has needed a person ---------------------------------------------------------------


def age(at: datetime, **changes: Any) -> tuple[str, str] | None:
    case = Case(**{"kind": "conflict", "status": "open", "opened_at": at, **changes})
    found = ageing.of(case, at=at)
    return (found.value, found.span) if found else None


def test_the_age_counts_from_when_a_person_was_needed() -> None:
    at = timezone.now().replace(hour=12)
    assert age(at, opened_at=at - 3 * HOUR) == ("fresh", "3 hours")
    assert age(at, opened_at=at - 4 * HOUR) == ("older", "4 hours")
    assert age(at, opened_at=at - 72 * HOUR) == ("old", "3 days")
    unsettled = {"kind": "unsettled", "opened_at": at - 72 * HOUR}
    assert age(at, **unsettled, due_at=at + HOUR) is None
    assert age(at, **unsettled, due_at=at - 5 * HOUR) == ("older", "5 hours")
    assert age(at, **unsettled) == ("old", "3 days")
    asleep = {"status": "waiting", "opened_at": at - 72 * HOUR}
    today = timezone.localdate(at)
    assert age(at, **asleep, follow_up_on=today + timedelta(days=1)) is None
    assert age(at, **asleep, follow_up_on=today) == ("older", "12 hours")
    assert age(at, status="closed") is None


def test_the_list_says_it_in_words(books: Books, boss: Staff) -> None:
    keep("1", at=timezone.now() - 50 * HOUR)
    cell = boss.get(LIST).partition('<span class="cage-age">')[2].partition("</td>")[0]
    assert re.sub(r"<[^>]+>", " ", cell).split() == ["Old", "2", "days"]


# -- Lists at hand ---------------------------------------------------------------------------------


def keep_list(who: Staff, query: str, name: str = "JDB", **form: str) -> int:
    return who.post(f"{LIST}kept/", query=query, name=name, **form)


def test_a_list_is_kept_found_above_the_list_and_deleted(books: Books, boss: Staff) -> None:
    assert keep_list(boss, "list=open&provider=jdb&p=3&evil=%22%3E") == 302
    one = SavedFilter.objects.get()
    assert (one.query, one.owner, one.is_shared) == ("list=open&provider=jdb", boss.user, False)
    assert '?list=open&amp;provider=jdb">JDB</a>' in boss.get(LIST)
    boss.post(f"{LIST}kept/{one.pk}/delete/")
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["", "evil=1", "list=x", "kind__exact=x", "status__exact=open", "owner__password__startswith=a",
     "q=%00", "provider=" + "x" * 33],
)  # fmt: skip
def test_only_what_is_known_is_kept(books: Books, boss: Staff, query: str) -> None:
    keep_list(boss, query)
    assert not SavedFilter.objects.exists()


def test_shared_lists_are_everybodys_and_only_ones_own_are_deleted(books: Books) -> None:
    boss, reader = staff.superuser(), staff.viewer("view_case")
    keep_list(boss, "list=open", "Shared", shared="on")
    keep_list(boss, "list=closed", "Private")
    page = reader.get(LIST)
    assert "Shared</a>" in page
    assert "Private</a>" not in page
    shared = SavedFilter.objects.get(name="Shared")
    reader.post(f"{LIST}kept/{shared.pk}/delete/")
    keep_list(reader, "list=open", "Mine", shared="on")
    assert set(SavedFilter.objects.values_list("name", flat=True)) == {"Shared", "Private"}
    assert keep_list(reader, "list=open", "Mine") == 302
    assert SavedFilter.objects.get(name="Mine").owner == reader.user


def test_a_get_keeps_and_deletes_nothing(books: Books, boss: Staff) -> None:
    keep_list(boss, "list=open")
    one = SavedFilter.objects.get()
    for path in ("kept/", f"kept/{one.pk}/delete/"):
        assert boss.answer("get", f"{LIST}{path}", {"query": "list=mine"}).status_code == 405
    assert SavedFilter.objects.count() == 1


# -- My cases, the next one, a dispute -------------------------------------------------------------


def test_my_cases_are_counted_in_the_sidebar_and_above_the_list(books: Books, boss: Staff) -> None:
    for number in range(3):
        keep(str(number), owner=boss.user)
    keep("other")
    html = boss.get(LIST)
    assert 'Mine <span class="cage-count">3</span>' in html
    assert "?list=mine" in html.partition("My cases")[0]


def test_the_next_case_is_the_next_one_of_the_list_it_came_from(books: Books, boss: Staff) -> None:
    now = timezone.now()
    last = keep("last")
    first = keep("first", due_at=now - 2 * HOUR, resend="overdue")
    second = keep("second", due_at=now - HOUR, resend="overdue", owner=boss.user)
    assert following(boss, first) == second.pk
    assert following(boss, second) == last.pk
    assert following(boss, last) == first.pk  # And again from the beginning.
    assert following(boss, second, "list%3Dmine") is None
    assert following(boss, first, "list%3Dmine") == second.pk


def following(who: Staff, case: Case, kept: str = "") -> int | None:
    path = f"{LIST}{case.pk}/change/?_changelist_filters={kept}"
    found = re.search(r'rel="next" href="/admin/reconciliation/case/(\d+)/', who.get(path))
    return int(found[1]) if found else None


def test_a_deed_leads_back_to_the_case_of_the_same_list(books: Books, boss: Staff) -> None:
    case = keep("1")
    path = f"{LIST}{case.pk}/do/take/?_changelist_filters=list%3Dopen%26evil%3D1"
    answer = boss.answer("post", path, {"seen": working.stamp(case)})
    assert answer["Location"].endswith("/change/?_changelist_filters=list%3Dopen")


def test_a_dispute_is_filled_in_by_the_page_that_leads_to_it(
    books: Books, providers: None, boss: Staff
) -> None:
    books.open("alice", "USD")
    post(instruction("272017", ("alice", "USD", "0", "12.5"), provider="jdb"))
    from wallets.models import Transaction

    one = Transaction.objects.get(provider="jdb")
    html = boss.get(f"wallets/transaction/{one.pk}/change/")
    found = re.search(r'href="/admin/(reconciliation/case/dispute/\?[^"]*)"', html)
    assert found
    reader = staff.viewer("view_transaction", "view_case")
    assert "case/dispute/" not in reader.get(f"wallets/transaction/{one.pk}/change/")
    form = boss.get(found[1].replace("&amp;", "&"))
    assert not staff.missing(
        form, ['value="settle:272017"', 'value="alice"', '<option value="USD" selected']
    )
