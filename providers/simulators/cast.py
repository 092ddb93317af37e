"""The simulators' own players, `sim-01` and so on, with money in every currency.

They are no test players: a simulation runs in demo databases only, where what they play is all the
business there is, and a dashboard that left them out would be empty.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from wallets import ledger
from wallets.instructions import HOUSE, Instruction, Kind, Movement, Origin
from wallets.models import Player, Wallet

LOW = Decimal(50_000)
DEPOSIT = Decimal(100_000)
GROUP = 64


def uids(count: int) -> list[str]:
    return [f"sim-{number:02}" for number in range(1, count + 1)]


def prepare(count: int, currencies: Sequence[str], *, at: datetime) -> list[str]:
    """Open what is missing, deposit where less than LOW is left; return the players' uids."""
    names = uids(count)
    Player.objects.bulk_create([Player(uid=uid) for uid in names], ignore_conflicts=True)
    players = Player.objects.filter(uid__in=names)
    Wallet.objects.bulk_create(
        [Wallet(player=player, currency=currency) for player in players for currency in currencies],
        ignore_conflicts=True,
    )
    low = Wallet.objects.filter(
        player__uid__in=names, currency__in=currencies, balance__lt=LOW
    ).values_list("player__uid", "currency")
    deposits = [_deposit(uid, currency) for uid, currency in low]
    for start in range(0, len(deposits), GROUP):
        ledger.post(deposits[start : start + GROUP], at=at)
    return names


def _deposit(uid: str, currency: str) -> Instruction:
    return Instruction(
        provider=HOUSE,
        transaction_id=f"deposit:{uuid.uuid4()}",
        kind=Kind.DEPOSIT,
        movements=(Movement(uid=uid, currency=currency, credit=DEPOSIT),),
        origin=Origin.COMMAND,
    )
