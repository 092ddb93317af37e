"""Lists of millions: paged by a number, and filtered along an index."""

import re

import pytest
from django.db import connection

from tests import staff
from tests.cast import Books, deposit, instruction, post
from wallets import admin, lists
from wallets.instructions import Kind
from wallets.models import Transaction

LIST = "wallets/transaction/"


@pytest.fixture
def boss(books: Books, monkeypatch: pytest.MonkeyPatch) -> staff.Staff:
    """Pages of two; alice's deposits 1 to 3, then five settlements of two providers."""
    monkeypatch.setattr(admin.TransactionAdmin, "list_per_page", 2)
    books.open("alice", "USD", "100")
    for _ in range(2):
        post(deposit("alice", "USD", "100"))
    for number, provider in enumerate(["besoft", "jdb", "besoft", "besoft", "jdb"], start=1):
        post(instruction(f"{number}", ("alice", "USD", "0", "1"), provider=provider))
    return staff.superuser()


def shown(page: str) -> list[int]:
    """The rows, by how old they are: 1 is the first that was posted."""
    numbers = list(Transaction.objects.order_by("id").values_list("id", flat=True))
    found = re.findall(r"/admin/wallets/transaction/(\d+)/change/", page)
    return [numbers.index(int(id_)) + 1 for id_ in dict.fromkeys(found)]


def followed(boss: staff.Staff, page: str, word: str) -> str:
    """The page behind `Older`, `Newer`, ... under the list."""
    found = re.search(rf'<a href="\?([^"]*)"[^>]*>{word}</a>', page)
    assert found, f"no link {word}"
    query = dict(part.split("=") for part in found[1].replace("&amp;", "&").split("&") if part)
    return boss.get(LIST, **query)


def test_older_and_newer_lead_through_the_whole_list_and_back(boss: staff.Staff) -> None:
    page = boss.get(LIST)
    assert shown(page) == [8, 7]
    assert ">Newer</a>" not in page
    for expected in ([6, 5], [4, 3], [2, 1]):
        page = followed(boss, page, "Older")
        assert shown(page) == expected
    assert ">Older</a>" not in page
    for expected in ([4, 3], [6, 5], [8, 7]):
        page = followed(boss, page, "Newer")
        assert shown(page) == expected
    assert ">Newer</a>" not in page


def test_the_oldest_are_one_step_away(boss: staff.Staff) -> None:
    page = followed(boss, boss.get(LIST), "Oldest")
    assert shown(page) == [2, 1]
    assert shown(followed(boss, page, "Newer")) == [4, 3]
    assert shown(followed(boss, page, "Newest")) == [8, 7]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"provider": "besoft"}, [[7, 6], [4]]),
        ({"kind__exact": "deposit"}, [[3, 2], [1]]),
        ({"origin__exact": "command"}, [[8, 7], [6, 5], [4, 3], [2, 1]]),
        ({"provider": "jdb", "kind__exact": "settlement"}, [[8, 5]]),
        ({"provider": "jdb", "kind__exact": "deposit"}, [[]]),
        ({"provider": "no-such"}, [[]]),
        ({"kind__exact": "no-such"}, [[]]),
    ],
)
def test_filters_keep_the_order_and_the_pages(
    boss: staff.Staff, query: dict[str, str], expected: list[list[int]]
) -> None:
    page = boss.get(LIST, **query)
    assert shown(page) == expected[0]
    for rows in expected[1:]:
        page = followed(boss, page, "Older")
        assert shown(page) == rows
    assert ">Older</a>" not in page
    for rows in expected[-2::-1]:
        page = followed(boss, page, "Newer")
        assert shown(page) == rows


def test_a_filter_narrows_what_a_search_found(boss: staff.Staff) -> None:
    assert shown(boss.get(LIST, q="1")) == [4]
    assert shown(boss.get(LIST, q="1", provider="besoft")) == [4]
    assert shown(boss.get(LIST, q="1", provider="jdb")) == []


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 30, "\u0661"])
def test_what_is_no_number_is_no_place(boss: staff.Staff, place: str) -> None:
    assert shown(boss.get(LIST, before=place)) == [8, 7]


def test_nothing_is_left_out_by_counting(boss: staff.Staff) -> None:
    middle = Transaction.objects.order_by("id")[4].pk
    for query in ({}, {"kind__exact": "deposit"}, {"provider": "jdb"}):
        said = boss.queries(LIST, before=str(middle), **query)
        assert not [sql for sql in said if " OFFSET " in sql or "COUNT(" in sql]


def test_a_rare_kind_is_found_by_the_index_of_the_list(books: Books) -> None:
    """As if there were many: the planner has no other way to that order than sorting all."""
    fields, values = ["provider", "kind", "origin"], ["jdb", Kind.DEPOSIT.value, "command"]
    newest = lists.along_the_index(Transaction.objects.all(), fields, values).order_by("-rising")
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off")
        plan = newest[:51].explain()
        cursor.execute("RESET enable_seqscan; RESET enable_sort")
    assert "Index Scan Backward using transaction_listed" in plan
    assert "Sort" not in plan


def test_a_wallets_statement_is_paged_by_its_own_numbers(
    boss: staff.Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.EntryAdmin, "list_per_page", 3)
    entry = "wallets/entry/"
    wallet = str(Transaction.objects.order_by("id")[0].entries.get().wallet_id)
    page = boss.get(entry, wallet__id__exact=wallet)
    numbers = re.findall(r"/change/[^>]*>\s*(\d)\s*</a>", page)
    assert numbers == ["8", "7", "6"]
    older = boss.get(entry, wallet__id__exact=wallet, before="6")
    assert re.findall(r"/change/[^>]*>\s*(\d)\s*</a>", older) == ["5", "4", "3"]
    deposits = boss.get(entry, wallet__id__exact=wallet, kind="deposit")
    assert re.findall(r"/change/[^>]*>\s*(\d)\s*</a>", deposits) == ["3", "2", "1"]
