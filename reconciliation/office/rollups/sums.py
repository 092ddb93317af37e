"""The sums of hours, straight from the ledger and the inbox: what figures are made of.

Both go through an index of the time (transaction_by_posting, callback_by_time). An hour's number is
that of its start among the starts that are given, so whatever the zone's clocks do every row is of
exactly one hour. Of hours whose deliveries were removed there is nothing to add up any more: their
figures stay as they were written last, and nothing is compared with them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from reconciliation.office.rollups import answer_times
from reconciliation.statements.periods import Period

# Test players are left out, and so is what players brought in and took out. Whatever two people
# moved stands apart, under whichever kind and provider it was booked.
MONEY = """
SELECT (%(starts)s::timestamptz[])[width_bucket(t.posted_at, %(starts)s::timestamptz[])] AS hour,
       t.provider, w.currency,
       CASE WHEN t.origin = 'adjustment' THEN 'adjustment' ELSE t.kind END AS kind,
       count(DISTINCT t.id), sum(e.debit), sum(e.credit)
FROM wallets_transaction t
JOIN wallets_entry e ON e.transaction_id = t.id
JOIN wallets_wallet w ON w.id = e.wallet_id
JOIN wallets_player p ON p.id = w.player_id
WHERE t.posted_at >= %(start)s AND t.posted_at < %(end)s AND NOT p.is_test
  AND (t.provider <> 'house' OR t.kind = 'adjustment')
GROUP BY 1, 2, 3, 4
"""
_COUNTED = ", ".join(
    f"coalesce(sum(n) FILTER (WHERE bucket = {number}), 0)::bigint"
    for number in range(answer_times.BUCKETS)
)
# Of an hour that has nothing in a month that was removed.
_THERE = """NOT EXISTS (SELECT FROM providers_pruned p
            WHERE {at} > p.start_at - interval '1 hour' AND {at} < p.end_at)"""
# What Cage settled again by itself nobody delivered.
DELIVERIES = f"""
SELECT hour, provider, outcome, sum(n)::bigint, max(last_at), ARRAY[{_COUNTED}]
FROM (
    SELECT (%(starts)s::timestamptz[])[width_bucket(received_at, %(starts)s::timestamptz[])]
               AS hour,
           provider, outcome,
           width_bucket(extract(epoch FROM decided_at - received_at) * 1000,
                        ARRAY[{", ".join(map(str, answer_times.BOUNDS))}]::numeric[]) AS bucket,
           count(*) AS n, max(received_at) AS last_at
    FROM providers_callback
    WHERE received_at >= %(start)s AND received_at < %(end)s AND replay_of IS NULL
    GROUP BY 1, 2, 3, 4
) counted
WHERE {_THERE.format(at="hour")}
GROUP BY hour, provider, outcome
"""
KEPT = {
    MONEY: (
        "reconciliation_moneyfigure",
        "provider, currency, kind",
        "transactions, debit, credit",
    ),
    DELIVERIES: (
        "reconciliation_deliveryfigure",
        "provider, outcome",
        "count, last_at, answered",
    ),
}
READABLE = {MONEY: "true", DELIVERIES: _THERE.format(at="starts_at")}

Row = tuple[object, ...]


def read(sql: str, period: Period, starts: Sequence[datetime]) -> list[Row]:
    """The sums of a time, as they are now. `starts` are those of its hours."""
    return _rows(sql, _values(period, starts))


def kept(sql: str, period: Period) -> list[Row]:
    """The same, as they were written last."""
    table, names, values = KEPT[sql]
    query = (
        f"SELECT starts_at, {names}, {values} FROM {table} "
        "WHERE NOT is_part AND starts_at >= %(start)s AND starts_at < %(end)s "
        f"AND {READABLE[sql]}"
    )
    return _rows(query, {"start": period.start_at, "end": period.end_at})


def write(sql: str, period: Period, starts: Sequence[datetime], *, is_part: bool = False) -> None:
    """Replace what is written of these hours by what their sums are now; of a part, of any."""
    table, names, values = KEPT[sql]
    whole = f"NOT is_part AND starts_at >= %(start)s AND starts_at < %(end)s AND {READABLE[sql]}"
    old = "is_part" if is_part else whole
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE {old}",
            {"start": period.start_at, "end": period.end_at},
        )
        # Read and written in two steps: PostgreSQL adds up in parallel only what it doesn't write.
        cursor.execute(sql, _values(period, starts))
        rows = cursor.fetchall()
        columns = f"is_part, starts_at, {names}, {values}"
        places = ", ".join(["%s"] * len(columns.split(", ")))
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({places})",
            [(is_part, *row) for row in rows],
        )


def forget(sql: str) -> None:
    """Remove all that is written and can be added up again."""
    table, *_ = KEPT[sql]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE is_part OR {READABLE[sql]}")


def _values(period: Period, starts: Sequence[datetime]) -> dict[str, Any]:
    return {"start": period.start_at, "end": period.end_at, "starts": list(starts)}


def _rows(sql: str, values: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
