"""A statement against the ledger, both directions; whole, or a few transaction ids of it.

Running it again changes nothing where nothing changed: rows that stay keep their numbers. One run
at a time for each provider; a second one waits, and one that is killed has changed nothing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from reconciliation.matching import changes, doubts, neighbours, plain, run, stepwise, totals
from reconciliation.matching.neighbours import Concerned
from reconciliation.models import BucketSum, Layout, Match, Statement, StatementStatus

BATCH = 1_000  # Transaction ids.
# Each pass may give movements free that another statement has a better line for; every exchange is
# an improvement, so there is a last one.
PASSES = 20

TABLES = (
    "DROP TABLE IF EXISTS matching_result, matching_key, matching_line, matching_movement,"
    " matching_pair, matching_change, matching_sum, matching_concerned"
)
NAMED = """
CREATE TEMPORARY TABLE matching_key ON COMMIT DROP AS
SELECT DISTINCT key COLLATE "C" AS key FROM unnest(%s::text[]) AS named (key);
CREATE TEMPORARY TABLE matching_result (line_id bigint, entry_id bigint, key text,
    bucket text COLLATE "C", currency text COLLATE "C", debit numeric, credit numeric,
    entry_currency text COLLATE "C", entry_debit numeric, entry_credit numeric) ON COMMIT DROP
"""

Watch = Callable[[str], None]


class NotMatched(Exception):
    """Nothing was matched or changed, and this is why; a sentence for staff."""


@dataclass(slots=True, kw_only=True)
class Summary:
    """What one run changed: rows, and the cases of them, also of other statements. `neighbours` are
    those that were matched whole with it."""

    rows: int = 0
    neighbours: int = 0
    cases: doubts.Summary = field(default_factory=doubts.Summary)


def match(
    statement: Statement,
    *,
    at: datetime,
    watch: Watch = lambda _: None,
    summary: Summary | None = None,
) -> Statement:
    """Say of every line and every movement of the window where it stands, as of `at`.

    Returns the statement as it is then. Rows and sums are one transaction; the cases follow in
    batches. What it means for other statements of the provider is done along the way. `watch`
    hears what is being done. Raises NotMatched of a withdrawn one.
    """
    summary = Summary() if summary is None else summary
    if statement.format.layout == Layout.TOTALS:
        watch("comparing totals")
        current = totals.compare(_counting(statement), at=at)
        summary.cases.add(doubts.update(current, at=at))
        return current
    watch("matching")
    current, concerned = _match_whole(statement, at, summary)
    watch("telling the cases")
    summary.cases.add(doubts.update(current, at=at))
    watch("looking at its neighbours")
    summary.neighbours = len(concerned.statements)
    ids = set(concerned.ids)
    for other in Statement.objects.filter(pk__in=concerned.statements).order_by("pk"):
        again, following = _match_whole(other, at, summary)
        summary.cases.add(doubts.update(again, at=at))
        ids |= set(following.ids)
    rematch(current.provider, ids, at=at, summary=summary)
    return current


def rematch(
    provider: str,
    transaction_ids: Collection[str],
    *,
    at: datetime,
    summary: Summary | None = None,
) -> Summary:
    """Look again at these ids, and what cancels them or is cancelled by them, in every statement
    of the provider that was matched before. Their cases are brought up to date with them."""
    summary = Summary() if summary is None else summary
    for batch in _batches(sorted(set(transaction_ids))):
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            run.wait_for_the_others(provider)
            ids = neighbours.related(cursor, provider, batch)
            statements = neighbours.affected(cursor, provider, ids)
            summary.rows += _until_nothing_changes(cursor, statements, ids, at)
            for statement in statements:
                summary.cases.add(doubts.tell(statement, neighbours.named(ids), at=at))
    return summary


def withdraw(statement: Statement, *, by: User | None, at: datetime) -> Statement:
    """Take a statement back: it is kept as evidence and counts no more. `by` answers for that.

    Its cases are closed as no fault. What was its own falls to others when these are matched next.
    Raises NotMatched where it is withdrawn already.
    """
    with transaction.atomic(durable=True):
        run.wait_for_the_others(statement.provider)
        current = _counting(statement)
        current.status = StatementStatus.WITHDRAWN
        current.save(update_fields=["status"])
        Match.objects.filter(statement=current)._raw_delete("default")
        BucketSum.objects.filter(statement=current)._raw_delete("default")
        doubts.withdraw(current, by=by, at=at)
    return current


def _counting(statement: Statement) -> Statement:
    """The statement as it is now, locked. Raises NotMatched."""
    rows = Statement.objects.select_for_update(of=("self",)).select_related("format")
    with transaction.atomic():
        current = rows.get(pk=statement.pk)
    if current.status != StatementStatus.IMPORTED:
        raise NotMatched(f"Nothing was done: the statement was {current.status}.")
    return current


def _match_whole(
    statement: Statement, at: datetime, summary: Summary
) -> tuple[Statement, Concerned]:
    """The rows and sums of a statement; it as it is then, and what follows for others."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        run.wait_for_the_others(statement.provider)
        current = _counting(statement)
        cursor.execute(TABLES)
        now = run.of(current, at=at)
        plain.join(cursor, now)
        stepwise.pair(cursor, now)
        summary.rows += changes.write_all(cursor, now)
        concerned = neighbours.concerned(cursor, now)
        current.matched_at = at
        current.save(update_fields=["matched_at"])
    return current, concerned


def _until_nothing_changes(
    cursor: CursorWrapper, statements: Sequence[Statement], ids: Sequence[str], at: datetime
) -> int:
    """Look at these ids in all of these statements; how many rows changed."""
    total = 0
    for _ in range(PASSES):
        changed = sum(_match_named(cursor, one, ids, at) for one in statements)
        total += changed
        if changed == 0 or len(statements) == 1:
            return total
    raise RuntimeError("statements kept exchanging movements")


def _match_named(
    cursor: CursorWrapper, statement: Statement, ids: Sequence[str], at: datetime
) -> int:
    cursor.execute(TABLES)
    cursor.execute(NAMED, [list(ids)])
    now = run.of(statement, at=at)
    stepwise.pair(cursor, now)
    return changes.write_named(cursor, now)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
