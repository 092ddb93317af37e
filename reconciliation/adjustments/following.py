"""Money that was given by hand, and then delivered after all: a case, for a person to decide."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import connection

from reconciliation.adjustments import proposal
from reconciliation.models import Adjustment, Case, CaseKind

GIVEN_AND_BOOKED = """
SELECT DISTINCT ON (c.provider, c.subject) a.id, c.provider, c.subject, c.reference, t.posted_at
FROM reconciliation_adjustment a
JOIN reconciliation_case c ON c.id = a.case_id
JOIN wallets_transaction t
  ON t.provider = c.provider AND t.transaction_id = c.subject AND t.refusal = ''
 AND t.posted_at > a.decided_at AND t.origin <> 'adjustment'
WHERE a.status = 'approved' AND a.kind = 'free' AND c.subject <> ''
  AND NOT EXISTS (SELECT FROM reconciliation_case d
                  WHERE d.provider = c.provider AND d.subject = c.subject AND d.kind = 'dispute'
                    AND coalesce(d.last_at, d.opened_at) >= t.posted_at)
ORDER BY c.provider, c.subject, a.id
LIMIT 1000
"""


def given_twice(at: datetime) -> Iterator[Case]:
    """One case for each id of which money was given by hand before it was booked: a new dispute,
    or the one that is open, which is told of it."""
    with connection.cursor() as cursor:
        cursor.execute(GIVEN_AND_BOOKED)
        rows = cursor.fetchall()
    given = Adjustment.objects.in_bulk([row[0] for row in rows])
    for number, provider, subject, reference, posted_at in rows:
        amounts = proposal.net(given[number].moves)
        one: tuple[str, Decimal | None] = next(iter(amounts.items()))
        yield Case(
            kind=CaseKind.DISPUTE,
            provider=provider,
            subject=subject,
            reference=reference,
            player=given[number].moves[0]["uid"],
            amount=one[1],
            currency=one[0],
            reason=f"It was delivered and booked, and given by hand before: adjustment #{number}.",
            first_at=posted_at,
            last_at=posted_at,
            opened_at=at,
        )
