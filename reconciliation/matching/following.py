"""Minute by minute: what the books, or the clock, have settled since a statement was matched."""

from datetime import datetime

from django.db import connection

from reconciliation.matching import matching, run, subjects
from reconciliation.models import Bucket, BucketSum, Statement, StatementStatus

BATCH = 1_000

# Something was booked, corrected or taken back since the case was last brought up to date.
BOOKED_SINCE = """
SELECT c.id, c.provider, c.subject
FROM reconciliation_case c
CROSS JOIN LATERAL (
    SELECT max(posted_at) AS posted_at
    FROM (SELECT t.posted_at
          FROM wallets_transaction t
          WHERE t.provider = c.provider
            AND t.transaction_id IN (c.subject, 'corrected:' || c.subject)
          UNION ALL
          SELECT t.posted_at
          FROM wallets_reference r
          JOIN wallets_transaction t ON t.id = r.transaction_id
          WHERE r.provider = c.provider AND r.effect = 'cancels'
            AND r.target IN (c.subject, 'corrected:' || c.subject)) posted) newest
WHERE c.status <> 'closed' AND c.kind = ANY(%(kinds)s) AND c.id > %(after)s
  AND newest.posted_at > coalesce(c.last_at, '-infinity')
ORDER BY c.id
LIMIT %(limit)s
"""

# What was in flight and isn't any more: the other side had its time, or the next statement came.
LANDED = """
SELECT m.id, coalesce(l.transaction_id, t.transaction_id)
FROM reconciliation_match m
LEFT JOIN reconciliation_line l ON l.id = m.line_id
LEFT JOIN wallets_entry e ON e.id = m.entry_id
LEFT JOIN wallets_transaction t ON t.id = e.transaction_id
WHERE m.statement_id = %(statement)s AND m.bucket = 'in_flight' AND m.id > %(after)s
  AND CASE WHEN m.line_id IS NOT NULL THEN NOT %(lines_are_open)s
           ELSE NOT (%(start_is_open)s
                     AND coalesce(t.occurred_at, t.posted_at) < %(start)s + %(grace)s)
            AND NOT (%(end_is_open)s
                     AND coalesce(t.occurred_at, t.posted_at) >= %(end)s - %(grace)s) END
ORDER BY m.id
LIMIT %(limit)s
"""


def update(*, at: datetime) -> matching.Summary:
    """Look again at open cases whose ids were booked since, and at what was in flight."""
    summary = matching.Summary()
    after: int | None = 0
    while after is not None:
        after = _booked_since(after, at, summary)
    for statement in _in_flight():
        _land(statement, at, summary)
    return summary


def _booked_since(after: int, at: datetime, summary: matching.Summary) -> int | None:
    """One page of cases; the number after which there may be more."""
    kinds = [kind.value for kind in subjects.KINDS]
    with connection.cursor() as cursor:
        cursor.execute(BOOKED_SINCE, {"kinds": kinds, "after": after, "limit": BATCH})
        rows = list(cursor.fetchall())
    for provider in sorted({provider for _, provider, _ in rows}):
        ids = {subject for _, name, subject in rows if name == provider}
        matching.rematch(provider, ids, at=at, summary=summary)
    return rows[-1][0] if len(rows) == BATCH else None


def _in_flight() -> list[Statement]:
    sums = BucketSum.objects.filter(
        bucket=Bucket.IN_FLIGHT, statement__status=StatementStatus.IMPORTED
    )
    found = sums.values("statement")
    return list(Statement.objects.filter(pk__in=found).select_related("format").order_by("pk"))


def _land(statement: Statement, at: datetime, summary: matching.Summary) -> None:
    """Look again at what isn't in flight any more. Only the clock decides: what has landed once is
    not found again."""
    parameters = run.of(statement, at=at).parameters
    after: int | None = 0
    while after is not None:
        with connection.cursor() as cursor:
            cursor.execute(LANDED, parameters | {"after": after, "limit": BATCH})
            rows = list(cursor.fetchall())
        if rows:
            ids = {id_ for _, id_ in rows}
            matching.rematch(statement.provider, ids, at=at, summary=summary)
        after = rows[-1][0] if len(rows) == BATCH else None
