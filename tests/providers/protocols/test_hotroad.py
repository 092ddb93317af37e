"""HotRoad: the document's settle and everything that is almost one; balance queries."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from providers.protocols.base import (
    Malformed,
    Query,
    RefusalMeans,
    Resends,
    Unauthentic,
    UnknownOperation,
)
from providers.protocols.hotroad import HotRoad
from tests.providers import senders
from tests.providers.protocols.dialects import (
    NOON,
    amount_tokens,
    meaning,
    problems,
    receipts,
    refusal,
    refused,
    speaker,
    terms,
    understood,
    with_token,
)
from tests.providers.senders import Sent, altered
from wallets.instructions import Instruction, Kind, Movement
from wallets.refusals import Conflict, InsufficientFunds, PlayerClosed, Refusal, UnknownPlayer

SETTLE = senders.verbatim("hotroad", "settle")
hotroad = speaker(HotRoad)


def sent(**changes: Any) -> Sent:
    return senders.hotroad(altered(SETTLE, **changes))


def test_the_document_s_settle_credits_its_win_amount_also_when_it_is_zero() -> None:
    assert understood(hotroad, senders.hotroad(SETTLE)) == (
        "settle",
        Instruction(
            provider="hotroad",
            transaction_id="settle:AAA-251916",
            kind=Kind.SETTLEMENT,
            movements=(Movement(uid="hrgpl0001", currency="THB", credit=Decimal(0)),),
            reference="AAA-251916",
            round_id="",  # The document's own example lacks it, though its table requires it.
            game="BACCARAT",
            stake=Decimal(10),
            details={
                "gameType": "LIVE",
                "validBetAmount": "10.0",
                "commission": "0.0",
                "odds": "-1.0",
                "status": "LOSE",
            },
            settles=("bet:AAA-251916",),
            needs_bets=True,
            occurred_at=datetime(2022, 10, 14, 15, tzinfo=UTC),
        ),
    )


def test_success_is_0000_with_the_balance_in_a_string_and_its_time_in_gmt_8() -> None:
    posted = receipts(meaning(hotroad, sent()), "90.00005")
    reply = hotroad.reply("settle", posted, at=NOON)
    assert reply.body == (
        b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"90.0000"}'
    )
    assert (reply.status, reply.content_type) == (200, "application/json")


def test_the_balance_s_time_always_has_28_characters() -> None:
    for moment in (datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC), NOON):
        posted = receipts(meaning(hotroad, sent()), "1", at=moment)
        assert len(json.loads(hotroad.reply("settle", posted, at=NOON).body)["balanceTs"]) == 28


def test_the_balance_has_as_many_decimals_as_configured_and_never_more_than_4() -> None:
    coarse = speaker(HotRoad, balance_decimals=2)
    reply = coarse.reply("settle", receipts(meaning(coarse, sent()), "9.999"), at=NOON)
    assert json.loads(reply.body)["balance"] == "9.99"
    with pytest.raises(msgspec.ValidationError):
        speaker(HotRoad, balance_decimals=5)


@pytest.mark.parametrize("token", amount_tokens(lambda digits: f'"{digits}"'))
def test_a_win_must_be_a_plain_decimal_in_a_string(token: str) -> None:
    assert refusal(hotroad, senders.hotroad(with_token(SETTLE, "winAmount", token))) is Malformed


def test_a_number_is_no_string_and_four_decimals_are_all() -> None:
    assert refusal(hotroad, sent(winAmount=1.5)) is Malformed
    assert refusal(hotroad, sent(winAmount="0.30000000000000004")) is Malformed
    assert refusal(hotroad, sent(winAmount="1.23456")) is Malformed
    assert meaning(hotroad, sent(winAmount="1.2345")).movements[0].credit == Decimal("1.2345")
    assert refusal(speaker(HotRoad, decimals=2), sent(winAmount="1.234")) is Malformed


@pytest.mark.parametrize("field", ["userId", "txId", "winAmount"])
@pytest.mark.parametrize("value", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0", "\x9f"])
def test_who_what_and_how_much_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(hotroad, sent(**{field: value})) is Malformed


@pytest.mark.parametrize(
    "field",
    [
        *["ts", "betTime", "gameType", "gameCode", "betAmount", "validBetAmount", "roundId"],
        *["odds", "roundStartTime", "status", "result", "commission", "fee"],
    ],
)
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, "-1.0", -1, True])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    assert terms(meaning(hotroad, sent(**{field: value}))) == terms(meaning(hotroad, sent()))


@pytest.mark.parametrize(
    ("ts", "moment"),
    [
        ("2022-10-14T23:00:00.000+0800", datetime(2022, 10, 14, 15, tzinfo=UTC)),
        ("2022-10-14T23:00:00.000", datetime(2022, 10, 14, 15, tzinfo=UTC)),
        ("2022-10-14T23:00:00.123Z", datetime(2022, 10, 14, 23, 0, 0, 123_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00.000+0800", None),
        ("9999-12-31T23:59:59.999-0800", None),
        ("2022-13-14T23:00:00.000+0800", None),
        ("1665759600000", None),
        ("", None),
    ],
)
def test_a_time_is_gmt_8_unless_it_says_otherwise(ts: str, moment: datetime | None) -> None:
    assert meaning(hotroad, sent(ts=ts)).occurred_at == moment


def test_a_settle_needs_its_bet_unless_configured() -> None:
    assert meaning(speaker(HotRoad, unknown_bet="refuse"), sent()).needs_bets
    paying = meaning(speaker(HotRoad, unknown_bet="pay"), sent())
    assert (paying.needs_bets, paying.settles) == (False, ("bet:AAA-251916",))
    with pytest.raises(msgspec.ValidationError):
        speaker(HotRoad, unknown_bet="ask")


def test_a_resend_with_another_ts_has_the_same_terms() -> None:
    again = meaning(hotroad, sent(ts="2022-10-14T23:05:00.000+0800", added_later=[]))
    assert terms(again) == terms(meaning(hotroad, sent()))
    assert again.transaction_id == "settle:AAA-251916"


@pytest.mark.parametrize("change", [{"winAmount": "0.1"}, {"userId": "hrgpl0002"}])
def test_another_amount_or_player_has_other_terms(change: dict[str, Any]) -> None:
    assert terms(meaning(hotroad, sent(**change))) != terms(meaning(hotroad, sent()))


def test_a_prefix_is_stripped_from_the_user() -> None:
    prefixed = speaker(HotRoad, uid_prefix="hrg")
    assert meaning(prefixed, sent()).movements[0].uid == "pl0001"
    assert meaning(prefixed, sent()).declined is None


@pytest.mark.parametrize("user", ["pl0001", "HRGpl0001", "hrg", "xhrgpl0001"])
def test_a_user_without_the_prefix_is_declined_under_the_settle_s_id(user: str) -> None:
    """So that the ledger can tell a conflict from a new settle for an unknown player."""
    prefixed = speaker(HotRoad, uid_prefix="hrg")
    stranger = meaning(prefixed, sent(userId=user))
    assert isinstance(stranger.declined, UnknownPlayer)
    assert stranger.transaction_id == "settle:AAA-251916"
    assert terms(stranger) != terms(meaning(prefixed, sent()))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", SETTLE[:-5], b"\xff" + SETTLE, b"[" * 100_000, b'{"a":' * 100_000],
)
@pytest.mark.parametrize("operation", ["settle", "cancel_bet", "event_settle"])
def test_a_body_that_is_no_json_object_is_malformed(operation: str, body: bytes) -> None:
    assert refusal(hotroad, senders.hotroad(body, operation=operation)) is Malformed


@pytest.mark.parametrize("path", ["hotroad", "hotroad/pay", "hotroad/SETTLE"])
def test_an_unknown_operation_is_refused(path: str) -> None:
    assert refusal(hotroad, Sent(path=path, body=SETTLE)) is UnknownOperation


@pytest.mark.parametrize(
    "why",
    [
        UnknownPlayer(),
        Conflict(),
        PlayerClosed(),
        InsufficientFunds(),
        Malformed("userId 'eve'"),
        Unauthentic(),
        UnknownOperation(),
    ],
)
def test_a_refusal_is_9999_with_a_fixed_sentence(why: Refusal) -> None:
    for operation in ("settle", "cancel_bet", "event", "balance", ""):
        assert refused(hotroad, operation, why) == {"code": "9999", "desc": type(why).sentence}


@pytest.mark.parametrize("operation", ["settle", "bet", "cancel_bet", "event", ""])
def test_no_verdict_is_9999_so_that_a_settle_is_resent_and_a_bet_cancelled(operation: str) -> None:
    reply = hotroad.no_verdict(operation, at=NOON)
    assert (reply.status, json.loads(reply.body)["code"]) == (200, "9999")


def test_a_refused_settle_is_owed_and_the_window_of_resends_is_configured() -> None:
    assert HotRoad.refusal_means is RefusalMeans.OWED
    assert hotroad.resends_of("settle") == hotroad.resends_of("event") == Resends()
    three_hours = Resends(window=timedelta(hours=3))
    assert speaker(HotRoad, resend_window=180).resends_of("settle") == three_hours
    assert hotroad.resends_of("cancel_bet") == three_hours


def test_without_authentication_it_needs_a_list_of_addresses() -> None:
    assert problems(HotRoad) == []
    assert problems(HotRoad, allowed_ips=[]) == ["providers.E005"]
    assert problems(HotRoad, allowed_ips=[], insecure=True) == []


# -- Balance queries -------------------------------------------------------------------------


def query(**changes: Any) -> Sent:
    return senders.hotroad(altered(b'{"userId":"hrgpl0001"}', **changes), operation="get_balance")


def test_get_balance_asks_for_a_balance() -> None:
    question = Query(uid="hrgpl0001", currency="THB")
    assert understood(hotroad, query()) == ("balance", question)
    assert meaning(hotroad, query(added_later={"deep": [1]})) == question


def test_a_balance_is_told_as_after_a_settle() -> None:
    question = Query(uid="hrgpl0001", currency="THB")
    reply = hotroad.tell("balance", question, Decimal("990.00009"), at=NOON)
    assert reply.body == (
        b'{"code":"0000","balanceTs":"2026-11-21T20:00:00.000+0800","balance":"990.0000"}'
    )
    assert (reply.status, reply.content_type) == (200, "application/json")
    coarse = speaker(HotRoad, balance_decimals=0)
    told = json.loads(coarse.tell("balance", question, Decimal("9.9"), at=NOON).body)
    assert told["balance"] == "9"


def test_a_prefix_is_stripped_from_whoever_is_asked_about() -> None:
    prefixed = speaker(HotRoad, uid_prefix="hrg")
    assert meaning(prefixed, query()) == Query(uid="pl0001", currency="THB")


@pytest.mark.parametrize("user", ["pl0001", "HRGpl0001", "hrg", "xhrgpl0001"])
def test_a_query_about_a_user_without_the_prefix_is_about_nobody(user: str) -> None:
    assert refusal(speaker(HotRoad, uid_prefix="hrg"), query(userId=user)) is UnknownPlayer


@pytest.mark.parametrize("value", [..., None, {}, 7, "", "x" * 5000, "a\0"])
def test_whose_balance_is_insisted_on(value: Any) -> None:
    assert refusal(hotroad, query(userId=value)) is Malformed


def test_a_refused_query_is_9999() -> None:
    told = {"code": "9999", "desc": "No such player."}
    assert refused(hotroad, "balance", UnknownPlayer()) == told
