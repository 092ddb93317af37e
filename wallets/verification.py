"""Is every book right? Checks in SQL, each returning the rows that violate it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from wallets import quick_checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`sql` selects one text per violation; no row means that the rule holds.

    `quick` selects those of what was posted from `:since` on; or `narrow` stands before `sql` for
    that. A check with neither is of the whole books only. `kept` are tables of which the owner may
    remove a part: not while it is verified.
    """

    name: str
    sql: str
    quick: str = ""
    narrow: str = ""
    kept: tuple[str, ...] = ()

    def of(self, since: datetime | None) -> str:
        """Its SQL for the whole books (None), or for what was posted since then; "" for none."""
        if since is None:
            return self.sql
        quick = self.quick or (self.narrow and self.narrow + self.sql)
        return quick.replace(":since", f"'{since.isoformat()}'::timestamptz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`violations` counts all; `first` are the first of them, as sentences."""

    check: Check
    violations: int
    first: tuple[str, ...]


CHECKS: list[Check] = [
    Check(
        name="each wallet's entries are numbered 1, 2, 3, ... without a gap",
        sql="""
        SELECT format('wallet %s: %s entries, numbered %s to %s, wallet says %s',
                      w.id, e.count, e.first, e.last, w.sequence)
        FROM wallets_wallet w
        LEFT JOIN (SELECT wallet_id, count(*), min(sequence) AS first, max(sequence) AS last
                   FROM wallets_entry GROUP BY wallet_id) e ON e.wallet_id = w.id
        WHERE coalesce(e.count, 0) <> w.sequence OR coalesce(e.last, 0) <> w.sequence
           OR coalesce(e.first, 1) <> 1
        """,
        quick=quick_checks.NUMBERED,
    ),
    Check(
        name="each balance before is the balance after of the entry before it",
        sql="""
        SELECT format('wallet %s entry %s: starts at %s, the entry before ended at %s',
                      wallet_id, sequence, balance_before, previous)
        FROM (SELECT wallet_id, sequence, balance_before,
                     coalesce(lag(balance_after) OVER wallet, 0) AS previous
              FROM wallets_entry WINDOW wallet AS (PARTITION BY wallet_id ORDER BY sequence)) e
        WHERE balance_before <> previous
        """,
        quick=quick_checks.CONTINUED,
    ),
    Check(
        name="each wallet's balance is its last entry's and the sum of all",
        sql="""
        SELECT format('wallet %s: balance %s, last entry %s, sum of entries %s',
                      w.id, w.balance, coalesce(l.balance_after, 0), coalesce(e.sum, 0))
        FROM wallets_wallet w
        LEFT JOIN wallets_entry l ON l.wallet_id = w.id AND l.sequence = w.sequence
        LEFT JOIN (SELECT wallet_id, sum(credit - debit) AS sum
                   FROM wallets_entry GROUP BY wallet_id) e ON e.wallet_id = w.id
        WHERE w.balance <> coalesce(e.sum, 0) OR w.balance <> coalesce(l.balance_after, 0)
        """,
        quick=quick_checks.BALANCES,
    ),
    Check(
        name="each transaction's entries fit its terms",
        sql="""
        SELECT format('%s %s: entries do not fit the terms', t.provider, t.transaction_id)
        FROM wallets_transaction t
        LEFT JOIN (
            SELECT transaction_id, string_agg(line, E'\\n' ORDER BY line COLLATE "C") AS lines
            FROM (SELECT e.transaction_id, trim_scale(e.debit) || ' ' || trim_scale(e.credit)
                         || ' ' || w.currency || ' ' || p.uid AS line
                  FROM wallets_entry e
                  JOIN wallets_wallet w ON w.id = e.wallet_id
                  JOIN wallets_player p ON p.id = w.player_id) movement
            GROUP BY transaction_id) e ON e.transaction_id = t.id
        WHERE t.refusal = '' AND t.kind <> 'rollback'
          AND NOT (t.kind = 'adjustment' AND EXISTS (
              SELECT FROM wallets_reference r
              WHERE r.transaction_id = t.id AND r.effect = 'cancels'))
          AND t.terms <> sha256(convert_to(coalesce(e.lines, ''), 'UTF8'))
        """,
        narrow=quick_checks.NEW_ENTRIES,
    ),
    Check(
        name="a refusal that stands has no entries",
        sql="""
        SELECT format('%s %s: refused (%s) and has entries',
                      t.provider, t.transaction_id, t.refusal)
        FROM wallets_transaction t
        WHERE t.refusal <> '' AND EXISTS (
            SELECT FROM wallets_entry e WHERE e.transaction_id = t.id)
        """,
        narrow=quick_checks.NEW_TRANSACTIONS,
    ),
    Check(
        name="each rollback and reversal gives back exactly what it cancels moved",
        sql="""
        SELECT format('%s %s, wallet %s: debit %s and credit %s, should be %s and %s',
                      t.provider, t.transaction_id, wallet_id, coalesce(given.debit, 0),
                      coalesce(given.credit, 0), coalesce(due.debit, 0), coalesce(due.credit, 0))
        FROM (SELECT e.transaction_id, e.wallet_id, e.debit, e.credit
              FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
              WHERE t.kind = 'rollback' OR (t.kind = 'adjustment' AND EXISTS (
                  SELECT FROM wallets_reference r
                  WHERE r.transaction_id = t.id AND r.effect = 'cancels'))) given
        FULL JOIN (SELECT r.transaction_id, e.wallet_id, sum(e.credit) AS debit,
                          sum(e.debit) AS credit
                   FROM wallets_reference r
                   JOIN wallets_transaction b
                     ON b.provider = r.provider AND b.transaction_id = r.target
                   JOIN wallets_entry e ON e.transaction_id = b.id
                   WHERE r.effect = 'cancels'
                   GROUP BY r.transaction_id, e.wallet_id) due
          USING (transaction_id, wallet_id)
        JOIN wallets_transaction t ON t.id = coalesce(given.transaction_id, due.transaction_id)
        WHERE (given.debit, given.credit) IS DISTINCT FROM (due.debit, due.credit)
        """,
        quick=quick_checks.GIVEN_BACK,
    ),
    Check(
        name="nothing is both settled and cancelled",
        sql="""
        SELECT format('%s %s: cancelled by %s, settled by %s',
                      c.provider, c.target, c.transaction_id, s.transaction_id)
        FROM wallets_reference c
        JOIN wallets_reference s
          ON s.provider = c.provider AND s.target = c.target AND s.effect = 'settles'
        WHERE c.effect = 'cancels' AND NOT EXISTS (
            SELECT FROM wallets_transaction t
            JOIN wallets_reference u
              ON u.provider = t.provider AND u.target = t.transaction_id AND u.effect = 'cancels'
            WHERE t.id = s.transaction_id)
        """,
        quick=quick_checks.SETTLED_OR_CANCELLED,
    ),
    Check(
        name="each correction stands in the place of what two people reversed",
        sql="""
        SELECT format('%s %s: what it replaces was not reversed', t.provider, t.transaction_id)
        FROM wallets_transaction t
        WHERE t.transaction_id >= 'corrected:' AND t.transaction_id < 'corrected;'
          AND t.refusal = ''
          AND NOT EXISTS (
              SELECT FROM wallets_reference r
              JOIN wallets_transaction c ON c.id = r.transaction_id
              WHERE r.provider = t.provider AND r.effect = 'cancels' AND c.kind = 'adjustment'
                AND r.target = substr(t.transaction_id, length('corrected:') + 1))
        """,
        narrow=quick_checks.NEW_TRANSACTIONS,
    ),
    Check(
        name="each reference is a booked transaction's, of the same provider",
        sql="""
        SELECT format('%s %s: a reference to %s says that it is of %s, refusal: "%s"',
                      t.provider, t.transaction_id, r.target, r.provider, t.refusal)
        FROM wallets_reference r JOIN wallets_transaction t ON t.id = r.transaction_id
        WHERE r.provider <> t.provider OR t.refusal <> ''
        """,
        narrow=quick_checks.NEW_TRANSACTIONS,
    ),
    Check(
        name="each cancelled transaction is in the books",
        sql="""
        SELECT format('%s %s: cancelled by %s, and no row keeps it from being booked',
                      r.provider, r.target, r.transaction_id)
        FROM wallets_reference r
        LEFT JOIN wallets_transaction t
          ON t.provider = r.provider AND t.transaction_id = r.target
        WHERE r.effect <> 'settles' AND t.id IS NULL
        """,
        narrow=quick_checks.NEW_REFERENCES,
    ),
]


def verify(*, shown: int = 20, since: datetime | None = None) -> Iterator[Finding]:
    """One finding per check, all of the same instant; writes nothing, blocks nobody.

    With `since` it is quick: only of what was posted from then on, with what that continues,
    cancels or settles, and that every wallet's balance is its last entry's.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        keep(sorted({table for check in CHECKS for table in check.kept}))
        for check in CHECKS:
            sql = check.of(since)
            if not sql:
                continue
            cursor.execute(f"SELECT text, count(*) OVER () FROM ({sql}) v (text) LIMIT {shown:d}")
            rows = cursor.fetchall()
            yield Finding(
                check=check,
                violations=rows[0][1] if rows else 0,
                first=tuple(text for text, _ in rows),
            )


def keep(tables: Iterable[str]) -> None:
    """Until this transaction ends no part of these tables is removed. Stands before its first
    query: a removal shows at once, its record only in a snapshot that is taken later, and LOCK
    takes none."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS SHARE MODE")
