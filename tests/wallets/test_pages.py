"""What the admin shows of the books: exact, explained, inert, found at once, and cheap."""

from decimal import Decimal
from typing import Any

import pytest

from tests import staff
from tests.cast import Books, instruction, post
from tests.staff import Staff
from wallets import pages
from wallets.instructions import Kind
from wallets.models import DatabaseMark, Entry, Player, Transaction, Wallet

SCRIPT = "<script>window.pwned = 1</script>"
INERT = "&lt;script&gt;window.pwned"

LISTS = ["wallets/player/", "wallets/wallet/", "wallets/transaction/", "wallets/entry/"]


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def settle(reference: str, *movements: tuple[str, str, str, str], **options: Any) -> Transaction:
    post(instruction(reference, *movements, **options))
    return Transaction.objects.get(transaction_id=f"settle:{reference}")


# -- What is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"),
        ("1234567.5", "1,234,567.50"),
        ("0.00000001", "0.00000001"),
        ("1000.10000000", "1,000.10"),
        ("99999999999999999999.99999999", "99,999,999,999,999,999,999.99999999"),
        ("100", "100.00"),
    ],
)
def test_amounts_are_exact(value: str, text: str) -> None:
    assert pages.amount(Decimal(value)) == text


def test_a_transaction_shows_its_entries_and_what_the_provider_said(
    books: Books, boss: Staff
) -> None:
    books.open("alice", "USD", "1000")
    transaction = settle(
        "272017",
        ("alice", "USD", "100", "1250.75"),
        round_id="R-8",
        game="Dragon",
        stake=Decimal(100),
        details={"tax": "1.25"},
        settles=("bet:272016",),
    )

    page = boss.get(f"wallets/transaction/{transaction.pk}/change/")
    assert not staff.missing(page, ["settle:272017", "R-8", "Dragon", "1.25", "bet:272016"])
    assert not staff.missing(page, ["1,250.75", "1,000.00", "2,150.75", "12:00:00 UTC"])
    assert not staff.missing(page, [">Settlement<", Kind.SETTLEMENT.sentence, ">Booked<"])


def test_a_refusal_that_stands_says_why(books: Books, boss: Staff) -> None:
    books.open("alice", "USD", "1")
    refused = settle("9", ("alice", "USD", "50", "0"), refusal_stands=True)

    page = boss.get(f"wallets/transaction/{refused.pk}/change/")
    assert not staff.missing(page, [">Refused<", "The balance does not cover it."])
    assert "InsufficientFunds" not in page
    assert ">Refused<" in boss.get("wallets/transaction/")


def test_amounts_of_different_currencies_are_never_added(books: Books, boss: Staff) -> None:
    for uid, currency in [("alice", "USD"), ("bob", "USD"), ("bob", "THB")]:
        books.open(uid, currency) if (uid, currency) != ("bob", "THB") else Wallet.objects.create(
            player=Player.objects.get(uid="bob"), currency="THB"
        )
    settle("1", ("alice", "USD", "0", "3"), ("bob", "USD", "0", "4"), ("bob", "THB", "0", "50"))

    page = boss.get("wallets/transaction/")
    assert not staff.missing(page, ["3 players", ">7.00 <", ">50.00 <"])
    assert ">57.00 <" not in page


def test_the_statement_of_a_wallet_runs_by_its_own_numbers(books: Books, boss: Staff) -> None:
    wallet = books.open("alice", "USD", "100")
    books.open("bob", "USD", "7777")
    settle("1", ("alice", "USD", "30", "0"))
    settle("2", ("alice", "USD", "0", "5"))

    page = boss.get("wallets/entry/", wallet__id__exact=str(wallet.pk))
    positions = [page.index(text) for text in [">75.00 <", ">70.00 <", ">100.00 <"]]
    assert positions == sorted(positions)
    assert "7,777.00" not in page
    assert "3 entries" in boss.get(f"wallets/player/{wallet.player_id}/change/")


