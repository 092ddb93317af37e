"""HotRoad Gaming, from the outside: bets, cancels and events that can't be understood."""

import json
from collections.abc import Callable

import pytest

from providers.models import Callback
from tests.cast import Books
from tests.providers import senders
from tests.providers.hotroad import (
    EVENT_SETTLE,
    PLACE_BET,
    bet,
    cancel,
    code,
    event,
    reward,
)
from tests.providers.malformed import bodies, ids, texts
from tests.providers.senders import altered, send
from tests.providers.tabled import HOTROAD_CANCEL_BET as CANCEL_BET


@pytest.fixture
def table(books: Books, configure: Callable[..., None]) -> Books:
    """The two users of the documents' examples, with 1000 each, and the provider's defaults."""
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("hrgpl0001", "THB", "1000")
    books.open("hrgpl0002", "THB", "1000")
    return books


BETS = {
    **bodies(PLACE_BET, required=["userId", "txId", "betAmount"]),
    **ids(PLACE_BET, fields=["userId", "txId"]),
    **texts(PLACE_BET, field="betAmount", decimals=4),
    "a number": altered(PLACE_BET, betAmount=50),
    "no stake": altered(PLACE_BET, betAmount="0.0"),
}
CANCELS = {
    **bodies(CANCEL_BET, required=["userId", "txId"]),
    **ids(CANCEL_BET, fields=["userId", "txId"]),
}
REWARD = json.dumps(reward("1", "hrgpl0001", "10")).encode()
EVENTS = {
    **bodies(EVENT_SETTLE, required=["settles"]),
    **{
        f"a reward: {why}": altered(EVENT_SETTLE, settles=["@@"]).replace(b'"@@"', body)
        for why, body in {
            **bodies(REWARD, required=["settleId", "userId", "amount"]),
            **ids(REWARD, fields=["settleId", "userId"]),
            **texts(REWARD, field="amount", decimals=4),
        }.items()
        if why != "empty" and why != "10 MB"
    },
    "no rewards": altered(EVENT_SETTLE, settles=[]),
    "an id twice": altered(EVENT_SETTLE, settles=[reward("1", "hrgpl0001", "10")] * 2),
}


@pytest.mark.parametrize(
    ("operation", "wrong"),
    [("place_bet", BETS), ("cancel_bet", CANCELS), ("event_settle", EVENTS)],
    ids=["place_bet", "cancel_bet", "event_settle"],
)
def test_what_cannot_be_understood_is_refused_and_kept_and_moves_nothing(
    table: Books, operation: str, wrong: dict[str, bytes]
) -> None:
    for why, body in wrong.items():
        heard = send(senders.hotroad(body, operation=operation))
        assert heard.status == 200, why
        row = Callback.objects.latest("id")
        assert (row.outcome, bytes(row.reply)) == ("refused", heard.body), why
        # 8001 is final, so the row says under which id.
        named = row.transaction_id == "bet:AAA-251916"
        assert heard.json["code"] == ("8001" if named else "9999"), why
    assert Callback.objects.count() == len(wrong)
    assert table.transactions() == []
    assert table.balance("hrgpl0001", "THB") == 1000
    assert table.violations() == []


def test_a_stranger_s_bet_is_counted_and_never_said_to_have_failed(table: Books) -> None:
    heard = send(senders.from_address(bet(), "203.0.113.7"))
    assert heard.json["code"] == "9999"
    assert Callback.objects.count() == 0
    assert code(bet()) == "0000"


def test_unknown_fields_are_ignored(table: Books) -> None:
    deep = {"deep": [1, None]}
    assert code(bet(added_later=deep)) == code(cancel(added_later=deep)) == "0000"
    assert code(event({**reward("1", "hrgpl0001", "1"), "added_later": deep})) == "0000"
