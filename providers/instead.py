"""Answers without a decision, until it is known whether the delivery was decided after all.

At its deadline a delivery is answered while its COMMIT may still be on its way. Should a row of it
appear, the provider has heard something else than what stands there, and that is kept beside it.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import Error, connection, transaction
from django.utils import timezone

from providers.protocols.base import Delivery, Reply

EVERY = 10.0  # Seconds between two looks.
KEPT = 900.0  # Seconds after which no COMMIT is on its way any more.
MOST = 10_000  # Answers that are remembered: in a long outage no row of theirs will appear.

# Rows that say another reply than the one that was sent.
WRITE = """
WITH told (delivery_id, received_at, provider, sent_at, status, reply) AS (
    SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::timestamptz[],
        %s::smallint[], %s::bytea[])
), decided AS (
    SELECT told.*, c.reply_status = told.status AND c.reply = told.reply AS is_same
    FROM told JOIN providers_callback c
      ON c.delivery_id = told.delivery_id AND c.received_at = told.received_at
), written AS (
    INSERT INTO providers_sentinstead (delivery_id, received_at, provider, sent_at, status, reply)
    SELECT delivery_id, received_at, provider, sent_at, status, reply
    FROM decided WHERE NOT is_same
    ON CONFLICT DO NOTHING
)
SELECT delivery_id FROM decided
"""

log = logging.getLogger("cage.inbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """`since` in time.monotonic. The delivery itself may be large, and isn't needed."""

    row: tuple[UUID, datetime, str, datetime, int, bytes]
    since: float


_told: dict[UUID, _Told] = {}
_lock = threading.Lock()
_looked = 0.0


def remember(delivery: Delivery, reply: Reply) -> None:
    """`reply` is what the provider of an authentic delivery hears; no row says so yet."""
    named, sent_at = delivery.delivery_id, timezone.now()
    row = (named, delivery.received_at, delivery.provider, sent_at, reply.status, reply.body)
    with _lock:
        if len(_told) < MOST:
            _told[named] = _Told(row=row, since=time.monotonic())
            return
    log.error("what was sent is not remembered: too many are", extra=delivery.names)


def write() -> None:
    """Look for rows of them, now that the database has answered; not all the time."""
    global _looked
    now = time.monotonic()
    with _lock:
        if not _told or now - _looked < EVERY:
            return
        _looked = now
        open_ = list(_told.values())
    try:
        decided = _write([told.row for told in open_])
    except Error as error:
        log.warning("what was sent instead could not be written: %s", error)
        connection.close()
        return
    # Only what has been looked for, and what no COMMIT can be on its way of, is forgotten.
    decided |= {told.row[0] for told in open_ if now - told.since > KEPT}
    with _lock:
        for delivery_id in decided:
            _told.pop(delivery_id, None)


def _write(rows: list[tuple[UUID, datetime, str, datetime, int, bytes]]) -> set[UUID]:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(WRITE, [list(column) for column in zip(*rows, strict=True)])
        return {delivery_id for (delivery_id,) in cursor.fetchall()}


def forget() -> None:
    """A forked process answered none of them; a lock may be held by a thread that isn't there."""
    global _lock
    _lock = threading.Lock()
    _told.clear()
