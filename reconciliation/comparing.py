"""Two deliveries of one id, field by field: what the booked one said, and what the other says.

Fields are those of the JSON bodies, as they were sent: 1.10 is not 1.1, and "1" is not 1.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.models import Callback
from providers.registry import Provider
from reconciliation import facts
from wallets import pages
from wallets.models import Transaction

MOST = 300  # Fields of one body.
DEEPEST = 20
ABSENT = None


class Number(str):
    """A number or a word of JSON's own, literally as it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One field on both sides; None where a side doesn't have it."""

    name: str
    booked: str | None
    other: str | None

    @property
    def differs(self) -> bool:
        return self.booked != self.other


def bodies(booked: Callback | None, other: Callback | None) -> list[Pair]:
    """The fields of both bodies in the order in which they stand there."""
    ours, theirs = fields(booked), fields(other)
    names = list(dict.fromkeys([*ours, *theirs]))
    return [_pair(name, ours.get(name), theirs.get(name)) for name in names]


def terms(
    transaction: Transaction | None, provider: Provider | None, other: Callback | None
) -> list[Pair]:
    """What was booked against what the other asks for, as it is read today."""
    ours = _booked(transaction) if transaction is not None else {}
    theirs = _asked(provider, other) if provider is not None and other is not None else {}
    wallets = sorted({*ours, *theirs})
    several = len(wallets) > 1
    pairs = []
    for wallet in wallets:
        for position, name in enumerate(("Player", "Currency", "Debit", "Credit")):
            pairs.append(
                Pair(
                    name=f"{name} ({wallet[0]})" if several and position > 1 else name,
                    booked=ours[wallet][position] if wallet in ours else ABSENT,
                    other=theirs[wallet][position] if wallet in theirs else ABSENT,
                )
            )
    return pairs


def fields(callback: Callback | None) -> Mapping[str, str]:
    """Of a delivery's decrypted body, by their dotted path; nothing where it is no JSON object."""
    if callback is None:
        return {}
    raw = bytes(callback.body if callback.unwrapped is None else callback.unwrapped)
    try:
        body = json.loads(raw, parse_float=Number, parse_int=Number, parse_constant=Number)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for path, value in _walk(body, "", 0):
        if len(found) == MOST:
            break
        found[path] = value
    return found


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth < DEEPEST and isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif depth < DEEPEST and isinstance(value, list) and value:
        for position, inner in enumerate(value, start=1):
            yield from _walk(inner, f"{path} {position}".strip(), depth + 1)
    elif isinstance(value, Number):
        yield path, value
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, default=str)


def _pair(name: str, ours: str | None, theirs: str | None) -> Pair:
    """Both sides; a text is quoted where the other side has a number that reads the same."""
    if ours is not None and ours == theirs and type(ours) is not type(theirs):
        ours, theirs = _quoted(ours), _quoted(theirs)
    return Pair(name=name, booked=ours, other=theirs)


def _quoted(value: str) -> str:
    return value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


Move = tuple[str, str, str, str]


def _booked(transaction: Transaction) -> dict[tuple[str, str], Move]:
    return _moves(
        [
            (one.wallet.player.uid, one.wallet.currency, one.debit, one.credit)
            for one in transaction.entries.all()
        ]
    )


def _asked(provider: Provider, other: Callback) -> dict[tuple[str, str], Move]:
    """What it asks for under the doubted id; one delivery may hold several instructions."""
    try:
        instructions = facts.meaning(provider, other)
    except Exception:
        # A fault of ours, and it was logged when it came: the other side stays empty.
        return {}
    named = [one for one in instructions if one.transaction_id == other.transaction_id]
    return _moves(
        [
            (movement.uid, movement.currency, movement.debit, movement.credit)
            for one in named or instructions
            for movement in one.movements
        ]
    )


def _moves(rows: Sequence[tuple[str, str, Decimal, Decimal]]) -> dict[tuple[str, str], Move]:
    return {
        (uid, currency): (uid, currency, pages.amount(debit), pages.amount(credit))
        for uid, currency, debit, credit in rows
    }
