"""The one view that providers call."""

import ipaddress
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from providers import inbox, registry
from providers.protocols.base import Delivery


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
        try:
            body = http.read(inbox.LARGEST_BODY + 1)
        except UnreadablePostError:
            return HttpResponse(status=400)  # The caller hung up: nobody hears this.
        reply = inbox.receive(
            self.provider,
            Delivery(
                delivery_id=uuid.uuid4(),
                provider=self.provider.name,
                operation=operation or "",
                headers={name.lower(): value for name, value in http.headers.items()},
                body=body,
                address=client_address(http.META, trusted_proxies=settings.TRUSTED_PROXIES),
                received_at=timezone.now(),
            ),
        )
        return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)


def client_address(meta: Mapping[str, Any], *, trusted_proxies: int) -> str:
    """Who called, as text; "" if the server does not know.

    Each trusted proxy appends the address that it saw to X-Forwarded-For, so only as many entries
    from the right are believed as there are such proxies. With fewer entries than that the
    request came around them, and the address of the connection counts.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    forwarded = [entry.strip() for entry in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        address = forwarded[-trusted_proxies]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
