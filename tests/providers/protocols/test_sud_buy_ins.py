"""SUD's poker tables: buy-ins, orders that fail, and `user.settle` where that is what pays.

The pages' request examples lack a comma here and there; those are put in, and the rest is as
printed. Of the batch's example the end of the only order was not found, so its `status` is made up
from the field table.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols.base import Malformed, Note, NotOffered
from providers.protocols.besoft import BeSoft
from providers.protocols.sud import Sud
from tests.conftest import SUD_APP_ID
from tests.providers import senders
from tests.providers.protocols.dialects import meaning, refusal, speaker, terms, understood
from tests.providers.senders import Sent, altered
from wallets.instructions import Instruction, Kind, Movement, Origin

USER_SETTLE = altered(senders.verbatim("sud", "user_settle"), app_id=SUD_APP_ID)
ORDER = altered(senders.verbatim("sud", "order_changed"), app_id=SUD_APP_ID)
BATCH = altered(senders.verbatim("sud", "order_batch_changed"), app_id=SUD_APP_ID)
MATCH = senders.verbatim("sud", "match_settle")
NOTIFY_ID = "0795d77f85789da0eb387a50964993a3eba1fedfec2b12f729861392a9b5ad04"
sud = speaker(Sud, pays="user.settle")


def with_data(body: bytes, **changes: Any) -> Sent:
    stated = {**json.loads(body)["data"], **changes}
    stated = {name: value for name, value in stated.items() if value is not ...}
    return senders.sud(altered(body, data=stated))


def settled(*players: dict[str, Any], **data: Any) -> Sent:
    """The page's settlement with its first player changed so often."""
    first = json.loads(USER_SETTLE)["data"]["results"][0]
    results = [{**first, **changes} for changes in players]
    results = [{k: v for k, v in one.items() if v is not ...} for one in results]
    return with_data(USER_SETTLE, results=results, **data)


def failed(**changes: Any) -> Sent:
    return with_data(ORDER, **{"status": "EXECUTE_FAIL", **changes})


def batch(*orders: Any) -> Sent:
    """The page's batch with its order changed so often."""
    (first,) = json.loads(BATCH)["data"]["orders"]
    return with_data(BATCH, orders=[{**first, **changes} for changes in orders])


# -- user.settle -----------------------------------------------------------------------------


def test_the_page_s_settlement_pays_each_order_what_remains() -> None:
    assert understood(sud, senders.sud(USER_SETTLE)) == (
        "user_settle",
        tuple(
            Instruction(
                provider="sud",
                transaction_id=f"user_settle:{order_id}",
                kind=Kind.SETTLEMENT,
                movements=(Movement(uid=uid, currency="COIN", credit=Decimal(remains)),),
                reference=order_id,
                round_id="match-001",
                game="mgid01",
                details={"score": score, "remain_score": remains},
                settles=(f"buy_in:{out_order_id}",),
                needs_bets=True,
                occurred_at=datetime(2022, 9, 24, 3, 43, 31, tzinfo=UTC),
            )
            for uid, order_id, out_order_id, score, remains in [
                ("u001", "1663991011001", "ce56b6lzi1a", "10", "100"),
                ("u002", "1663991011002", "ce56b6lzi1b", "20", "90"),
            ]
        ),
    )


@pytest.mark.parametrize(("score", "debit", "credit"), [(10, 0, 10), (-10, 10, 0), (0, 0, 0)])
def test_where_the_bare_result_is_credited_a_loss_is_a_debit(
    score: int, debit: int, credit: int
) -> None:
    bare = speaker(Sud, pays="user.settle", credits="score")
    (instruction,) = meaning(bare, settled({"score": score}))
    (movement,) = instruction.movements
    assert (movement.debit, movement.credit) == (debit, credit)


def test_what_remains_is_worth_the_configured_factor_and_never_less_than_nothing() -> None:
    cents = speaker(Sud, pays="user.settle", factor="0.01")
    (instruction,) = meaning(cents, settled({"remain_score": 7}))
    assert instruction.movements[0].credit == Decimal("0.07")
    assert refusal(cents, settled({"remain_score": -1})) is Malformed


def test_robots_have_no_wallet() -> None:
    robots: list[dict[str, Any]] = [
        {"is_ai": 1},
        {"uid": ""},
        {"uid": "", "is_ai": 1, "order_id": "", "score": -5},
    ]
    (instruction,) = meaning(sud, settled(*robots, {"uid": "alice"}))
    assert instruction.movements[0].uid == "alice"
    assert meaning(sud, settled(*robots)) == Note(
        reference=NOTIFY_ID, text="sud.mg.merchant.user.settle: robots only"
    )


