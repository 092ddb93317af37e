"""Requests as the four providers send them, whole: encrypted, signed, each with an id of its own.

Nothing of it is done while the clock runs. With each request goes what its reply must contain.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from config.embedded.bench.load import Request

KEY, IV = "bench-key-16byte", "bench-iv-16bytes"
APP_ID, APP_SECRET = "1461564080052506636", "bench-app-secret"
PLAYERS = 1000

JDB = {"key": KEY, "iv": IV, "currencies": {"US": "USD"}, "unknown_bet": "pay"}
JDBS = ("jdb", "jdb2", "jdb3", "jdb4")  # Four contracts of one kind.
PROVIDERS: dict[str, Any] = {
    **{name: {"protocol": "jdb", **JDB} for name in JDBS},
    "besoft": {"currency": "USD", "allowed_ips": ["127.0.0.0/8"]},
    "sud": {"app_id": APP_ID, "app_secret": APP_SECRET, "currency": "COIN"},
    "hotroad": {"currency": "THB", "allowed_ips": ["127.0.0.0/8"], "unknown_bet": "pay"},
}
CURRENCIES = ("USD", "THB", "COIN")
OK = {
    "besoft": b'"status":1,',
    "jdb": b'"status":"0000"',
    "sud": b'"ret_code":0',
    "hotroad": b'"code":"0000"',
}


def http(path: str, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """A whole request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = {"Host": "127.0.0.1", "Content-Type": kind, "Content-Length": str(len(body)), **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /callbacks/{path} HTTP/1.1\r\n{head}\r\n".encode() + body


def jdb(fields: dict[str, Any], *, ok: bytes = OK["jdb"], path: str = "jdb") -> Request:
    """Encrypted, as a form."""
    text = json.dumps({"ts": 1700029145035, "currency": "US", **fields}).encode()
    text += b" " * (-len(text) % 16)
    encryptor = Cipher(algorithms.AES(KEY.encode()), modes.CBC(IV.encode())).encryptor()
    sealed = base64.urlsafe_b64encode(encryptor.update(text) + encryptor.finalize()).rstrip(b"=")
    return http(path, b"x=" + sealed, "application/x-www-form-urlencoded"), ok


def settlement(uid: str, id_: int, cents: int, *, bet: int | None = None, **more: Any) -> Request:
    """JDB's action 10."""
    won = cents / 100
    fields = {
        "action": 10,
        "transferId": id_,
        "uid": uid,
        "amount": won,
        "refTransferIds": [id_ + 10**13 if bet is None else bet],
        "gameRoundSeqNo": str(5250228497993 + id_),
        "historyId": "1944036707",
        "reportDate": "15-11-2023",
        "gameDate": "15-11-2023 14:18:57",
        "lastModifyTime": "15-11-2023 14:19:04",
        "win": won,
        "bet": 0.2,
        "validBet": 0.2,
        "netWin": round(won - 0.2, 2),
        "tax": 0,
        "commission": 0,
        "gType": 58,
        "mType": 58016,
        "roundClosed": True,
    }
    return jdb(fields, **more)


def bet(uid: str, id_: int) -> Request:
    """JDB's action 9."""
    fields = {
        "action": 9,
        "transferId": id_,
        "uid": uid,
        "amount": 0.2,
        "gameRoundSeqNo": str(5250228497993 + id_),
        "gType": 58,
        "mType": 58016,
    }
    return jdb(fields)


def poll(uid: str) -> Request:
    """JDB's action 6: what has the player?"""
    return jdb({"action": 6, "uid": uid})


def besoft(uid: str, id_: int, cents: int) -> Request:
    fields = {
        "action": 3,
        "uid": uid,
        "mode": 0,
        "bet": 1.0,
        "spjpbet": 0.01,
        "win": cents / 100,
        "ts": 1732083839446,
        "gid": "afa026",
        "roundId": f"r{id_}",
        "transId": f"t{id_}",
    }
    return http("besoft", json.dumps(fields).encode()), OK["besoft"]


def hotroad(uid: str, id_: int, cents: int) -> Request:
    fields = {
        "ts": "2022-10-14T23:00:00.000+0800",
        "userId": uid,
        "txId": f"AAA-{id_}",
        "betTime": "2022-10-14T22:59:59.920+0800",
        "gameType": "LIVE",
        "gameCode": "BACCARAT",
        "betAmount": "10.0",
        "validBetAmount": "10.0",
        "winAmount": str(cents / 100),
        "roundStartTime": "2022-07-03T22:07:43.217+0800",
        "odds": "-1.0",
        "status": "WIN",
        "result": ["H03", "C01", "C01", "C05", "S05", "C06"],
        "commission": "0.0",
    }
    return http("hotroad/settle", json.dumps(fields).encode()), OK["hotroad"]


def sud(uids: Sequence[str], id_: int) -> Request:
    """A match: everybody loses 1 and the first wins it all. Signed."""
    results = [
        {
            "is_ai": 0,
            "uid": uid,
            "score": len(uids) - 1 if uid == uids[0] else -1,
            "remain_score": 0,
            "commission_score": 0,
        }
        for uid in uids
    ]
    data = {
        "mg_id": "1557194155570024449",
        "room_id": "9010",
        "game_mode": 1,
        "match_id": f"m{id_}",
        "battle_start_at": "1664265322",
        "battle_end_at": "1664265594",
        "battle_duration": "272",
        "results": results,
        "report_game_info_key": "key001",
        "report_game_info_extras": "extras",
    }
    body = json.dumps(
        {
            "notify_id": f"n{id_}",
            "notify_time": "1664266669547",
            "app_id": APP_ID,
            "notify_event": "sud.mg.merchant.match.settle",
            "data": data,
        }
    ).encode()
    signed = {"Sud-AppId": APP_ID, "Sud-Timestamp": "1664266669547", "Sud-Nonce": f"n{id_}"}
    text = "".join(f"{value}\n" for value in signed.values()).encode() + body + b"\n"
    signature = hmac.new(APP_SECRET.encode(), text, hashlib.sha1).hexdigest()
    return http("sud", body, **signed, Sud_Signature=signature), OK["sud"]
