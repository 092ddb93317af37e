"""JDB: the envelope, the document's settle, and everything that is almost one."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote_from_bytes

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
from providers.protocols.jdb import Jdb
from providers.protocols.jdb.envelope import Undeciphered
from tests.conftest import IV, KEY
from tests.providers import senders
from tests.providers.protocols.dialects import (
    NOON,
    amount_tokens,
    arrived,
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
from tests.providers.senders import Sent, altered, encrypted
from wallets.instructions import Instruction, Kind, Movement
from wallets.refusals import (
    BalanceTooLarge,
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

SETTLE = senders.verbatim("jdb", "settle")
jdb = speaker(Jdb)

# PROTOCOLS 2.1, computed with OpenSSL.
VECTOR = (
    b"617VMzIf3wfDOmF9JzBeFFoVAkhgPNkGroZ4Kll9MibjcVRJQc6jteBbXlaHeHbIGR87wsSE6XJEvziJxigwe378cRX"
    b"_v8XFOaslrqMPPwM8ATHG6yRLfBoVW_8zOIBy"
)
VECTOR_PLAIN = (
    b'{"action":6,"ts":1700029145035,"uid":"john","currency":"RB","gType":0,"mType":8001}'
)


def sent(**changes: Any) -> Sent:
    return senders.jdb(altered(SETTLE, **changes))


def form(body: bytes) -> Sent:
    return Sent(path="jdb", body=body, content_type="application/x-www-form-urlencoded")


def opened(body: bytes) -> bytes:
    plain: bytes = jdb.unwrap(arrived(form(body)))
    return plain


# -- The envelope ----------------------------------------------------------------------------


def test_the_published_vector_decrypts() -> None:
    assert opened(b"x=" + VECTOR) == VECTOR_PLAIN
    question = Query(uid="john", currency="CNY", code="RB")
    assert understood(jdb, form(b"x=" + VECTOR)) == ("balance", question)


def test_base64_may_be_padded_escaped_and_of_either_alphabet() -> None:
    for plain in (VECTOR_PLAIN, VECTOR_PLAIN[:-1] + b' ,"pad":"0123456789abcdef"}'):
        bare = encrypted(plain)
        padded = bare + b"=" * (-len(bare) % 4)
        standard = base64.b64encode(base64.urlsafe_b64decode(padded))
        for spelled in (bare, padded, quote_from_bytes(padded).encode(), standard):
            assert opened(b"x=" + spelled) == plain
        assert opened(b"x=" + quote_from_bytes(standard, safe="").encode()) == plain
        assert opened(b"dc=AGENT&x=" + bare + b"&y=1") == plain


def test_a_whole_block_of_spaces_or_nuls_may_fill_up() -> None:
    for filling in (b" " * 16, b" " * 13 + b" " * 16, b"\0" * 13, b"\0" * 16, b" \0 "):
        assert opened(b"x=" + encrypted(VECTOR_PLAIN + filling)) == VECTOR_PLAIN


def test_a_player_s_name_is_utf_8() -> None:
    spelled = with_token(SETTLE, "uid", '"王小明 é"')
    assert meaning(jdb, senders.jdb(spelled)).movements[0].uid == "王小明 é"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x=",
        b"x",
        b"y=" + VECTOR,
        b"x=" + VECTOR + b"&x=" + VECTOR,
        b"x=" + VECTOR[:-1],
        b"x=" + VECTOR[:-4],
        b"x=" + VECTOR[1:],
        b"x=" + VECTOR + b"AAAA",
        b"x=" + VECTOR[:40] + b"!" + VECTOR[40:],
        b"x=" + VECTOR[:40] + b"%00" + VECTOR[40:],
        b"x=" + VECTOR.replace(b"V", b" ", 1),
        b"x=\xff\xfe",
        b"x=" + encrypted(VECTOR_PLAIN, key="another key 1234"),
        b"x=" + encrypted(VECTOR_PLAIN, iv="another iv 56789"),
        b"x=" + encrypted(b"not JSON"),
        b"x=" + encrypted(b"[1,2]"),
        b"x=" + encrypted(b"{}"),
        b"x=" + encrypted(b'{"action":"10"}'),
        b"x=" + encrypted(b'{"action":10.0}'),
        b"x=" + encrypted(b'{"action":true}'),
        b"x=" + encrypted(b'{"action":10'),
        b"x=" + encrypted(b'{"action":10}\0x'),
        b"x=" + encrypted(b'{"action":10,"uid":"\xff"}'),
        b"x=" + encrypted(b'{"action":10,"more":' + b"[" * 100_000),
        b"x=" + encrypted(b" " * 16),
        SETTLE,
        b"\0" * 1000,
        b"x=" + b"A" * 10_000_000,
        b"&x" * 1_000_000,
    ],
)
def test_what_does_not_decrypt_to_json_with_an_action_proves_nothing(body: bytes) -> None:
    assert refusal(jdb, form(body)) is Undeciphered


def test_keys_rotate_with_their_ivs_by_position_or_with_one_for_all() -> None:
    old_key, old_iv = "the previous key", "the previous iv "
    by_position = speaker(Jdb, key=[KEY, old_key], iv=[IV, old_iv])
    one_iv = speaker(Jdb, key=[KEY, old_key], iv=IV)
    old = senders.jdb(SETTLE, key=old_key, iv=old_iv)
    for protocol, accepted in [(by_position, old), (one_iv, senders.jdb(SETTLE, key=old_key))]:
        assert meaning(protocol, accepted).reference == "272017"
        assert meaning(protocol, senders.jdb(SETTLE)).reference == "272017"
    assert refusal(by_position, senders.jdb(SETTLE, iv=old_iv)) is Undeciphered
    assert refusal(jdb, old) is Undeciphered


def test_insecure_without_a_key_takes_the_plain_json_of_the_document() -> None:
    plain = speaker(Jdb, key="", iv="", insecure=True)
    assert meaning(plain, Sent(path="jdb", body=SETTLE)).reference == "272017"
    assert refusal(plain, Sent(path="jdb", body=b"x=1")) is Malformed
    assert refusal(speaker(Jdb, insecure=True), Sent(path="jdb", body=SETTLE)) is Undeciphered


# -- Decoding --------------------------------------------------------------------------------


def test_the_document_s_settle_credits_its_amount() -> None:
    assert understood(jdb, senders.jdb(SETTLE)) == (
        "settle",
        Instruction(
            provider="jdb",
            transaction_id="settle:272017",
            kind=Kind.SETTLEMENT,
            movements=(Movement(uid="john", currency="USD", credit=Decimal("0.1")),),
            reference="272017",
            round_id="5250228497993",
            game="58016",
            stake=Decimal("0.2"),
            details={
                "currency": "XX",
                "validBet": "0.2",
                "win": "0.1",
                "netWin": "-0.1",
                "tax": "0",
                "commission": "0",
                "historyId": "1944036707",
                "roundClosed": "true",
            },
            settles=("bet:272016",),
            needs_bets=True,
            occurred_at=datetime(2023, 11, 15, 6, 19, 5, 35_000, tzinfo=UTC),
        ),
    )


def test_second_settle_of_an_open_round_has_its_own_key() -> None:
    first = meaning(jdb, sent(roundClosed=False))
    second = meaning(jdb, sent(transferId=272018, roundClosed=True))
    assert first.settles == second.settles == ("bet:272016",)
    assert (first.transaction_id, second.transaction_id) == ("settle:272017", "settle:272018")


def test_a_settle_may_name_several_bets_or_none() -> None:
    assert meaning(jdb, sent(refTransferIds=[1, 2])).settles == ("bet:1", "bet:2")
    assert meaning(jdb, sent(refTransferIds=["1"])).settles == ("bet:1",)
    without: list[Any] = [[], None, ..., 272016, [None], [[1]], "1", {}]
    for value in without:
        assert meaning(jdb, sent(refTransferIds=value)).settles == ()


def test_a_resend_with_other_times_has_the_same_terms() -> None:
    again = sent(ts=1700029205035, lastModifyTime="15-11-2023 14:20:04", added_later={})
    assert terms(meaning(jdb, again)) == terms(meaning(jdb, sent()))
    assert meaning(jdb, again).transaction_id == "settle:272017"


@pytest.mark.parametrize(
    "change", [{"amount": 0.2}, {"uid": "bob"}, {"currency": "RB"}, {"currency": "ZZ"}]
)
def test_another_amount_player_or_currency_has_other_terms(change: dict[str, Any]) -> None:
    assert terms(meaning(jdb, sent(**change))) != terms(meaning(jdb, sent()))


def test_a_currency_that_is_not_configured_is_declined_under_the_settle_s_id() -> None:
    """So that the ledger can tell a conflict from a new settle; "USD" is their RB's meaning."""
    for code in ("ZZ", "USD", "xx"):
        declined = meaning(jdb, sent(currency=code))
        assert isinstance(declined.declined, UnknownCurrency)
        assert declined.movements[0].currency == "?"
        assert declined.transaction_id == "settle:272017"