def test_the_player_is_a_term_and_the_other_field_and_the_commission_are_none() -> None:
    (before,) = meaning(sud, settled({}))
    (after,) = meaning(sud, settled({"score": 1, "commission_score": 3}))
    assert terms(after) == terms(before)
    assert after.details == {"score": "1", "remain_score": "100", "commission_score": "3"}
    for other in ({"uid": "bob"}, {"remain_score": 99}):
        (changed,) = meaning(sud, settled(other))
        assert terms(changed) != terms(before), other


def test_an_order_without_an_id_of_ours_settles_no_buy_in() -> None:
    for nothing in ("", ...):
        (instruction,) = meaning(sud, settled({"out_order_id": nothing}))
        assert instruction.settles == ()


def test_an_unknown_buy_in_is_refused_unless_it_is_configured_to_be_paid() -> None:
    for option, needs in ({}, True), ({"unknown_bet": "pay"}, False), (REFUSE, True):
        (instruction,) = meaning(speaker(Sud, pays="user.settle", **option), settled({}))
        assert instruction.needs_bets is needs
    bare = speaker(Sud, pays="user.settle", credits="score", **REFUSE)
    (instruction,) = meaning(bare, settled({}))
    assert not instruction.needs_bets  # No buy-in is ever taken there.


REFUSE = {"unknown_bet": "refuse"}


@pytest.mark.parametrize(
    "player",
    [
        *[{"uid": value} for value in (..., None, 7, "a\0", "x" * 65)],
        *[{"order_id": value} for value in (..., None, 7, "", "a\n", "x" * 129)],
        *[{"out_order_id": value} for value in (None, 7, "a\n", "x" * 129)],
        *[{"is_ai": value} for value in (..., None, 2, True)],
        *[{"score": value} for value in (..., None, "1", 1.5, 2**31, True)],
        *[{"remain_score": value} for value in (..., None, "1", 1.5, 2**31, True)],
    ],
)
def test_a_player_who_is_not_as_documented_makes_the_settlement_malformed(
    player: dict[str, Any],
) -> None:
    assert refusal(sud, settled({}, player)) is Malformed


@pytest.mark.parametrize("results", [..., None, {}, [], [None], ["u001"]])
def test_a_settlement_of_nobody_is_malformed(results: Any) -> None:
    assert refusal(sud, with_data(USER_SETTLE, results=results)) is Malformed
    assert refusal(sud, senders.sud(altered(USER_SETTLE, data=...))) is Malformed


