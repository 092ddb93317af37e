"""JDB's messages that move money: the wire form of each action, and what it asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from providers.simulators.base import ZERO, Kind, Message, Move, named

GMT_4 = timezone(timedelta(hours=-4))
# Game types of the documents' examples: cards and arcade take bets, slots settle at once, fish
# games take a balance.
CARDS = {"gType": 58, "mType": 58016}
SLOT = {"gType": 0, "mType": 8001}
FISH = {"gType": 7, "mType": 7001}

OPERATIONS = {
    4: "cancel_bet_and_settle",
    8: "bet_and_settle",
    9: "bet",
    10: "settle",
    11: "cancel_bet",
    12: "activity_reward",
    13: "withdraw",
    14: "deposit",
    15: "cancel_withdraw",
    16: "free_spin_reward",
}
BETS = {"bet", "withdraw"}
CANCELS = {"cancel_bet_and_settle": 8, "cancel_bet": 9, "cancel_withdraw": 13}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One of JDB's currency codes: one of its units is `factor` of the wallet's."""

    currency: str
    factor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Makes messages for one provider. `codes` are its currencies by JDB's word for them."""

    provider: str
    codes: Mapping[str, Code]

    def record(self, fields: Mapping[str, Any]) -> Message:
        """The message that `fields` are: what it asks for follows from its action."""
        operation = OPERATIONS[fields["action"]]
        transaction_id = named(operation, fields["transferId"])
        return Message(
            provider=self.provider,
            operation=operation,
            kind=_kind(operation),
            asks={transaction_id: (self._move(operation, fields),)},
            fields=fields,
            names=tuple(_names(operation, fields)),
            opens=operation in BETS,
        )

    def _move(self, operation: str, fields: Mapping[str, Any]) -> Move:
        code = self.codes[fields["currency"]]
        if operation == "bet_and_settle":
            debit, credit = -fields["bet"], fields["win"]
        elif operation in BETS:
            debit, credit = fields["amount"], ZERO
        else:
            debit, credit = ZERO, fields.get("amount", ZERO)
        return Move(fields["uid"], code.currency, debit * code.factor, credit * code.factor)

    def bet(self, transfer: int, player: Mapping[str, str], amount: Decimal) -> Message:
        return self.record(_order(9, transfer, player, amount, CARDS) | _seat(transfer))

    def settle(
        self,
        transfer: int,
        player: Mapping[str, str],
        *,
        bets: Sequence[int],
        stake: Decimal,
        amount: Decimal,
        at: datetime,
        closed: bool = True,
    ) -> Message:
        fields = _order(10, transfer, player, amount, CARDS)
        results = {
            "refTransferIds": list(bets),
            "historyId": str(transfer),
            **_dates(at),
            "win": amount,
            "bet": stake,
            "validBet": stake,
            "netWin": amount - stake,
            "tax": 0,
            "commission": 0,
            "roundClosed": closed,
        }
        return self.record(fields | _seat(bets[0]) | results)

    def bet_and_settle(
        self,
        transfer: int,
        player: Mapping[str, str],
        *,
        bet: Decimal,
        win: Decimal,
        at: datetime,
    ) -> Message:
        """`bet` is sent negative; the `mb` of games that don't shoot is the bet."""
        results = {
            "historyId": str(transfer),
            "bet": -bet,
            "win": win,
            "netWin": win - bet,
            "mb": bet,
            "denom": Decimal("0.01"),
            **_dates(at),
            "sessionNo": f"s{transfer}",
            "ipAddress": "192.0.2.7",
            "clientType": "web",
            "systemTakeWin": 0,
            "jackpotWin": 0,
            "jackpotContribute": 0,
            "hasFreeGame": 0,
            "hasGamble": 0,
        }
        return self.record(_order(8, transfer, player, None, SLOT) | results)

    def withdraw(self, transfer: int, player: Mapping[str, str], amount: Decimal) -> Message:
        return self.record(_order(13, transfer, player, amount, FISH))

    def deposit(
        self,
        transfer: int,
        player: Mapping[str, str],
        *,
        withdrawal: int,
        taken: Decimal,
        bet: Decimal,
        win: Decimal,
    ) -> Message:
        fields = _order(14, transfer, player, taken - bet + win, FISH)
        totals = {"refTransferIds": [withdrawal], "totalBet": bet, "totalWin": win}
        return self.record(fields | totals)

    def reward(
        self, transfer: int, player: Mapping[str, str], amount: Decimal, more: Mapping[str, Any]
    ) -> Message:
        """Action 12 or 16, as `more` says, which holds the fields of its own."""
        return self.record(_order(more["action"], transfer, player, amount, {}) | dict(more))

    def cancel(self, transfer: int, bet: Message) -> Message:
        """What undoes `bet`. Action 4 has the id of its action 8, and states no amount."""
        fields = bet.fields
        player = {"uid": fields["uid"], "currency": fields["currency"]}
        their_id = fields["transferId"]
        if bet.operation == "bet":
            made = _order(11, transfer, player, fields["amount"], CARDS)
            return self.record(made | {"refTransferIds": [their_id]} | _seat(their_id))
        if bet.operation == "withdraw":
            made = _order(15, transfer, player, fields["amount"], FISH)
            return self.record(made | {"refTransferId": their_id})
        return self.record(
            _order(4, their_id, player, None, SLOT) | {"historyId": fields["historyId"]}
        )


def _kind(operation: str) -> Kind:
    if operation in BETS:
        return Kind.BET
    return Kind.CANCEL if operation in CANCELS else Kind.PAYMENT


def _names(operation: str, fields: Mapping[str, Any]) -> list[str]:
    """The transaction ids of the bets that it settles or cancels."""
    bet = {"settle": "bet", "deposit": "withdraw"}.get(operation) or OPERATIONS.get(
        CANCELS.get(operation, 0), ""
    )
    if not bet:
        return []
    single = fields.get("refTransferId", fields["transferId"])
    return [named(bet, their_id) for their_id in fields.get("refTransferIds", [single])]


def _order(
    action: int,
    transfer: int,
    player: Mapping[str, str],
    amount: Decimal | None,
    game: Mapping[str, int],
) -> dict[str, Any]:
    stated = {} if amount is None else {"amount": amount}
    return {"action": action, "transferId": transfer, **player, **stated, **game}


def _seat(bet: int) -> dict[str, str]:
    """A round is called after its first bet."""
    return {"gameRoundSeqNo": str(bet)}


def _dates(at: datetime) -> dict[str, str]:
    local = at.astimezone(GMT_4)
    return {"reportDate": f"{local:%d-%m-%Y}", "gameDate": f"{local:%d-%m-%Y %H:%M:%S}"}
