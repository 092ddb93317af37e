"""The parts of a callback's page that are more than one field. All of it is evidence, and inert."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from providers import comparing, pruned, registry
from providers.comparing import Pair
from providers.models import Callback, Outcome, SentInstead
from wallets import pages
from wallets.models import Transaction

BIG = ["headers", "body", "unwrapped", "reply"]  # Not read for a list.
FIRST, LAST = 10, 10  # Deliveries of the same id that are shown.
# Headers that prove who sends, whatever the provider calls them.
SECRET = re.compile(
    r"auth|cookie|api-?_?key|secret|token|passw|credential|signature|\bsign\b|-sign\b|hmac"
)
MASKED = "(masked)"  # What the inbox has not even kept.


# -- The reply ---------------------------------------------------------------------------------


def meaning(callback: Callback) -> SafeString | str:
    """What the provider takes the reply for, and by which document."""
    if callback.replay_of is not None:
        return "Nobody heard it: Cage settled a kept delivery again."
    provider = registry.current().by_name.get(callback.provider)
    if provider is None:
        return "The provider is not configured any more: its codes are not known."
    meant = provider.protocol.meaning_of(
        callback.operation, bytes(callback.reply), callback.reply_status
    )
    code = format_html('<code class="cage-code">{}</code> ', meant.code) if meant.code else ""
    return format_html(
        '{}{}<div class="cage-note">Source: {}</div>{}',
        code,
        pages.printable(meant.sentence),
        pages.printable(meant.source),
        heard_instead(callback),
    )


def heard_instead(callback: Callback) -> SafeString | str:
    """What was sent in place of this reply, because the COMMIT took longer than an answer may."""
    sent = SentInstead.objects.filter(
        delivery_id=callback.delivery_id, received_at=callback.received_at
    ).first()
    if sent is None:
        return ""
    return format_html(
        '<div class="cage-note"><strong>The provider did not hear this.</strong> The time was up'
        " while it was being committed: at {} it heard <em>no verdict</em>, HTTP {} {}</div>",
        pages.moment(sent.sent_at, precise=True),
        sent.status,
        pages.printable(bytes(sent.reply).decode(errors="replace") or "without a body."),
    )


def took(callback: Callback) -> SafeString:
    """When it was decided, and how long that took."""
    length = callback.decided_at - callback.received_at
    return format_html("{}, {}", pages.moment(callback.decided_at, precise=True), _length(length))


def _length(length: timedelta) -> str:
    milliseconds = length / timedelta(milliseconds=1)
    if milliseconds < 0:
        return "by a clock that was behind the one it arrived by"
    return f"after {milliseconds:,.0f} ms"


# -- The others of the same id -----------------------------------------------------------------


def siblings(callback: Callback) -> QuerySet[Callback]:
    """All deliveries of its id, itself included, without what is big."""
    same = Callback.objects.filter(
        provider=callback.provider, transaction_id=callback.transaction_id
    )
    return same.defer(*BIG)


def removed(callback: Callback, booked: Transaction | None) -> str:
    """A sentence where `booked`, of its id, came with a month that was removed; else empty."""
    if callback.outcome == Outcome.POSTED:
        return ""  # By this very one.
    return pruned.told(pruned.gone(booked))


def deliveries(callback: Callback, *, removed: str = "") -> SafeString | str:
    """The first and the last ones, and how many there are; `removed` are those that are gone."""
    if not callback.transaction_id:
        return "It names no transaction."
    same = siblings(callback)
    count = same.count()
    first = list(same.order_by("received_at", "id")[: FIRST + LAST])
    rows = [_row(one, callback) for one in first]
    if count > FIRST + LAST:
        last = list(same.order_by("-received_at", "-id")[:LAST])[::-1]
        gap = f"… {count - FIRST - LAST:,} more in between …"
        rows = [
            *rows[:FIRST],
            format_html('<tr class="cage-gap"><td colspan="4">{}</td></tr>', gap),
            *(_row(one, callback) for one in last),
        ]
    times = "once" if count == 1 else f"{count:,} times"
    return format_html(
        '<div>{}</div><table class="cage-table">{}</table>',
        f"Delivered {times}, as far as it is kept. {removed}" if removed else f"Delivered {times}.",
        format_html_join("", "{}", ((row,) for row in rows)),
    )


def _row(one: Callback, shown: Callback) -> SafeString:
    """A delivery in the table of those with the same id; the one shown is not a link."""
    number = f"#{one.pk}"
    return format_html(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        format_html("<strong>{}</strong>", number)
        if one.pk == shown.pk
        else pages.link(one, number),
        pages.moment(one.received_at, precise=True),
        pages.tag(Outcome(one.outcome)),
        "Settled again" if one.replay_of else "",
    )


def difference(callback: Callback, *, removed: str = "") -> SafeString | str:
    """Field by field against the first delivery of its id; `removed` are those that are gone."""
    first = _first(callback)
    if first is None:
        return "It names no transaction: there is nothing to compare it with."
    if first.pk == callback.pk:
        kept = f"It is the first delivery of its id that is kept. {removed}"
        return kept if removed else "It is the first delivery of its id."
    pairs = comparing.bodies(first, callback)
    if not pairs:
        same = "" if bytes(first.body) == bytes(callback.body) else "not "
        return f"No fields can be read of them; the bodies are {same}the same."
    differ = [pair for pair in pairs if pair.differs]
    same_ones = [pair for pair in pairs if not pair.differs]
    named = "First delivery that is kept" if removed else "First delivery"
    headings = [pages.link(first, f"{named}, #{first.pk}"), f"This one, #{callback.pk}"]
    told = "" if differ else "Every field is the same."
    return format_html(
        "{}{}{}", told, _table(differ, headings) if differ else "", _folded(same_ones, headings)
    )


def _first(callback: Callback) -> Callback | None:
    if not callback.transaction_id:
        return None
    same = Callback.objects.filter(
        provider=callback.provider, transaction_id=callback.transaction_id
    )
    return same.order_by("received_at", "id").first()


def _table(pairs: Iterable[Pair], headings: Iterable[object]) -> SafeString:
    rows = (
        (
            "cage-differs" if pair.differs else "",
            pages.short(pair.name),
            _value(pair.booked),
            _value(pair.other),
        )
        for pair in pairs
    )
    return format_html(
        '<table class="cage-table cage-difference"><thead><tr><th scope="col">Field</th>{}</tr>'
        "</thead><tbody>{}</tbody></table>",
        format_html_join("", '<th scope="col">{}</th>', ((one,) for one in headings)),
        format_html_join("", '<tr class="{}"><td>{}</td><td>{}</td><td>{}</td></tr>', rows),
    )


def _folded(pairs: list[Pair], headings: Iterable[object]) -> SafeString | str:
    if not pairs:
        return ""
    number = "1 field is" if len(pairs) == 1 else f"{len(pairs)} fields are"
    return format_html(
        '<details class="cage-same"><summary>{} the same</summary>{}</details>',
        number,
        _table(pairs, headings),
    )


def _value(value: str | None) -> SafeString | str:
    if value is None:
        return format_html('<span class="cage-note">{}</span>', "not there")
    return pages.short(value, longest=500) if value else '""'


# -- The request -------------------------------------------------------------------------------


def headers(callback: Callback) -> SafeString | str:
    """Names and values; of those that prove who sends only the length."""
    provider = registry.current().by_name.get(callback.provider)
    secret = provider.protocol.secret_headers if provider is not None else frozenset()
    rows = shown_headers(callback.headers, secret)
    return (
        pages.table(
            (pages.short(name), pages.short(value, longest=500)) for name, value in rows.items()
        )
        if rows
        else pages.NOTHING
    )


def shown_headers(kept: Mapping[str, object], secret: frozenset[str]) -> dict[str, str]:
    """What may be shown of the headers, by name: for pages and whatever else leaves Cage."""
    return {
        name: _masked(str(value))
        if name.lower() in secret or SECRET.search(name.lower())
        else str(value)
        for name, value in sorted(kept.items())
    }


def _masked(value: str) -> str:
    return value if value == MASKED else f"(hidden, {len(value)} characters)"


def original(callback: Callback) -> SafeString | str:
    """Who sent it: the provider, or nobody."""
    if callback.replay_of is None:
        return format_html("The provider, from {}.", callback.address or "an unknown address")
    found = Callback.objects.filter(delivery_id=callback.replay_of).defer(*BIG).first()
    if found is None:
        return "Nobody: it is a replay, and its original is not kept any more."
    return format_html("Nobody: it is a replay of {}.", pages.link(found, f"#{found.pk}"))
