"""What still needs a month of callbacks: whatever could be looked at again, or settled by it.

A case holds the months in which anything came of what its page and its evidence pack show: its own
id, those that settle or cancel it or that it names, all of its round and of its reference, and the
delivery that each of these was booked by. So does a delivery that the bookkeeping has not looked at
yet: it may become such a case. A case that a statement shows, whether of a line or of totals, holds
the statement's whole time besides: what names its deliveries may be just what is in doubt. Asked as
the tables' owner, in constant statements.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper

from providers import registry
from providers.partitions import Month
from providers.protocols import base
from providers.pruning import Hold, Needs
from wallets.instructions import CORRECTED, REVERSAL

# What the questions below read, and what may begin to need something while a month is removed. Not
# the doubts: every delivery writes them, and they are asked for again when none can any more. Not
# the times without a decision: those are of now.
READ = (
    "reconciliation_case",
    "reconciliation_adjustment",
    "reconciliation_statement",
    "reconciliation_match",
)
LOCKS = {"cage_figures": "The dashboard's figures are written"}

# Open cases; closed ones whose adjustment somebody asked for; and those that were merged into
# another one, which no field names, as long as that may be open.
NEEDED = """(
    c.status <> 'closed'
    OR EXISTS (SELECT FROM reconciliation_adjustment a
               WHERE a.case_id = c.id AND a.status = 'requested')
    OR (c.resolution = 'merged' AND EXISTS (
        SELECT FROM reconciliation_case o
        WHERE o.status <> 'closed' AND o.provider = c.provider
          AND (o.subject = '' OR c.player = '' OR o.player = c.player
               OR o.reference = c.reference))))"""
# Those of a delivery or a transaction.
CASES = f"""
SELECT id, provider, subject, reference FROM reconciliation_case c WHERE subject <> '' AND {NEEDED}
"""
# The ids of which any delivery came in this month, by the number of what they belong to.
NAMED = """
WITH named (of, provider, transaction_id) AS (
    SELECT * FROM unnest(%(ofs)s::bigint[], %(providers)s::text[], %(ids)s::text[])
), booked AS (
    SELECT named.of, t.id, t.provider, t.reference, t.round_id
    FROM named JOIN wallets_transaction t USING (provider, transaction_id)
), known AS (
    SELECT of, provider, transaction_id FROM named
    UNION
    SELECT booked.of, booked.provider, r.target
    FROM booked JOIN wallets_reference r ON r.transaction_id = booked.id
    UNION
    SELECT named.of, named.provider, t.transaction_id
    FROM named
    JOIN wallets_reference r ON r.provider = named.provider AND r.target = named.transaction_id
    JOIN wallets_transaction t ON t.id = r.transaction_id
    UNION
    SELECT booked.of, t.provider, t.transaction_id
    FROM booked JOIN wallets_transaction t USING (provider, round_id)
    WHERE booked.round_id <> '' AND t.round_id <> ''  -- As the index of rounds has it.
    UNION
    SELECT booked.of, t.provider, t.transaction_id
    FROM booked JOIN wallets_transaction t USING (provider, reference) WHERE booked.reference <> ''
)
-- Two joins and no OR of two EXISTS, for which PostgreSQL may read the whole month.
SELECT known.of FROM known JOIN {partition} c USING (provider, transaction_id)
UNION
SELECT known.of
FROM known JOIN wallets_transaction t USING (provider, transaction_id)
JOIN {partition} c ON c.delivery_id = t.origin_id
ORDER BY of
"""
# A delivery that no id could be read of is a case under its own number.
NUMBERED = """
SELECT DISTINCT of FROM unnest(%s::bigint[], %s::bigint[]) AS asked (of, number)
WHERE EXISTS (SELECT FROM {partition} c WHERE c.id = asked.number) ORDER BY of
"""
REQUESTS = """
SELECT id, provider, transaction_id FROM reconciliation_adjustment WHERE status = 'requested'
"""
# A whole provider's: what came from its first to its last delivery.
WHOLE = """
SELECT id FROM reconciliation_case
WHERE status <> 'closed' AND subject = ''
  AND coalesce(first_at, opened_at) < %(end)s AND coalesce(last_at, opened_at) >= %(start)s
ORDER BY id
"""
OF_STATEMENTS = f"""
SELECT c.id FROM reconciliation_case c
WHERE {NEEDED} AND EXISTS (
    SELECT FROM reconciliation_statement s
    WHERE s.id = c.statement_id AND s.start_at < %(end)s AND s.end_at > %(start)s)
