"""The view that providers call behind a WSGI server; `front` makes its deliveries of the same."""

import ipaddress
import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from providers import inbox, opening, registry
from providers.protocols.base import Delivery
from providers.registry import Provider

TO_THE_END = "wsgi.input_terminated"  # There may be a body although no length is stated.


class Readable(Protocol):
    """A request's body."""

    def read(self, size: int, /) -> bytes: ...


class CallbackView(APIView):
    """POST /callbacks/<path>[/<operation>]: parses nothing, negotiates nothing, answers bytes."""

    http_method_names = ["post"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Every reply is the protocol's own: whatever the caller says that it accepts."""
        self.provider = registry.current().by_path.get(kwargs["path"])
        if self.provider is None:
            raise Http404

    def post(self, request: Request, path: str, operation: str | None = None) -> HttpResponse:
        """Deliver to the inbox and send what it answers."""
        assert self.provider is not None
        http = request._request
        address = client_address(http.META)
        # Nobody waits for what a stranger may still send.
        body, complete = read(http.META, http) if self.provider.allows(address) else (b"", True)
        delivery = delivered(
            http.META, self.provider, operation, body=body, complete=complete, address=address
        )
        reply = inbox.receive(self.provider, delivery)
        return HttpResponse(
            reply.body,
            status=reply.status,
            content_type=reply.content_type,
            headers={"Content-Length": str(len(reply.body))},
        )


def delivered(
    meta: Mapping[str, Any],
    provider: Provider,
    operation: str | None,
    *,
    body: bytes,
    complete: bool,
    address: str,
) -> Delivery:
    """What has arrived by now, under an id of its own."""
    return Delivery(
        delivery_id=uuid.uuid4(),
        provider=provider.name,
        operation=operation or "",
        headers=headers(meta),
        body=body,
        address=address,
        received_at=timezone.now(),
        complete=complete,
    )


def read(meta: Mapping[str, Any], stream: Readable) -> tuple[bytes, bool]:
    """The body, cut off where it is too large, and whether all of it arrived.

    A server may hand over a body that ended early without a word, and one without Content-Length
    (chunked) as an empty one: both would read as another order than the one that was sent.
    """
    stated = meta.get("CONTENT_LENGTH") or ""
    try:
        body = stream.read(opening.LARGEST_BODY + 1)
        length = int(stated or 0)
    except (UnreadablePostError, ValueError):
        return b"", False
    if "HTTP_TRANSFER_ENCODING" in meta or (not stated and TO_THE_END in meta):
        return body, False
    return body, len(body) == min(length, opening.LARGEST_BODY + 1)


def headers(meta: Mapping[str, Any]) -> dict[str, str]:
    """The request's headers, names in lower case.

    Some servers mix the process's environment into them: HTTP_PROXY, with its password, is none.
    """
    sent = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in meta.items()
        if name.startswith("HTTP_") and name not in settings.NO_HEADERS
    }
    return {**sent, "content-type": meta.get("CONTENT_TYPE", "")}


def client_address(meta: Mapping[str, Any]) -> str:
    """Who called, as text; "" if the server does not know.

    Each of the settings.TRUSTED_PROXIES appends the address that it saw to ADDRESS_HEADER, so only
    as many entries from the right are believed. With fewer entries than that the request came
    around them, and the address of the connection counts.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    name = "HTTP_" + settings.ADDRESS_HEADER.upper().replace("-", "_")
    forwarded = [entry.strip() for entry in meta.get(name, "").split(",") if entry.strip()]
    if 0 < settings.TRUSTED_PROXIES <= len(forwarded):
        address = forwarded[-settings.TRUSTED_PROXIES]
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
