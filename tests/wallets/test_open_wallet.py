"""manage.py open_wallet."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from tests.cast import Books
from wallets.models import DatabaseMark, Player, Transaction, Wallet


def test_a_wallet_with_a_deposit_is_a_transaction_of_the_house(
    books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("open_wallet", "alice", "USD", "--deposit", "1000.50", "--test-player")
    assert books.balance("alice", "USD") == Decimal("1000.50")
    assert Player.objects.get().is_test
    row = Transaction.objects.get()
    assert (row.provider, row.kind, row.origin) == ("house", "deposit", "command")
    assert capsys.readouterr().out == "opened alice USD with 1000.50\n"
    assert books.violations() == []


def test_several_pairs_at_once_and_those_that_exist_are_left_alone(books: Books) -> None:
    call_command("open_wallet", "alice:USD", "--deposit", "5")
    call_command(
        "open_wallet", "--if-missing", "--deposit", "7", "alice:USD", "alice:CNY", "bob:USD"
    )
    assert books.balance("alice", "USD") == 5
    assert books.balance("alice", "CNY") == books.balance("bob", "USD") == 7


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["alice", "usd"], "wallet_currency_is_a_code"),
        (["", "USD"], "blank"),
        (["a\nb", "USD"], "player_uid_is_printable"),
        (["x" * 65, "USD"], "at most 64"),
        (["alice"], "UID:CURRENCY"),
        (["alice", "USD", "--deposit=-1"], "above 0"),
        (["alice", "USD", "--deposit", "0"], "above 0"),
        (["alice", "USD", "--deposit", "NaN"], "above 0"),
        (["alice", "USD", "--deposit", "0.000000001"], "at most 8 decimals"),
        (["bob", "USD"], "bob has a USD wallet already"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    books: Books, words: list[str], sentence: str
) -> None:
    books.open("bob", "USD")
    with pytest.raises(CommandError, match=sentence) as error:
        call_command("open_wallet", *words)
    assert "\n" not in str(error.value)
    assert Wallet.objects.count() == 1


def test_no_deposit_on_a_production_database(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseMark, "is_demo", classmethod(lambda cls: False))
    with pytest.raises(CommandError, match="production database"):
        call_command("open_wallet", "alice", "USD", "--deposit", "10")
    assert Player.objects.count() == 0
    call_command("open_wallet", "alice", "USD")
    assert books.balance("alice", "USD") == 0
