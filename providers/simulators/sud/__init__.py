"""SUD, sending: the results of a whole match in one signed notification, or single scores."""

import hashlib
import hmac
from collections.abc import Mapping
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
from providers.simulators.base import (
    BALANCE,
    ZERO,
    Game,
    Kind,
    Message,
    Move,
    Request,
    Simulator,
    Table,
    encode,
    named,
    newest,
)
from providers.simulators.sud import matches

MATCH, CONSUME, GAIN = "match", "consume", "gain"
TYPES = {1: CONSUME, 2: GAIN}
SCORES = [Decimal(score) for score in (5, 10, 25, 50, 100)]
DUPLICATE = "9001"


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
    """`match.settle`, for which one reply stands for all players; and `update_score`."""

    refusal_means = RefusalMeans.OWED
    rules = {
        MATCH: UNTIL_SUCCESS,
        # 9000: the balance was too small. Of other codes the page doesn't say whether the score
        # was taken, and there is no cancel: the order is sent again, under its id.
        CONSUME: Rule(
            refused=Conclusion.AGAIN,
            silent=Conclusion.AGAIN,
            codes={"9000": Conclusion.FAILED},
        ),
        GAIN: UNTIL_SUCCESS,
    }

    @property
    def settles_alone(self) -> bool:
        """A match names no bets; but where user.settle pays it is only noted."""
        return bool(self.settings.pays == "match.settle")

    @property
    def prefix(self) -> str:
        return f"sim{self.run:x}-"

    def settle(self, number: int, table: Table) -> Message:
        luck = table.luck
        seats = luck.randint(2, matches.LARGEST)
        uids = table.players(seats)
        if len(uids) < 2 or luck.random() < 0.2:
            uids = [*uids[: matches.LARGEST - 1], ""]  # A robot has no uid.
        ended = int(table.at.timestamp())
        lasted = luck.randint(60, 300)
        return self._match(
            {
                "mg_id": "1557194155570024449",
                "room_id": "9010",
                "game_mode": 1,
                "match_id": f"{self.prefix}{number}",
                "battle_start_at": str(ended - lasted),
                "battle_end_at": str(ended),
                "battle_duration": str(lasted),
                "results": matches.results(uids, luck),
                "report_game_info_key": "key001",
                "report_game_info_extras": "extras",
            }
        )

    def game(self, number: int, table: Table) -> Game:
        """A match, or a score that is taken and, if it won, a larger one that is given."""
        if table.luck.random() < 0.5 and self.settles_alone:
            return Game(opening=(self.settle(number, table),))
        stake, won = int(table.stake(SCORES)), table.luck.random() < 0.45
        order = {
            "mg_id": "1557194155570024449",
            "round_id": f"{self.prefix}r{number}",
            "uid": table.players()[0],
        }
        taken = order | {"order_id": f"{self.prefix}{number}c", "score": stake, "type": 1}
        given = order | {"order_id": f"{self.prefix}{number}g", "score": 2 * stake, "type": 2}
        return Game(
            opening=(self._score(taken),),
            settle=lambda standing: (self._score(given),) if won else (),
        )

    def contradict(self, message: Message, table: Table) -> Message:
        fields = message.fields
        if message.operation != MATCH:
            return self._score({**fields, "score": fields["score"] + 10})
        results = [dict(one) for one in fields["results"]]
        people = [one for one in results if one["uid"]]
        absent = [uid for uid in table.uids if uid not in {one["uid"] for one in people}]
        die = table.luck.random()
        if absent and die < 0.25:
            people[0]["uid"] = table.luck.choice(absent)
        elif absent and len(results) < matches.LARGEST and die < 0.5:
            results.append(matches.result(table.luck.choice(absent), 10, 0))
        elif len(people) > 1 and die < 0.75:
            results.remove(people[0])
        else:
            people[0]["score"] += 10
        return self._match({**fields, "results": results})

    def request(self, message: Message, *, at: datetime, serial: int) -> Request:
        milliseconds = str(int(at.timestamp() * 1000))
        if message.operation != MATCH:
            body, suffix = encode(message.fields), "update_score"
        else:
            suffix = ""
            body = encode(
                {
                    "notify_id": f"{self.run:x}-{serial:x}",
                    "notify_time": milliseconds,
                    "app_id": self.settings.app_id,
                    "notify_event": "sud.mg.merchant.match.settle",
                    "data": message.fields,
                }
            )
        headers = self._headers(body, milliseconds, serial)
        return Request(body=body, headers=headers, operation=message.operation, suffix=suffix)

    def poll(self, message: Message, *, at: datetime, serial: int) -> Request:
        body = encode({"uid": message.moves[0].uid})
        return Request(
            body=body,
            headers=self._headers(body, str(int(at.timestamp() * 1000)), serial),
            operation=BALANCE,
            suffix="get_account" if serial % 2 else "get_score",
        )

    def judge(self, operation: str, body: bytes) -> Answer:
        reply = _reply.decode(body)
        if operation in (CONSUME, GAIN) and str(reply.ret_code) == DUPLICATE:
            return SUCCESS  # "The order ID is duplicated": it was done before.
        if reply.ret_code != 0:
            return refused(reply.ret_code, reply.ret_msg)
        if operation != MATCH:
            _account.decode(body)
        return SUCCESS

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

    def _match(self, fields: Mapping[str, Any]) -> Message:
        moves = tuple(
            self._move(one["uid"], one["score"]) for one in fields["results"] if one["uid"]
        )
        return Message(
            provider=self.provider,
            operation=MATCH,
            kind=Kind.PAYMENT,
            asks={named(MATCH, fields["match_id"]): moves},
            fields=fields,
        )

    def _score(self, fields: Mapping[str, Any]) -> Message:
        """Nothing but the round ties a gain to what was consumed, so neither names the other."""
        operation = TYPES[fields["type"]]
        score = fields["score"] if operation == GAIN else -fields["score"]
        return Message(
            provider=self.provider,
            operation=operation,
            kind=Kind.PAYMENT if operation == GAIN else Kind.BET,
            asks={named("update_score", fields["order_id"]): (self._move(fields["uid"], score),)},
            fields=fields,
        )

    def _move(self, uid: str, score: int) -> Move:
        amount: Decimal = score * self.settings.factor
        return Move(uid, self.settings.currency, max(-amount, ZERO), max(amount, ZERO))


def sign(body: bytes, *, secret: str, app_id: str, timestamp: str, nonce: str) -> str:
    """HMAC-SHA1 over four lines, the last newline included, in lower-case hex."""
    text = f"{app_id}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return hmac.new(secret.encode(), text, hashlib.sha1).hexdigest()
