"""One protocol at a time, without inbox, ledger or database: deliveries in, replies out."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from providers.protocols.base import Delivery, Meaning, Problem, Protocol, Reply
from tests.conftest import IV, KEY, SUD_APP_ID, SUD_SECRET
from tests.providers.senders import Sent
from wallets.instructions import Instruction, Receipt
from wallets.refusals import Refusal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

SETTINGS: dict[str, dict[str, Any]] = {
    "BeSoft": {"currency": "USD", "allowed_ips": ["127.0.0.1"]},
    "Jdb": {"key": KEY, "iv": IV, "currencies": {"XX": "USD", "RB": "CNY"}},
    "Sud": {"app_id": SUD_APP_ID, "app_secret": [SUD_SECRET, "previous"], "currency": "COIN"},
    "HotRoad": {"currency": "THB", "allowed_ips": ["127.0.0.1"]},
}


def speaker(protocol: type[Protocol[Any]], **settings: Any) -> Any:
    """An instance of `protocol`, with some settings other than the usual ones."""
    stated = {**SETTINGS[protocol.__name__], **settings}
    return protocol(
        provider=protocol.__name__.lower(), settings=msgspec.convert(stated, protocol.Settings)
    )


def problems(protocol: type[Protocol[Any]], **settings: Any) -> list[str]:
    """The ids of what is wrong with a configuration."""
    stated = msgspec.convert({**SETTINGS[protocol.__name__], **settings}, protocol.Settings)
    found: list[Problem] = list(protocol.problems(stated))
    return [problem.id for problem in found]


def arrived(sent: Sent) -> Delivery:
    """What the inbox makes of a request."""
    _, _, operation = sent.path.partition("/")
    return Delivery(
        delivery_id=uuid.uuid4(),
        provider="x",
        operation=operation,
        headers={
            "content-type": sent.content_type,
            **{name.lower(): value for name, value in sent.headers.items()},
        },
        body=sent.body,
        address=sent.address,
        received_at=NOON,
    )


def understood(protocol: Any, sent: Sent) -> tuple[str, Meaning]:
    """(operation, meaning) of a request."""
    delivery = arrived(sent)
    body = protocol.unwrap(delivery)
    operation = protocol.operation(delivery, body)
    return operation, protocol.decode(operation, body)


def meaning(protocol: Any, sent: Sent) -> Any:
    return understood(protocol, sent)[1]


def refusal(protocol: Any, sent: Sent) -> type[Refusal]:
    """Which refusal a request meets before the ledger, raised or to be kept under its id."""
    try:
        meaning = understood(protocol, sent)[1]
    except Refusal as raised:
        return type(raised)
    declined = meaning.declined if isinstance(meaning, Instruction) else None
    assert declined is not None, meaning
    return type(declined)


def receipts(instruction: Instruction, balance: str, *, at: datetime = NOON) -> list[Receipt]:
    """As the ledger answers when every player of `instruction` has `balance` afterwards."""
    return [
        Receipt(
            instruction=instruction,
            posted=True,
            refusal=None,
            balances={movement.wallet: Decimal(balance) for movement in instruction.movements},
            decided_at=at,
        )
    ]


def refused(protocol: Any, operation: str, why: Refusal) -> Any:
    reply: Reply = protocol.refuse(operation, why, at=NOON)
    assert (reply.status, reply.content_type) == (200, "application/json")
    return json.loads(reply.body)


def terms(instruction: Instruction) -> bytes:
    return instruction.terms


def with_token(body: bytes, field: str, token: str) -> bytes:
    """`body` with a field's value spelled as `token`, which need not be JSON."""
    marked = json.dumps({**json.loads(body), field: "@@"})
    return marked.replace('"@@"', token).encode()


def amount_tokens(good: Callable[[str], str]) -> list[str]:
    """Amounts that no protocol may take; `good` spells a decimal as the protocol does."""
    digits = [
        "-1",
        "0.00000000000000001",
        "1" * 40,
        "0." + "1" * 40,
        "1000000000000000000",
        "1e400",
    ]
    other = ["null", "true", "[]", "{}", "[1]", "NaN", "Infinity", "-Infinity", '"NaN"', '""']
    texts = ['"1_0"', '" 1"', '"1 "', '"١٢"', '"+1"', '"0x10"', '"1,5"', '"1."', '".5"', '"1e2"']
    return [*map(good, digits), *other, *texts, '"Infinity"', "1_0", "01", "+1", "0x10", ""]
