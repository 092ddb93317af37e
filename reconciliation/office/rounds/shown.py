"""A story as its page shows it: escaped, linked, and only what its reader may see."""

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reconciliation import words
from reconciliation.office.rounds import links
from reconciliation.office.rounds.events import About, Event, Mark, Move
from reconciliation.office.rounds.story import State, Story, Sum
from reconciliation.office.statements import zones
from wallets import pages

LONGEST = 600  # Characters of a text in a story; its own page has more.
ICONS = {
    About.DELIVERY: "call_received",
    About.REPLY: "reply",
    About.TRANSACTION: "receipt_long",
    About.CASE: "fact_check",
    About.LINE: "table_view",
    About.ADJUSTMENT: "approval",
}
PAGES = {
    About.DELIVERY: "admin:providers_callback_change",
    About.REPLY: "admin:providers_callback_change",
    About.TRANSACTION: "admin:wallets_transaction_change",
    About.CASE: "admin:reconciliation_case_change",
    About.ADJUSTMENT: "admin:reconciliation_adjustment_change",
}
NAMES = {
    About.DELIVERY: "Callback #{}",
    About.REPLY: "Callback #{}",
    About.TRANSACTION: "Transaction #{}",
    About.CASE: "Case #{}",
    About.ADJUSTMENT: "Adjustment #{}",
}
TONES = {State.OPEN: "warning", State.SETTLED: "good"}
Reader = AbstractBaseUser | AnonymousUser


def page(story: Story, reader: Any) -> dict[str, Any]:
    """For the template; no query."""
    hidden = [about for about in About if not reader.has_perm(about.permission)]
    zone = zones.of(story.provider)
    seen = [one for one in story.events if one.about not in hidden]
    return {
        "story": story,
        "name": pages.short(story.round_id or story.reference),
        "what": "Round" if story.round_id else "Reference",
        "state": tag(story.state),
        "state_sentence": story.state.sentence,
        "facts": list(_facts(story)),
        "sums": [_sum(one) for one in story.sums],
        "events": [_event(one, zone) for one in seen],
        "kinds": _kinds(seen),
        "cut": story.cut,
        "hidden": [about.label for about in hidden],
        "theirs": words.offset(timezone.now().astimezone(zone)),
        "ours": timezone.get_current_timezone_name(),
    }


def tag(state: State) -> SafeString:
    return pages.tag(state, tone=TONES.get(state, "plain"))


def _facts(story: Story) -> Iterator[tuple[str, object]]:
    yield "Provider", story.provider
    if story.games:
        yield "Game", pages.short(", ".join(story.games[:5]))
    if story.open_cases:
        verb = "is" if story.open_cases == 1 else "are"
        yield "Doubts", f"{words.count(story.open_cases, 'case')} {verb} open"
    if not story.round_id and story.rounds:
        first = story.rounds[0]
        url = links.url(story.provider, round_id=first)
        yield (
            "Its round",
            format_html('<a class="cage-link" href="{}">{}</a>', url, pages.short(first)),
        )
    if story.events:
        length = story.events[-1].at - story.events[0].at
        if length >= timedelta(seconds=1):
            yield "From first to last", words.span(length)


def _sum(one: Sum) -> dict[str, Any]:
    return {
        "player": player_link(one.uid),
        "cells": [
            pages.money(value, one.currency) for value in (one.paid_in, one.paid_out, one.net)
        ],
    }


def player_link(uid: str) -> SafeString:
    """To whoever is called so, by the search: a story knows names, no numbers."""
    url = reverse("search", query={"q": uid, "kind": "player"})
    return format_html('<a class="cage-link" href="{}">{}</a>', url, pages.short(uid))


def _kinds(seen: Sequence[Event]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for one in seen:
        counts[one.about.label] = counts.get(one.about.label, 0) + 1
    return list(counts.items())


def _event(one: Event, zone: tzinfo) -> dict[str, Any]:
    return {
        "kind": one.about.name.lower(),
        "icon": ICONS[one.about],
        "ours": pages.moment(one.at, precise=True),
        "theirs": zones.moment(one.at, zone),
        "stated": zones.moment(one.occurred_at, zone) if one.occurred_at is not None else "",
        "title": pages.printable(one.title)[:LONGEST],
        "mark": _mark(one.mark),
        "subject": pages.short(one.subject) if one.subject else "",
        "link": _link(one),
        "text": pages.short(one.text, longest=LONGEST) if one.text else "",
        "source": one.source,
        "said": pages.short(one.said, longest=LONGEST) if one.said else "",
        "details": [
            (name, pages.short(value, longest=LONGEST) if value else pages.NOTHING)
            for name, value in one.details
        ],
        "moves": [_move(move) for move in one.moves],
    }


def _mark(mark: Mark | None) -> SafeString | str:
    if mark is None:
        return ""
    return format_html(
        '<span class="cage-tag cage-{}" title="{}">{}</span>',
        mark.tone or "plain",
        mark.sentence,
        mark.label,
    )


def _link(one: Event) -> SafeString:
    if one.about is About.LINE:
        query = {"q": one.subject}
        url = reverse("admin:reconciliation_statement_rows", args=[one.key], query=query)
        return format_html('<a class="cage-link" href="{}">Statement #{}</a>', url, one.key)
    url = reverse(PAGES[one.about], args=[one.key])
    return format_html(
        '<a class="cage-link" href="{}">{}</a>', url, NAMES[one.about].format(one.key)
    )


def _move(move: Move) -> dict[str, Any]:
    known = move.before is not None and move.after is not None
    return {
        "player": player_link(move.uid),
        "debit": pages.money(move.debit, move.currency),
        "credit": pages.money(move.credit, move.currency),
        "before": pages.money(move.before, move.currency) if known else "",
        "after": pages.money(move.after, move.currency) if known else "",
    }
