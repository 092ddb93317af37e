"""HotRoad Gaming, sending: live tables, amounts as strings, one URL per operation."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec

from providers.protocols.base import RefusalMeans
from providers.simulators.base import (
    SUCCESS,
    ZERO,
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
GMT8 = timezone(timedelta(hours=8))
BETS = [Decimal(bet) for bet in ("10.0", "25.0", "50.0", "100.0", "12.5")]
CARDS = [f"{suit}{rank:02}" for suit in "CDHS" for rank in range(1, 14)]
ODDS = {"WIN": Decimal("0.95"), "LOSE": Decimal("-1.0"), "TIE": Decimal("0.0")}


class Reply(msgspec.Struct):
    code: str
    desc: str = ""


class SuccessReply(msgspec.Struct):
    balance: str
    balanceTs: str


_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


class HotRoad(Simulator):
    """`settle`, retried until HTTP 200 with code 0000."""

    refusal_means = RefusalMeans.OWED

    @property
    def prefix(self) -> str:
        return f"S{self.run:x}-"  # txId has at most 20 characters.

    def settle(self, number: int, table: Table) -> Settlement:
        luck = table.luck
        bet = luck.choice(BETS)
        status = luck.choices(list(ODDS), [45, 45, 10])[0]
        win = bet + bet * ODDS[status]
        bet_at = stamp(table.at - timedelta(seconds=luck.randint(20, 40)))
        message = {
            "userId": self._wire(table.players()[0]),
            "txId": f"{self.prefix}{number}",
            "roundId": f"R{self.run:x}-{number // 7}",
            "betTime": bet_at,
            "gameType": "LIVE",
            "gameCode": "BACCARAT",
            "betAmount": str(bet),
            "validBetAmount": str(bet),
            "winAmount": str(win),
            "roundStartTime": bet_at,
            "odds": str(ODDS[status]),
            "status": status,
            "result": luck.sample(CARDS, 6),
            "commission": "0.0",
        }
        return self._record(message)

    def contradict(self, settlement: Settlement, table: Table) -> Settlement:
        message = dict(settlement.message)
        uid = settlement.moves[0].uid
        other = table.other(uid)
        if other and table.luck.random() < 0.3:
            message["userId"] = self._wire(other)
        else:
            message["winAmount"] = str(Decimal(message["winAmount"]) + table.luck.choice(BETS))
        return self._record(message)

    def request(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        message = {"ts": stamp(at), **settlement.message}
        return Request(body=encode(message), headers=HEADERS, operation="settle")

    def poll(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        body = encode({"userId": settlement.message["userId"]})
        return Request(body=body, headers=HEADERS, operation="get_balance", is_poll=True)

    def judge(self, body: bytes) -> Answer:
        reply = _reply.decode(body)
        if reply.code != "0000":
            return refused(reply.code, reply.desc)
        success = _success.decode(body)
        whole, _, decimals = success.balance.partition(".")
        if not whole.isdecimal() or len(decimals) > 4 or len(success.balanceTs) != 28:
            raise ValueError(f"balance {success.balance} at {success.balanceTs}")
        return SUCCESS

    def _wire(self, uid: str) -> str:
        return f"{self.settings.uid_prefix}{uid}"

    def _record(self, message: dict[str, Any]) -> Settlement:
        uid = message["userId"].removeprefix(self.settings.uid_prefix)
        move = Move(uid, self.settings.currency, ZERO, Decimal(message["winAmount"]))
        return Settlement(
            provider=self.provider, reference=message["txId"], moves=(move,), message=message
        )


def stamp(at: datetime) -> str:
    """yyyy-MM-dd'T'HH:mm:ss.SSSZ in GMT+8, always 28 characters."""
    local = at.astimezone(GMT8)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}+0800"
