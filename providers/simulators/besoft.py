"""BeSoft, sending: one JSON message carries the bet and the win of a round; another one asks."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from providers.protocols.base import RefusalMeans
from providers.simulators.base import (
    SUCCESS,
    Answer,
    Move,
    Request,
    Settlement,
    Simulator,
    Table,
    encode,
    refused,
)

HEADERS = {"Content-Type": "application/json"}
BETS = [Decimal(bet) for bet in ("0.20", "0.50", "1.00", "2.00", "5.00")]
# A slot that pays back about 95 %: mostly nothing, now and then a lot.
WINS = [Decimal(times) for times in ("0", "0.5", "1.5", "4", "10")]
WEIGHTS = [62, 15, 14, 7, 2]
CENT = Decimal("0.01")


class Reply(msgspec.Struct):
    status: int


class SuccessReply(msgspec.Struct):
    action: int
    balance: Decimal
    currency: str


_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


class BeSoft(Simulator):
    """Action 3. "When status=1 [...] the order will be considered valid; otherwise invalid"; and
    "If one [of two] fails, besoft will consider this order a failure"."""

    refusal_means = RefusalMeans.VOID

    @property
    def prefix(self) -> str:
        return f"sim{self.run:x}t"

    def settle(self, number: int, table: Table) -> Settlement:
        luck = table.luck
        bet = luck.choice(BETS)
        win = (bet * luck.choices(WINS, WEIGHTS)[0]).quantize(CENT)
        message = {
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
        return self._record(message)

    def contradict(self, settlement: Settlement, table: Table) -> Settlement:
        message = dict(settlement.message)
        uid = table.other(message["uid"])
        if uid and table.luck.random() < 0.3:
            message["uid"] = uid
        else:
            message["win"] += table.luck.choice(BETS)
        return self._record(message)

    def request(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        message = {**settlement.message, "ts": int(at.timestamp() * 1000)}
        return Request(body=encode(message), headers=HEADERS)

    def poll(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        message = {
            "action": 1,
            "uid": settlement.message["uid"],
            "ts": str(int(at.timestamp() * 1000)),
            "currency": self.settings.currency,
            "gid": settlement.message["gid"],
        }
        return Request(body=encode(message), headers=HEADERS, is_poll=True)

    def judge(self, body: bytes) -> Answer:
        return self._judge(body, action=3)

    def judge_poll(self, body: bytes) -> Answer:
        return self._judge(body, action=1)

    def _judge(self, body: bytes, *, action: int) -> Answer:
        status = _reply.decode(body).status
        if status != 1:
            return refused(status)
        reply = _success.decode(body)
        if reply.action != action or reply.currency != self.settings.currency:
            raise ValueError(f"action {reply.action}, currency {reply.currency}")
        return SUCCESS

    def _record(self, message: dict[str, Any]) -> Settlement:
        move = Move(message["uid"], self.settings.currency, message["bet"], message["win"])
        return Settlement(
            provider=self.provider,
            reference=message["transId"],
            moves=(move,),
            message=message,
        )
