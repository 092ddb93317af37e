"""BeSoft: action 2, where it is configured, and what action 3 then does."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from providers.protocols.base import Malformed, NotOffered
from providers.protocols.besoft import BeSoft
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
from tests.providers.tabled import BESOFT_BET as BET
from wallets.instructions import Instruction, Kind, Movement

RESULT = senders.verbatim("besoft", "result")
besoft = speaker(BeSoft, bets={"afa026": "taken"})
without = speaker(BeSoft)


def bet(**changes: Any) -> Sent:
    return senders.besoft(altered(BET, **changes))


def result(**changes: Any) -> Sent:
    return senders.besoft(altered(RESULT, **changes))


def test_a_bet_takes_its_amount() -> None:
    assert understood(besoft, senders.besoft(BET)) == (
        "bet",
        Instruction(
            provider="besoft",
            transaction_id="bet:1zr8cu31gohrz",
            kind=Kind.BET,
            movements=(Movement(uid="useraccount", currency="USD", debit=Decimal("1.0125")),),
            reference="1zr8cu31gohrz",
            round_id="1zr83u41gohrz",
            game="afa026",
            stake=Decimal("1.0125"),
            details={"mode": "0"},
            occurred_at=datetime(2024, 11, 20, 6, 23, 59, 446_000, tzinfo=UTC),
            refusal_stands=True,
        ),
    )


def test_a_form_is_the_same_bet() -> None:
    form = (
        b"action=2&mode=0&bet=1.0125&uid=useraccount&gid=afa026&ts=1732083839446"
        b"&roundId=1zr83u41gohrz&transId=1zr8cu31gohrz"
    )
    sent = Sent(path="besoft", body=form, content_type="application/x-www-form-urlencoded")
    assert meaning(besoft, sent) == meaning(besoft, bet())


def test_success_is_the_document_s_with_a_balance_of_four_decimals() -> None:
    reply = besoft.reply("bet", receipts(meaning(besoft, bet()), "3000.01679"), at=NOON)
    assert reply.body == b'{"action":2,"status":1,"balance":3000.0167,"currency":"USD"}'
    coarse = speaker(BeSoft, bets={"*": "taken"}, balance_decimals=2)
    reply = coarse.reply("bet", receipts(meaning(coarse, bet()), "3000.01679"), at=NOON)
    assert json.loads(reply.body)["balance"] == 3000.01


def test_without_a_word_about_the_game_a_bet_is_refused_under_its_id() -> None:
    """Not offered is void on their side, so it stands."""
    for protocol in (without, speaker(BeSoft, bets={"afa02": "taken", "xfa*": "charged"})):
        declined = meaning(protocol, bet())
        assert isinstance(declined.declined, NotOffered)
        assert (declined.transaction_id, declined.refusal_stands) == ("bet:1zr8cu31gohrz", True)
        assert terms(declined) == terms(meaning(besoft, bet()))
    assert refused(besoft, "bet", NotOffered()) == {"status": 1001}


# -- What a result does ----------------------------------------------------------------------


def test_where_the_stake_was_taken_a_result_pays_its_win_only() -> None:
    paid = meaning(besoft, result())
    assert paid.kind is Kind.SETTLEMENT
    assert paid.movements == (Movement(uid="useraccount", currency="USD", credit=Decimal(10)),)
    assert (paid.stake, paid.transaction_id) == (Decimal(1), "result:1zr8cu31gohrz")
    assert paid.refusal_stands


@pytest.mark.parametrize("bets", [{}, {"afa026": "charged"}, {"other": "taken"}])
def test_elsewhere_it_charges_its_bet(bets: dict[str, str]) -> None:
    charged = meaning(speaker(BeSoft, bets=bets), result())
    assert charged == meaning(without, result())
    assert charged.kind is Kind.BET_AND_SETTLEMENT
    assert charged.movements[0].debit == 1


def test_which_bets_a_result_settles_is_not_documented() -> None:
    paid = meaning(besoft, result())
    assert (paid.settles, paid.needs_bets) == ((), False)
    assert paid.round_id == meaning(besoft, bet()).round_id


@pytest.mark.parametrize("gid", [..., None, {}, [], 7, True, "", "x" * 5000, "a\0"])
def test_where_games_differ_the_game_is_insisted_on(gid: Any) -> None:
    """A stake is never charged twice by guess."""
    for sent in (result(gid=gid), bet(gid=gid)):
        assert refusal(besoft, sent) is Malformed
        assert meaning(besoft, sent).transaction_id[-14:] == ":1zr8cu31gohrz"
    assert meaning(without, result(gid=gid)).movements == meaning(without, result()).movements


# -- Which games -----------------------------------------------------------------------------

GAMES = {"*": "charged", "fish*": "taken", "fish9*": "charged", "fish9": "taken", "a.c": "taken"}


@pytest.mark.parametrize(
    ("game", "stake"),
    [
        ("slot1", "charged"),
        ("fish", "taken"),
        ("fish1", "taken"),
        ("Fish1", "charged"),
        ("fish9", "taken"),
        ("fish90", "charged"),
        ("abc", "charged"),
        ("a.c", "taken"),
    ],
)
def test_the_closest_pattern_counts(game: str, stake: str) -> None:
    protocol = speaker(BeSoft, bets=GAMES)
    assert protocol.settings.stake_in(game) == stake
    debit = 1 if stake == "charged" else 0
    assert meaning(protocol, result(gid=game)).movements[0].debit == debit
    assert meaning(protocol, bet(gid=game)).declined is None


@pytest.mark.parametrize(
    "bets",
    [
        {"": "taken"},
        {"a*b": "taken"},
        {"*a": "taken"},
        {"a**": "taken"},
        {"a\n": "taken"},
        {"a": "free"},
        {"a": True},
        ["a"],
        "a",
        None,
    ],
)
def test_a_pattern_is_a_game_or_how_games_begin(bets: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        speaker(BeSoft, bets=bets)


# -- Malformed bets --------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [besoft, without])
@pytest.mark.parametrize("token", [*amount_tokens(lambda digits: digits), "0", "0.00", '"1.00"'])
def test_a_bet_is_a_plain_number_above_0(protocol: Any, token: str) -> None:
    assert refusal(protocol, senders.besoft(with_token(BET, "bet", token))) is Malformed


@pytest.mark.parametrize("field", ["uid", "bet"])
@pytest.mark.parametrize("value", [..., None, {}, [], True, "", "x" * 5000, "a\0"])
def test_a_bet_that_names_itself_is_refused_under_its_id(field: str, value: Any) -> None:
    malformed = meaning(besoft, bet(**{field: value}))
    assert isinstance(malformed.declined, Malformed)
    assert (malformed.transaction_id, malformed.kind) == ("bet:1zr8cu31gohrz", Kind.BET)
    assert (malformed.movements, malformed.refusal_stands) == ((), True)


@pytest.mark.parametrize("value", [..., None, {}, [], True, 7, "", "x" * 5000, "a\0"])
def test_which_bet_is_insisted_on(value: Any) -> None:
    with pytest.raises(Malformed):
        meaning(besoft, bet(transId=value))


@pytest.mark.parametrize("field", ["mode", "ts", "roundId", "added_later"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1, True])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    assert terms(meaning(besoft, bet(**{field: value}))) == terms(meaning(besoft, bet()))


@pytest.mark.parametrize("change", [{"bet": 2}, {"uid": "bob"}])
def test_another_stake_or_player_has_other_terms(change: dict[str, Any]) -> None:
    assert terms(meaning(besoft, bet(**change))) != terms(meaning(besoft, bet()))
