"""BeSoft, sending: one JSON message carries the bet and the win of a round; another one asks."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from providers.protocols.base import RefusalMeans
from providers.simulators.answers import SUCCESS, Answer, Conclusion, Rule, refused
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
BETS = [Decimal(bet) for bet in ("0.20", "0.50", "1.00", "2.00", "5.00")]
# A slot that pays back about 95 %: mostly nothing, now and then a lot.
WINS = [Decimal(times) for times in ("0", "0.5", "1.5", "4", "10")]
WEIGHTS = [62, 15, 14, 7, 2]
CENT = Decimal("0.01")
ACTIONS = {BALANCE: 1, "result": 3}


class Reply(msgspec.Struct):
    status: int


class SuccessReply(msgspec.Struct):
    action: int
    balance: Decimal
    currency: str


_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


class BeSoft(Simulator):
    """Action 3, as slots send it: bet and win in one."""

    refusal_means = RefusalMeans.VOID
    rules = {
        # "When status=1 [...] the order will be considered valid; otherwise invalid"; and "If one
        # [of two] fails, besoft will consider this order a failure". Nothing cancels one.
        "result": Rule(
            refused=Conclusion.FAILED, unreadable=Conclusion.FAILED, silent=Conclusion.AGAIN
        )
    }

    @property
    def prefix(self) -> str:
        return f"sim{self.run:x}t"

    def settle(self, number: int, table: Table) -> Message:
        luck = table.luck
        bet = luck.choice(BETS)
        win = (bet * luck.choices(WINS, WEIGHTS)[0]).quantize(CENT)
        return self._record(
            {
                "action": 3,
                "uid": table.players()[0],
                "mode": 0,
                "bet": bet,
                "spjpbet": CENT,
                "win": win,
                "gid": "afa026",
                "roundId": f"sim{self.run:x}r{number}",
                "transId": f"{self.prefix}{number}",
            }
        )

    def game(self, number: int, table: Table) -> Game:
        return Game(opening=(self.settle(number, table),))

    def contradict(self, message: Message, table: Table) -> Message:
        fields = dict(message.fields)
        uid = table.other(fields["uid"])
        if uid and table.luck.random() < 0.3:
            fields["uid"] = uid
        else:
            fields["win"] += table.luck.choice(BETS)
        return self._record(fields)

    def request(self, message: Message, *, at: datetime, serial: int) -> Request:
        fields = {**message.fields, "ts": int(at.timestamp() * 1000)}
        return Request(body=encode(fields), headers=HEADERS, operation=message.operation)

    def poll(self, message: Message, *, at: datetime, serial: int) -> Request:
        fields = {
            "action": 1,
            "uid": message.fields["uid"],
            "ts": str(int(at.timestamp() * 1000)),
            "currency": self.settings.currency,
            "gid": message.fields["gid"],
        }
        return Request(body=encode(fields), headers=HEADERS, operation=BALANCE)

    def judge(self, operation: str, body: bytes) -> Answer:
        status = _reply.decode(body).status
        if status != 1:
            return refused(status)
        reply = _success.decode(body)
        if reply.action != ACTIONS[operation] or reply.currency != self.settings.currency:
            raise ValueError(f"action {reply.action}, currency {reply.currency}")
        return SUCCESS

    def _record(self, fields: Mapping[str, Any]) -> Message:
        move = Move(fields["uid"], self.settings.currency, fields["bet"], fields["win"])
        return Message(
            provider=self.provider,
            operation="result",
            kind=Kind.PAYMENT,
            asks={named("result", fields["transId"]): (move,)},
            fields=fields,
        )
