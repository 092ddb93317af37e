"""What a statement lists of a case: the lines of its id, each as it stands in the file."""

from collections.abc import Mapping
from datetime import tzinfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from reconciliation import chronicle
from reconciliation.models import Bucket, Case, Line, Match, Statement
from reconciliation.office.statements import rows, zones
from wallets import pages

MOST = 50
FEW = 3  # Up to as many stand open.


def of_case(case: Case) -> SafeString | str:
    """The lines with the case's transaction id in its statement; "" for one without a statement."""
    if case.statement_id is None:
        return ""
    statement = Statement.objects.select_related("format").get(pk=case.statement_id)
    found = list(
        Line.objects.filter(statement=statement, transaction_id=case.subject).order_by(
            "number", "part"
        )[: MOST + 1]
        if case.subject
        else []
    )
    return format_html("{}{}", _from(case, statement), _table(statement, found))


def _from(case: Case, statement: Statement) -> SafeString:
    url = rows.url(statement, q=case.subject)
    return format_html(
        '<p class="cage-of">{} <span class="cage-label">{}</span> '
        '<a class="cage-link" href="{}">{}</a></p>',
        pages.link(statement, f"Statement of {statement.provider} {zones.name(statement)}"),
        pages.short(statement.file_name),
        url,
        "Both sides beside each other",
    )


def _table(statement: Statement, found: list[Line]) -> SafeString | str:
    if not found:
        return "The statement doesn't list it."
    standing = dict(
        Match.objects.filter(line__in=[line.pk for line in found]).values_list("line_id", "bucket")
    )
    originals = rows.originals(statement, found)
    zone = zones.of(statement.provider)
    originals = _folded(originals, is_open=len(found) <= FEW)
    shown = [_row(line, standing.get(line.pk), originals, zone) for line in found[:MOST]]
    if len(found) > MOST:
        shown.append(format_html('<tr class="cage-gap"><td colspan="7">{}</td></tr>', "… and more"))
    headings = ["Row", "Player", "Debit", "Credit", "Time", "Where it stands", "As it stands there"]
    return chronicle.grid("lines-of", headings, shown)


def _folded(originals: Mapping[int, SafeString], *, is_open: bool) -> dict[int, SafeString]:
    attribute = " open" if is_open else ""
    return {
        number: format_html(
            '<details class="cage-fold"{}><summary>{}</summary>{}</details>',
            attribute,
            "The row of the file",
            text,
        )
        for number, text in originals.items()
    }


def _row(
    line: Line, bucket: str | None, originals: Mapping[int, SafeString], zone: tzinfo
) -> SafeString:
    debit, credit = rows.stated(line)
    return format_html(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        f"{line.number:,}",
        pages.short(line.uid),
        debit,
        credit,
        zones.moment(line.occurred_at, zone) if line.occurred_at else pages.NOTHING,
        rows.tag(Bucket(bucket)) if bucket else pages.NOTHING,
        originals.get(line.number, ""),
    )
