"""JDB, sending: JSON in AES-128-CBC in URL-safe Base64 in one form field `x`."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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
    newest,
    refused,
)

HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
BLOCK = 16
GMT_4 = timezone(timedelta(hours=-4))
BETS = [Decimal(bet) for bet in ("0.1", "0.2", "0.5", "1", "2.5", "10")]
WINS = [Decimal(times) for times in ("0", "0.5", "2", "5", "12.5")]
WEIGHTS = [50, 20, 20, 8, 2]


class Reply(msgspec.Struct):
    status: str
    err_text: str = ""


class SuccessReply(msgspec.Struct):
    balance: Decimal


_reply = msgspec.json.Decoder(Reply)
_success = msgspec.json.Decoder(SuccessReply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One of JDB's currency codes: one of its units is `factor` of the wallet's."""

    currency: str
    factor: Decimal


class Jdb(Simulator):
    """Action 10: "If call the API failed, JDB will retry every minutes for 1 hour until 0000"."""

    refusal_means = RefusalMeans.OWED

    def __init__(self, *, provider: str, settings: Any, run: int) -> None:
        super().__init__(provider=provider, settings=settings, run=run)
        self.codes = {word: _code(stated) for word, stated in settings.currencies.items()}

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(code.currency for code in self.codes.values()))

    @property
    def prefix(self) -> str:
        return str(self.run)  # A transferId is a Long: the run, then 7 digits.

    def settle(self, number: int, table: Table) -> Settlement:
        luck = table.luck
        bet = luck.choice(BETS)
        win = bet * luck.choices(WINS, WEIGHTS)[0]
        transfer = self.run * 10_000_000 + 2 * number + 1
        local = table.at.astimezone(GMT_4)
        message = {
            "action": 10,
            "transferId": transfer,
            "uid": table.players()[0],
            "currency": luck.choice(list(self.codes)),
            "amount": win,
            "refTransferIds": [transfer - 1],
            "gameRoundSeqNo": str(transfer - 1),
            "historyId": str(transfer),
            "reportDate": f"{local:%d-%m-%Y}",
            "gameDate": f"{local:%d-%m-%Y %H:%M:%S}",
            "win": win,
            "bet": bet,
            "validBet": bet,
            "netWin": win - bet,
            "tax": 0,
            "commission": 0,
            "gType": 58,
            "mType": 58016,
            "roundClosed": True,
        }
        return self._record(message)

    def contradict(self, settlement: Settlement, table: Table) -> Settlement:
        message = dict(settlement.message)
        uid = table.other(message["uid"])
        now = self.codes[message["currency"]].currency
        others = [word for word, code in self.codes.items() if code.currency != now]
        die = table.luck.random()
        if others and die < 0.3:
            message["currency"] = table.luck.choice(others)
        elif uid and die < 0.6:
            message["uid"] = uid
        else:
            message["amount"] += table.luck.choice(BETS)
        return self._record(message)

    def request(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        message = {
            **settlement.message,
            "ts": int(at.timestamp() * 1000),
            "lastModifyTime": f"{at.astimezone(GMT_4):%d-%m-%Y %H:%M:%S}",
        }
        body, headers = self._envelope(message, serial)
        return Request(body=body, headers=headers)

    def poll(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        # From the game, or from the lobby, which is no game.
        game = {"gType": 58, "mType": 58016} if serial % 2 else {"gType": 0, "mType": 999}
        message = {
            "action": 6,
            "ts": int(at.timestamp() * 1000),
            "uid": settlement.message["uid"],
            "currency": settlement.message["currency"],
            **game,
        }
        body, headers = self._envelope(message, serial)
        return Request(body=body, headers=headers, is_poll=True)

    def judge(self, body: bytes) -> Answer:
        reply = _reply.decode(body)
        if reply.status != "0000":
            return refused(reply.status, reply.err_text)
        _success.decode(body)
        return SUCCESS

    def _envelope(self, message: dict[str, Any], serial: int) -> tuple[bytes, dict[str, str]]:
        """(body, headers)"""
        key, iv = newest(self.settings.key), newest(self.settings.iv)
        if not key:  # An insecure one takes the plain JSON of the document.
            return encode(message), {"Content-Type": "application/json"}
        # Seen in the wild: `=` kept or stripped, and a whole block of spaces too many.
        x = encrypt(encode(message), key=key, iv=iv, spare_block=serial % 5 == 4)
        x = x.rstrip(b"=") if serial % 4 else x.replace(b"=", b"%3D")
        return b"x=" + x, HEADERS

    def _record(self, message: dict[str, Any]) -> Settlement:
        code = self.codes[message["currency"]]
        move = Move(message["uid"], code.currency, ZERO, message["amount"] * code.factor)
        reference = str(message["transferId"])
        return Settlement(
            provider=self.provider, reference=reference, moves=(move,), message=message
        )


def encrypt(text: bytes, *, key: str, iv: str, spare_block: bool = False) -> bytes:
    """AES-128-CBC of `text`, padded with spaces, in URL-safe Base64 with its `=`."""
    padded = text + b" " * (-len(text) % BLOCK + (BLOCK if spare_block else 0))
    cipher = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).encryptor()
    return urlsafe_b64encode(cipher.update(padded) + cipher.finalize())


def _code(stated: Any) -> Code:
    if isinstance(stated, str):
        return Code(currency=stated, factor=Decimal(1))
    return Code(currency=stated.currency, factor=Decimal(stated.factor))
