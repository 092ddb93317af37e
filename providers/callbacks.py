"""The inbox's statements: rows are written by the group, and never changed."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from providers.models import SMOOTH, Callback, Doubt, Outcome
from providers.protocols.base import Delivery, Reply
from wallets import sql

INSERT = sql.inserting(
    Callback._meta.db_table,
    "delivery_id, provider, operation, transaction_id, received_at, decided_at, address, headers,"
    " body, unwrapped, outcome, reason, reply_status, reply, replay_of, terms",
)
DOUBT = sql.inserting(Doubt._meta.db_table, "delivery_id, received_at, provider, transaction_id")

COUNT_UNAUTHENTIC = """
INSERT INTO providers_unauthentic (provider, address, minute, count, reason, sample)
VALUES (%s, %s, date_trunc('minute', %s::timestamptz), 1, %s, %s)
ON CONFLICT (provider, address, minute)
DO UPDATE SET count = providers_unauthentic.count + 1
"""

KEPT_ONCE = "delivery_id_received_at"
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


def keep(decided: Sequence[Decided]) -> None:
    """Send the rows, in the transaction of the caller. One that is there already ends it with an
    error that `is_kept` knows."""
    sql.write(INSERT, map(_row, decided))
    sql.write(DOUBT, (_doubt(one) for one in decided if one.leaves_doubt))


def is_kept(error: IntegrityError) -> bool:
    """Whether a row of the same delivery was there: the key has a name in each month's partition,
    as PostgreSQL makes it."""
    return KEPT_ONCE in sql.violated(error)


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


def _doubt(decided: Decided) -> sql.Row:
    delivery = decided.delivery
    return {
        "delivery_id": delivery.delivery_id,
        "received_at": delivery.received_at,
        "provider": delivery.provider,
        "transaction_id": decided.transaction_id,
    }


def _row(decided: Decided) -> sql.Row:
    delivery = decided.delivery
    return {
        "delivery_id": delivery.delivery_id,
        "provider": delivery.provider,
        "operation": decided.operation,
        "transaction_id": decided.transaction_id,
        "received_at": delivery.received_at,
        "decided_at": decided.decided_at,
        "address": delivery.address or None,
        "headers": {
            name: "(masked)" if name in CONFIDENTIAL else value.replace("\0", "")
            for name, value in delivery.headers.items()
        },
        "body": sql.in_hex(delivery.body),
        "unwrapped": None if decided.unwrapped == delivery.body else sql.in_hex(decided.unwrapped),
        "outcome": decided.outcome.value,
        "reason": decided.reason.replace("\0", ""),
        "reply_status": decided.reply.status,
        "reply": sql.in_hex(decided.reply.body),
        "replay_of": delivery.replay_of,
        "terms": sql.in_hex(decided.terms),
    }
