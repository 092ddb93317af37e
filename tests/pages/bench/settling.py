"""What a settlement takes on disk and in the log, as it is really delivered, decided and kept.

    CAGE_HOME=/tmp/settling ./cage manage migrate --database owner
    CAGE_HOME=/tmp/settling ./cage manage shell -v 0 \\
        -c "from tests.pages.bench import settling; settling.main()"

On an empty demo database, which is to be thrown away afterwards. The deliveries are those that the
providers' documents print, with an id and a player of their own, one after the other, each a commit
of its own. Nothing here depends on the clock: a busy machine counts the same bytes.
"""

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import connections
from django.test import override_settings

from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.pages.bench.filling import timed
from tests.providers import senders
from tests.providers.senders import Sent, altered, send
from wallets.models import DatabaseMark, Transaction

PLAYERS = 2_000
SIZES = """
SELECT coalesce(p.inhparent::regclass, c.oid::regclass)::text AS name,
       sum(pg_relation_size(c.oid))::bigint,
       sum(CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(c.reltoastrelid) END
          )::bigint,
       sum(pg_indexes_size(c.oid))::bigint
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
WHERE c.relkind = 'r' AND (c.relname LIKE 'wallets%' OR c.relname LIKE 'providers%')
GROUP BY 1
"""
Sizes = dict[str, tuple[int, ...]]


def jdb(number: int) -> Sent:
    body = senders.verbatim("jdb", "settle")
    bet = {"refTransferIds": [272_000_000 + 2 * number]}
    return senders.jdb(altered(body, transferId=272_000_001 + 2 * number, **_whose(number), **bet))


def besoft(number: int) -> Sent:
    body = senders.verbatim("besoft", "result")
    transaction, round_ = f"1zr8cu{number:07}", f"1zr83u{number:07}"
    return senders.besoft(altered(body, transId=transaction, roundId=round_, **_whose(number)))


def main(count: int = 10_000) -> None:
    if not DatabaseMark.is_demo() or Transaction.objects.exists():
        sys.exit("This is for an empty demo database: choose a CAGE_HOME that can be deleted.")
    hosts = [*settings.ALLOWED_HOSTS, "testserver"]
    with override_settings(PROVIDERS=json.dumps(PROVIDERS), ALLOWED_HOSTS=hosts):
        books = Books()
        timed(
            "players", lambda: [books.open(f"player{n:05}", "USD", "100") for n in range(PLAYERS)]
        )
        for sent in (jdb, besoft):
            _report(sent, count)


def _report(sent: Callable[[int], Sent], count: int) -> None:
    with connections["owner"].cursor() as cursor:
        before, log = _sizes(cursor), _log(cursor)
        timed(sent.__name__, lambda: _settle(map(sent, range(count))))
        connections["default"].close()  # Its part of the statistics is told with its end.
        after, written = _sizes(cursor), [a - b for a, b in zip(_log(cursor), log, strict=True)]
    print(f"\n{sent.__name__}: bytes a settlement, of {count:,}")
    print(f"{'':<26}{'rows':>8}{'toast':>8}{'indexes':>9}{'all':>8}")
    grown = {
        name: [a - b for a, b in zip(after[name], before[name], strict=True)] for name in after
    }
    grown["all"] = [sum(column) for column in zip(*grown.values(), strict=True)]
    for name, parts in grown.items():
        if sum(parts) >= count:
            rows, toast, indexes = (part / count for part in parts)
            print(f"{name:<26}{rows:>8.0f}{toast:>8.0f}{indexes:>9.0f}{sum(parts) / count:>8.0f}")
    print(
        f"log: {written[0] / count:,.0f}, of {written[1] / count:.1f} records; "
        f"{written[2]:,} pages were written whole, as after every checkpoint"
    )


def _whose(number: int) -> dict[str, Any]:
    return {"uid": f"player{number * 7 % PLAYERS:05}"}


def _settle(deliveries: Iterable[Sent]) -> None:
    for sent in deliveries:
        heard = send(sent)
        if heard.status != 200 or heard.json.get("status") not in (1, "0000"):
            sys.exit(f"Not settled: {heard}")


def _sizes(cursor: Any) -> Sizes:
    cursor.execute(SIZES)
    return {name: tuple(parts) for name, *parts in cursor.fetchall()}


def _log(cursor: Any) -> list[int]:
    """Bytes, records and whole pages that were ever written to it."""
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), wal_records, wal_fpi "
        "FROM pg_stat_wal"
    )
    return [int(part) for part in cursor.fetchone()]
