"""A delivery as files: what came, what was answered, and what is known of both."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from providers import registry
from providers.models import Callback, Outcome
from reconciliation.exporting import cells
from reconciliation.office.packs import redacting
from reconciliation.office.packs.editions import Edition, unwrapped

SECRET = re.compile(r"auth|cookie|token|secret|signature|password|api-?key|session", re.I)
MASKED = "(masked)"
# A player sees of the provider's headers what says how the body is to be read.
PLAIN = frozenset({"content-type", "content-length", "content-encoding", "date"})

File = tuple[str, bytes]


def folder(callback: Callback) -> str:
    return f"deliveries/{callback.pk:09}-{Outcome(callback.outcome).value}"


def files(callback: Callback, edition: Edition) -> Iterator[File]:
    """Those that this reader may have; `meta.json` says what was left out, and why."""
    where, raw, plain = folder(callback), bytes(callback.body), unwrapped(callback)
    shown: dict[str, bytes | None] = {}
    notes: dict[str, str] = {}
    shown["request.unwrapped"], notes["request.unwrapped"] = edition.body(plain, callback)
    shown["request.raw"], notes["request.raw"] = _wrapped(raw, plain, notes, edition)
    shown["reply.raw"], notes["reply.raw"] = reply(callback, edition)
    for name in ("request.raw", "request.unwrapped", "reply.raw"):
        content = shown[name]
        if content is not None:
            yield f"{where}/{name}", content
    yield f"{where}/headers.json", _json(headers(callback, edition))
    yield f"{where}/meta.json", _json(_meta(callback, edition, notes))


def _wrapped(
    raw: bytes, plain: bytes, notes: dict[str, str], edition: Edition
) -> tuple[bytes | None, str]:
    """The body as it was sent. It holds what the plain one may not show, and where it is wrapped
    nobody can tell what else."""
    if edition.is_whole or (raw == plain and not notes["request.unwrapped"]):
        return raw, ""
    return None, notes["request.unwrapped"] or redacting.UNREAD


def reply(callback: Callback, edition: Edition) -> tuple[bytes | None, str]:
    """Ours, so it is text; where it is JSON too, it is redacted as such."""
    raw = bytes(callback.reply)
    if edition.is_whole or not raw:
        return raw, ""
    shown, note = edition.body(raw)
    if shown is not None:
        return shown, note
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None, redacting.UNREAD
    return (None, redacting.LEFT_OUT) if edition.redactor.names_another(text) else (raw, "")


def headers(callback: Callback, edition: Edition) -> dict[str, str]:
    """Without what proves who sent it, and without the address that nobody may guess."""
    provider = registry.current().by_name.get(callback.provider)
    hidden = [path for path in (provider.paths if provider else ()) if path != callback.provider]
    shown = {}
    for name, value in sorted(callback.headers.items()):
        text = str(value)
        if SECRET.search(name) or any(path in text for path in hidden):
            text = MASKED
        if edition.is_whole:
            shown[name] = text
        elif name.lower() in PLAIN:
            shown[name] = edition.text(text)
    return shown


def why(callback: Callback, edition: Edition) -> str:
    """The reason; of a fault of ours a player learns that it was one."""
    if edition.is_whole:
        return callback.reason
    return edition.text(callback.reason) if "\n" not in callback.reason.strip() else "A fault."


def _meta(callback: Callback, edition: Edition, notes: dict[str, str]) -> dict[str, Any]:
    raw, plain, answer = bytes(callback.body), unwrapped(callback), bytes(callback.reply)
    outcome = Outcome(callback.outcome)
    return {
        "number": callback.pk,
        "delivery_id": str(callback.delivery_id),
        "provider": callback.provider,
        "operation": edition.text(callback.operation),
        "transaction_id": edition.text(callback.transaction_id),
        "received_at": cells.moment(callback.received_at),
        "decided_at": cells.moment(callback.decided_at),
        **({"address": callback.address} if edition.is_whole else {}),
        "outcome": outcome.value,
        "outcome_means": outcome.sentence,
        "reason": why(callback, edition),
        "reply_status": callback.reply_status,
        "replay_of": str(callback.replay_of) if callback.replay_of else None,
        "as_it_was": {
            "request.raw": _digest(raw),
            "request.unwrapped": _digest(plain),
            "reply.raw": _digest(answer),
        },
        "left_out": {name: note for name, note in notes.items() if note},
    }


def _digest(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=True).encode() + b"\n"
