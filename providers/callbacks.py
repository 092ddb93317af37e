"""The inbox's statements: rows are written by the group, and never changed."""

import ipaddress
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from providers.models import SMOOTH, Callback, Outcome
from providers.protocols.base import Delivery, Reply
from wallets import sql

INSERT = """
INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, received_at,
    decided_at, address, headers, body, unwrapped, outcome, reason, reply_status, reply, replay_of,
    terms)
SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
    %b::timestamptz[], %b::inet[], %b::jsonb[], %b::bytea[], %b::bytea[], %b::text[], %b::text[],
    %b::smallint[], %b::bytea[], %b::uuid[], %b::bytea[])
ON CONFLICT (delivery_id, received_at) DO NOTHING
"""

DOUBT = """
INSERT INTO providers_doubt (delivery_id, received_at, provider, transaction_id)
SELECT * FROM unnest(%b::uuid[], %b::timestamptz[], %b::text[], %b::text[])
"""

COUNT_UNAUTHENTIC = """
INSERT INTO providers_unauthentic (provider, address, minute, count, reason, sample)
VALUES (%s, %s, date_trunc('minute', %s::timestamptz), 1, %s, %s)
ON CONFLICT (provider, address, minute)
DO UPDATE SET count = providers_unauthentic.count + 1
"""

SAMPLE = 2_000
STRANGERS_WAIT = "100ms"  # A stranger may not occupy a web thread for longer.
ONE_NETWORK = 64  # An IPv6 caller has 2 ** 64 addresses to call from; they count as one.
CONFIDENTIAL = frozenset({"authorization", "cookie", "proxy-authorization"})


class AlreadyKept(Exception):
    """This very delivery has its row: an earlier COMMIT of ours succeeded without telling us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A delivery with what became of it: one row."""

    delivery: Delivery
    unwrapped: bytes
    operation: str
    transaction_id: str
    terms: bytes | None
    outcome: Outcome
    reason: str
    reply: Reply
    decided_at: datetime

    @property
    def leaves_doubt(self) -> bool:
        """The bookkeeping has to look at it. A replay's case is open already."""
        return self.outcome not in SMOOTH and self.delivery.replay_of is None


def keep(decided: Sequence[Decided]) -> Callable[[], None]:
    """Send the rows, in the transaction of the caller, who calls what this returns once that is
    answered: it raises AlreadyKept if one was there."""
    if not decided:
        return lambda: None
    kept = sql.execute(INSERT, _columns(map(_row, decided)))
    if doubts := [_doubt(one) for one in decided if one.leaves_doubt]:
        sql.execute(DOUBT, _columns(doubts))

    def check() -> None:
        if kept.rowcount < len(decided):
            raise AlreadyKept

    return check


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def kept_reply(delivery: Delivery) -> Reply:
    """The reply that was decided for this delivery. Raises Callback.DoesNotExist."""
    row = Callback.objects.get(delivery_id=delivery.delivery_id, received_at=delivery.received_at)
    return Reply(body=bytes(row.reply), status=row.reply_status)


def count_unauthentic(delivery: Delivery, reason: str) -> None:
    """One more from this address in this minute; the first body of it is the sample."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [STRANGERS_WAIT])
        cursor.execute(
            COUNT_UNAUTHENTIC,
            [
                delivery.provider,
                _counted_address(delivery.address),
                delivery.received_at,
                reason,
                delivery.body[:SAMPLE],
            ],
        )


def _counted_address(address: str) -> str:
    if ":" not in address:
        return address or "0.0.0.0"
    network = ipaddress.ip_network((address, ONE_NETWORK), strict=False)
    return str(network.network_address)


def _doubt(decided: Decided) -> tuple[object, ...]:
    delivery = decided.delivery
    return delivery.delivery_id, delivery.received_at, delivery.provider, decided.transaction_id


def _row(decided: Decided) -> tuple[object, ...]:
    delivery = decided.delivery
    headers = {
        name: "(masked)" if name in CONFIDENTIAL else value.replace("\0", "")
        for name, value in delivery.headers.items()
    }
    return (
        delivery.delivery_id,
        delivery.provider,
        decided.operation,
        decided.transaction_id,
        delivery.received_at,
        decided.decided_at,
        delivery.address or None,
        json.dumps(headers),
        delivery.body,
        None if decided.unwrapped == delivery.body else decided.unwrapped,
        decided.outcome.value,
        decided.reason.replace("\0", ""),
        decided.reply.status,
        decided.reply.body,
        decided.delivery.replay_of,
        decided.terms,
    )
