"""SUD's update_score: the page's example literally, its codes, and all that is almost one."""

import json
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols.base import Malformed, NotOffered
from providers.protocols.sud import Sud
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
from wallets.instructions import Instruction, Kind, Movement, Receipt
from wallets.refusals import (
    Conflict,
    InsufficientFunds,
    PlayerClosed,
    PlayerSuspended,
    Refusal,
    UnknownPlayer,
)

CONSUME = senders.verbatim("sud", "update_score")
GAIN = altered(CONSUME, type=2)
sud = speaker(Sud)


def sent(body: bytes = CONSUME, **changes: Any) -> Sent:
    return senders.sud(altered(body, **changes) if changes else body, path="sud/update_score")


def answered(receipt: Receipt) -> bytes:
    reply = sud.reply("update_score", [receipt], at=NOON)
    assert (reply.status, reply.content_type) == (200, "application/json")
    return bytes(reply.body)


def test_the_page_s_example_takes_a_hundred_points() -> None:
    assert understood(sud, sent()) == (
        "update_score",
        Instruction(
            provider="sud",
            transaction_id="update_score:xxx",
            kind=Kind.BET,
            movements=(Movement(uid="xxx", currency="COIN", debit=Decimal(100)),),
            reference="xxx",
            round_id="xxx",
            game="xxx",
            stake=Decimal(100),
            refusal_stands=True,
        ),
    )


def test_type_2_gives_them_and_names_no_consume() -> None:
    assert meaning(sud, sent(GAIN)) == Instruction(
        provider="sud",
        transaction_id="update_score:xxx",
        kind=Kind.SETTLEMENT,
        movements=(Movement(uid="xxx", currency="COIN", credit=Decimal(100)),),
        reference="xxx",
        round_id="xxx",
        game="xxx",
    )


def test_who_how_much_and_which_way_are_the_terms_and_nothing_else_is() -> None:
    before = terms(meaning(sud, sent()))
    for other in ({"uid": "bob"}, {"score": 99}, {"type": 2}):
        assert terms(meaning(sud, sent(**other))) != before, other
    assert terms(meaning(sud, sent(round_id="r2", mg_id="g2", added_later=[1]))) == before


@pytest.mark.parametrize(
    ("factor", "points", "debit"),
    [("1", 0, "0"), ("0.01", 7, "0.07"), ("100", 7, "700"), ("1", 2**63 - 1, str(2**63 - 1))],
)
def test_points_are_worth_the_configured_factor(factor: str, points: int, debit: str) -> None:
    (movement,) = meaning(speaker(Sud, factor=factor), sent(score=points)).movements
    assert (movement.debit, movement.credit) == (Decimal(debit), 0)


# A quintillion points fit into 64 bits.
TOKENS = [token for token in amount_tokens(lambda digits: digits) if token != str(10**18)]


@pytest.mark.parametrize("token", TOKENS)
def test_a_score_that_is_no_amount_of_points_is_malformed(token: str) -> None:
    for body in (CONSUME, GAIN):
        assert refusal(sud, sent(with_token(body, "score", token))) is Malformed


@pytest.mark.parametrize("score", [-1, 2**63, 1.5, "100", True, None, ..., {}, []])
def test_a_score_is_an_integer_of_64_bits_and_has_no_sign(score: Any) -> None:
    assert refusal(sud, sent(score=score)) is Malformed
    assert refusal(speaker(Sud, factor="1e12"), sent(score=2**62)) is Malformed


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": ...},
        {"order_id": None},
        {"order_id": 7},
        {"order_id": ""},
        {"order_id": "x" * 129},
        {"order_id": "a\n"},
        {"type": ...},
        {"type": 0},
        {"type": 3},
        {"type": "1"},
        {"type": True},
        {"type": 2, "uid": ""},
        {"type": 2, "score": -1},
    ],
)
def test_what_names_no_consume_is_refused_and_may_be_sent_again(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        understood(sud, sent(**changes))


@pytest.mark.parametrize("changes", [{"uid": ""}, {"uid": ...}, {"uid": 7}, {"score": -1}])
def test_a_malformed_consume_has_failed_for_good(changes: dict[str, Any]) -> None:
    """SUD holds it for failed, so the refusal has to stand under its order id."""
    instruction = meaning(sud, sent(**changes))
    assert (instruction.transaction_id, instruction.kind) == ("update_score:xxx", Kind.BET)
    assert (instruction.movements, instruction.refusal_stands) == ((), True)
    assert isinstance(instruction.declined, Malformed)


@pytest.mark.parametrize("field", ["round_id", "mg_id"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    assert terms(meaning(sud, sent(**{field: value}))) == terms(meaning(sud, sent()))


# -- Replying --------------------------------------------------------------------------------


def test_success_reads_as_the_page_prints_it() -> None:
    (receipt,) = receipts(meaning(sud, sent()), "1000000")
    assert answered(receipt) == b'{"ret_code":0,"ret_msg":"success","data":{"score":1000000}}'


def test_a_duplicate_hears_9001_wherever_it_is_looked_for() -> None:
    (receipt,) = receipts(meaning(sud, sent()), "900.99")
    again = Receipt(
        instruction=receipt.instruction,
        posted=False,
        refusal=None,
        balances=receipt.balances,
        decided_at=NOON,
    )
    assert answered(again) == (
        b'{"ret_code":9001,"ret_msg":"duplicate order id","sdk_error_code":9001,'
        b'"data":{"score":900}}'
    )


def test_too_little_money_hears_9000_wherever_it_is_looked_for() -> None:
    assert sud.refuse("update_score", InsufficientFunds(), at=NOON).body == (
        b'{"ret_code":9000,"ret_msg":"insufficient balance","sdk_error_code":9000,"data":{}}'
    )
    assert refused(sud, "match", InsufficientFunds())["ret_code"] == 8  # Not a code of matches.


@pytest.mark.parametrize(
    ("why", "code"),
    [
        (Conflict(), 1),  # 9001 would say that it was taken.
        (PlayerSuspended(), 1),
        (PlayerClosed(), 1),
        (UnknownPlayer(), 7),
        (Malformed("uid 'eve' is wrong"), 4),
        (NotOffered(), 6),
    ],
)
def test_every_other_refusal_is_a_code_of_ours(why: Refusal, code: int) -> None:
    told = refused(sud, "update_score", why)
    assert told == {"ret_code": code, "ret_msg": type(why).sentence, "data": {}}


def test_no_verdict_is_neither_success_nor_one_of_the_page_s_codes() -> None:
    assert json.loads(sud.no_verdict("update_score", at=NOON).body) == {
        "ret_code": 2,
        "ret_msg": "Not decided yet, send again.",
        "data": {},
    }
