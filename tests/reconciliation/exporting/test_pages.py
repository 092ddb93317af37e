"""The page of exports: what can be taken out, and what was."""

from decimal import Decimal

from reconciliation.models import Export
from tests import staff
from tests.cast import Books, instruction, post


def test_an_export_is_taken_from_the_page_and_stands_on_it(books: Books, providers: None) -> None:
    books.open("alice", "USD", "10")
    post(instruction("1", ("alice", "USD", "0", "0.1"), provider="jdb"))
    boss = staff.superuser()
    page = boss.get("reconciliation/export/")
    assert not staff.missing(page, ["Transactions", "A player", "Journal (hledger)", "CSV"])
    taken = boss.answer("post", "take/player/", {"player": "alice", "format": "csv"})
    rows = b"".join(taken.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert rows[2].startswith(b"USD,2,")
    assert rows[2].endswith(b",10.00,0.00,0.10,10.10")
    export = Export.objects.get()
    assert (export.what, export.rows, export.exported_by) == ("player", 2, boss.user)
    page = boss.get("reconciliation/export/")
    assert not staff.missing(page, [export.file_name, export.sha256[:12], "boss"])
    detail = boss.get(f"reconciliation/export/{export.pk}/change/")
    assert not staff.missing(detail, [export.sha256, "alice"])
    assert books.balance("alice", "USD") == Decimal("10.1")


def test_who_may_not_take_exports_is_offered_none(books: Books) -> None:
    viewer = staff.viewer("view_export", "view_case")
    assert "cage-export" not in viewer.get("reconciliation/export/")
    assert viewer.post("take/cases/", format="csv") == 403
    assert Export.objects.count() == 0
