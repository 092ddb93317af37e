"""The tables of a pack as CSV: exact, harmless, and only what its reader may see."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from reconciliation.exporting import cells, writing
from reconciliation.models import AdjustmentKind, AdjustmentStatus, Why
from reconciliation.office.packs import editions, redacting
from reconciliation.office.packs.collecting import Material
from reconciliation.office.packs.editions import Edition

Row = Sequence[object]


def csv(headings: Sequence[str], rows: Iterable[Row]) -> bytes:
    file = io.BytesIO()
    writing.write_csv(headings, ([cells.cell(one) for one in row] for row in rows), file)
    return file.getvalue()


def transactions(material: Material, edition: Edition) -> bytes:
    """One row for each movement; one without money where a transaction moved none."""
    headings = [
        *("Transaction id", "Kind", "Reference", "Round", "Game", "Refusal", "Origin"),
        *("Occurred at", "Posted at", "Player", "Currency", "Debit", "Credit"),
        *("Balance before", "Balance after", "Number in the wallet", "Stake", "Details", "Refers"),
    ]
    return csv(headings, _transactions(material, edition))


def _transactions(material: Material, edition: Edition) -> Iterator[Row]:
    see = edition.text
    for one in material.transactions:
        shared = edition.is_shared(one)
        head = [
            *(see(one.transaction_id), one.kind, see(one.reference), see(one.round_id)),
            *(see(one.game), one.refusal, one.origin, one.occurred_at, one.posted_at),
        ]
        details = "; ".join(f"{name} {value}" for name, value in sorted(one.details.items()))
        refers = "; ".join(f"{r.effect} {r.target}" for r in one.references.all())
        tail = [
            None if shared else one.stake,
            redacting.LEFT_OUT if shared else see(details),
            see(refers),
        ]
        entries = edition.entries(one)
        for entry in entries:
            wallet = entry.wallet
            yield [
                *(*head, wallet.player.uid, wallet.currency, entry.debit, entry.credit),
                *(entry.balance_before, entry.balance_after, entry.sequence, *tail),
            ]
        if not entries:
            yield [*head, *[None] * 7, *tail]


def statement_rows(material: Material, edition: Edition) -> bytes:
    headings = [
        *("Statement", "File", "SHA-256 of the file", "Status", "Row", "Part", "Transaction id"),
        *("Player", "Currency", "Debit", "Credit", "Round", "Occurred at", "Cells of the row"),
    ]
    return csv(headings, _statement_rows(material, edition))


def _statement_rows(material: Material, edition: Edition) -> Iterator[Row]:
    see = edition.text
    for line in material.lines:
        statement = line.statement
        yield [
            *(statement.pk, see(statement.file_name), statement.sha256, statement.status),
            *(line.number, line.part, see(line.transaction_id), line.uid, line.currency),
            *(line.debit, line.credit, see(line.round_id), line.occurred_at),
            _cells(material, edition, (line.statement_id, line.number)),
        ]


def _cells(material: Material, edition: Edition, row: tuple[int, int]) -> str:
    """The row as it stands in the file; one of several players is nobody's alone."""
    parts = material.rows.get(row, ())
    if not edition.is_whole and any(line.uid != edition.uid for line in parts):
        return redacting.LEFT_OUT
    shown, _ = edition.body(editions.originals(parts).encode())
    return redacting.UNREAD if shown is None else shown.decode()


def adjustments(material: Material, edition: Edition) -> bytes:
    headings = [
        *("Adjustment", "Kind", "Status", "Transaction id", "Player", "Currency", "Debit"),
        *("Credit", "Reason", "Requested at", "Decided at"),
        *(("Text", "Requested by", "Decided by", "Decision") if edition.is_whole else ()),
    ]
    return csv(headings, _adjustments(material, edition))


def _adjustments(material: Material, edition: Edition) -> Iterator[Row]:
    for one in material.adjustments:
        by = one.decided_by
        inner = [one.text, one.requested_by.get_username(), by.get_username() if by else ""]
        for move in one.moves:
            if edition.uid in ("", move["uid"]):
                yield [
                    *(one.pk, AdjustmentKind(one.kind).label, AdjustmentStatus(one.status).label),
                    *(edition.text(one.transaction_id), move["uid"], move["currency"]),
                    *(move["debit"], move["credit"], Why(one.why).label),
                    *(one.requested_at, one.decided_at),
                    *((*inner, one.decision) if edition.is_whole else ()),
                ]


# -- What staff did and said: of the whole pack only -----------------------------------------------


def history(material: Material) -> bytes:
    headings = [
        *("Case", "When", "Who", "Why", "Status", "Resolution", "Player", "At risk", "Currency"),
        *("Follow up on", "Notes", "Tickets"),
    ]
    rows = (
        [
            *(row.id, row.history_date, _name(row.history_user), row.history_change_reason or ""),
            *(row.status, row.resolution, row.player, row.amount, row.currency),
            *(row.follow_up_on, row.notes, row.tickets),
        ]
        for row in material.history
    )
    return csv(headings, rows)


def comments(material: Material) -> bytes:
    rows = ([one.case_id, one.said_at, _name(one.said_by), one.text] for one in material.comments)
    return csv(["Case", "When", "Who", "Comment"], rows)


def attachments(material: Material, path: Callable[[Any], str]) -> bytes:
    rows = (
        [
            *(one.case_id, path(one), one.name, one.media_type, one.size, one.sha256),
            *(one.attached_at, _name(one.attached_by), one.why),
        ]
        for one in material.attachments
    )
    headings = ["Case", "File here", "Name", "Looks like", "Bytes", "SHA-256", "When", "Who"]
    return csv([*headings, "What it shows"], rows)


def _name(user: Any) -> str:
    return user.get_username() if user is not None else "Cage"