ORDER BY c.id
"""
DOUBTS = "SELECT id, provider, transaction_id FROM providers_doubt WHERE transaction_id <> ''"
CAME = """
SELECT id FROM providers_doubt WHERE received_at >= %(start)s AND received_at < %(end)s
"""
UNDECIDED = """
SELECT id FROM providers_undecided WHERE first_at < %(end)s AND last_at >= %(start)s ORDER BY id
"""
# Once they are matched, their differences are cases: nothing else of a statement needs deliveries.
STATEMENTS = """
SELECT id FROM reconciliation_statement s
WHERE status = 'imported' AND start_at < %(end)s AND end_at > %(start)s
  AND (matched_at IS NULL OR EXISTS (
      SELECT FROM reconciliation_match m WHERE m.statement_id = s.id AND m.bucket = 'in_flight'))
ORDER BY id
"""
# Where they were never written, or only for another business day: then they can't be made up for.
FIGURES = """
SELECT WHERE NOT EXISTS (
    SELECT FROM reconciliation_figuresreading WHERE since_at <= %(start)s AND read_at >= %(end)s)
"""
NO_FIGURES = (
    "hourly figures of the dashboard that are not written "
    "(update_figures --rebuild --from {first:%Y-%m-%d} --to {last:%Y-%m-%d} writes them)"
)
BY_TIME = {
    "open cases of a whole provider": WHOLE,
    "open cases that a statement shows": OF_STATEMENTS,
    "times without a decision that are no case yet": UNDECIDED,
    "statements that are not matched, or have movements in flight": STATEMENTS,
}

Name = tuple[int, str, str]  # Of what, the provider, a transaction id.


class Doubted(NamedTuple):
    """What is asked of a case, or of what may become one."""

    id: int
    provider: str
    subject: str
    reference: str


def of(cursor: CursorWrapper, month: Month) -> Iterator[Hold]:
    """Each kind of thing that holds `month`, with all of its numbers."""
    cursor.execute(CASES)
    open_ = [Doubted(*row) for row in cursor.fetchall()]
    ids = {*_named(cursor, month, [name for case in open_ for name in _names(case)])}
    ids.update(_numbered(cursor, month, open_))
    yield from _hold("open cases", sorted(ids))
    cursor.execute(REQUESTS)
    requests = [(id_, *key) for id_, *key in cursor.fetchall()]
    yield from _hold("adjustments that wait for approval", _named(cursor, month, requests))
    yield from late(cursor, month)
    span = {"start": month.start_at, "end": month.end_at}
    for what, sql in BY_TIME.items():
        cursor.execute(sql, span)
        yield from _hold(what, [id_ for (id_,) in cursor.fetchall()])
    cursor.execute(FIGURES, span)
    if cursor.fetchall():
        # A business day of any zone begins and ends within a day of UTC's.
        first, last = month.start_at - timedelta(days=1), month.end_at
        yield Hold(what=NO_FIGURES.format(first=first, last=last))


def late(cursor: CursorWrapper, month: Month) -> Iterator[Hold]:
    """What comes with deliveries: those that no case was made of yet. The case that one will be
    needs what it names, whenever that came; one without a name only itself."""
    cursor.execute(CAME, {"start": month.start_at, "end": month.end_at})
    ids = {id_ for (id_,) in cursor.fetchall()}
    cursor.execute(DOUBTS)
    doubts = [
        Doubted(id_, provider, name, name.partition(":")[2])
        for id_, provider, name in cursor.fetchall()
    ]
    ids.update(_named(cursor, month, [name for doubt in doubts for name in _names(doubt)]))
    yield from _hold("deliveries that the bookkeeping has not looked at yet", sorted(ids))


def _hold(what: str, ids: Sequence[int]) -> Iterator[Hold]:
    if ids:
        yield Hold(what=what, ids=tuple(ids))


def _names(case: Doubted) -> Iterator[Name]:
    """How what it is about may be named, whether booked or not."""
    yield case.id, case.provider, case.subject
    word, _, rest = case.subject.partition(":")
    if word in (REVERSAL, CORRECTED):
        yield case.id, case.provider, rest
    provider = registry.current().by_name.get(case.provider)
    if provider is not None and case.reference:
        for operation in provider.protocol.booked:
            yield case.id, case.provider, base.transaction_id(operation, case.reference)


def _named(cursor: CursorWrapper, month: Month, names: Sequence[Name]) -> list[int]:
    ofs, providers, ids = zip(*names, strict=True) if names else ((), (), ())
    values: dict[str, Any] = {"ofs": list(ofs), "providers": list(providers), "ids": list(ids)}
    cursor.execute(NAMED.format(partition=month.name), values)
    return [of for (of,) in cursor.fetchall()]


def _numbered(cursor: CursorWrapper, month: Month, open_: Sequence[Doubted]) -> list[int]:
    split = [(case.id, *case.subject.partition(":")) for case in open_]
    numbers = {
        id_: int(number)
        for id_, word, _, number in split
        if word == "callback" and number.isdecimal() and len(number) <= 18
    }
    sql = NUMBERED.format(partition=month.name)
    cursor.execute(sql, [list(numbers), list(numbers.values())])
    return [of for (of,) in cursor.fetchall()]


NEEDS = Needs(holds=of, late=late, tables=READ, locks=LOCKS)
