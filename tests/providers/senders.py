"""Requests as the four providers send them, and the literal replies as they hear them."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.test import Client

from tests import front
from tests.conftest import IV, KEY, SUD_APP_ID, SUD_SECRET

DELIVERIES = Path(__file__).parent / "deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request. `status` and `body` of the answer come back from `send`."""

    path: str
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(sent: Sent) -> Heard:
    """As a web server hands it over."""
    return through(sent)


def on_loop(sent: Sent) -> Heard:
    """As `config.asgi` does."""
    return front.run(through_loop(sent))


async def through_loop(sent: Sent) -> Heard:
    """On the loop that runs."""
    start, *parts = await _exchange(sent, [{"type": "http.request", "body": sent.body}])
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    return Heard(
        status=start["status"],
        content_type=answered.get("content-type", ""),
        body=b"".join(part.get("body", b"") for part in parts),
    )


def told_to_loop(sent: Sent, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a web server is given to send, after it handed over the body in `parts`: those that
    were not asked for are left."""
    return front.run(_exchange(sent, parts))


async def _exchange(sent: Sent, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    headers = {
        "host": "testserver",
        "content-type": sent.content_type,
        "content-length": str(len(sent.body)),
        **{name.lower(): value for name, value in sent.headers.items()},
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": unquote(f"/callbacks/{sent.path}"),
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin1")) for name, value in headers.items()],
        "client": (sent.address, 40000),
        "server": ("testserver", 80),
    }
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def tell(message: Any) -> None:
        told.append(message)

    await front.FRONT(scope, receive, tell)
    return told


_threads = threading.local()


def in_thread(sent: Sent) -> Heard:
    """Through Django's own handler; a traceback would be raised here."""
    if not hasattr(_threads, "client"):  # A new one loads every middleware again.
        _threads.client = Client()
    response = _threads.client.post(
        f"/callbacks/{sent.path}",
        data=sent.body,
        content_type=sent.content_type,
        headers=dict(sent.headers),
        REMOTE_ADDR=sent.address,
    )
    return Heard(
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        body=response.content,
    )


through = on_loop


def verbatim(protocol: str, name: str) -> bytes:
    """A delivery as the provider's document prints it."""
    return (DELIVERIES / protocol / f"{name}.json").read_bytes()


def altered(body: bytes, **changes: Any) -> bytes:
    """The same JSON object with some fields changed; `...` removes one."""
    fields = {**json.loads(body), **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()


def besoft(body: bytes, *, path: str = "besoft") -> Sent:
    return Sent(path=path, body=body)


def hotroad(body: bytes, *, path: str = "hotroad", operation: str = "settle") -> Sent:
    return Sent(path=f"{path}/{operation}", body=body)


def jdb(body: bytes, *, path: str = "jdb", key: str = KEY, iv: str = IV) -> Sent:
    return Sent(
        path=path,
        body=b"x=" + encrypted(body, key=key, iv=iv),
        content_type="application/x-www-form-urlencoded",
    )


def encrypted(body: bytes, *, key: str = KEY, iv: str = IV) -> bytes:
    padded = body + b" " * (-len(body) % 16)
    encryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).encryptor()
    return base64.urlsafe_b64encode(encryptor.update(padded) + encryptor.finalize()).rstrip(b"=")


def sud(body: bytes, *, path: str = "sud", secret: str = SUD_SECRET, **headers: str) -> Sent:
    signed = {
        "Sud-AppId": SUD_APP_ID,
        "Sud-Timestamp": "1664266669547",
        "Sud-Nonce": "nonce-1",
    }
    text = "".join(f"{value}\n" for value in signed.values()).encode() + body + b"\n"
    signature = hmac.new(secret.encode(), text, hashlib.sha1).hexdigest()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(path=path, body=body, headers={**signed, "Sud-Signature": signature, **named})


def from_address(sent: Sent, address: str) -> Sent:
    return replace(sent, address=address)
