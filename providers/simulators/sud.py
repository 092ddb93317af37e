"""SUD, sending: the results of a whole match in one signed notification."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
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
    newest,
    refused,
)

LARGEST_MATCH = 9
COMMISSION = 20  # The house takes one point of so many won.


class Reply(msgspec.Struct):
    ret_code: int
    ret_msg: str = ""


class Account(msgspec.Struct):
    score: int


class AccountReply(msgspec.Struct):
    data: Account


_reply = msgspec.json.Decoder(Reply)
_account = msgspec.json.Decoder(AccountReply)


class Sud(Simulator):
    """`match.settle`. One reply stands for all players of the match."""

    refusal_means = RefusalMeans.OWED

    @property
    def prefix(self) -> str:
        return f"sim{self.run:x}-"

    def settle(self, number: int, table: Table) -> Settlement:
        luck = table.luck
        seats = luck.randint(2, LARGEST_MATCH)
        uids = table.players(seats)
        if len(uids) < 2 or luck.random() < 0.2:
            uids = [*uids[: LARGEST_MATCH - 1], ""]  # A robot has no uid.
        ended = int(table.at.timestamp())
        lasted = luck.randint(60, 300)
        data = {
            "mg_id": "1557194155570024449",
            "room_id": "9010",
            "game_mode": 1,
            "match_id": f"{self.prefix}{number}",
            "battle_start_at": str(ended - lasted),
            "battle_end_at": str(ended),
            "battle_duration": str(lasted),
            "results": results(uids, luck),
            "report_game_info_key": "key001",
            "report_game_info_extras": "extras",
        }
        return self._record(data)

    def contradict(self, settlement: Settlement, table: Table) -> Settlement:
        results = [dict(one) for one in settlement.message["results"]]
        people = [one for one in results if one["uid"]]
        absent = [uid for uid in table.uids if uid not in {one["uid"] for one in people}]
        die = table.luck.random()
        if absent and die < 0.25:
            people[0]["uid"] = table.luck.choice(absent)
        elif absent and len(results) < LARGEST_MATCH and die < 0.5:
            results.append(result(table.luck.choice(absent), 10, 0))
        elif len(people) > 1 and die < 0.75:
            results.remove(people[0])
        else:
            people[0]["score"] += 10
        return self._record({**settlement.message, "results": results})

    def request(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        milliseconds = str(int(at.timestamp() * 1000))
        body = encode(
            {
                "notify_id": f"{self.run:x}-{serial:x}",
                "notify_time": milliseconds,
                "app_id": self.settings.app_id,
                "notify_event": "sud.mg.merchant.match.settle",
                "data": settlement.message,
            }
        )
        return Request(body=body, headers=self._headers(body, milliseconds, serial))

    def poll(self, settlement: Settlement, *, at: datetime, serial: int) -> Request:
        body = encode({"uid": settlement.moves[0].uid})
        return Request(
            body=body,
            headers=self._headers(body, str(int(at.timestamp() * 1000)), serial),
            operation="get_account" if serial % 2 else "get_score",
            is_poll=True,
        )

    def judge(self, body: bytes) -> Answer:
        reply = _reply.decode(body)
        return SUCCESS if reply.ret_code == 0 else refused(reply.ret_code, reply.ret_msg)

    def judge_poll(self, body: bytes) -> Answer:
        answer = self.judge(body)
        if answer is SUCCESS:
            _account.decode(body)
        return answer

    def _headers(self, body: bytes, timestamp: str, serial: int) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        secret, app_id = newest(self.settings.app_secret), self.settings.app_id
        if secret:
            nonce = f"{self.run:x}n{serial:x}"
            headers |= {
                "Sud-AppId": app_id,
                "Sud-Timestamp": timestamp,
                "Sud-Nonce": nonce,
                "Sud-Signature": sign(
                    body, secret=secret, app_id=app_id, timestamp=timestamp, nonce=nonce
                ),
            }
        return headers

    def _record(self, data: dict[str, Any]) -> Settlement:
        moves = tuple(
            self._move(one["uid"], one["score"] * self.settings.factor)
            for one in data["results"]
            if one["uid"]
        )
        return Settlement(
            provider=self.provider, reference=data["match_id"], moves=moves, message=data
        )

    def _move(self, uid: str, score: Decimal) -> Move:
        return Move(uid, self.settings.currency, max(-score, ZERO), max(score, ZERO))


def result(uid: str, score: int, commission: int) -> dict[str, object]:
    return {
        "is_ai": 0 if uid else 1,
        "uid": uid,
        "score": score,
        "remain_score": max(score, 0),
        "commission_score": commission,
    }


def results(uids: Sequence[str], luck: Random) -> list[dict[str, object]]:
    lines = zip(uids, scores(luck, len(uids)), strict=True)
    return [result(uid, score, commission) for uid, (score, commission) in lines]


def scores(luck: Random, seats: int) -> list[tuple[int, int]]:
    """(score, commission) of each seat; the scores' sum is minus the commissions' sum."""
    stakes = [luck.randint(0, 50) for _ in range(seats - 1)]
    pot = sum(stakes)
    commission = pot // COMMISSION
    lines = [(-stake, 0) for stake in stakes] + [(pot - commission, commission)]
    luck.shuffle(lines)
    return lines


def sign(body: bytes, *, secret: str, app_id: str, timestamp: str, nonce: str) -> str:
    """HMAC-SHA1 over four lines, the last newline included, in lower-case hex."""
    text = f"{app_id}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return hmac.new(secret.encode(), text, hashlib.sha1).hexdigest()
