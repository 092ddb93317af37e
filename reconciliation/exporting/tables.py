"""The tables that can be exported: their headings, where their rows are, what limits them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciliation.exporting import filters
from reconciliation.exporting.filters import Filter
from reconciliation.models import Bucket, CaseKind, CaseStatus
from reconciliation.statements.keeping import NO_MOVEMENT
from wallets.instructions import Kind

NOT_CLOSED = "not_closed"  # What no status is called: open or waiting.
REJECTED = "rejected"  # What no bucket is called: rows that could not be read.


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`columns` are heading -> SQL; `rows` is the rest of the query, with `{where}` in it."""

    columns: Mapping[str, str]
    rows: str
    filters: Mapping[str, Filter] = field(default_factory=dict)

    def sql(self, where: str) -> str:
        return f"SELECT {', '.join(self.columns.values())} {self.rows.format(where=where)}"


def _period(column: str) -> dict[str, Filter]:
    return {
        "since": Filter(where=f"{column} >= %s", read=filters.instant),
        "until": Filter(where=f"{column} < %s", read=filters.instant),
    }


def _statuses(word: str) -> list[str]:
    status = filters.one_of(CaseStatus, NOT_CLOSED)(word)
    return [CaseStatus.OPEN, CaseStatus.WAITING] if status == NOT_CLOSED else [status]


CASES = Table(
    columns={
        "Case": "c.id",
        "Kind": "c.kind",
        "Status": "c.status",
        "Provider": "c.provider",
        "Subject": "c.subject",
        "Operation": "c.operation",
        "Reference": "c.reference",
        "Player": "c.player",
        "At risk": "c.amount",
        "Currency": "c.currency",
        "Reason": "c.reason",
        "Attempts": "c.attempts",
        "First delivery at": "c.first_at",
        "Last delivery at": "c.last_at",
        "Resend": "c.resend",
        "Resent until": "c.due_at",
        "Statement": "c.statement_id",
        "Owner": "u.username",
        "Follow up on": "c.follow_up_on",
        "Notes": "c.notes",
        "Tickets": "c.tickets",
        "Opened at": "c.opened_at",
        "Closed at": "c.closed_at",
        "Resolution": "c.resolution",
    },
    rows="""FROM reconciliation_case c LEFT JOIN auth_user u ON u.id = c.owner_id
        WHERE {where} ORDER BY c.id""",
    filters={
        "provider": Filter(where="c.provider = %s"),
        "kind": Filter(where="c.kind = %s", read=filters.one_of(CaseKind)),
        "status": Filter(where="c.status = ANY(%s)", read=_statuses),
        "player": Filter(where="c.player = %s"),
        **_period("c.opened_at"),
    },
)

_BOOKED = """FROM wallets_entry e
        JOIN wallets_transaction t ON t.id = e.transaction_id
        JOIN wallets_wallet w ON w.id = e.wallet_id
        JOIN wallets_player p ON p.id = w.player_id"""

TRANSACTIONS = Table(
    columns={
        "Posted at": "t.posted_at",
        "Provider": "t.provider",
        "Transaction": "t.transaction_id",
        "Kind": "t.kind",
        "Player": "p.uid",
        "Test player": "p.is_test",
        "Currency": "w.currency",
        "Debit": "e.debit",
        "Credit": "e.credit",
        "Balance before": "e.balance_before",
        "Balance after": "e.balance_after",
        "Number in wallet": "e.sequence",
        "Reference": "t.reference",
        "Round": "t.round_id",
        "Game": "t.game",
        "Stake": "t.stake",
        "Occurred at": "t.occurred_at",
        "Origin": "t.origin",
    },
    rows=f"{_BOOKED} WHERE {{where}} ORDER BY t.id, e.id",
    filters={
        "provider": Filter(where="t.provider = %s"),
        "kind": Filter(where="t.kind = %s", read=filters.one_of(Kind)),
        "player": Filter(where="p.uid = %s", read=filters.player),
        "currency": Filter(where="w.currency = %s"),
        **_period("t.posted_at"),
    },
)

PLAYER = Table(
    columns={
        "Currency": "w.currency",
        "Number": "e.sequence",
        "Posted at": "t.posted_at",
        "Provider": "t.provider",
        "Transaction": "t.transaction_id",
        "Kind": "t.kind",
        "Reference": "t.reference",
        "Round": "t.round_id",
        "Game": "t.game",
        "Balance before": "e.balance_before",
        "Debit": "e.debit",
        "Credit": "e.credit",
        "Balance": "e.balance_after",
    },
    rows=f"{_BOOKED} WHERE {{where}} ORDER BY w.currency, e.sequence",
    filters={
        "player": Filter(where="p.uid = %s", read=filters.player, needed=True),
        "currency": Filter(where="w.currency = %s"),
        **_period("t.posted_at"),
    },
)

_SIDES = f"""FROM (
            SELECT m.statement_id, m.bucket, m.line_id, m.entry_id FROM reconciliation_match m
            UNION ALL
            SELECT statement_id, CASE error WHEN '{NO_MOVEMENT}' THEN 'no_movement'
                                 ELSE 'rejected' END, id, NULL
            FROM reconciliation_line WHERE error <> ''
        ) m
        LEFT JOIN reconciliation_line l ON l.id = m.line_id
        LEFT JOIN wallets_entry e ON e.id = m.entry_id
        LEFT JOIN wallets_transaction t ON t.id = e.transaction_id
        LEFT JOIN wallets_wallet w ON w.id = e.wallet_id
        LEFT JOIN wallets_player p ON p.id = w.player_id"""
_OF_A_STATEMENT = Filter(where="m.statement_id = %s", read=filters.statement, needed=True)

STATEMENT = Table(
    columns={
        "Bucket": "m.bucket",
        "Row": "l.number",
        "Part": "l.part",
        "Their transaction": "l.transaction_id",
        "Their player": "l.uid",
        "Their currency": "l.currency",
        "Their debit": "CASE WHEN l.error = '' THEN l.debit END",
        "Their credit": "CASE WHEN l.error = '' THEN l.credit END",
        "Net only": "CASE WHEN l.error = '' THEN l.net_only END",
        "Their round": "l.round_id",
        "Occurred at": "l.occurred_at",
        "Our transaction": "t.transaction_id",
        "Our player": "p.uid",
        "Our currency": "w.currency",
        "Our debit": "e.debit",
        "Our credit": "e.credit",
        "Our round": "t.round_id",
        "Our time": "coalesce(t.occurred_at, t.posted_at)",
        "Posted at": "t.posted_at",
        "Not read because": "l.error",
    },
    rows=f"{_SIDES} WHERE {{where}} ORDER BY m.bucket, l.number, l.part, e.id",
    filters={
        "statement": _OF_A_STATEMENT,
        "bucket": Filter(where="m.bucket = %s", read=filters.one_of(Bucket, REJECTED)),
    },
)

# Of a statement that has nothing but totals.
TOTALS = Table(
    columns={
        "Row": "m.number",
        "Operation": "m.operation",
        "Player": "m.uid",
        "Currency": "m.currency",
        "Their count": "m.count",
        "Their debit": "m.debit",
        "Their credit": "m.credit",
        "Their net": "m.net",
        "Our count": "m.our_count",
        "Our debit": "m.our_debit",
        "Our credit": "m.our_credit",
        "Our net": "m.our_credit - m.our_debit",
    },
    rows="FROM reconciliation_total m WHERE {where} ORDER BY m.number",
    filters={"statement": _OF_A_STATEMENT},
)
