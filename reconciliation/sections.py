"""The parts of a case's page. Whatever comes from a provider is escaped and made visible here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers import pruned, registry
from providers.models import Callback, Outcome
from providers.pruned import Span
from providers.readable import read
from reconciliation import chronicle, comparing, evidence, wording, words
from reconciliation.adjustments import shown
from reconciliation.comparing import Pair
from reconciliation.evidence import Deliveries
from reconciliation.models import Case, CaseKind
from reconciliation.office.rounds import links as stories
from reconciliation.office.statements import lines
from wallets import pages
from wallets.columns import TransactionColumns
from wallets.instructions import Kind
from wallets.models import Transaction

COMPARED = (CaseKind.CONFLICT, CaseKind.VOID_RISK)
REPLY = 400  # Characters of a reply in a table; the callback's page has all of it.
CELLS = TransactionColumns()


def of(case: Case, *, at: datetime) -> Iterator[tuple[str, SafeString | str]]:
    """Title and content of each part."""
    found = evidence.transaction(case)
    gone = pruned.gone(found)
    if case.kind in COMPARED:
        yield "The two sides", _compared(case, found, gone)
    if listed := lines.of_case(case):
        yield "In the statement", listed
    if case.notes:
        notes = pages.printable(case.notes)
        yield "Notes", format_html('<div class="cage-notes">{}</div>', notes)
    if story := stories.of_case(case):
        yield "Its story", story
    if case.subject:
        near = evidence.related(case, found)
        yield "Its transactions", transactions([*([found] if found else []), *near])
        kept = evidence.deliveries(case)
        yield "Its deliveries", deliveries(kept, removed=evidence.removed(case, kept, gone))
    if asked_for := shown.of_case(case):
        yield "Its adjustments", asked_for
    steps, is_cut = evidence.history(case)
    yield "Its history", chronicle.history(steps, is_cut=is_cut, at=at)


def _compared(case: Case, found: Transaction | None, gone: Sequence[Span]) -> SafeString:
    booked, other = evidence.booked(case), evidence.doubted(case)
    provider = registry.current().by_name.get(case.provider)
    return sides(
        comparing.terms(found, provider, other),
        comparing.bodies(booked, other) if booked and other else [],
        callback(booked, pruned.told(gone) or "No delivery: it was booked otherwise."),
        callback(other, "It is not kept."),
    )


# -- Deliveries --------------------------------------------------------------------------------


def deliveries(found: Deliveries, *, removed: str = "") -> SafeString | str:
    """When each came, what became of it, and the exact reply; `removed` are those that are gone."""
    if not found.count:
        return removed or "None that is kept."
    rows = [_delivery(found.first)] if found.first is not None else []
    if found.between:
        rows.append(_gap(f"{words.count(found.between, 'delivery')} in between"))
    rows += [_delivery(one) for one in found.last]
    headings = ["", "Received at", "Outcome", "Reason", "Reply, as it was sent"]
    table = chronicle.grid("deliveries", headings, rows)
    return format_html('<p class="cage-note">{}</p>{}', removed, table) if removed else table


def _delivery(one: Callback) -> SafeString:
    reason = one.reason.strip().rpartition("\n")[2]
    note = format_html(' <span class="cage-note">{}</span>', "replay") if one.replay_of else ""
    return format_html(
        "<tr><td>{}</td><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
        pages.link(one, f"#{one.pk}"),
        pages.moment(one.received_at, precise=True),
        pages.tag(Outcome(one.outcome)),
        note,
        pages.short(wording.reason(reason)),
        _reply(one),
    )


def _reply(one: Callback) -> SafeString | str:
    raw = bytes(one.reply)
    if not raw:
        return f"HTTP {one.reply_status}, empty"
    try:
        text = pages.printable(raw.decode())
    except UnicodeDecodeError:
        text = read(raw)[1]
    status = "" if one.reply_status == 200 else f"HTTP {one.reply_status} "
    return format_html("{}<code>{}</code>", status, pages.short(text, longest=REPLY))


def _gap(text: str) -> SafeString:
    return format_html('<tr class="cage-gap"><td></td><td colspan="4">… {} …</td></tr>', text)


# -- Two sides ---------------------------------------------------------------------------------


def sides(
    terms: Sequence[Pair], bodies: Sequence[Pair], booked: object, other: object
) -> SafeString:
    """The terms, the fields that differ, and folded away those that are the same."""
    differ = [pair for pair in bodies if pair.differs]
    same = [pair for pair in bodies if not pair.differs]
    rows = (
        [_heading("What moves, the later one as it is read today"), *map(_pair, terms)]
        if terms
        else []
    )
    rows += [_heading("Fields that differ"), *map(_pair, differ)] if bodies else []
    if bodies and not differ:
        rows.append(_heading("None: both bodies say the same."))
    headings = ["", "Booked", "Came later, not booked"]
    links = format_html("<tr><td></td><td>{}</td><td>{}</td></tr>", booked, other)
    table = chronicle.grid("sides", headings, [links, *rows])
    if not same:
        return table
    folded = chronicle.grid("sides", headings, map(_pair, same))
    number = words.count(len(same), "field")
    verb = "is" if len(same) == 1 else "are"
    return format_html(
        "{}<details class='cage-fold'><summary>{} {} the same</summary>{}</details>",
        table,
        number,
        verb,
        folded,
    )


def _heading(text: str) -> SafeString:
    return format_html('<tr class="cage-gap"><td colspan="3">{}</td></tr>', text)


def _pair(pair: Pair) -> SafeString:
    return format_html(
        '<tr class="{}"><td>{}</td><td>{}</td><td>{}</td></tr>',
        "cage-differs" if pair.differs else "",
        pages.short(pair.name),
        _value(pair.booked),
        _value(pair.other),
    )


def _value(value: str | None) -> SafeString | str:
    if value is None:
        return format_html('<span class="cage-note">{}</span>', "not there")
    return pages.short(value, longest=500) if value else '""'


def callback(one: Callback | None, absent: str) -> SafeString | str:
    """A link to a delivery, with its time."""
    if one is None:
        return absent
    return format_html(
        "{} {}", pages.link(one, f"#{one.pk}"), pages.moment(one.received_at, precise=True)
    )


# -- Transactions -----------------------------------------------------------------------


def transactions(found: Iterable[Transaction]) -> SafeString | str:
    rows = [
        format_html(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            pages.link(one, pages.short(one.transaction_id)),
            pages.tag(Kind(one.kind)),
            CELLS.players(one),
            CELLS.debited(one),
            CELLS.credited(one),
            CELLS.result(one),
            pages.moment(one.posted_at),
        )
        for one in found
    ]
    headings = ["Transaction id", "Kind", "Players", "Debit", "Credit", "Result", "Posted at"]
    return chronicle.grid("transactions", headings, rows) if rows else "None in the books."
