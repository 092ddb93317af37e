"""manage.py open_wallet: a wallet for a player, made first if need be."""

import re
import uuid
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from wallets import ledger
from wallets.instructions import HOUSE, Instruction, Kind, Movement, Origin
from wallets.models import DatabaseMark, Player, Wallet


class Command(BaseCommand):
    help = (
        "Open wallets: `open_wallet alice USD`, or several: `open_wallet alice:USD bob:CNY`. "
        "A player who does not exist yet is created, active. A wallet that exists is an error, "
        "unless --if-missing. --deposit books that amount into each new wallet; it is refused on "
        "a production database, where money comes in through the cashier and not by command."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("wallet", nargs="+", help="UID CURRENCY, or UID:CURRENCY pairs")
        parser.add_argument("--deposit", metavar="AMOUNT", help="opening balance (demo only)")
        parser.add_argument(
            "--if-missing",
            action="store_true",
            help="leave wallets that exist as they are",
        )
        parser.add_argument(
            "--test-player", action="store_true", help="keep new players out of reports"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        deposit = _amount(options["deposit"]) if options["deposit"] else None
        if deposit and not DatabaseMark.is_demo():
            raise CommandError("This is a production database: --deposit is for demo data only.")
        pairs = _pairs(options["wallet"])
        opened = [
            wallet
            for uid, currency in pairs
            if (wallet := self._open(uid, currency, **options)) is not None
        ]
        if deposit:
            ledger.post([_deposit(wallet, deposit) for wallet in opened], at=timezone.now())
        for wallet in opened:
            self.stdout.write(f"opened {wallet} with {deposit or 0}")
        if len(opened) < len(pairs):
            self.stdout.write(f"{len(pairs) - len(opened)} existed already")

    def _open(
        self, uid: str, currency: str, *, if_missing: bool, test_player: bool, **_: Any
    ) -> Wallet | None:
        try:
            Player(uid=uid).clean_fields()
            Wallet(currency=currency).clean_fields(exclude=["player"])
            with transaction.atomic():
                player, _new = Player.objects.get_or_create(
                    uid=uid, defaults={"is_test": test_player}
                )
                wallet, is_new = Wallet.objects.get_or_create(player=player, currency=currency)
        except (ValidationError, IntegrityError) as error:
            sentence = str(error).splitlines()[0]
            raise CommandError(f"no wallet for {uid!r} in {currency!r}: {sentence}") from error
        if not is_new and not if_missing:
            raise CommandError(f"{uid} has a {currency} wallet already.")
        return wallet if is_new else None


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    if len(words) == 2 and ":" not in words[1]:
        return [(words[0], words[1])]
    pairs = [tuple(word.rsplit(":", 1)) for word in words]
    if any(len(pair) != 2 for pair in pairs):
        raise CommandError("Say UID CURRENCY, or UID:CURRENCY pairs.")
    return [(uid, currency) for uid, currency in pairs]


def _amount(text: str) -> Decimal:
    if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,8})?", text, re.ASCII) and Decimal(text):
        return Decimal(text)
    raise CommandError(f"{text!r} is not an amount above 0 with at most 8 decimals.")


def _deposit(wallet: Wallet, amount: Decimal) -> Instruction:
    return Instruction(
        provider=HOUSE,
        transaction_id=f"deposit:{uuid.uuid4()}",
        kind=Kind.DEPOSIT,
        movements=(Movement(uid=wallet.player.uid, currency=wallet.currency, credit=amount),),
        origin=Origin.COMMAND,
    )
