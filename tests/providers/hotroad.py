"""HotRoad's deliveries, as its documents print them or with some fields changed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from tests.providers import senders
from tests.providers.senders import Sent, altered, send
from tests.providers.tabled import HOTROAD_CANCEL_BET as CANCEL_BET

PLACE_BET = senders.verbatim("hotroad", "place_bet")
SETTLE = senders.verbatim("hotroad", "settle")
EVENT_SETTLE = senders.verbatim("hotroad", "event_settle")


def bet(**changes: Any) -> Sent:
    body = altered(PLACE_BET, **changes) if changes else PLACE_BET
    return senders.hotroad(body, operation="place_bet")


def cancel(**changes: Any) -> Sent:
    return senders.hotroad(altered(CANCEL_BET, **changes), operation="cancel_bet")


def settle(**changes: Any) -> Sent:
    return senders.hotroad(altered(SETTLE, **changes) if changes else SETTLE)


def event(*settles: dict[str, Any]) -> Sent:
    body = altered(EVENT_SETTLE, settles=list(settles)) if settles else EVENT_SETTLE
    return senders.hotroad(body, operation="event_settle")


def reward(id_: str, uid: str, amount: str) -> dict[str, str]:
    return {"settleId": id_, "eventId": "E", "userId": uid, "amount": amount}


def success(balance: str) -> bytes:
    return (
        b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"%s"}'
        % balance.encode()
    )


def code(sent: Sent) -> str:
    heard = send(sent)
    assert heard.status == 200
    return str(heard.json["code"])


def at_once(*sent: Sent) -> list[bytes]:
    start = threading.Barrier(len(sent))

    def deliver(one: Sent) -> bytes:
        start.wait()
        try:
            return send(one).body
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(deliver, sent))