def test_a_thousand_unit_currency_is_multiplied_in_and_divided_out() -> None:
    currencies = {"VN": {"currency": "VND", "factor": 1000}, "VNO": "VND"}
    vietnam = speaker(Jdb, currencies=currencies)
    thousands = meaning(vietnam, sent(currency="VN", amount=0.1))
    assert thousands.movements == (Movement(uid="john", currency="VND", credit=Decimal(100)),)
    assert thousands.stake == 200
    reply = vietnam.reply("settle", receipts(thousands, "1234567.99"), at=NOON)
    assert json.loads(reply.body)["balance"] == "1234.56"

    single = meaning(vietnam, sent(currency="VNO", amount=0.1))
    assert single.movements[0].credit == Decimal("0.1")
    reply = vietnam.reply("settle", receipts(single, "1234567.99"), at=NOON)
    assert json.loads(reply.body)["balance"] == "1234567.99"


@pytest.mark.parametrize("token", amount_tokens(lambda digits: digits))
def test_an_amount_must_be_a_plain_number_of_zero_or_more(token: str) -> None:
    body = with_token(SETTLE, "amount", token)
    expected = Malformed if _is_json(body) else Undeciphered
    assert refusal(jdb, senders.jdb(body)) is expected


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        return b"1e400" in body
    return True


