"""BeSoft: the document's own result and everything that is almost one; balance queries."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from providers.protocols.base import (
    Malformed,
    NotOffered,
    Query,
    RefusalMeans,
    Unauthentic,
    UnknownOperation,
)
from providers.protocols.besoft import BeSoft
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
from wallets.refusals import (
    BalanceTooLarge,
    Conflict,
    Declined,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownCurrency,
    UnknownPlayer,
)

RESULT = senders.verbatim("besoft", "result")
besoft = speaker(BeSoft)


def sent(**changes: Any) -> Sent:
    return senders.besoft(altered(RESULT, **changes))


def form(body: bytes, content_type: str = "application/x-www-form-urlencoded") -> Sent:
    return Sent(path="besoft", body=body, content_type=content_type)


def test_the_document_s_result_is_bet_and_win_in_one_step() -> None:
    assert understood(besoft, senders.besoft(RESULT)) == (
        "result",
        Instruction(
            provider="besoft",
            transaction_id="result:1zr8cu31gohrz",
            kind=Kind.BET_AND_SETTLEMENT,
            movements=(
                Movement(
                    uid="useraccount", currency="USD", debit=Decimal("1"), credit=Decimal("10")
                ),
            ),
            reference="1zr8cu31gohrz",
            round_id="1zr83u41gohrz",
            game="afa026",
            stake=Decimal("1"),
            details={"spjpbet": "0.01", "mode": "0"},
            occurred_at=datetime(2024, 11, 20, 6, 23, 59, 446_000, tzinfo=UTC),
            refusal_stands=True,
        ),
    )


def test_success_is_status_1_with_a_balance_of_two_decimals() -> None:
    posted = receipts(meaning(besoft, sent()), "3000.01")
    reply = besoft.reply("result", posted, at=NOON)
    assert reply.body == b'{"action":3,"status":1,"balance":3000.01,"currency":"USD"}'
    assert (reply.status, reply.content_type) == (200, "application/json")


@pytest.mark.parametrize(
    ("balance", "decimals", "shown"),
    [("10000.01569999", 2, b"10000.01"), ("10000.01569999", 4, b"10000.0156"), ("7", 2, b"7.00")],
)
def test_the_balance_is_truncated(balance: str, decimals: int, shown: bytes) -> None:
    precise = speaker(BeSoft, balance_decimals=decimals)
    reply = precise.reply("result", receipts(meaning(precise, sent()), balance), at=NOON)
    assert b'"balance":' + shown + b"," in reply.body


def test_a_form_is_the_same_result() -> None:
    body = (
        b"action=3&uid=useraccount&mode=0&bet=1.00&spjpbet=0.01&win=10.00&ts=1732083839446"
        b"&gid=afa026&roundId=1zr83u41gohrz&transId=1zr8cu31gohrz"
    )
    assert meaning(besoft, form(body)) == meaning(besoft, senders.besoft(RESULT))
    assert meaning(besoft, form(body, "")) == meaning(besoft, senders.besoft(RESULT))


def test_json_under_a_form_s_content_type_is_json() -> None:
    """The page names both for one and the same request."""
    assert meaning(besoft, form(b"\n " + RESULT)) == meaning(besoft, senders.besoft(RESULT))


def test_names_made_of_digits_stay_names_in_a_form() -> None:
    result = meaning(besoft, form(b"action=3&uid=0042&bet=0.10&win=0&transId=1e5&roundId=007"))
    assert result.movements == (Movement(uid="0042", currency="USD", debit=Decimal("0.1")),)
    assert (result.transaction_id, result.round_id) == ("result:1e5", "007")


def test_a_form_speaks_utf_8() -> None:
    body = b"action=3&uid=%E7%8E%8B+%C3%A9&bet=1&win=0&transId=t"
    assert meaning(besoft, form(body)).movements[0].uid == "王 é"


@pytest.mark.parametrize(
    "body",
    [
        b"action=3&uid=a&bet=NaN&win=0&transId=t",
        b"action=3&uid=a&bet=&win=0&transId=t",
        b"action=3&uid=a&bet=1_0&win=0&transId=t",
        b"action=3&uid=a&bet=+1&win=0&transId=t",
        b"action=3&uid=a&bet=%D9%A1&win=0&transId=t",
        b"action=3&uid=&bet=1&win=0&transId=t",
        b"action=3&uid=a%00&bet=1&win=0&transId=t",
        b"action=3&uid=%FF&bet=1&win=0&transId=t",
        b"action=x&uid=a",
        b"action=3",
        b"\xff\xfe",
        b"&" * 1000,
        b"a=1&" * 1000,
        b"%",
        b"=",
        b"",
    ],
)
def test_a_form_that_is_not_a_result_is_malformed(body: bytes) -> None:
    assert refusal(besoft, form(body)) is Malformed


@pytest.mark.parametrize("field", ["bet", "win"])
@pytest.mark.parametrize("token", amount_tokens(lambda digits: digits))
def test_an_amount_must_be_a_plain_number_of_zero_or_more(field: str, token: str) -> None:
    assert refusal(besoft, senders.besoft(with_token(RESULT, field, token))) is Malformed


@pytest.mark.parametrize("field", ["bet", "win"])
def test_a_number_in_a_string_is_malformed(field: str) -> None:
    assert refusal(besoft, sent(**{field: "1.00"})) is Malformed


def test_four_decimals_unless_configured_and_binary_noise_is_none() -> None:
    assert meaning(besoft, sent(bet=0.0145)).stake == Decimal("0.0145")
    assert meaning(besoft, sent(bet=0.1 + 0.2)).stake == Decimal("0.3")
    assert refusal(besoft, sent(bet=0.01451)) is Malformed
    assert refusal(speaker(BeSoft, decimals=2), sent(bet=0.0145)) is Malformed
    assert meaning(speaker(BeSoft, decimals=6), sent(bet=0.014512)).stake == Decimal("0.014512")
    big = senders.besoft(with_token(RESULT, "win", "1.2345678E7"))
    assert meaning(besoft, big).movements[0].credit == 12345678


@pytest.mark.parametrize("field", ["action", "uid", "bet", "win", "transId"])
@pytest.mark.parametrize("value", [..., None, {}, [], True])
def test_who_what_and_how_much_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(besoft, sent(**{field: value})) is Malformed


@pytest.mark.parametrize("field", ["uid", "transId"])
@pytest.mark.parametrize("value", ["", "x" * 5000, "a\0", "a\nb", "\x85", 1])
def test_a_name_must_be_short_and_printable(field: str, value: Any) -> None:
    assert refusal(besoft, sent(**{field: value})) is Malformed


@pytest.mark.parametrize("field", ["mode", "gid", "spjpbet", "ts", "roundId"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    result = meaning(besoft, sent(**{field: value}))
    assert terms(result) == terms(meaning(besoft, sent()))


def test_a_resend_with_another_ts_has_the_same_terms() -> None:
    again = meaning(besoft, sent(ts=1732083899446, added_later=[1]))
    assert terms(again) == terms(meaning(besoft, sent()))
    assert again.transaction_id == "result:1zr8cu31gohrz"


@pytest.mark.parametrize("change", [{"bet": 2}, {"win": 10.01}, {"uid": "bob"}])
def test_another_amount_or_player_has_other_terms(change: dict[str, Any]) -> None:
    assert terms(meaning(besoft, sent(**change))) != terms(meaning(besoft, sent()))


@pytest.mark.parametrize("action", [0, 4, -3, 2**31 - 1])
def test_an_unknown_action_is_refused(action: int) -> None:
    assert refusal(besoft, sent(action=action)) is UnknownOperation


def test_everything_goes_to_one_url() -> None:
    # Refused it would be void; what stands behind the path says nothing.
    assert understood(besoft, Sent(path="besoft/result", body=RESULT))[0] == "result"


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (UnknownPlayer(), 1004),
        (InsufficientFunds(), 1009),
        (Malformed("uid 'eve' is wrong"), 1008),
        (Unauthentic(), 1008),
        (PlayerClosed(), 1014),
        (PlayerSuspended(), 1014),
        (UnknownCurrency(), 1014),
        (BalanceTooLarge(), 1014),
        (Conflict(), 1001),
        (Declined(), 1001),
        (NotOffered(), 1001),
        (UnknownOperation(), 1001),
    ],
)
def test_a_refusal_is_a_status_and_nothing_else(why: Refusal, status: int) -> None:
    assert refused(besoft, "result", why) == {"status": status}
    assert refused(besoft, "", why) == {"status": status}


def test_no_verdict_states_nothing_unless_configured() -> None:
    reply = besoft.no_verdict("result", at=NOON)
    assert (reply.status, reply.body) == (503, b"")
    reply = speaker(BeSoft, no_verdict_status=1001).no_verdict("result", at=NOON)
    assert (reply.status, json.loads(reply.body)) == (200, {"status": 1001})


@pytest.mark.parametrize("status", [1, 0, -1, "1001", True])
def test_no_verdict_can_not_be_configured_as_success(status: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        speaker(BeSoft, no_verdict_status=status)


def test_a_note_hears_success() -> None:
    assert besoft.reply("balance", (), at=NOON).body == b'{"action":1,"status":1}'


def test_a_refused_order_is_void_and_resends_are_not_documented() -> None:
    assert BeSoft.refusal_means is RefusalMeans.VOID
    assert BeSoft.resends == {}


def test_without_authentication_it_needs_a_list_of_addresses() -> None:
    assert problems(BeSoft) == []
    assert problems(BeSoft, allowed_ips=[]) == ["providers.E005"]
    assert problems(BeSoft, allowed_ips=[], insecure=True) == []


# -- Balance queries -------------------------------------------------------------------------

QUERY = b'{"action":1,"uid":"useraccount","ts":"1732083839446","currency":"USD","gid":"afa026"}'
QUESTION = Query(uid="useraccount", currency="USD")


def test_action_1_asks_for_a_balance_in_either_encoding() -> None:
    assert understood(besoft, senders.besoft(QUERY)) == ("balance", QUESTION)
    fields = b"action=1&uid=useraccount&ts=1732083839446&currency=USD&gid=afa026"
    assert understood(besoft, form(fields)) == ("balance", QUESTION)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, b"10000.0156"),
        ({"balance_decimals": 2}, b"10000.01"),
        ({"balance_decimals": 0}, b"10000"),
    ],
)
def test_a_balance_is_told_with_four_decimals_unless_configured(
    settings: dict[str, Any], told: bytes
) -> None:
    reply = speaker(BeSoft, **settings).tell(
        "balance", QUESTION, Decimal("10000.01569999"), at=NOON
    )
    assert reply.body == b'{"action":1,"status":1,"balance":' + told + b',"currency":"USD"}'
    assert (reply.status, reply.content_type) == (200, "application/json")


@pytest.mark.parametrize("currency", ["EUR", "usd", "", "US", "USDT"])
def test_a_query_in_another_currency_is_refused(currency: str) -> None:
    assert refusal(besoft, senders.besoft(altered(QUERY, currency=currency))) is UnknownCurrency


@pytest.mark.parametrize("field", ["uid", "currency"])
@pytest.mark.parametrize("value", [..., None, {}, [], True, 7])
def test_whose_balance_and_in_what_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(besoft, senders.besoft(altered(QUERY, **{field: value}))) is Malformed


@pytest.mark.parametrize("field", ["ts", "gid"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, -1])
def test_what_a_query_only_mentions_never_refuses(field: str, value: Any) -> None:
    assert meaning(besoft, senders.besoft(altered(QUERY, **{field: value}))) == QUESTION
