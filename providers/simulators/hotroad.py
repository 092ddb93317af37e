"""HotRoad Gaming, sending: live tables, amounts as strings, one URL per operation."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from providers.protocols.base import RefusalMeans
from providers.simulators.answers import (
    SUCCESS,
    UNTIL_SUCCESS,
    Answer,
    Conclusion,
    Rule,
    refused,
)
from providers.simulators.base import (
    BALANCE,
    Game,
    Kind,
    Message,
    Move,
    Request,
    Simulator,
    Table,
    encode,
    named,
)

HEADERS = {"Content-Type": "application/json"}
GMT8 = timezone(timedelta(hours=8))
BETS = [Decimal(bet) for bet in ("10.0", "25.0", "50.0", "100.0", "12.5")]
CARDS = [f"{suit}{rank:02}" for suit in "CDHS" for rank in range(1, 14)]
ODDS = {"WIN": Decimal("0.95"), "LOSE": Decimal("-1.0"), "TIE": Decimal("0.0")}
VOID, EVENT = 0.08, 0.05  # Shares of the rounds: void ones, rewards for several players.

# Our transaction ids call an operation by a word that isn't always its URL's.
SUFFIXES = {"bet": "place_bet", "event": "event_settle", BALANCE: "get_balance"}
KINDS = {"bet": Kind.BET, "cancel_bet": Kind.CANCEL}
TOLD = {BALANCE, "bet", "settle"}  # One player, who is known if it succeeds: a balance is told.


class Reply(msgspec.Struct):
    code: str
    desc: str = ""


class SuccessReply(msgspec.Struct):
    balance: str
    balanceTs: str


_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


class HotRoad(Simulator):
    """A bet, its cancel and its settle share one txId."""

    refusal_means = RefusalMeans.OWED
    rules = {
        # 4.2: 8001 has definitely failed, and no cancel follows. Anything else, or nothing: 4.3.
        "bet": Rule(
            refused=Conclusion.CANCEL,
            silent=Conclusion.CANCEL,
            codes={"8001": Conclusion.FAILED},
        ),
        # 5.9: again until HTTP 200 with code 0000.
        "cancel_bet": UNTIL_SUCCESS,
        "settle": UNTIL_SUCCESS,
        "event": UNTIL_SUCCESS,
    }

    @property
    def prefix(self) -> str:
        return f"S{self.run:x}-"  # txId has at most 20 characters.

    def settle(self, number: int, table: Table) -> Message:
        return self._settlement(self._bet(number, table, table.luck.choice(BETS)), table.luck)

    def game(self, number: int, table: Table) -> Game:
        die = table.luck.random()
        if die < EVENT:
            return Game(opening=(self._event(number, table),))
        bet = self._bet(number, table, table.stake(BETS))
        settlement = self._settlement(bet, table.luck)
        return Game(
            opening=(bet,), settle=lambda standing: (settlement,), is_void=die < EVENT + VOID
        )

    def cancel(self, bet: Message) -> Message:
        known = ("userId", "txId", "gameType", "gameCode")  # The page's table goes on, unseen.
        fields = {name: bet.fields[name] for name in known} | {"reason": "simulated"}
        return self._record("cancel_bet", fields, names_bet=True)

    def contradict(self, message: Message, table: Table) -> Message:
        fields = dict(message.fields)
        if message.operation == "event":
            first, *rest = fields["settles"]
            fields["settles"] = [self._changed(first, "amount", table), *rest]
            return self._rewards(fields)
        amount = "betAmount" if message.operation == "bet" else "winAmount"
        changed = self._changed(fields, amount, table)
        return self._record(message.operation, changed, names_bet=bool(message.names))

    def request(self, message: Message, *, at: datetime, serial: int) -> Request:
        return self._request(message.operation, {"ts": stamp(at), **message.fields})

    def poll(self, message: Message, *, at: datetime, serial: int) -> Request:
        return self._request(BALANCE, {"userId": self._wire(message.moves[0].uid)})

    def judge(self, operation: str, body: bytes) -> Answer:
        reply = _reply.decode(body)
        if reply.code != "0000":
            return refused(reply.code, reply.desc)
        if operation in TOLD:
            _check_balance(_success.decode(body))
        return SUCCESS

    # -- Messages -------------------------------------------------------------------------------

    def _bet(self, number: int, table: Table, stake: Decimal) -> Message:
        luck = table.luck
        bet_at = stamp(table.at - timedelta(seconds=luck.randint(20, 40)))
        fields = {
            "userId": self._wire(table.players()[0]),
            "txId": f"{self.prefix}{number}",
            "betTime": bet_at,
            "gameType": "LIVE",
            "gameCode": "BACCARAT",
            "betAmount": str(stake),
            "roundId": f"R{self.run:x}-{number // 7}",
            "category": luck.choice(["Player", "Banker"]),
            "tableId": "1",
        }
        return self._record("bet", fields)

    def _settlement(self, bet: Message, luck: Random) -> Message:
        """What is won includes the stake."""
        status = luck.choices(list(ODDS), [45, 45, 10])[0]
        stake = Decimal(bet.fields["betAmount"])
        kept = {
            name: value for name, value in bet.fields.items() if name not in ("category", "tableId")
        }
        results = {
            "validBetAmount": str(stake),
            "winAmount": str(stake + stake * ODDS[status]),
            "roundStartTime": bet.fields["betTime"],
            "odds": str(ODDS[status]),
            "status": status,
            "result": luck.sample(CARDS, 6),
            "commission": "0.0",
        }
        return self._record("settle", kept | results, names_bet=True)

    def _event(self, number: int, table: Table) -> Message:
        """Two rewards in one message, each under its own id."""
        rewards = [
            {
                "settleId": f"{self.prefix}{number}{letter}",
                "eventId": f"EGR-{self.run:x}-{number}",
                "userId": self._wire(uid),
                "amount": str(table.luck.choice(BETS)),
                "createTime": f"{table.at.astimezone(GMT8):%Y-%m-%dT%H:%M:%S}.000",
            }
            for letter, uid in zip("ab", table.players(2), strict=False)
        ]
        return self._rewards({"settles": rewards})

    def _rewards(self, fields: Mapping[str, Any]) -> Message:
        return Message(
            provider=self.provider,
            operation="event",
            kind=Kind.PAYMENT,
            asks={
                named("event", one["settleId"]): (self._move(one, credit=one["amount"]),)
                for one in fields["settles"]
            },
            fields=fields,
        )

    def _record(
        self, operation: str, fields: Mapping[str, Any], *, names_bet: bool = False
    ) -> Message:
        tx = fields["txId"]
        move = self._move(
            fields,
            debit=fields["betAmount"] if operation == "bet" else "0",
            credit=fields["winAmount"] if operation == "settle" else "0",
        )
        return Message(
            provider=self.provider,
            operation=operation,
            kind=KINDS.get(operation, Kind.PAYMENT),
            asks={named(operation, tx): (move,)},
            fields=fields,
            names=(named("bet", tx),) if names_bet else (),
            opens=operation == "bet",
        )

    def _changed(self, fields: Mapping[str, Any], amount: str, table: Table) -> dict[str, Any]:
        """The same for another player, or of another amount."""
        uid = fields["userId"].removeprefix(self.settings.uid_prefix)
        other = table.other(uid)
        if other and table.luck.random() < 0.3:
            return {**fields, "userId": self._wire(other)}
        return {**fields, amount: str(Decimal(fields[amount]) + table.luck.choice(BETS))}

    def _move(self, fields: Mapping[str, Any], *, debit: str = "0", credit: str = "0") -> Move:
        uid = fields["userId"].removeprefix(self.settings.uid_prefix)
        return Move(uid, self.settings.currency, Decimal(debit), Decimal(credit))

    def _wire(self, uid: str) -> str:
        return f"{self.settings.uid_prefix}{uid}"

    def _request(self, operation: str, fields: Mapping[str, Any]) -> Request:
        return Request(
            body=encode(fields),
            headers=HEADERS,
            operation=operation,
            suffix=SUFFIXES.get(operation, operation),
        )


def _check_balance(reply: SuccessReply) -> None:
    """Raises ValueError."""
    whole, _, decimals = reply.balance.partition(".")
    if not whole.isdecimal() or len(decimals) > 4 or len(reply.balanceTs) != 28:
        raise ValueError(f"balance {reply.balance} at {reply.balanceTs}")


def stamp(at: datetime) -> str:
    """yyyy-MM-dd'T'HH:mm:ss.SSSZ in GMT+8, always 28 characters."""
    local = at.astimezone(GMT8)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}+0800"