def test_six_decimals_unless_configured_and_binary_noise_is_none() -> None:
    assert meaning(jdb, sent(amount=0.123456)).movements[0].credit == Decimal("0.123456")
    assert meaning(jdb, sent(amount=0.1 + 0.2)).movements[0].credit == Decimal("0.3")
    assert meaning(jdb, sent(amount=0)).movements[0].credit == 0
    assert refusal(jdb, sent(amount=0.1234567)) is Malformed
    assert refusal(speaker(Jdb, decimals=2), sent(amount=0.123)) is Malformed
    assert refusal(jdb, sent(amount="0.1")) is Malformed


@pytest.mark.parametrize("field", ["uid", "currency", "amount", "transferId"])
@pytest.mark.parametrize("value", [..., None, {}, [], True])
def test_who_what_and_how_much_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(jdb, sent(**{field: value})) is Malformed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uid", ""),
        ("uid", "x" * 5000),
        ("uid", "a\0"),
        ("uid", 7),
        ("currency", ""),
        ("currency", "x" * 5000),
        ("currency", "\0"),
        ("transferId", "272017"),
        ("transferId", 272017.0),
        ("transferId", 2**63),
    ],
)
def test_an_id_must_be_what_the_document_says(field: str, value: Any) -> None:
    assert refusal(jdb, sent(**{field: value})) is Malformed


def test_an_id_of_thousands_of_digits_is_malformed() -> None:
    body = with_token(SETTLE, "transferId", "9" * 5000)
    assert refusal(jdb, senders.jdb(body)) is Malformed


@pytest.mark.parametrize(
    "field",
    [
        *["ts", "gameRoundSeqNo", "historyId", "mType", "bet", "validBet", "win", "netWin", "tax"],
        *["commission", "roundClosed", "reportDate", "gameDate", "lastModifyTime", "gType"],
    ],
)
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    assert terms(meaning(jdb, sent(**{field: value}))) == terms(meaning(jdb, sent()))


