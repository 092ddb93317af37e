"""What a statement lists under the id of a case, as the provider would ask for it."""

import json
from collections.abc import Sequence

from providers.protocols.reports import CannotBook, Expected
from providers.registry import Provider
from reconciliation.models import Bucket, Case, Line, Match, Statement, StatementStatus
from reconciliation.statements import reading
from wallets.refusals import Refusal


def lines(case: Case) -> tuple[list[Line], Statement | None]:
    """The lines of the case's id in its statement, else in the last one that has some; those that
    say it once more are left out."""
    found = (
        Line.objects.filter(statement__in=_statements(case), transaction_id=case.subject)
        .exclude(pk__in=_repeated(case))
        .select_related("statement__format")
        .order_by("-statement_id", "number", "part")
    )
    rows = list(found)
    if not rows:
        return [], None
    statement = rows[0].statement
    return [row for row in rows if row.statement_id == statement.pk], statement


def expected(
    lines: Sequence[Line], statement: Statement | None, provider: Provider
) -> list[Expected]:
    """The movements of these lines. Raises CannotBook where the report does not show enough."""
    assert statement is not None
    operation, _, reference = lines[0].transaction_id.partition(":")
    if operation in provider.protocol.of_several and not statement.format.shows_all_players:
        raise CannotBook(
            "The report may not show all players of the round, and it is booked for all or none."
        )
    settles = _settles(lines, statement, provider)
    return [
        Expected(
            settles=settles,
            operation=operation,
            reference=reference,
            uid=line.uid,
            currency=line.currency,
            debit=line.debit,
            credit=line.credit,
            net_only=line.net_only,
            round_id=line.round_id,
            occurred_at=line.occurred_at,
        )
        for line in lines
    ]


def _settles(lines: Sequence[Line], statement: Statement, provider: Provider) -> tuple[str, ...]:
    """The bets that they settle, as the original rows say."""
    numbers = [line.number for line in lines]
    originals = Line.objects.filter(statement=statement, number__in=numbers, part=1)
    reader = reading.reader(statement.format, provider)
    found: list[str] = []
    for line in originals.exclude(original=""):
        try:
            rows = reader.expected(json.loads(line.original))
        except Refusal:
            continue  # Read under other settings than today's.
        found += [id_ for one in rows for id_ in one.settles]
    return tuple(dict.fromkeys(found))


def _statements(case: Case) -> list[int]:
    if case.statement_id is not None:
        return [case.statement_id]
    imported = Statement.objects.filter(
        provider=case.provider, status=StatementStatus.IMPORTED
    ).order_by("-pk")
    return list(imported.values_list("pk", flat=True)[:60])


def _repeated(case: Case) -> list[int]:
    found = Match.objects.filter(
        statement__in=_statements(case),
        bucket=Bucket.REPEATED_LINE,
        line__transaction_id=case.subject,
    )
    return list(found.values_list("line_id", flat=True))
