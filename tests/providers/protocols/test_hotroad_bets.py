"""HotRoad: bets, their cancels and event rewards, and everything that is almost one."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols.base import (
    Malformed,
    NotOffered,
    Unauthentic,
    UnknownOperation,
)
from providers.protocols.hotroad import HotRoad
from providers.protocols.hotroad.fields import Unnamed
from tests.providers import senders
from tests.providers.protocols.dialects import (
    NOON,
    amount_tokens,
    meaning,
    receipts,
    refusal,
    refused,
    speaker,
    terms,
    understood,
    with_token,
)
from tests.providers.senders import Sent, altered
from tests.providers.tabled import HOTROAD_CANCEL_BET as CANCEL_BET
from wallets.instructions import Instruction, Kind, Movement
from wallets.refusals import (
    BetCancelled,
    BetRefused,
    BetSettled,
    Conflict,
    Declined,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownBet,
    UnknownCurrency,
    UnknownPlayer,
)

PLACE_BET = senders.verbatim("hotroad", "place_bet")
EVENT_SETTLE = senders.verbatim("hotroad", "event_settle")
hotroad = speaker(HotRoad)
prefixed = speaker(HotRoad, uid_prefix="hrg")
STRANGERS = ["pl0001", "HRGpl0001", "hrg", "xhrgpl0001"]
NO_OBJECTS = [b"", b"[]", b"null", b"{", b"\xff" + PLACE_BET, b"[" * 100_000, b'{"a":' * 100_000]


def bet(**changes: Any) -> Sent:
    return senders.hotroad(altered(PLACE_BET, **changes), operation="place_bet")


def cancel(**changes: Any) -> Sent:
    return senders.hotroad(altered(CANCEL_BET, **changes), operation="cancel_bet")


def event(*changes: dict[str, Any]) -> Sent:
    """The document's rewards, the first, second, ... with some fields changed."""
    rewards = json.loads(EVENT_SETTLE)["settles"]
    changed = [
        json.loads(altered(json.dumps(reward).encode(), **change))
        for reward, change in zip(rewards, [*changes, {}, {}], strict=False)
    ]
    return senders.hotroad(altered(EVENT_SETTLE, settles=changed), operation="event_settle")


# -- place_bet -------------------------------------------------------------------------------


def test_the_document_s_bet_takes_its_amount() -> None:
    assert understood(hotroad, senders.hotroad(PLACE_BET, operation="place_bet")) == (
        "bet",
        Instruction(
            provider="hotroad",
            transaction_id="bet:AAA-251916",
            kind=Kind.BET,
            movements=(Movement(uid="hrgpl0001", currency="THB", debit=Decimal(50)),),
            reference="AAA-251916",
            round_id="RND-08310057",
            game="BACCARAT",
            stake=Decimal(50),
            details={"gameType": "LIVE", "tableId": "1", "category": "Player"},
            occurred_at=datetime(2022, 10, 14, 15, tzinfo=UTC),
            refusal_stands=True,
        ),
    )


def test_a_placed_bet_hears_0000_and_the_balance() -> None:
    reply = hotroad.reply("bet", receipts(meaning(hotroad, bet()), "950"), at=NOON)
    assert reply.body == (
        b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"950.0000"}'
    )


@pytest.mark.parametrize("token", [*amount_tokens(lambda digits: f'"{digits}"'), "50", '"0"'])
def test_a_bet_that_names_itself_and_no_amount_is_refused_under_its_id(token: str) -> None:
    """8001 is final for them, so it has to be final here."""
    sent = senders.hotroad(with_token(PLACE_BET, "betAmount", token), operation="place_bet")
    try:
        instruction = meaning(hotroad, sent)
    except Unnamed:  # The token made it no JSON.
        return
    assert type(instruction.declined) is Malformed
    assert (instruction.transaction_id, instruction.movements) == ("bet:AAA-251916", ())
    assert instruction.refusal_stands


@pytest.mark.parametrize("amount", ["0", "0.0", "-0.0", "0.00001", "50.00001", "-50.0"])
def test_a_bet_is_above_0_with_four_decimals_at_most(amount: str) -> None:
    assert refusal(hotroad, bet(betAmount=amount)) is Malformed


def test_decimals_are_configured() -> None:
    assert meaning(hotroad, bet(betAmount="0.0001")).stake == Decimal("0.0001")
    assert refusal(speaker(HotRoad, decimals=2), bet(betAmount="0.001")) is Malformed


