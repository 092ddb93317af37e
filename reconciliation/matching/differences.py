"""What is doubted about transaction ids of a statement, read from where their movements stand."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import groupby
from operator import attrgetter

from reconciliation import judging
from reconciliation.judging import Risk
from reconciliation.matching import subjects, totals
from reconciliation.models import CaseKind, Layout, Statement
from wallets import money, pages

MOST = 100  # Rows of one case: of more nobody can say what is at risk.
TOLD = 3

LISTED = """
SELECT * FROM (
    SELECT m.bucket, l.transaction_id, l.number, l.uid, l.currency, l.debit, l.credit, l.net_only,
           l.occurred_at, p.uid, w.currency, e.debit, e.credit,
           row_number() OVER (PARTITION BY m.bucket, l.transaction_id ORDER BY l.number, l.part)
               AS turn,
           count(*) OVER (PARTITION BY m.bucket, l.transaction_id)
    FROM reconciliation_line l
    JOIN reconciliation_match m ON m.line_id = l.id AND m.bucket = ANY(%(kinds)s)
    LEFT JOIN wallets_entry e ON e.id = m.entry_id
    LEFT JOIN wallets_wallet w ON w.id = e.wallet_id
    LEFT JOIN wallets_player p ON p.id = w.player_id
    WHERE l.statement_id = %(statement)s AND l.transaction_id = ANY(%(ids)s::text[])) rows
WHERE turn <= %(most)s
ORDER BY bucket, transaction_id, turn
"""

# What is only in the ledger of an id is no doubt where what cancels it is only there, too, and
# gives every wallet back what it lost: the provider lists neither.
BOOKED = """
WITH named AS (
    SELECT t.id, t.transaction_id, coalesce(t.occurred_at, t.posted_at) AS moment,
           coalesce(r.transaction_id, t.id) AS last
    FROM wallets_transaction t
    LEFT JOIN wallets_reference r
      ON r.provider = t.provider AND r.target = t.transaction_id AND r.effect = 'cancels'
    WHERE t.provider = %(provider)s AND t.transaction_id = ANY(%(ids)s::text[])),
member AS (
    SELECT last, last AS id FROM named
    UNION
    SELECT n.last, t.id
    FROM named n
    JOIN wallets_reference r ON r.transaction_id = n.last AND r.effect = 'cancels'
    JOIN wallets_transaction t ON t.provider = r.provider AND t.transaction_id = r.target),
missing AS (
    SELECT m.last
    FROM member m
    JOIN wallets_entry e ON e.transaction_id = m.id
    WHERE NOT EXISTS (SELECT FROM reconciliation_match x
                      WHERE x.entry_id = e.id AND x.line_id IS NOT NULL)
    GROUP BY m.last, e.wallet_id
    HAVING sum(e.credit - e.debit) <> 0)
SELECT 'only_in_ledger', n.transaction_id, NULL, NULL, NULL, NULL, NULL, false,
       n.moment, p.uid, w.currency, e.debit, e.credit,
       row_number() OVER (PARTITION BY n.id ORDER BY e.id),
       count(*) OVER (PARTITION BY n.id)
FROM named n
JOIN wallets_entry e ON e.transaction_id = n.id
JOIN wallets_wallet w ON w.id = e.wallet_id
JOIN wallets_player p ON p.id = w.player_id
JOIN reconciliation_match m
  ON m.entry_id = e.id AND m.statement_id = %(statement)s AND m.line_id IS NULL
 AND m.bucket = 'only_in_ledger'