@pytest.mark.parametrize("field", ["mg_id", "room_id", "match_id", "settle_at"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    (instruction,) = meaning(sud, settled({}, **{field: value}))
    assert terms(instruction) == terms(meaning(sud, settled({}))[0])


def test_only_one_of_the_two_notifications_pays() -> None:
    named = "sud.mg.merchant.match.settle: user.settle pays"
    assert meaning(sud, senders.sud(MATCH)) == Note(
        reference="144884c98000100c-15da5e428a821000", text=named
    )
    named = "sud.mg.merchant.user.settle: match.settle pays"
    noted = Note(reference=NOTIFY_ID, text=named)
    assert meaning(speaker(Sud), senders.sud(USER_SETTLE)) == noted


# -- Orders ----------------------------------------------------------------------------------


def test_the_page_s_order_was_executed_and_moves_nothing() -> None:
    assert understood(sud, senders.sud(ORDER)) == (
        "order",
        Note(reference=NOTIFY_ID, text="sud.mg.merchant.order.changed: not EXECUTE_FAIL"),
    )
    for status in ("CREATED", "EXECUTING", "execute_fail", ""):
        assert isinstance(meaning(sud, failed(status=status)), Note)


def test_a_failed_order_gives_its_payer_the_buy_in_back() -> None:
    assert understood(sud, failed()) == (
        "order",
        (
            Instruction(
                provider="sud",
                transaction_id="order:1659497694000",
                kind=Kind.ROLLBACK,
                movements=(Movement(uid="001", currency="COIN"),),
                reference="1659497694000",
                round_id="ce56b6lzi1a7-cqhcr6fgdnwg-c5vfwwj9h6mz",
                game="mgid01",
                details={"order_id": "1659497694888", "cmd": "test", "value": "1", "to_uid": "002"},
                cancels=("buy_in:1659497694000",),
                occurred_at=datetime(2022, 3, 21, 6, 42, 56, 502000, tzinfo=UTC),
            ),
        ),
    )


def test_of_a_batch_those_are_given_back_that_failed() -> None:
    assert understood(sud, senders.sud(BATCH)) == (
        "order_batch",
        Note(reference="xxx", text="sud.mg.merchant.order.batch.changed: no EXECUTE_FAIL"),
    )
    back = meaning(
        sud,
        batch(
            {"out_order_id": "1", "status": "EXECUTE_FAIL"},
            {"out_order_id": "2"},
            {"out_order_id": "3", "status": "EXECUTE_FAIL", "from_uid": "bob"},
        ),
    )
    assert [(one.transaction_id, one.movements[0].uid, one.cancels) for one in back] == [
        ("order:1", "15493", ("buy_in:1",)),
        ("order:3", "bob", ("buy_in:3",)),
    ]
    assert isinstance(meaning(sud, batch()), Note)


def test_one_order_that_cannot_be_read_makes_the_batch_malformed() -> None:
    lost = {"out_order_id": None, "status": "EXECUTE_FAIL"}
    assert refusal(sud, batch({"status": "EXECUTE_FAIL"}, lost)) is Malformed
    assert refusal(sud, batch({"status": None})) is Malformed
    wrong: list[Any] = [..., None, {}, [None], ["1"], [[]]]
    for orders in wrong:
        assert refusal(sud, with_data(BATCH, orders=orders)) is Malformed


def test_an_order_s_payer_is_a_term_and_its_stated_value_is_none() -> None:
    (before,) = meaning(sud, failed())
    anything: list[Any] = [..., None, {}, -5, "x" * 5000, "a\0"]
    for field in ("value", "cmd", "seq", "payload", "to_uid", "order_id", "game_round_id", "mg_id"):
        for value in anything:
            (after,) = meaning(sud, failed(**{field: value}))
            assert terms(after) == terms(before), (field, value)
    (other,) = meaning(sud, failed(from_uid="002"))
    assert terms(other) != terms(before)


@pytest.mark.parametrize("field", ["out_order_id", "from_uid"])
@pytest.mark.parametrize("value", [..., None, 7, {}, "", "a\n", "x" * 5000])
def test_which_order_failed_and_who_paid_are_insisted_on(field: str, value: Any) -> None:
    assert refusal(sud, failed(**{field: value})) is Malformed


@pytest.mark.parametrize("data", [..., None, [], "x", {}])
def test_an_order_without_data_is_malformed(data: Any) -> None:
    assert refusal(sud, senders.sud(altered(ORDER, data=data))) is Malformed


def test_where_no_buy_in_is_taken_none_is_given_back() -> None:
    for other in (speaker(Sud), speaker(Sud, pays="user.settle", credits="score")):
        for sent in (failed(), batch({"status": "EXECUTE_FAIL"})):
            assert "no buy-ins are taken here" in meaning(other, sent).text


# -- Buy-ins ---------------------------------------------------------------------------------


def test_a_buy_in_is_a_bet_under_the_platform_s_own_order_id() -> None:
    cents = speaker(Sud, pays="user.settle", factor="0.01")
    assert cents.buy_in(uid="alice", score=500, order_id="OUT-1") == Instruction(
        provider="sud",
        transaction_id="buy_in:OUT-1",
        kind=Kind.BET,
        movements=(Movement(uid="alice", currency="COIN", debit=Decimal(5)),),
        reference="OUT-1",
        stake=Decimal(5),
        origin=Origin.COMMAND,
        refusal_stands=True,
    )


@pytest.mark.parametrize(
    "changes",
    [
        *[{"uid": value} for value in ("", "a\n", "x" * 65, "\ud800")],
        *[{"score": value} for value in (0, -1, 2**31)],
        *[{"order_id": value} for value in ("", "a\n", "x" * 65, "\udcff")],
    ],
)
def test_a_buy_in_that_sud_could_not_be_asked_for_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        sud.buy_in(**{"uid": "alice", "score": 500, "order_id": "OUT-1", **changes})


@pytest.mark.parametrize("settings", [{}, {"pays": "user.settle", "credits": "score"}])
def test_no_buy_in_is_taken_where_nothing_gives_it_back(settings: dict[str, Any]) -> None:
    """The bare result of a game charges what was lost; a buy-in would charge it once more."""
    with pytest.raises(NotOffered):
        speaker(Sud, **settings).buy_in(uid="alice", score=500, order_id="OUT-1")


def test_other_providers_have_no_buy_ins() -> None:
    with pytest.raises(NotOffered):
        speaker(BeSoft).buy_in(uid="alice", score=500, order_id="OUT-1")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ("user_settle", "buy_in")),
        ({"pays": "user.settle"}, ("match",)),
        ({"pays": "user.settle", "credits": "score"}, ("match", "buy_in")),
    ],
)
def test_what_the_settings_rule_out_may_not_stand_in_the_books(
    settings: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert speaker(Sud, **settings).not_booked == words
