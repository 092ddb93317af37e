"""The books in the admin: everything can be looked at, and no money can be touched."""

from decimal import Decimal
from typing import Any

import pytest

from tests import staff
from tests.cast import Books
from tests.staff import Staff
from wallets.models import Entry, Player, Transaction, Wallet

NO_WALLETS = {"wallets-TOTAL_FORMS": "0", "wallets-INITIAL_FORMS": "0"}
LISTS = ["wallets/player/", "wallets/wallet/", "wallets/transaction/", "wallets/entry/"]
MODELS: dict[str, Any] = {
    "player": Player,
    "wallet": Wallet,
    "transaction": Transaction,
    "entry": Entry,
}


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def picture(books: Books) -> list[Any]:
    """Everything that the money tables hold."""
    return [list(model.objects.order_by("id").values()) for model in MODELS.values()]


# -- Nobody edits money ----------------------------------------------------------------------


@pytest.mark.parametrize("model", ["transaction", "entry"])
@pytest.mark.parametrize("page", ["add/", "{id}/change/", "{id}/delete/"])
def test_not_even_a_superuser_adds_changes_or_deletes(
    books: Books, boss: Staff, model: str, page: str
) -> None:
    books.open("alice", "USD", "100")
    before = picture(books)
    row = MODELS[model].objects.latest("id")
    form = {
        "debit": "0",
        "credit": "1000",
        "balance_after": "1100",
        "kind": "reward",
        "post": "yes",
    }

    assert boss.post(f"wallets/{model}/" + page.format(id=row.pk), **form) == 403
    assert picture(books) == before


@pytest.mark.parametrize("page", ["{id}/change/", "{id}/delete/"])
def test_a_wallet_is_not_changed_or_deleted(books: Books, boss: Staff, page: str) -> None:
    wallet = books.open("alice", "USD", "100")
    before = picture(books)

    form = {"balance": "1000000", "sequence": "9", "post": "yes"}
    assert boss.post("wallets/wallet/" + page.format(id=wallet.pk), **form) == 403
    assert picture(books) == before


def test_a_player_is_not_deleted(books: Books, boss: Staff) -> None:
    books.open("alice", "USD")
    player = Player.objects.get(uid="alice")

    assert boss.post(f"wallets/player/{player.pk}/delete/", post="yes") == 403
    assert Player.objects.filter(uid="alice").exists()


@pytest.mark.parametrize("path", LISTS)
def test_no_list_has_an_action_that_deletes(books: Books, boss: Staff, path: str) -> None:
    books.open("alice", "USD", "100")
    before = picture(books)

    form = {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
    boss.post(path, **form)
    assert picture(books) == before


# -- What may be done ------------------------------------------------------------------------


def test_a_player_is_suspended_and_keeps_the_uid(books: Books, boss: Staff) -> None:
    books.open("alice", "USD", "100")
    player = Player.objects.get(uid="alice")

    form = {"uid": "mallory", "status": "suspended", "is_test": "on", **NO_WALLETS}
    assert boss.post(f"wallets/player/{player.pk}/change/", **form) == 302
    player.refresh_from_db()
    assert (player.uid, player.status, player.is_test) == ("alice", "suspended", True)
    assert books.violations() == []


def test_a_player_is_made_and_gets_an_empty_wallet(books: Books, boss: Staff) -> None:
    assert boss.post("wallets/player/add/", uid="dora", status="active") == 302
    dora = Player.objects.get(uid="dora")

    form = {"player": str(dora.pk), "currency": "USD", "balance": "1000", "sequence": "7"}
    assert boss.post("wallets/wallet/add/", **form) == 302
    wallet = Wallet.objects.get(player=dora)
    assert (wallet.currency, wallet.balance, wallet.sequence) == ("USD", Decimal(0), 0)
    assert books.violations() == []


@pytest.mark.parametrize("currency", ["usd", "U", "US-D", "ELEVENCHARS", ""])
def test_a_wallet_needs_a_currency_code(books: Books, boss: Staff, currency: str) -> None:
    player = Player.objects.create(uid="alice")
    assert boss.post("wallets/wallet/add/", player=str(player.pk), currency=currency) == 200
    assert not Wallet.objects.exists()


def test_a_second_wallet_of_the_same_currency_is_refused(books: Books, boss: Staff) -> None:
    wallet = books.open("alice", "USD")
    assert boss.post("wallets/wallet/add/", player=str(wallet.player_id), currency="USD") == 200
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize("uid", ["", "a\x07b", "a\x00b", "x" * 65, "alice"])
def test_a_uid_that_the_books_refuse_is_a_message(books: Books, boss: Staff, uid: str) -> None:
    Player.objects.create(uid="alice")
    assert boss.post("wallets/player/add/", uid=uid, status="active") == 200
    assert Player.objects.count() == 1


def test_staff_without_permissions_see_nothing(books: Books) -> None:
    nobody = staff.viewer()
    assert [nobody.answer("get", path, {}).status_code for path in LISTS] == [403] * 4
    assert staff.missing(nobody.get(""), ["Players", "Transactions"]) == ["Players", "Transactions"]


def test_a_viewer_looks_and_changes_nothing(books: Books) -> None:
    books.open("alice", "USD", "100")
    player = Player.objects.get(uid="alice")
    someone = staff.viewer("view_player")

    assert "alice" in someone.get(f"wallets/player/{player.pk}/change/")
    assert someone.post(f"wallets/player/{player.pk}/change/", status="closed") == 403
    assert someone.post("wallets/player/add/", uid="dora", status="active") == 403
    assert someone.answer("get", "wallets/transaction/", {}).status_code == 403