def test_every_status_comes_with_its_sentence(books: Books, boss: Staff) -> None:
    books.open("alice", "USD", status="suspended")
    sentence = Player.Status.SUSPENDED.sentence.replace("'", "&#x27;")
    assert f'title="{sentence}">Suspended<' in boss.get("wallets/player/")


def test_every_page_says_what_the_database_is_for(books: Books, boss: Staff) -> None:
    label = DatabaseMark.Kind(DatabaseMark.objects.get().kind).label
    for path in ["", *LISTS]:
        assert label in boss.get(path)


def test_text_of_others_is_inert(books: Books, boss: Staff) -> None:
    wallet = books.open(SCRIPT, "USD", "100")
    transaction = settle(
        f"{SCRIPT}\u202e",
        (SCRIPT, "USD", "1", "0"),
        round_id=SCRIPT,
        game=SCRIPT,
        details={SCRIPT: SCRIPT},
        settles=(SCRIPT,),
    )
    entry = Entry.objects.latest("id")
    changes = [
        f"wallets/player/{wallet.player_id}/change/",
        f"wallets/wallet/{wallet.pk}/change/",
        f"wallets/transaction/{transaction.pk}/change/",
        f"wallets/entry/{entry.pk}/change/",
    ]
    for path in [*LISTS, *changes]:
        page = boss.get(path)
        assert INERT in page, path
        assert SCRIPT not in page, path
    assert "\\u202e" in boss.get("wallets/transaction/")


# -- Finding, and what it costs --------------------------------------------------------------


def found(boss: Staff, path: str, term: str) -> bool:
    return "result_list" in boss.get(path, q=term)


@pytest.mark.parametrize("path", ["wallets/transaction/", "wallets/entry/"])
def test_staff_find_by_reference_by_transaction_id_and_by_player(
    books: Books, boss: Staff, path: str
) -> None:
    books.open("alice", "USD", "100")
    settle("272017", ("alice", "USD", "1", "0"))

    terms = ["272017", " 272017 ", "settle:272017", "alice", "27201", "272017x", "Alice"]
    assert [found(boss, path, term) for term in terms] == [True] * 4 + [False] * 3


def test_a_player_whose_uid_is_also_a_reference_hides_nothing(books: Books, boss: Staff) -> None:
    books.open("272017", "USD", "100")
    books.open("bob", "USD", "100")
    settle("272017", ("bob", "USD", "0", "33"))

    page = boss.get("wallets/transaction/", q="272017")
    assert not staff.missing(page, ["settle:272017", "deposit:"])


def test_players_are_found_from_their_first_characters(books: Books, boss: Staff) -> None:
    books.open("alice", "USD")
    for path in ["wallets/player/", "wallets/wallet/"]:
        assert [found(boss, path, term) for term in ["ali", "alice", "lice"]] == [True, True, False]


def test_lists_can_be_filtered(books: Books, boss: Staff) -> None:
    books.open("alice", "USD", "100")
    settle("1", ("alice", "USD", "1", "0"))

    page = boss.get("wallets/transaction/", provider="besoft")
    assert "settle:1" in page
    assert "deposit:" not in page
    page = boss.get("wallets/transaction/", kind__exact="deposit")
    assert "settle:1" not in page
    assert "deposit:" in page


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_twenty_costs_as_many_queries_as_one(
    books: Books, boss: Staff, path: str
) -> None:
    books.open("alice", "USD", "100")
    boss.get(path)  # Whatever is remembered between requests is remembered now.
    one = boss.queries(path)
    for number in range(20):
        books.open(f"player-{number}", "USD", "100")
        settle(f"{number}", (f"player-{number}", "USD", "1", "0"), ("alice", "USD", "0", "1"))
    twenty = boss.queries(path)

    assert len(twenty) == len(one) <= 11
    assert not [sql for sql in twenty if "COUNT(" in sql], "a COUNT(*) of a big table"