@pytest.mark.parametrize("field", ["userId", "betAmount"])
@pytest.mark.parametrize("value", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0", "\x9f"])
def test_who_and_how_much_are_insisted_on_under_the_bet_s_id(field: str, value: Any) -> None:
    malformed = meaning(hotroad, bet(**{field: value}))
    assert type(malformed.declined) is Malformed
    assert malformed.transaction_id == "bet:AAA-251916"


@pytest.mark.parametrize("value", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0", "\x9f"])
def test_a_bet_without_a_name_can_not_be_said_to_have_failed(value: Any) -> None:
    """It may be the copy of one that stands: their cancel_bet finds out."""
    assert refusal(hotroad, bet(txId=value)) is Unnamed
    assert refused(hotroad, "bet", Unnamed())["code"] == "9999"


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_a_body_that_is_no_json_object_names_no_bet(body: bytes) -> None:
    assert refusal(hotroad, senders.hotroad(body, operation="place_bet")) is Unnamed


@pytest.mark.parametrize(
    "field", ["ts", "betTime", "gameType", "gameCode", "roundId", "tableId", "category"]
)
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses_a_bet(field: str, value: Any) -> None:
    assert terms(meaning(hotroad, bet(**{field: value}))) == terms(meaning(hotroad, bet()))


@pytest.mark.parametrize("change", [{"betAmount": "50.1"}, {"userId": "hrgpl0002"}])
def test_another_stake_or_player_has_other_terms(change: dict[str, Any]) -> None:
    assert terms(meaning(hotroad, bet(**change))) != terms(meaning(hotroad, bet()))


def test_the_prefix_is_stripped_from_who_bets() -> None:
    assert meaning(prefixed, bet()).movements[0].uid == "pl0001"


@pytest.mark.parametrize("user", STRANGERS)
def test_a_stranger_s_bet_is_refused_under_its_id(user: str) -> None:
    stranger = meaning(prefixed, bet(userId=user))
    assert isinstance(stranger.declined, UnknownPlayer)
    assert (stranger.transaction_id, stranger.refusal_stands) == ("bet:AAA-251916", True)
    assert terms(stranger) != terms(meaning(prefixed, bet()))


@pytest.mark.parametrize(
    ("why", "code"),
    [
        (InsufficientFunds(), "8001"),
        (UnknownPlayer(), "8001"),
        (UnknownCurrency(), "8001"),
        (PlayerSuspended(), "8001"),
        (PlayerClosed(), "8001"),
        (BetCancelled(), "8001"),
        (Declined(), "8001"),
        (Malformed(), "8001"),
        (Conflict(), "9999"),
        (Unnamed(), "9999"),
        (Unauthentic(), "9999"),
        (NotOffered(), "9999"),
        (UnknownOperation(), "9999"),
    ],
)
def test_8001_is_said_only_of_bets_that_failed_for_good(why: Refusal, code: str) -> None:
    assert refused(hotroad, "bet", why) == {"code": code, "desc": type(why).sentence}


# -- cancel_bet ------------------------------------------------------------------------------


def test_a_cancel_undoes_the_bet_of_the_same_id() -> None:
    assert understood(hotroad, cancel()) == (
        "cancel_bet",
        Instruction(
            provider="hotroad",
            transaction_id="cancel_bet:AAA-251916",
            kind=Kind.ROLLBACK,
            movements=(Movement(uid="hrgpl0001", currency="THB"),),
            reference="AAA-251916",
            game="BACCARAT",
            details={"gameType": "LIVE", "reason": "timeout"},
            cancels=("bet:AAA-251916",),
            occurred_at=datetime(2022, 10, 14, 15, 0, 5, tzinfo=UTC),
        ),
    )


def test_a_cancel_s_amount_is_not_documented_and_not_compared() -> None:
    for amount in ("50.0", "1", 7, None, "NaN"):
        stated = meaning(hotroad, cancel(betAmount=amount, amount=amount))
        assert stated == meaning(hotroad, cancel())


@pytest.mark.parametrize(
    "field", ["ts", "reason", "gameType", "gameCode", "roundId", "added_later"]
)
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses_a_cancel(field: str, value: Any) -> None:
    assert terms(meaning(hotroad, cancel(**{field: value}))) == terms(meaning(hotroad, cancel()))


@pytest.mark.parametrize("field", ["userId", "txId"])
@pytest.mark.parametrize("value", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0", "\x9f"])
def test_whose_bet_and_which_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(hotroad, cancel(**{field: value})) is Malformed


@pytest.mark.parametrize("user", STRANGERS)
def test_a_stranger_s_cancel_is_not_declined(user: str) -> None:
    """4.3: what doesn't stand is cancelled, whoever it is said to belong to."""
    stranger = meaning(prefixed, cancel(userId=user))
    assert stranger.declined is None
    assert stranger.movements == (Movement(uid=user, currency="?"),)


@pytest.mark.parametrize("why", [BetSettled(), UnknownBet(), Conflict(), Malformed(), Declined()])
def test_a_cancel_that_is_refused_is_sent_again(why: Refusal) -> None:
    assert refused(hotroad, "cancel_bet", why)["code"] == "9999"


@pytest.mark.parametrize("why", [UnknownBet(), BetRefused(), BetCancelled()])
def test_a_settle_without_a_bet_that_stands_is_sent_again(why: Refusal) -> None:
    assert refused(hotroad, "settle", why)["code"] == "9999"


# -- event_settle ----------------------------------------------------------------------------


def test_the_document_s_event_is_one_reward_for_each_of_its_settles() -> None:
    operation, rewards = understood(
        hotroad, senders.hotroad(EVENT_SETTLE, operation="event_settle")
    )
    assert operation == "event"
    assert rewards == (
        Instruction(
            provider="hotroad",
            transaction_id="event:EVT-20001",
            kind=Kind.REWARD,
            movements=(Movement(uid="hrgpl0001", currency="THB", credit=Decimal(10)),),
            reference="EVT-20001",
            details={"eventId": "EGR-10034-b562fb97b3fa4e3da9998d3214f224f0"},
            # Without a zone in the document's own example: GMT+8.
            occurred_at=datetime(2024, 6, 1, 3, 33, 49, 839_000, tzinfo=UTC),
        ),
        Instruction(
            provider="hotroad",
            transaction_id="event:EVT-20002",
            kind=Kind.REWARD,
            movements=(Movement(uid="hrgpl0002", currency="THB", credit=Decimal(15)),),
            reference="EVT-20002",
            details={"eventId": "EGR-10034-fd0976d43d1049258ec5162d39b65eed"},
            occurred_at=datetime(2024, 6, 1, 3, 36, 3, 746_000, tzinfo=UTC),
        ),
    )


def test_an_event_of_several_players_tells_nobody_s_balance() -> None:
    first, second = meaning(hotroad, event())
    both = [*receipts(first, "10"), *receipts(second, "15")]
    assert hotroad.reply("event", both, at=NOON).body == b'{"code":"0000"}'


def test_an_event_of_one_player_tells_the_balance_after_all_of_it() -> None:
    first, second = meaning(hotroad, event({}, {"userId": "hrgpl0001"}))
    both = [*receipts(first, "10"), *receipts(second, "25")]
    assert json.loads(hotroad.reply("event", both, at=NOON).body)["balance"] == "25.0000"


@pytest.mark.parametrize("field", ["settleId", "userId", "amount"])
@pytest.mark.parametrize("value", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0", "\x9f"])
def test_one_reward_that_can_not_be_read_refuses_them_all(field: str, value: Any) -> None:
    assert refusal(hotroad, event({}, {field: value})) is Malformed


@pytest.mark.parametrize("amount", ["-0.1", "1.23456", "NaN", "1e2", " 1", "1" * 40])
def test_a_reward_is_a_plain_decimal_of_0_or_more(amount: str) -> None:
    assert refusal(hotroad, event({"amount": amount})) is Malformed
    assert meaning(hotroad, event({"amount": "0"}))[0].movements[0].credit == 0


@pytest.mark.parametrize("settles", [..., None, [], {}, "", 7, [7], [None], [[]]])
def test_an_event_has_rewards(settles: Any) -> None:
    body = altered(EVENT_SETTLE, settles=settles)
    assert refusal(hotroad, senders.hotroad(body, operation="event_settle")) is Malformed


@pytest.mark.parametrize("second", [{}, {"amount": "10.0", "userId": "hrgpl0001"}])
def test_an_id_that_stands_twice_in_an_event_refuses_it(second: dict[str, Any]) -> None:
    """Also where both say the same: whether one is meant or two can't be known."""
    assert refusal(hotroad, event({}, {"settleId": "EVT-20001", **second})) is Malformed


@pytest.mark.parametrize("field", ["eventId", "createTime", "added_later"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses_a_reward(field: str, value: Any) -> None:
    assert terms(meaning(hotroad, event({field: value}))[0]) == terms(meaning(hotroad, event())[0])


@pytest.mark.parametrize("user", STRANGERS)
def test_a_stranger_s_reward_is_declined(user: str) -> None:
    ours, stranger = meaning(prefixed, event({}, {"userId": user}))
    assert (ours.movements[0].uid, ours.declined) == ("pl0001", None)
    assert isinstance(stranger.declined, UnknownPlayer)