WHERE n.last IN (SELECT last FROM missing)
ORDER BY n.transaction_id, e.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One case as it should be."""

    kind: CaseKind
    subject: str
    reason: str
    risk: Risk
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """A line, a movement of the ledger, or both. `count` are the rows of its id and bucket."""

    bucket: str
    transaction_id: str
    number: int | None
    uid: str
    currency: str
    debit: Decimal
    credit: Decimal
    net_only: bool
    moment: datetime | None
    booked_uid: str
    booked_currency: str
    booked_debit: Decimal
    booked_credit: Decimal
    turn: int
    count: int

    @property
    def listed(self) -> str:
        """What the file says."""
        if self.net_only:
            gain = self.credit - self.debit
            what = f"net {pages.amount(gain)} {self.currency}"
        else:
            what = _moved(self.debit, self.credit, self.currency)
        return f"Row {self.number}: {what} for {self.uid}"

    @property
    def booked(self) -> str:
        what = _moved(self.booked_debit, self.booked_credit, self.booked_currency)
        return f"{what} for {self.booked_uid}"

    @property
    def difference(self) -> Decimal:
        with localcontext(money.EXACT):
            booked = self.booked_credit - self.booked_debit
            return abs(self.credit - self.debit - booked)


def of(statement: Statement, named: Collection[str]) -> Iterator[Doubt]:
    """The cases that these subjects deserve."""
    if statement.format.layout == Layout.TOTALS:
        for total, differences in totals.differing(statement, named):
            yield Doubt(
                kind=CaseKind.AMOUNT_DIFFERS,
                subject=totals.subject(total),
                reason=" ".join(differences),
                risk=totals.risk(total),
                first_at=statement.start_at,
            )
        return
    parameters = {
        "statement": statement.pk,
        "provider": statement.provider,
        "kinds": [kind.value for kind in subjects.KINDS],
        "ids": list(named),
        "most": MOST,
    }
    rows = [Row(*row) for sql in (LISTED, BOOKED) for row in subjects.read(sql, parameters)]
    for (bucket, subject), found in groupby(rows, attrgetter("bucket", "transaction_id")):
        yield _doubt(CaseKind(bucket), subject, list(found))


def _doubt(kind: CaseKind, subject: str, rows: Sequence[Row]) -> Doubt:
    moments = [row.moment for row in rows if row.moment is not None]
    return Doubt(
        kind=kind,
        subject=subject,
        reason=_reason(kind, rows),
        risk=_risk(kind, rows) if rows[0].count <= MOST else Risk(),
        first_at=min(moments, default=None),
    )


def _reason(kind: CaseKind, rows: Sequence[Row]) -> str:
    if kind is CaseKind.ONLY_IN_LEDGER:
        told = [f"Booked: {row.booked}." for row in rows[:TOLD]]
    elif kind in (CaseKind.ONLY_IN_STATEMENT, CaseKind.REPEATED_LINE):
        told = [f"{row.listed}." for row in rows[:TOLD]]
    else:
        told = [f"{row.listed}; booked: {row.booked}." for row in rows[:TOLD]]
    more = rows[0].count - len(told)
    return " ".join([*told, f"And {more:,} more."] if more else told)


def _risk(kind: CaseKind, rows: Sequence[Row]) -> Risk:
    """What is listed and not booked; of what both sides have, by how much they differ, else what
    is booked for the wrong player or in the wrong currency."""
    listed = [(row.uid, row.currency, row.debit, row.credit) for row in rows]
    if kind in (CaseKind.ONLY_IN_STATEMENT, CaseKind.REPEATED_LINE):
        return judging.risk_of(listed)
    booked = [
        (row.booked_uid, row.booked_currency, row.booked_debit, row.booked_credit) for row in rows
    ]
    whole = judging.risk_of(booked)
    if kind is not CaseKind.AMOUNT_DIFFERS or not whole.currency:
        return whole
    with localcontext(money.EXACT):
        amount = sum((row.difference for row in rows), money.ZERO)
    fits = money.fits(amount)
    return Risk(player=whole.player, amount=amount if fits else None, currency=whole.currency)


def _moved(debit: Decimal, credit: Decimal, currency: str) -> str:
    return f"debit {pages.amount(debit)}, credit {pages.amount(credit)} {currency}"
