"""JDB, sending: bets and settlements of card games, results of slots, the balance of fish games."""

from datetime import datetime
from decimal import Decimal
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
from providers.simulators.base import BALANCE, Game, Message, Request, Simulator, Table
from providers.simulators.jdb import envelope, games
from providers.simulators.jdb.orders import GMT_4, Code, Orders

# "Without any correct response, JDB will call Cancel Bet (Action 11)", 15 likewise.
UNLESS_CORRECT = Rule(refused=Conclusion.CANCEL, silent=Conclusion.CANCEL)


class Reply(msgspec.Struct):
    status: str
    err_text: str = ""


class SuccessReply(msgspec.Struct):
    balance: Decimal


# Whose pages show a balance; that of a cancel may be of a player whom nobody knows.
TOLD = {BALANCE, "bet_and_settle", "bet", "settle", "activity_reward", "free_spin_reward"}
REPEATED = {"bet_and_settle", "bet"}

_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


class Jdb(Simulator):
    """Actions 4 and 8 to 16, except 17, which moves nothing."""

    refusal_means = RefusalMeans.OWED
    rules = {
        "bet": UNLESS_CORRECT,
        "withdraw": UNLESS_CORRECT,
        # "When a response times out or a correctly formatted response is not received".
        "bet_and_settle": Rule(refused=Conclusion.FAILED, silent=Conclusion.CANCEL),
        # "It would be considered as success if the status is not 6101" nor 9017.
        "cancel_bet_and_settle": Rule(
            refused=Conclusion.STANDS,
            silent=Conclusion.AGAIN,
            codes={"6101": Conclusion.RESTORED, "9017": Conclusion.AGAIN},
        ),
        # "JDB will retry every minutes [...] until status 0000."
        "settle": UNTIL_SUCCESS,
        "cancel_bet": UNTIL_SUCCESS,
        "deposit": UNTIL_SUCCESS,
        "cancel_withdraw": UNTIL_SUCCESS,
        "activity_reward": UNTIL_SUCCESS,
        "free_spin_reward": UNTIL_SUCCESS,
    }

    def __init__(self, *, provider: str, settings: Any, run: int) -> None:
        super().__init__(provider=provider, settings=settings, run=run)
        self.codes = {word: _code(stated) for word, stated in settings.currencies.items()}
        self.orders = Orders(provider=provider, codes=self.codes)

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(code.currency for code in self.codes.values()))

    @property
    def prefix(self) -> str:
        return str(self.run)  # A transferId is a Long: the run, then 8 digits.

    def settle(self, number: int, table: Table) -> Message:
        first = self._first_id(number)
        stake = table.luck.choice(games.BETS)
        win = stake * games.times_won(table.luck)
        return self.orders.settle(
            first + games.SETTLEMENT,
            self._player(table),
            bets=[first + games.BET],
            stake=stake,
            amount=win,
            at=table.at,
        )

    def game(self, number: int, table: Table) -> Game:
        first, player = self._first_id(number), self._player(table)
        return games.play(self.orders, first, player, table)

    def cancel(self, bet: Message) -> Message:
        return self.orders.cancel(bet.fields["transferId"] + games.CANCEL, bet)

    def contradict(self, message: Message, table: Table) -> Message:
        fields = dict(message.fields)
        uid = table.other(fields["uid"])
        now = self.codes[fields["currency"]].currency
        others = [word for word, code in self.codes.items() if code.currency != now]
        die = table.luck.random()
        more = table.luck.choice(games.BETS)
        if others and die < 0.3:
            fields["currency"] = table.luck.choice(others)
        elif uid and die < 0.6:
            fields["uid"] = uid
        elif message.operation == "bet_and_settle":
            fields |= {"win": fields["win"] + more, "netWin": fields["netWin"] + more}
        else:
            fields["amount"] += more
        return self.orders.record(fields)

    def request(self, message: Message, *, at: datetime, serial: int) -> Request:
        fields = {**message.fields, "ts": int(at.timestamp() * 1000)}
        if "gameDate" in fields:
            fields["lastModifyTime"] = f"{at.astimezone(GMT_4):%d-%m-%Y %H:%M:%S}"
        body, headers = envelope.sealed(fields, self.settings, serial)
        return Request(body=body, headers=headers, operation=message.operation)

    def poll(self, message: Message, *, at: datetime, serial: int) -> Request:
        # From the game, or from the lobby, which is no game.
        game = {"gType": 58, "mType": 58016} if serial % 2 else {"gType": 0, "mType": 999}
        fields = {
            "action": 6,
            "ts": int(at.timestamp() * 1000),
            "uid": message.fields["uid"],
            "currency": message.fields["currency"],
            **game,
        }
        body, headers = envelope.sealed(fields, self.settings, serial)
        return Request(body=body, headers=headers, operation=BALANCE)

    def judge(self, operation: str, body: bytes) -> Answer:
        reply = _reply.decode(body)
        if self._is_repetition(operation, reply.status):
            return SUCCESS
        if reply.status != "0000":
            return refused(reply.status, reply.err_text)
        if operation in TOLD:
            _success.decode(body)
        return SUCCESS

    def _is_repetition(self, operation: str, status: str) -> bool:
        """Where it is agreed that a bet which was taken before hears 9011."""
        return operation in REPEATED and status == self.settings.repeated_bet == "9011"

    def _first_id(self, number: int) -> int:
        return self.run * 100_000_000 + games.IDS * number

    def _player(self, table: Table) -> dict[str, str]:
        return {"uid": table.players()[0], "currency": table.luck.choice(list(self.codes))}


def _code(stated: Any) -> Code:
    if isinstance(stated, str):
        return Code(currency=stated, factor=Decimal(1))
    return Code(currency=stated.currency, factor=Decimal(stated.factor))