@pytest.mark.parametrize("action", [0, 1, 5, 7, 18, 47, -10])
def test_an_unknown_action_is_refused(action: int) -> None:
    assert refusal(jdb, sent(action=action)) is UnknownOperation


def test_what_stands_behind_the_path_in_the_url_is_ignored() -> None:
    """It could be an action 4, to which any refusal but 6101 and 9017 means that it succeeded."""
    elsewhere = Sent(path="jdb/settle", body=sent().body, content_type=sent().content_type)
    assert meaning(jdb, elsewhere).transaction_id == "settle:272017"


# -- Replying --------------------------------------------------------------------------------


def test_success_is_0000_with_the_balance_in_a_string() -> None:
    posted = receipts(meaning(jdb, sent()), "12345.67")
    reply = jdb.reply("settle", posted, at=NOON)
    assert reply.body == b'{"status":"0000","balance":"12345.67","err_text":""}'
    assert (reply.status, reply.content_type) == (200, "application/json")


def test_the_balance_is_truncated_and_may_be_a_number() -> None:
    numeric = speaker(Jdb, balance_as="number", balance_decimals=4)
    reply = numeric.reply("settle", receipts(meaning(numeric, sent()), "0.99999999"), at=NOON)
    assert reply.body == b'{"status":"0000","balance":0.9999,"err_text":""}'


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (InsufficientFunds(), "6006"),
        (UnknownPlayer(), "7501"),
        (PlayerSuspended(), "7502"),
        (PlayerClosed(), "7504"),
        (Malformed("uid 'eve' is wrong"), "8000"),
        (UnknownCurrency(), "9023"),
        (BetSettled(), "6101"),
        (UnknownBet(), "9999"),
        (BetRefused(), "9999"),
        (BetCancelled(), "9999"),
        (Conflict("The transaction was reversed."), "9999"),
        (Declined(), "9999"),
        (BalanceTooLarge(), "9999"),
    ],
)
def test_a_refusal_is_a_code_and_a_fixed_sentence(why: Refusal, status: str) -> None:
    assert refused(jdb, "settle", why) == {"status": status, "err_text": type(why).sentence}


def test_no_verdict_is_9999_so_that_it_is_sent_again_or_cancelled() -> None:
    for operation in ("settle", "bet", "cancel_bet", "withdraw", "deposit", "activity_reward"):
        assert json.loads(jdb.no_verdict(operation, at=NOON).body)["status"] == "9999"


def test_no_verdict_on_an_action_8_is_no_answer_because_every_status_would_be_final() -> None:
    """What is no correctly formatted response makes JDB ask what became of it, by an action 4."""
    reply = jdb.no_verdict("bet_and_settle", at=NOON)
    assert (reply.status, reply.body) == (503, b"")


@pytest.mark.parametrize("operation", ["", "cancel_bet_and_settle"])
@pytest.mark.parametrize(
    ("why", "status"),
    [
        (BetSettled(), "6101"),
        (InsufficientFunds(), "6101"),
        *[(why, "9017") for why in (Declined(), Malformed(), Unauthentic(), Undeciphered())],
        *[(why, "9017") for why in (Conflict(), UnknownBet(), UnknownPlayer(), PlayerClosed())],
        *[(why, "9017") for why in (UnknownCurrency(), BalanceTooLarge(), BetCancelled())],
    ],
)
def test_what_may_be_an_action_4_hears_that_it_stands_or_is_in_progress_and_nothing_else(
    operation: str, why: Refusal, status: str
) -> None:
    """Any other status would mean cancelled."""
    assert refused(jdb, operation, why) == {"status": status, "err_text": type(why).sentence}
    assert json.loads(jdb.no_verdict(operation, at=NOON).body)["status"] == "9017"


def test_an_action_that_was_read_and_is_unknown_is_no_action_4() -> None:
    assert refused(jdb, "", UnknownOperation())["status"] == "9007"


