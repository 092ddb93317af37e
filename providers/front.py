"""Callbacks on an event loop: hundreds that wait for a group's commit take one thread.

With a thread for each of them most of a web process's time goes into taking turns. All else that is
asked for (pages, probes, callbacks that are none) goes to the WSGI application, in threads.
"""

import string
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware
from django.urls import Resolver404, resolve

from providers import inbox, opening, registry, views
from providers.middleware import PREFIX
from providers.protocols.base import Reply
from providers.registry import Provider

PAGES = 8  # Threads for the WSGI application,
PROBES = 2  # and for what asks it whether it lives: slow readers of pages don't keep it waiting.
ALONE = 24  # Threads for deliveries that no group settles, balance queries among them.
STRANGERS = 2  # Threads in which they are counted.
LONGEST_PATH = 512

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Front:
    """An ASGI application: POSTs to a configured provider, and `pages` behind it.

    What no group settles is done in `threads`.
    """

    def __init__(self, pages: Any, *, threads: Executor | None = None) -> None:
        self._pages: Any = WSGIMiddleware(pages, workers=PAGES)
        self._probes: Any = WSGIMiddleware(pages, workers=PROBES)
        self._threads = threads or ThreadPoolExecutor(ALONE, thread_name_prefix="callbacks")
        self._strangers = ThreadPoolExecutor(STRANGERS, thread_name_prefix="strangers")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        found = _find(scope)
        if found is not None:
            await _send(await self._answer(scope, receive, *found), send)
        elif scope["path"].startswith("/health/"):
            await self._probes(_usable(scope), _whole(receive), send)
        else:
            await self._pages(_usable(scope), _whole(receive), send)

    async def _answer(
        self, scope: Message, receive: Receive, provider: Provider, operation: str | None
    ) -> Reply:
        meta = _meta(scope)
        address = views.client_address(meta)
        body, complete = b"", True
        if provider.allows(address):
            stream = BytesIO()
            arrived = await _read(receive, stream)
            body, complete = views.read(meta, stream)
            complete = complete and arrived
        delivery = views.delivered(
            meta, provider, operation, body=body, complete=complete, address=address
        )
        return await inbox.receive_on_loop(
            provider, delivery, threads=self._threads, strangers=self._strangers
        )


def _find(scope: Message) -> tuple[Provider, str | None] | None:
    path = scope["path"]
    if scope["method"] != "POST" or not path.startswith(PREFIX) or len(path) > LONGEST_PATH:
        return None
    path, operation = _resolve(path)
    provider = registry.current().by_path.get(path)
    return None if provider is None else (provider, operation)


@lru_cache(maxsize=1024)
def _resolve(path: str) -> tuple[str, str | None]:
    """The provider's path, "" where it is none, and what stands behind it."""
    try:
        match = resolve(path)
    except Resolver404:
        return "", None
    return match.kwargs["path"], match.kwargs.get("operation")


def _headers(scope: Message) -> list[tuple[bytes, bytes]]:
    """Without those that are misread: named as in WSGI `x_forwarded_for` is `x-forwarded-for`."""
    return [(name, value) for name, value in scope["headers"] if b"_" not in name]


def _usable(scope: Message) -> Message:
    """For the WSGI application: a query is ASCII there."""
    query = scope["query_string"]
    if not query.isascii():
        query = quote_from_bytes(query, safe=string.printable).encode()
    return {**scope, "headers": _headers(scope), "query_string": query}


def _meta(scope: Message) -> dict[str, str]:
    """Headers and address, named as in WSGI."""
    meta = {"REMOTE_ADDR": scope["client"][0] if scope.get("client") else ""}
    for raw, value in _headers(scope):
        name = raw.decode("latin1").upper().replace("-", "_")
        key = name if name in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{name}"
        text = value.decode("latin1")
        meta[key] = f"{meta[key]},{text}" if key in meta else text
    return meta


async def _read(receive: Receive, stream: BytesIO) -> bool:
    """Fill `stream` with the body, or as much of it as is looked at; whether it arrived."""
    arrived = more = True
    while more and stream.tell() <= opening.LARGEST_BODY:
        message = await receive()
        arrived = message["type"] == "http.request"
        stream.write(message.get("body", b""))
        more = message.get("more_body", False)
    stream.seek(0)
    return arrived


def _whole(receive: Receive) -> Receive:
    """The same for pages: a body that ends early is an error, and none that is complete."""

    async def received() -> Message:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError("the body did not arrive whole")
        return message

    return received


async def _send(reply: Reply, send: Send) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
