"""JDB's actions that move money, one by one: what the ledger is asked for, what JDB is told."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.protocols.base import Malformed, Note
from providers.protocols.jdb import Jdb
from tests.providers import senders
from tests.providers.jdb_orders import (
    ACTIVITY_REWARD,
    BET,
    BET_AND_SETTLE,
    CANCEL,
    CANCEL_BET,
    CANCEL_WITHDRAW,
    DEPOSIT,
    FREE_SPIN_HISTORY,
    FREE_SPIN_REWARD,
    ORDERS,
    SETTLE,
    WITHDRAW,
    result,
    sent,
)
from tests.providers.protocols.dialects import (
    NOON,
    amount_tokens,
    meaning,
    receipts,
    refusal,
    speaker,
    terms,
    understood,
    with_token,
)
from tests.providers.protocols.test_fuzzing import SPEAKERS, check, objects
from tests.providers.senders import Sent
from wallets.instructions import Instruction, Kind, Movement
from wallets.refusals import UnknownCurrency

CURRENCIES = {"XX": "USD", "RB": "CNY", "RM": "MYR"}
THOUSANDS = {"VN": {"currency": "VND", "factor": 1000}}
STANDING = ("bet_and_settle", "bet", "withdraw")
CANCELS = ("cancel_bet_and_settle", "cancel_bet", "cancel_withdraw")
jdb = speaker(Jdb, currencies=CURRENCIES)
vietnam = speaker(Jdb, currencies=THOUSANDS)


def moved(uid: str, currency: str, **amounts: str | int) -> tuple[Movement, ...]:
    exact = {name: Decimal(value) for name, value in amounts.items()}
    return (Movement(uid=uid, currency=currency, **exact),)


def test_every_operation_that_is_booked_has_its_delivery_here() -> None:
    assert set(Jdb.booked) == set(ORDERS)
    assert [understood(jdb, senders.jdb(body))[0] for body in ORDERS.values()] == list(ORDERS)


# -- The documents' examples -----------------------------------------------------------------


def test_action_9_takes_its_amount() -> None:
    assert meaning(jdb, sent(BET)) == Instruction(
        provider="jdb",
        transaction_id="bet:272016",
        kind=Kind.BET,
        movements=moved("john", "USD", debit="0.2"),
        reference="272016",
        round_id="5250228497993",
        game="8001",
        stake=Decimal("0.2"),
        details={"currency": "XX"},
        occurred_at=datetime(2023, 11, 15, 6, 18, 58, 4_000, tzinfo=UTC),
        refusal_stands=True,
    )


def test_action_11_cancels_the_bets_it_names_and_states_what_they_took() -> None:
    assert meaning(jdb, sent(CANCEL_BET)) == Instruction(
        provider="jdb",
        transaction_id="cancel_bet:251919",
        kind=Kind.ROLLBACK,
        movements=moved("testpl", "MYR", credit=5000),
        reference="251919",
        round_id="1975826710",
        game="8001",
        details={"currency": "RM"},
        cancels=("bet:251916",),
        occurred_at=datetime(2022, 9, 30, 7, 23, 9, 182_000, tzinfo=UTC),
    )
    two = meaning(jdb, sent(CANCEL_BET, refTransferIds=[251916, 251917]))
    assert two.cancels == ("bet:251916", "bet:251917")


def test_action_8_takes_the_bet_and_pays_the_win() -> None:
    assert meaning(jdb, sent(BET_AND_SETTLE)) == Instruction(
        provider="jdb",
        transaction_id="bet_and_settle:123456789",
        kind=Kind.BET_AND_SETTLEMENT,
        movements=moved("testpl01", "CNY", debit=10, credit="4.5", minimum=10),
        reference="123456789",
        round_id="5250145705663",
        game="8001",
        stake=Decimal(10),
        details={
            "currency": "RB",
            "mb": "10.0",
            "netWin": "-5.5",
            "denom": "0.01",
            "jackpotWin": "0",
            "jackpotContribute": "-0.05",
        },
        occurred_at=datetime(2015, 11, 13, 22, 14, 51, 820_000, tzinfo=UTC),
        refusal_stands=True,
    )


def test_action_4_cancels_the_action_8_of_the_same_id_and_undoes_its_win_where_configured() -> None:
    cancel = Instruction(
        provider="jdb",
        transaction_id="cancel_bet_and_settle:123456789",
        kind=Kind.ROLLBACK,
        movements=moved("testpl01", "CNY"),
        reference="123456789",
        round_id="5250145705663",
        game="8001",
        details={"currency": "RB"},
        cancels=("bet_and_settle:123456789",),
        occurred_at=datetime(2015, 11, 13, 22, 15, 51, 820_000, tzinfo=UTC),
        refusal_stands=True,
    )
    assert meaning(jdb, sent(CANCEL)) == cancel
    reversing = speaker(Jdb, currencies=CURRENCIES, cancel_bet_and_settle="reverse")
    assert meaning(reversing, sent(CANCEL)) == replace(cancel, undoes_wins=True)


def test_action_13_takes_its_amount_of_which_nothing_is_staked_yet() -> None:
    assert meaning(jdb, sent(WITHDRAW)) == Instruction(
        provider="jdb",
        transaction_id="withdraw:251916",
        kind=Kind.BET,
        movements=moved("testpl", "MYR", debit=5000),
        reference="251916",
        game="8001",
        details={"currency": "RM"},
        occurred_at=datetime(2022, 9, 28, 9, 50, 43, 847_000, tzinfo=UTC),
        refusal_stands=True,
    )


def test_action_14_settles_the_withdrawals_it_names() -> None:
    assert meaning(jdb, sent(DEPOSIT)) == Instruction(
        provider="jdb",
        transaction_id="deposit:251917",
        kind=Kind.SETTLEMENT,
        movements=moved("testpl", "MYR", credit=5285),
        reference="251917",
        game="8001",
        stake=Decimal(300),
        details={"currency": "RM", "totalBet": "300.0", "totalWin": "300.0"},
        settles=("withdraw:252925",),
        needs_bets=True,
        occurred_at=datetime(2022, 9, 30, 7, 6, 24, 150_000, tzinfo=UTC),
    )


def test_action_15_cancels_the_withdrawal_it_names() -> None:
    cancel = meaning(jdb, sent(CANCEL_WITHDRAW))
    assert cancel.transaction_id == "cancel_withdraw:251919"
    assert cancel.kind is Kind.ROLLBACK
    assert cancel.cancels == ("withdraw:251916",)
    assert cancel.movements == moved("testpl", "MYR", credit=5000)


def test_actions_12_and_16_are_rewards() -> None:
    activity, spins = meaning(jdb, sent(ACTIVITY_REWARD)), meaning(jdb, sent(FREE_SPIN_REWARD))
    assert activity.transaction_id == "activity_reward:251919"
    assert spins.transaction_id == "free_spin_reward:251919"
    for reward in (activity, spins):
        assert reward.kind is Kind.REWARD
        assert reward.movements == moved("testpl", "CNY", credit=5000)
        assert (reward.settles, reward.needs_bets, reward.refusal_stands) == ((), False, False)
    assert activity.details == {
        "currency": "RB",
        "activityNo": "1565661550166",
        "activityName": "累计龙虎榜",
        "activityDate": "08-12-2022",
    }
    assert spins.details["cashoutTime"] == "2024-07-17T16:00:00.000+01:00"


@pytest.mark.parametrize("changes", [{}, {"uid": ...}, {"transferId": "x"}, {"bet": "10.0000"}])
def test_action_17_is_noted_whatever_it_says(changes: dict[str, Any]) -> None:
    operation, note = understood(jdb, sent(FREE_SPIN_HISTORY, **changes))
    assert isinstance(note, Note)
    assert note.text == operation == "free_spin_history"
    assert jdb.reply(operation, (), at=NOON).body == b'{"status":"0000","err_text":""}'


# -- Action 8: bet, win, netWin, mb ----------------------------------------------------------


def test_the_documents_fishes_need_their_running_cost_only() -> None:
    """ "bet = 24, win = 29 [...] the final mb is 6": the net win may be more than the balance."""
    shot = meaning(jdb, sent(BET_AND_SETTLE, bet=-24, win=29, netWin=5, mb=6, gType=7))
    (movement,) = shot.movements
    assert (movement.debit, movement.credit, movement.minimum) == (24, 29, 6)


@pytest.mark.parametrize("mb", [..., None, -10])
def test_without_a_minimum_the_bet_must_be_there(mb: Any) -> None:
    (movement,) = meaning(jdb, sent(BET_AND_SETTLE, mb=mb)).movements
    assert movement.minimum == movement.debit == 10


@pytest.mark.parametrize("token", ['"10"', "{}", "NaN", "1e400", "0." + "1" * 10, "true", '""'])
def test_a_minimum_that_cannot_be_read_fails_the_bet(token: str) -> None:
    assert refusal(jdb, senders.jdb(with_token(BET_AND_SETTLE, "mb", token))) is not None


def test_an_item_may_be_won_without_a_bet() -> None:
    won = meaning(jdb, result("0", "3.5", "3.5"))
    assert won.movements == moved("testpl01", "CNY", credit="3.5", minimum=0)
    nothing = meaning(jdb, result("-0.0", "0", "0"))
    assert nothing.movements == moved("testpl01", "CNY", minimum=0)


def test_the_sign_of_the_bet_does_not_matter() -> None:
    positive = meaning(jdb, result("10.0", "4.5", "-5.5"))
    assert positive.movements[0].debit == 10


@pytest.mark.parametrize(
    ("bet", "win", "net_win"),
    [("-1.1", "1.4", "0.2999999999999998"), ("-0.1", "0.30000000000000004", "0.2")],
)
def test_binary_noise_contradicts_nothing(bet: str, win: str, net_win: str) -> None:
    shown = meaning(jdb, result(bet, win, net_win))
    assert shown.declined is None
    assert shown.movements[0].credit == Decimal(win).quantize(Decimal("0.1"))


@pytest.mark.parametrize(
    ("bet", "win", "net_win"),
    [
        ("-10", "4.5", "5.5"),
        ("-10", "4.5", "-5.500001"),
        ("-10", "4.5", "4.5"),
        ("-10", "4.5", "-10"),
        ("10", "4.5", "14.5"),
        ("-10", "-4.5", "-14.5"),
        ("0", "200", "100"),
        ("-99999999999999999999999", "0", "-99999999999999999999999"),
    ],
)
def test_a_result_that_contradicts_itself_fails_under_its_id(
    bet: str, win: str, net_win: str
) -> None:
    refused = meaning(jdb, result(bet, win, net_win))
    assert isinstance(refused.declined, Malformed)
    assert (refused.transaction_id, refused.movements) == ("bet_and_settle:123456789", ())
    assert refused.refusal_stands


# -- What has to be readable -----------------------------------------------------------------

FIELDS = [
    *[(operation, "amount") for operation in ("bet", "withdraw", "cancel_bet")],
    *[(operation, "amount") for operation in ("cancel_withdraw", "settle", "deposit")],
    *[(operation, "amount") for operation in ("activity_reward", "free_spin_reward")],
    *[("bet_and_settle", field) for field in ("bet", "win", "netWin")],
]


@pytest.mark.parametrize(("operation", "field"), FIELDS)
@pytest.mark.parametrize("token", [one for one in amount_tokens(str) if one != "-1"])
def test_an_amount_must_be_a_plain_number(operation: str, field: str, token: str) -> None:
    refused = refusal(jdb, senders.jdb(with_token(ORDERS[operation], field, token)))
    assert refused.__name__ in ("Malformed", "Undeciphered")  # What is no JSON proves nothing.


@pytest.mark.parametrize(("operation", "field"), [one for one in FIELDS if one[1] == "amount"])
def test_an_amount_is_above_0_and_only_a_payout_may_be_0(operation: str, field: str) -> None:
    assert refusal(jdb, sent(ORDERS[operation], **{field: -0.2})) is Malformed
    nothing = sent(ORDERS[operation], **{field: 0})
    if operation in ("settle", "deposit"):
        assert meaning(jdb, nothing).movements[0].credit == 0
    else:
        assert refusal(jdb, nothing) is Malformed


@pytest.mark.parametrize("operation", ORDERS)
@pytest.mark.parametrize("field", ["uid", "currency", "transferId"])
@pytest.mark.parametrize("value", [..., None, {}, [], True, "", "x" * 5000, "a\0", 2**63])
def test_who_and_which_are_insisted_on(operation: str, field: str, value: Any) -> None:
    assert refusal(jdb, sent(ORDERS[operation], **{field: value})) is Malformed


NO_ID: list[Any] = [..., None, "1", 1.5, [1], {}, 2**63, True]


@pytest.mark.parametrize("value", [..., None, 1, "1", {}, [], [1, None], list(range(10_001))])
def test_a_cancel_says_which_bets_it_cancels(value: Any) -> None:
    assert refusal(jdb, sent(CANCEL_BET, refTransferIds=value)) is Malformed


@pytest.mark.parametrize("value", NO_ID[1:])
def test_a_cancel_names_its_bets_by_their_numbers(value: Any) -> None:
    assert refusal(jdb, sent(CANCEL_BET, refTransferIds=[251916, value])) is Malformed


@pytest.mark.parametrize("value", NO_ID)
def test_a_cancel_says_which_withdrawal_it_cancels(value: Any) -> None:
    assert refusal(jdb, sent(CANCEL_WITHDRAW, refTransferId=value)) is Malformed


@pytest.mark.parametrize("operation", STANDING)
@pytest.mark.parametrize("changes", [{"uid": ...}, {"currency": 7}, {"uid": "a\0", "ts": {}}])
def test_a_bet_that_cannot_be_read_fails_under_its_id(
    operation: str, changes: dict[str, Any]
) -> None:
    refused = meaning(jdb, sent(ORDERS[operation], **changes))
    assert isinstance(refused.declined, Malformed)
    assert (refused.movements, refused.refusal_stands) == ((), True)
    assert refused.transaction_id == f"{operation}:{refused.reference}"
    again = meaning(jdb, sent(ORDERS[operation], **changes, more=1))
    assert terms(again) == terms(refused)


@pytest.mark.parametrize("operation", sorted(set(ORDERS) - set(STANDING)))
def test_nothing_else_that_cannot_be_read_gets_a_key(operation: str) -> None:
    with pytest.raises(Malformed):
        understood(jdb, sent(ORDERS[operation], uid=...))


@pytest.mark.parametrize("operation", ORDERS)
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses(operation: str, value: Any) -> None:
    memos = ["ts", "gameRoundSeqNo", "historyId", "mType", "gType", "denom", "totalBet", "totalWin"]
    memos += ["activityNo", "activityName", "eventId", "cashoutTime", "jackpotContribute"]
    body = ORDERS[operation]
    assert terms(meaning(jdb, sent(body, **dict.fromkeys(memos, value)))) == terms(
        meaning(jdb, sent(body))
    )


# -- Currencies and their units --------------------------------------------------------------


@pytest.mark.parametrize("operation", sorted(set(ORDERS) - set(CANCELS)))
def test_a_currency_that_is_not_configured_is_declined_under_the_order_s_id(operation: str) -> None:
    declined = meaning(jdb, sent(ORDERS[operation], currency="ZZ"))
    assert isinstance(declined.declined, UnknownCurrency)
    assert declined.movements[0].currency == "?"
    assert declined.refusal_stands == (operation in STANDING)


@pytest.mark.parametrize("operation", CANCELS)
def test_a_cancel_in_a_currency_that_is_not_configured_is_none_to_refuse(operation: str) -> None:
    """Nothing was taken in it, so it is cancelled already."""
    cancel = meaning(jdb, sent(ORDERS[operation], currency="ZZ"))
    assert cancel.declined is None
    assert cancel.movements[0].currency == "?"


@pytest.mark.parametrize("operation", ORDERS)
def test_thousand_units_are_multiplied_in(operation: str) -> None:
    units = meaning(jdb, sent(ORDERS[operation]))
    thousands = meaning(vietnam, sent(ORDERS[operation], currency="VN"))
    (one,), (thousand,) = units.movements, thousands.movements
    assert thousand == replace(
        one,
        currency="VND",
        debit=one.debit * 1000,
        credit=one.credit * 1000,
        minimum=one.minimum and one.minimum * 1000,
    )
    assert thousands.stake == (units.stake and units.stake * 1000)


# -- Replying --------------------------------------------------------------------------------

SHOWN = {
    "bet_and_settle": b'"balance":"12345.67",',
    "bet": b'"balance":"12345.67",',
    "settle": b'"balance":"12345.67",',
    "cancel_bet": b'"balance":"12345.67",',
    "activity_reward": b'"balance":12345.67,',
    "free_spin_reward": b'"balance":12345.67,',
}


def success(protocol: Any, order: Sent, balance: str = "12345.678") -> bytes:
    operation, _ = understood(protocol, order)
    body: bytes = protocol.reply(
        operation, receipts(meaning(protocol, order), balance), at=NOON
    ).body
    return body


@pytest.mark.parametrize("operation", ORDERS)
def test_a_balance_is_shown_as_the_page_of_the_action_shows_it(operation: str) -> None:
    order = sent(ORDERS[operation])
    shown = SHOWN.get(operation, b"")
    assert success(jdb, order) == b'{"status":"0000",' + shown + b'"err_text":""}'


@pytest.mark.parametrize("operation", SHOWN)
def test_one_way_for_all_balances_may_be_configured(operation: str) -> None:
    order = sent(ORDERS[operation])
    text = speaker(Jdb, currencies=CURRENCIES, balance_as="string")
    number = speaker(Jdb, currencies=CURRENCIES, balance_as="number")
    assert b'"balance":"12345.67",' in success(text, order)
    assert b'"balance":12345.67,' in success(number, order)


@pytest.mark.parametrize("operation", SHOWN)
def test_a_balance_is_shown_in_the_unit_of_the_order(operation: str) -> None:
    order = sent(ORDERS[operation], currency="VN")
    assert b"1234.56" in success(vietnam, order, "1234567.99")


@pytest.mark.parametrize("operation", ORDERS)
def test_a_repeated_bet_may_hear_9011_and_nothing_else_does(operation: str) -> None:
    strict = speaker(Jdb, currencies=CURRENCIES, repeated_bet="9011")
    order = sent(ORDERS[operation])
    (first,) = receipts(meaning(strict, order), "1")
    again = strict.reply(operation, [replace(first, posted=False)], at=NOON).body
    if operation in ("bet", "bet_and_settle"):
        assert again == b'{"status":"9011","err_text":"The bet stands; it was sent before."}'
    else:
        assert again == success(strict, order, "1")
    assert b'"status":"0000"' in success(strict, order)
    assert b'"status":"0000"' in jdb.reply(operation, [replace(first, posted=False)], at=NOON).body


@pytest.mark.parametrize("operation", CANCELS)
def test_a_cancel_of_nobody_s_bet_succeeds_without_a_balance(operation: str) -> None:
    for code in ("RB", "ZZ"):
        (receipt,) = receipts(meaning(jdb, sent(ORDERS[operation], currency=code)), "1")
        body = jdb.reply(operation, [replace(receipt, balances={})], at=NOON).body
        assert body == b'{"status":"0000","err_text":""}'


def test_bets_that_cannot_be_read_are_none_and_a_settlement_needs_them_unless_configured() -> None:
    paying = speaker(Jdb, currencies=CURRENCIES, unknown_bet="pay")
    for body, named in ((SETTLE, "bet"), (DEPOSIT, "withdraw")):
        assert meaning(jdb, sent(body, refTransferIds=[1, 2])).settles == (
            f"{named}:1",
            f"{named}:2",
        )
        unreadable: list[Any] = [[], None, ..., 272016, [None], [1.5], {}]
        for value in unreadable:
            unnamed = sent(body, refTransferIds=value)
            assert meaning(jdb, unnamed).settles == ()
            assert meaning(jdb, unnamed).needs_bets
            assert not meaning(paying, unnamed).needs_bets


@pytest.mark.parametrize("operation", ORDERS)
@given(data=st.data())
@settings(max_examples=100)
def test_orders_of_any_values_raise_refusals_only(operation: str, data: st.DataObject) -> None:
    check(SPEAKERS["jdb"], senders.jdb(data.draw(objects(ORDERS[operation]))))