def test_a_refused_settle_is_owed_and_resent_every_minute_for_an_hour() -> None:
    assert Jdb.refusal_means is RefusalMeans.OWED
    minute = timedelta(minutes=1)
    assert jdb.resends_of("settle") == Resends(every=minute, window=timedelta(hours=1))
    assert jdb.resends_of("deposit") == Resends(every=minute, window=timedelta(hours=12))
    assert jdb.resends_of("activity_reward") == Resends()


# -- Balance queries -------------------------------------------------------------------------


def query(**changes: Any) -> Sent:
    return senders.jdb(altered(VECTOR_PLAIN, **changes))


@pytest.mark.parametrize("game", [{"mType": 999}, {"mType": ...}, {"gType": None}, {"ts": ...}])
def test_whichever_game_asks_a_player_has_one_balance(game: dict[str, Any]) -> None:
    assert meaning(jdb, query(**game)) == Query(uid="john", currency="CNY", code="RB")


def test_a_balance_is_told_as_after_a_settle() -> None:
    question = Query(uid="john", currency="USD", code="XX")
    reply = jdb.tell("balance", question, Decimal("12345.6789"), at=NOON)
    assert reply.body == b'{"status":"0000","balance":"12345.67","err_text":""}'
    assert (reply.status, reply.content_type) == (200, "application/json")
    numeric = speaker(Jdb, balance_as="number", balance_decimals=4)
    reply = numeric.tell("balance", question, Decimal("0.99999999"), at=NOON)
    assert reply.body == b'{"status":"0000","balance":0.9999,"err_text":""}'


def test_a_balance_is_told_in_the_unit_of_the_code_that_asks() -> None:
    currencies = {"VN": {"currency": "VND", "factor": 1000}, "VNO": "VND"}
    vietnam = speaker(Jdb, currencies=currencies)
    told = {
        code: json.loads(
            vietnam.tell(
                "balance", meaning(vietnam, query(currency=code)), Decimal("1234567.99"), at=NOON
            ).body
        )["balance"]
        for code in currencies
    }
    assert told == {"VN": "1234.56", "VNO": "1234567.99"}


@pytest.mark.parametrize("code", ["ZZ", "CNY", "rb"])
def test_a_query_in_a_currency_that_is_not_configured_is_refused(code: str) -> None:
    assert refusal(jdb, query(currency=code)) is UnknownCurrency


@pytest.mark.parametrize("field", ["uid", "currency"])
@pytest.mark.parametrize("value", [..., None, {}, [], True, 7, "", "x" * 5000, "a\0"])
def test_whose_balance_and_in_what_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(jdb, query(**{field: value})) is Malformed


# -- Configuration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({}, []),
        ({"key": ""}, ["providers.E006"]),
        ({"iv": ""}, ["providers.E006", "providers.E007"]),
        ({"key": "", "iv": ""}, ["providers.E006"]),
        ({"key": "", "iv": "", "insecure": True}, []),
        ({"key": "", "insecure": True}, ["providers.E006"]),
        ({"key": "short"}, ["providers.E007"]),
        ({"iv": IV + "0"}, ["providers.E007"]),
        ({"key": [KEY, "short"]}, ["providers.E007"]),
        ({"key": [KEY, KEY, KEY], "iv": [IV, IV]}, ["providers.E007"]),
        ({"key": [KEY, KEY]}, []),
        ({"currencies": {"VN": {"currency": "VND", "factor": 0}}}, ["providers.E008"]),
        ({"currencies": {"VN": {"currency": "VND", "factor": Decimal("NaN")}}}, ["providers.E008"]),
    ],
)
def test_it_needs_keys_of_16_characters_and_usable_factors(
    changes: dict[str, Any], ids: list[str]
) -> None:
    assert problems(Jdb, **changes) == ids


@pytest.mark.parametrize(
    "changes",
    [
        {"currencies": {"XX": "dollars"}},
        {"currencies": {"X\n": "USD"}},
        {"currencies": {"XX": {"currency": "USD", "unit": 1}}},
        {"balance_as": "text"},
        {"unknown_bet": "ignore"},
        {"cancel_bet_and_settle": "6101"},
        {"repeated_bet": "6004"},
        {"decimals": 9},
        {"secret": "x"},
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        speaker(Jdb, **changes)
