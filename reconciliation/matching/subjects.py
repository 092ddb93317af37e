"""What a statement's cases are about: transaction ids, or rows of totals, page by page."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from reconciliation.matching import totals
from reconciliation.models import CaseKind, Layout, Statement

# Case kinds that are named like the buckets they come from.
KINDS = (
    CaseKind.ONLY_IN_STATEMENT,
    CaseKind.ONLY_IN_LEDGER,
    CaseKind.AMOUNT_DIFFERS,
    CaseKind.PLAYER_DIFFERS,
    CaseKind.CURRENCY_DIFFERS,
    CaseKind.REPEATED_LINE,
)

# A page of one bucket, with what has an open case told apart.
UNCASED = """
SELECT m.id, coalesce(l.transaction_id, t.transaction_id),
       NOT EXISTS (SELECT FROM reconciliation_case c
                   WHERE c.provider = %(provider)s AND c.kind = %(kind)s AND c.status <> 'closed'
                     AND c.subject = coalesce(l.transaction_id, t.transaction_id))
FROM (SELECT id, line_id, entry_id FROM reconciliation_match
      WHERE statement_id = %(statement)s AND bucket = %(kind)s AND id > %(after)s
      ORDER BY id LIMIT %(limit)s) m
LEFT JOIN reconciliation_line l ON l.id = m.line_id
LEFT JOIN wallets_entry e ON e.id = m.entry_id AND m.line_id IS NULL
LEFT JOIN wallets_transaction t ON t.id = e.transaction_id
ORDER BY m.id
"""

# The last thing that was booked of an id or about it.
NEWEST = """
SELECT named.subject, newest.posted_at, newest.origin
FROM unnest(%(ids)s::text[]) AS named (subject)
CROSS JOIN LATERAL (
    SELECT t.posted_at, t.origin, t.id
    FROM wallets_transaction t
    WHERE t.provider = %(provider)s
      AND t.transaction_id IN (named.subject, 'corrected:' || named.subject)
    UNION ALL
    SELECT t.posted_at, t.origin, t.id
    FROM wallets_reference r
    JOIN wallets_transaction t ON t.id = r.transaction_id
    WHERE r.provider = %(provider)s AND r.effect = 'cancels'
      AND r.target IN (named.subject, 'corrected:' || named.subject)
    ORDER BY 1 DESC, 3 DESC
    LIMIT 1) newest
"""


def uncased(
    statement: Statement, kind: CaseKind, *, after: int, limit: int
) -> tuple[list[str], int | None]:
    """Subjects of one kind without an open case; the number after which there may be more."""
    if statement.format.layout == Layout.TOTALS:
        return totals.uncased(statement, kind, after=after, limit=limit)
    parameters = {
        "statement": statement.pk,
        "provider": statement.provider,
        "kind": kind.value,
        "after": after,
        "limit": limit,
    }
    rows = list(read(UNCASED, parameters))
    subjects = {subject for _, subject, is_uncased in rows if is_uncased}
    return sorted(subjects), rows[-1][0] if len(rows) == limit else None


def newest(provider: str, subjects: Collection[str]) -> dict[str, tuple[datetime, str]]:
    """When something was booked last about each subject, and by whom it was asked for."""
    found = read(NEWEST, {"provider": provider, "ids": list(subjects)})
    return {subject: (posted_at, origin) for subject, posted_at, origin in found}


def read(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
