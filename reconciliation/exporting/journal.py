"""The books of a time as a plain-text journal that hledger and ledger read.

Everything from outside is percent-encoded where it stands in a name, so `players:a%3Ab:USD` is the
player `a:b` and nobody else. Accounts are `players:<uid>:<currency>`, `providers:<name>` and, for
the operator's own, `house:<kind>`. Amounts are exact. At its end the journal asserts each wallet's
balance, which `hledger check` proves by adding everything up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from django.utils import timezone

from reconciliation.exporting import cells, filters, reading
from reconciliation.exporting.filters import BadFilter, Filter
from wallets import money
from wallets.instructions import HOUSE

OPENING = "equity:opening"
FILTERS = {name: Filter(where="", read=filters.instant) for name in ("since", "until")}

TRANSACTIONS = """
SELECT t.id, t.posted_at, t.provider, t.kind, t.transaction_id, t.round_id,
       p.uid, w.currency, e.debit, e.credit
FROM wallets_transaction t
JOIN wallets_entry e ON e.transaction_id = t.id
JOIN wallets_wallet w ON w.id = e.wallet_id
JOIN wallets_player p ON p.id = w.player_id
WHERE t.posted_at >= %s::timestamptz AND t.posted_at < %s
ORDER BY t.posted_at, t.id, e.id
"""
# What was in each wallet at a time: what is in it now, without what was posted since.
BALANCES = """
SELECT p.uid, w.currency, w.balance - coalesce(later.net, 0)
FROM wallets_wallet w
JOIN wallets_player p ON p.id = w.player_id
LEFT JOIN (
    SELECT e.wallet_id, sum(e.credit - e.debit) AS net
    FROM wallets_transaction t JOIN wallets_entry e ON e.transaction_id = t.id
    WHERE t.posted_at >= %s GROUP BY e.wallet_id
) later ON later.wallet_id = w.id
WHERE w.sequence > 0
ORDER BY p.uid COLLATE "C", w.currency COLLATE "C"
"""
CURRENCIES = 'SELECT DISTINCT currency COLLATE "C" FROM wallets_wallet ORDER BY 1'


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was posted from `since` (None: from the first on) to before `until`."""

    since: datetime | None
    until: datetime


def span(stated: Mapping[str, str], *, at: datetime) -> Span:
    """The time that the filters say; it ends `at` now at the latest. Raises BadFilter."""
    values = filters.choose(stated, FILTERS).by_name
    since, until = values.get("since"), min(values.get("until", at), at)
    if since is not None and since >= until:
        raise BadFilter("Nothing can have been posted yet.")
    return Span(since=since, until=until)


def entries(span: Span) -> Iterator[str]:
    """The journal's paragraphs, one transaction each, in the order of posting; for the inside of
    `reading.instant`. Transactions that moved nothing (refusals that stand) are not there."""
    first = cells.moment(span.since) if span.since else "the first entry"
    yield f"; Cage: from {first} until before {cells.moment(span.until)}\n"
    for (currency,) in reading.rows(CURRENCIES):
        name = _commodity(currency)
        yield f"commodity {name}\n    format 1000.00000000 {name}\n"
    if span.since is not None:
        yield from _opening(span.since)
    booked = reading.rows(TRANSACTIONS, [span.since or "-infinity", span.until])
    for _, rows in groupby(booked, key=itemgetter(0)):
        yield _entry(list(rows))
    yield from _closing(span.until)


def _opening(since: datetime) -> Iterator[str]:
    """What was in the wallets, one paragraph each: readers keep a whole one in memory."""
    for uid, currency, balance in reading.rows(BALANCES, [since]):
        if balance:
            yield _paragraph(
                f"{_day(since)} opening",
                [
                    (_wallet(uid, currency), _amount(balance, currency)),
                    (OPENING, _amount(balance.copy_negate(), currency)),
                ],
            )


def _closing(until: datetime) -> Iterator[str]:
    """Nothing moves; what is asserted is read apart from what was moved."""
    last = _day(until - timedelta(microseconds=1))
    for uid, currency, balance in reading.rows(BALANCES, [until]):
        asserted = f"{_amount(money.ZERO, currency)} = {_amount(balance, currency)}"
        yield _paragraph(f"{last} closing", [(_wallet(uid, currency), asserted)])


def _entry(rows: Sequence[tuple[Any, ...]]) -> str:
    """One transaction. What it took and what it gave are postings of their own."""
    _, posted_at, provider, kind, transaction_id, round_id, *_ = rows[0]
    postings: list[tuple[str, str]] = []
    sums: dict[str, Decimal] = {}
    for *_, uid, currency, debit, credit in rows:
        steps = [step for step in (debit.copy_negate(), credit) if step] or [money.ZERO]
        postings += [(_wallet(uid, currency), _amount(step, currency)) for step in steps]
        with localcontext(money.EXACT):
            sums[currency] = sums.get(currency, money.ZERO) + debit - credit
    other = f"{HOUSE}:{kind}" if provider == HOUSE else f"providers:{provider}"
    postings += [(other, _amount(net, currency)) for currency, net in sums.items()]
    round_ = f"\n    ; round:{_name(round_id)}" if round_id else ""
    title = f"{_day(posted_at)} {provider} {kind} {_name(transaction_id, keep=':')}"
    return _paragraph(f"{title}\n    ; posted:{cells.moment(posted_at)}{round_}", postings)


def _paragraph(title: str, postings: Sequence[tuple[str, str]]) -> str:
    lines = [f"    {account}  {amount}" for account, amount in postings]
    return "\n".join([title, *lines, ""])


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).date().isoformat()


def _wallet(uid: str, currency: str) -> str:
    return f"players:{_name(uid)}:{currency}"


def _name(text: str, *, keep: str = "") -> str:
    """Letters and digits as they are; all that a journal could take for something else is not."""
    return quote(text, safe=keep)


def _amount(value: Decimal, currency: str) -> str:
    return f"{cells.amount(value)} {_commodity(currency)}"


def _commodity(currency: str) -> str:
    return currency if re.fullmatch(r"[A-Z]+", currency) else f'"{currency}"'
