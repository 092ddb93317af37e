"""manage.py take_buy_in: take a player's stake before points are ordered from the provider."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from providers import buy_ins
from wallets import money
from wallets.refusals import Refusal

REFUSED, UNDECIDED = 1, 3  # 2 is a command that could not be read.


class Command(BaseCommand):
    help = (
        "Take a buy-in from a player's wallet: `take_buy_in --provider sud --player alice "
        "--score 500 --order OUT-1`, before the platform orders the points from the provider with "
        "OUT-1 as its own order id. The same again takes nothing and succeeds. Exit status 1: not "
        "taken, and never for this order id once the ledger has refused it. Exit status 3: not "
        "known, so ask again with the same order id and order nothing before the answer. Where the "
        "provider can't execute the order it says so, and the buy-in is given back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--provider", required=True, help="its name in PROVIDERS")
        add("--player", required=True, metavar="UID", help="who pays")
        add("--score", required=True, type=_points, metavar="POINTS", help="whole points, above 0")
        add("--order", required=True, metavar="ID", help="the order's id at the platform")
        add("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        result = _take(options)
        if options["json"]:
            self.stdout.write(json.dumps(result))
        elif result["taken"]:
            self.stdout.write(_sentence(result))
        status = {"refused": REFUSED, "undecided": UNDECIDED}.get(result["outcome"])
        if status and options["json"]:
            raise SystemExit(status)
        if status:
            raise CommandError(_sentence(result), returncode=status)


def _take(options: dict[str, Any]) -> dict[str, Any]:
    """What became of it, as plain values."""
    asked = {name: options[name] for name in ("provider", "player", "score", "order")}
    try:
        receipt = buy_ins.take(
            provider=options["provider"],
            uid=options["player"],
            score=options["score"],
            order_id=options["order"],
            at=timezone.now(),
        )
    except Refusal as refusal:
        return _not_taken(asked, "refused", f"{refusal.name}: {refusal}")
    except buy_ins.UnknownProvider as problem:
        return _not_taken(asked, "refused", f"UnknownProvider: {problem}")
    except buy_ins.Undecided as problem:
        return _not_taken(asked, "undecided", str(problem))
    (movement,) = receipt.instruction.movements
    return {
        **asked,
        "outcome": "posted" if receipt.posted else "duplicate",
        "taken": True,
        "balance": money.plain(receipt.balance or money.ZERO),
        "currency": movement.currency,
        "reason": "",
    }


def _not_taken(asked: dict[str, Any], outcome: str, reason: str) -> dict[str, Any]:
    taken = None if outcome == "undecided" else False
    return {
        **asked,
        "outcome": outcome,
        "taken": taken,
        "balance": None,
        "currency": None,
        "reason": reason,
    }


def _sentence(result: dict[str, Any]) -> str:
    what = "{score} points of {player} for {order}".format_map(result)
    balance = "the balance is {balance} {currency}".format_map(result)
    return {
        "posted": f"took {what}; {balance}",
        "duplicate": f"{what} were taken before; {balance}",
        "refused": f"did not take {what}. {result['reason']}",
        "undecided": f"not known whether {what} were taken; ask again. {result['reason']}",
    }[result["outcome"]]


def _points(text: str) -> int:
    if re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII):
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
