"""The journal of a day, added up again by Debian's hledger: the same balances."""

import csv
import io
import shutil
import subprocess
import tempfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import call_command
from django.utils import timezone

from reconciliation import exporting
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.live import live_cage
from tests.reconciliation import day
from wallets.models import Wallet

DAY = Path(__file__).parent / "day.journal"

Balances = dict[tuple[str, str], Decimal]


def journal(path: Path, *, at: datetime = day.NEXT, **filters: str) -> Path:
    with tempfile.TemporaryFile() as file:
        exporting.export("journal", filters, "journal", file, by=None, at=at)
        file.seek(0)
        path.write_bytes(file.read())
    return path


def hledger(path: Path, *words: str) -> str:
    program = shutil.which("hledger")
    if program is None:
        pytest.fail("hledger is not installed. On Debian and Ubuntu: apt-get install hledger")
    done = subprocess.run(
        [program, "-f", str(path), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def readded(path: Path) -> Balances:
    """(uid, currency) -> what hledger adds the player's account up to."""
    text = hledger(path, "balance", "players:", "--flat", "--empty", "-N", "-O", "csv")
    found: Balances = {}
    for row in csv.DictReader(io.StringIO(text)):
        _, uid, currency = row["account"].split(":")
        number, _, commodity = row["balance"].partition(" ")
        assert commodity.strip('"') == currency or number == "0"
        found[unquote(uid), currency] = Decimal(number)
    return found


def booked() -> Balances:
    """The same of the wallets."""
    return {
        (wallet.player.uid, wallet.currency): wallet.balance
        for wallet in Wallet.objects.select_related("player")
    }


def test_a_day_of_every_kind_is_readded_to_the_wallets_balances(
    books: Books, tmp_path: Path
) -> None:
    day.play(books)
    path = journal(tmp_path / "all.journal", at=day.NEXT + timedelta(hours=1))
    assert readded(path) == booked()
    assert booked() == {
        ("alice", "USD"): Decimal("88.5"),
        ("bob", "USD"): Decimal("49"),
        ("zoë", "C0IN"): Decimal("7.00000001"),
        (day.AWKWARD, "C0IN"): Decimal("2"),
    }
    hledger(path, "check")
    hledger(path, "check", "ordereddates")


def test_one_day_has_what_was_there_before_and_ends_with_what_is_there_then(
    books: Books, tmp_path: Path
) -> None:
    day.play(books)
    path = journal(tmp_path / "day.journal", since="2026-11-21", until="2026-11-22")
    assert readded(path) == {
        ("alice", "USD"): Decimal("91.5"),
        ("bob", "USD"): Decimal("58"),
        ("zoë", "C0IN"): Decimal("7.00000001"),
        (day.AWKWARD, "C0IN"): Decimal("2"),
    }
    hledger(path, "check")
    assert path.read_text() == DAY.read_text()


def test_a_balance_that_does_not_add_up_fails_the_check(books: Books, tmp_path: Path) -> None:
    day.play(books)
    path = journal(tmp_path / "day.journal")
    path.write_text(path.read_text().replace("35.00 USD", "36.00 USD"))
    with pytest.raises(AssertionError, match="balance"):
        hledger(path, "check")


def test_a_day_of_the_simulated_providers_is_readded_too(
    books: Books, providers: None, tmp_path: Path
) -> None:
    with live_cage(PROVIDERS) as cage:
        words = ["--rounds", "--rate", "60", "--seconds", "3", "--seed", "7", "--json"]
        call_command("simulate", "--url", cage.url, *words)
    path = journal(tmp_path / "demo.journal", at=timezone.now())
    wallets = booked()
    assert len(books.transactions()) > 100
    assert {currency for _, currency in wallets} == {"USD", "CNY", "MYR", "COIN", "THB"}
    assert readded(path) == wallets
    hledger(path, "check")
