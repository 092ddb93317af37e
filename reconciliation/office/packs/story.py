"""The story of a pack to read and to print: one HTML file that needs nothing else, and plain text.

Whatever comes from others is escaped, spelled out where it would hide something, and cut where it
is long: all of it stands in the other files.
"""

from collections.abc import Sequence
from pathlib import Path

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reconciliation.models import Case, CaseKind, CaseStatus
from reconciliation.office.packs import events
from reconciliation.office.packs.collecting import Material
from reconciliation.office.packs.editions import Edition
from reconciliation.office.packs.events import Event
from wallets import pages
from wallets.instructions import Kind

LONGEST = 1_500  # Characters of one text.
STYLE = (Path(__file__).parent / "story.css").read_text()


def html(material: Material, edition: Edition) -> bytes:
    title = _title(material, edition)
    page = format_html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<title>{}</title><style>{}</style></head>"
        "<body><h1>{}</h1><p class='note'>{}</p>{}"
        "<h2>What happened</h2>{}<h2>What was booked</h2>{}</body></html>\n",
        title,
        STYLE,
        title,
        _for_whom(edition),
        _facts_html(_facts(material, edition)),
        _events_html(events.of(material, edition)),
        _books_html(material, edition),
    )
    return _bytes(page)


def text(material: Material, edition: Edition) -> bytes:
    lines = [_title(material, edition), _for_whom(edition), ""]
    lines += [f"{name}: {value}" for name, value in _facts(material, edition)]
    lines += ["", "What happened", ""]
    for event in events.of(material, edition):
        lines.append(f"{_when(event)}  {_fit(event.what)}")
        lines += [f"    {line}" for line in _fit(event.said).splitlines()]
    lines += ["", "What was booked", ""]
    lines += ["  ".join(row) for row in _books(material, edition)] or ["Nothing."]
    return _bytes("\n".join(lines) + "\n")


def _title(material: Material, edition: Edition) -> str:
    return _fit(edition.text(material.title))


def _for_whom(edition: Edition) -> str:
    if edition.is_whole:
        return "The whole pack: for the house and its auditors."
    whose = pages.printable(edition.uid)
    return f"The edition of player {whose}: what concerns other players was left out."


def _facts(material: Material, edition: Edition) -> list[tuple[str, str]]:
    facts = [("Provider", material.provider), ("Times", f"in {timezone.get_current_timezone()}")]
    return [
        *facts,
        *((f"Case #{case.pk}", _fit(_case(case, edition))) for case in material.cases),
    ]


def _case(case: Case, edition: Edition) -> str:
    kind, status = CaseKind(case.kind), CaseStatus(case.status)
    parts = [kind.label, status.label, edition.text(case.reference or case.subject)]
    # Where it is several players' case, the amount is all of theirs.
    if case.amount is not None and edition.uid in ("", case.player):
        parts.append(f"{pages.amount(case.amount)} {case.currency} at risk")
    if case.player and edition.uid in ("", case.player):
        parts.append(f"player {case.player}")
    return ", ".join(filter(None, parts))


def _books(material: Material, edition: Edition) -> list[list[str]]:
    return [
        [
            _fit(edition.text(one.transaction_id)),
            str(Kind(one.kind).label),
            pages.printable(entry.wallet.player.uid),
            f"debit {pages.amount(entry.debit)}",
            f"credit {pages.amount(entry.credit)}",
            f"{pages.amount(entry.balance_after)} {entry.wallet.currency} after",
        ]
        for one in material.transactions
        for entry in edition.entries(one)
    ]


# -- As HTML -----------------------------------------------------------------------------------


def _facts_html(facts: Sequence[tuple[str, str]]) -> SafeString:
    return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", facts))


def _events_html(found: Sequence[Event]) -> SafeString:
    rows = ((_when(one), _fit(one.what), _fit(one.said)) for one in found)
    return format_html(
        "<table><thead><tr><th>When</th><th>What</th><th>In their words</th></tr></thead>"
        "<tbody>{}</tbody></table>",
        format_html_join("\n", "<tr><td class='when'>{}</td><td>{}</td><td>{}</td></tr>", rows),
    )


def _books_html(material: Material, edition: Edition) -> SafeString:
    rows = _books(material, edition)
    if not rows:
        return format_html("<p>{}</p>", "Nothing.")
    return format_html(
        "<table><tbody>{}</tbody></table>",
        format_html_join(
            "\n",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class='money'>{}</td>"
            "<td class='money'>{}</td><td class='money'>{}</td></tr>",
            rows,
        ),
    )


def _when(event: Event) -> str:
    return event.at.astimezone(timezone.get_default_timezone()).isoformat(" ", "milliseconds")


def _fit(value: str) -> str:
    shown = pages.printable(value)
    return f"{shown[:LONGEST]}… (cut here)" if len(shown) > LONGEST else shown


def _bytes(value: str) -> bytes:
    return value.encode(errors="backslashreplace")
