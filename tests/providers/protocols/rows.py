"""Rows of reports, as a format hands them to a protocol."""

from datetime import datetime
from typing import Any

import pytest

from providers.protocols.reports import Expected, Row
from wallets.money import plain
from wallets.refusals import Refusal

Moved = tuple[str, str, str, str, str]


def row(**values: object) -> Row:
    """A row of a file that writes plain decimals and ISO times."""
    texts = {name: str(value) for name, value in values.items() if str(value)}
    return Row(values=texts, number=str, moment=datetime.fromisoformat)


def moved(one: Expected) -> Moved:
    return one.transaction_id, one.uid, one.currency, plain(one.debit), plain(one.credit)


def moves(protocol: Any, **values: object) -> list[Moved]:
    """(transaction id, uid, currency, debit, credit) of what a row expects."""
    return [moved(one) for one in protocol.expected(row(**values))]


def problem(protocol: Any, **values: object) -> str:
    """What is wrong with a row."""
    with pytest.raises(Refusal) as caught:
        protocol.expected(row(**values))
    return str(caught.value)
