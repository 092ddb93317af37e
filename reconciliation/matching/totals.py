"""Statements that have totals only: compared with the books at their own grain.

What two people reversed counts on neither side of the books, and what stands instead counts as
what it stands for. A count is of movements.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal, localcontext

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from reconciliation.judging import Risk
from reconciliation.matching import run
from reconciliation.models import CaseKind, Statement, Total
from wallets import money, pages
from wallets.instructions import CORRECTED, REVERSAL

BOOKED = """
WITH booked AS (
    SELECT w.currency COLLATE "C" AS currency, coalesce(p.uid, '') COLLATE "C" AS uid,
           split_part(CASE WHEN starts_with(t.transaction_id, %(corrected)s)
                           THEN substr(t.transaction_id, length(%(corrected)s) + 1)
                           ELSE t.transaction_id END, ':', 1) COLLATE "C" AS operation,
           e.debit, e.credit
    FROM wallets_transaction t
    JOIN wallets_entry e ON e.transaction_id = t.id
    JOIN wallets_wallet w ON w.id = e.wallet_id
    JOIN wallets_player p ON p.id = w.player_id
    WHERE t.provider = %(provider)s
      AND coalesce(t.occurred_at, t.posted_at) >= %(start)s
      AND coalesce(t.occurred_at, t.posted_at) < %(end)s
      AND NOT starts_with(t.transaction_id, %(reversal)s)
      AND NOT EXISTS (SELECT FROM wallets_transaction x
                      WHERE x.provider = t.provider
                        AND x.transaction_id = %(reversal)s || t.transaction_id)),
summed AS (
    SELECT currency, coalesce(uid, '') AS uid, coalesce(operation, '') AS operation,
           count(*) AS count, sum(debit) AS debit, sum(credit) AS credit
    FROM booked
    GROUP BY GROUPING SETS ((currency), (currency, uid), (currency, operation),
                            (currency, uid, operation)))
UPDATE reconciliation_total o
SET our_count = n.count, our_debit = n.debit, our_credit = n.credit
FROM (SELECT t.id, coalesce(s.count, 0) AS count, coalesce(s.debit, 0) AS debit,
             coalesce(s.credit, 0) AS credit
      FROM reconciliation_total t
      LEFT JOIN summed s
        ON s.currency = t.currency AND s.uid = t.uid AND s.operation = t.operation
      WHERE t.statement_id = %(statement)s) n
WHERE o.id = n.id
  AND (o.our_count, o.our_debit, o.our_credit) IS DISTINCT FROM (n.count, n.debit, n.credit)
"""


def compare(statement: Statement, *, at: datetime) -> Statement:
    """Note beside each of the provider's totals what the books sum up to there; only rows that
    changed are written. Returns the statement as it is then."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        run.wait_for_the_others(statement.provider)
        cursor.execute(
            BOOKED,
            {
                "statement": statement.pk,
                "provider": statement.provider,
                "start": statement.start_at,
                "end": statement.end_at,
                "corrected": f"{CORRECTED}:",
                "reversal": f"{REVERSAL}:",
            },
        )
        statement.matched_at = at
        statement.save(update_fields=["matched_at"])
    return statement


def differences(total: Total, tolerance: Decimal) -> list[str]:
    """What the provider says otherwise than the books, a sentence each; nothing where they agree.

    Only what the provider states is compared. Amounts may differ by `tolerance`, counts may not.
    """
    found = []
    if total.count is not None and total.count != total.our_count:
        found.append(f"The provider counts {total.count:,}, the books {total.our_count or 0:,}.")
    for name in ("debit", "credit", "net"):
        theirs, ours = getattr(total, name), ours_of(total, name)
        if theirs is not None and _apart(theirs, ours) > tolerance:
            said = f"{pages.amount(theirs)} {total.currency}"
            found.append(f"{name.capitalize()}: {said}; booked: {pages.amount(ours)}.")
    return found


def ours_of(total: Total, name: str) -> Decimal:
    """`debit`, `credit` or `net` of the books."""
    debit, credit = total.our_debit or money.ZERO, total.our_credit or money.ZERO
    with localcontext(money.EXACT):
        return {"debit": debit, "credit": credit, "net": credit - debit}[name]


def risk(total: Total) -> Risk:
    """By how much they differ for the player: in what is gained, as far as the provider says."""
    theirs = total.net
    if theirs is None and total.debit is not None and total.credit is not None:
        with localcontext(money.EXACT):
            theirs = total.credit - total.debit
    amount = None if theirs is None else _apart(theirs, ours_of(total, "net"))
    if amount is not None and not money.fits(amount):
        amount = None
    return Risk(player=total.uid, amount=amount, currency=total.currency)


def _apart(theirs: Decimal, ours: Decimal) -> Decimal:
    with localcontext(money.EXACT):
        return abs(theirs - ours)


# -- As cases -----------------------------------------------------------------------------------


def subject(total: Total) -> str:
    """What a case calls a row of totals: `statement:12:5`, the fifth row of the file."""
    return f"statement:{total.statement_id}:{total.number}"


def differing(statement: Statement, subjects: Collection[str]) -> Iterator[tuple[Total, list[str]]]:
    """Those of these rows that differ, and how."""
    numbers = [int(number) for name in subjects if (number := name.rpartition(":")[2]).isdecimal()]
    for total in _compared(statement).filter(number__in=numbers):
        if found := differences(total, statement.format.tolerance):
            yield total, [f"Row {total.number}.", *found]


def open_rows(statement: Statement, *, shown: int = 0) -> tuple[int, list[str]]:
    """How many differ, and the first of them in words."""
    count, told = 0, []
    for total in _compared(statement).iterator():
        if found := differences(total, statement.format.tolerance):
            count += 1
            if count <= shown:
                told.append(" ".join([f"Row {total.number}.", *found]))
    return count, told


def uncased(
    statement: Statement, kind: CaseKind, *, after: int, limit: int
) -> tuple[list[str], int | None]:
    """A page of rows that differ, as cases of one kind call them, as for lines."""
    if kind is not CaseKind.AMOUNT_DIFFERS:
        return [], None
    rows = list(_compared(statement).filter(number__gt=after).order_by("number")[:limit])
    tolerance = statement.format.tolerance
    subjects = [subject(total) for total in rows if differences(total, tolerance)]
    return subjects, rows[-1].number if len(rows) == limit else None


def _compared(statement: Statement) -> QuerySet[Total]:
    return Total.objects.filter(~Q(our_count=None), statement=statement).order_by("number")
