"""SUD: the signature, the document's match, and everything that is almost one."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.protocols.base import (
    Malformed,
    Note,
    NotOffered,
    Query,
    RefusalMeans,
    Unauthentic,
    UnknownOperation,
)
from providers.protocols.sud import Sud
from tests.providers import senders
from tests.providers.protocols.dialects import (
    NOON,
    arrived,
    meaning,
    problems,
    receipts,
    refusal,
    refused,
    speaker,
    terms,
    understood,
)
from tests.providers.senders import Sent, altered
from wallets.instructions import Instruction, Kind, Movement
from wallets.refusals import (
    Conflict,
    InsufficientFunds,
    PlayerClosed,
    Refusal,
    UnknownCurrency,
    UnknownPlayer,
)

MATCH = senders.verbatim("sud", "match_settle")
sud = speaker(Sud)


def player(uid: str, score: Any, **fields: Any) -> dict[str, Any]:
    stated = {"uid": uid, "is_ai": 0, "score": score, "remain_score": 0, **fields}
    return {name: value for name, value in stated.items() if value is not ...}


def robot(score: int = 5) -> dict[str, Any]:
    return player("", score, is_ai=1)


def match(*players: Any, **data: Any) -> Sent:
    """The document's match with other players, or with other fields in `data`."""
    changed = {**json.loads(MATCH)["data"], "results": list(players), **data}
    changed = {name: value for name, value in changed.items() if value is not ...}
    return senders.sud(altered(MATCH, data=changed))


# -- The signature ---------------------------------------------------------------------------

VECTOR = Sent(
    path="sud",
    body=b'{"notify_id":"n1","notify_event":"sud.mg.merchant.match.settle","data":{}}',
    headers={
        "Sud-AppId": "1461564080052506636",
        "Sud-Timestamp": "1647834452408",
        "Sud-Nonce": "abc123nonce",
        "Sud-Signature": "0d436921c61967fd3c98f5053dc2cf3aa82f0db8",
    },
)


def signed(**headers: str) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(path="sud", body=VECTOR.body, headers={**VECTOR.headers, **named})


def test_the_published_vector_is_authentic() -> None:
    assert sud.unwrap(arrived(VECTOR)) == VECTOR.body
    upper = signed(Sud_Signature=VECTOR.headers["Sud-Signature"].upper())
    assert sud.unwrap(arrived(upper)) == VECTOR.body


@pytest.mark.parametrize(
    "sent",
    [
        signed(Sud_AppId="1461564080052506637"),
        signed(Sud_Timestamp="1647834452409"),
        signed(Sud_Nonce="abc123nonc"),
        signed(Sud_Signature="0d436921c61967fd3c98f5053dc2cf3aa82f0db9"),
        signed(Sud_Signature=""),
        signed(Sud_Signature="é\ud800"),
        signed(Sud_Nonce="\ud800"),
        Sent(path="sud", body=VECTOR.body),
        Sent(path="sud", body=VECTOR.body + b" ", headers=VECTOR.headers),
        Sent(path="sud", body=b"", headers=VECTOR.headers),
        senders.sud(MATCH, secret="another"),
        senders.sud(MATCH, secret=""),
    ],
)
def test_any_other_header_body_or_secret_proves_nothing(sent: Sent) -> None:
    assert refusal(sud, sent) is Unauthentic


def test_the_previous_secret_of_a_rotated_pair_is_accepted() -> None:
    assert meaning(sud, senders.sud(MATCH, secret="previous")) == meaning(sud, senders.sud(MATCH))


def test_a_notification_for_another_app_proves_nothing() -> None:
    assert refusal(sud, senders.sud(altered(MATCH, app_id="1"))) is Unauthentic
    assert refusal(speaker(Sud, app_id="1"), senders.sud(MATCH)) is Unauthentic


@pytest.mark.parametrize("app_id", [..., None, 1461564080052506636, {}])
def test_a_notification_for_nobody_is_malformed(app_id: Any) -> None:
    assert refusal(sud, senders.sud(altered(MATCH, app_id=app_id))) is Malformed


def test_insecure_without_a_secret_takes_what_comes() -> None:
    open_to_all = speaker(Sud, app_id="", app_secret="", insecure=True)
    assert meaning(open_to_all, Sent(path="sud", body=MATCH)).reference.startswith("ce56b6lzi1a7")
    careful = speaker(Sud, insecure=True)
    assert refusal(careful, Sent(path="sud", body=MATCH)) is Unauthentic


def test_an_empty_secret_signs_nothing() -> None:
    keyless = speaker(Sud, app_secret=["", ""])
    assert refusal(keyless, senders.sud(MATCH, secret="")) is Unauthentic


# -- Decoding --------------------------------------------------------------------------------


def test_the_document_s_match_debits_what_was_lost() -> None:
    assert understood(sud, senders.sud(MATCH)) == (
        "match",
        Instruction(
            provider="sud",
            transaction_id="match:ce56b6lzi1a7-cf75pcvbs7j1-cxjfg7fzupz0",
            kind=Kind.SETTLEMENT,
            movements=(
                Movement(uid="fa1c53c4", currency="COIN", debit=Decimal(100)),
                Movement(uid="f0818db8", currency="COIN", debit=Decimal(100)),
            ),
            reference="ce56b6lzi1a7-cf75pcvbs7j1-cxjfg7fzupz0",
            round_id="ce56b6lzi1a7-cf75pcvbs7j1-cxjfg7fzupz0",
            game="1557194155570024449",
            details={
                "commission_score fa1c53c4": "0",
                "remain_score fa1c53c4": "0",
                "commission_score f0818db8": "0",
                "remain_score f0818db8": "0",
            },
            occurred_at=datetime(2022, 9, 27, 7, 59, 54, tzinfo=UTC),
        ),
    )


def test_nine_players_and_robots_are_one_instruction() -> None:
    players = [player(f"p{number}", number - 4) for number in range(9)]
    result = meaning(sud, match(robot(), *players, robot(-3), robot()))
    assert [(m.uid, m.debit, m.credit) for m in result.movements] == [
        ("p0", 4, 0),
        ("p1", 3, 0),
        ("p2", 2, 0),
        ("p3", 1, 0),
        ("p4", 0, 0),  # A score of 0 is an entry too.
        ("p5", 0, 1),
        ("p6", 0, 2),
        ("p7", 0, 3),
        ("p8", 0, 4),
    ]


def test_the_order_of_players_is_no_term_but_who_they_are_is() -> None:
    alice, bob, carol = player("alice", 10), player("bob", -10), player("carol", 0)
    both = terms(meaning(sud, match(alice, bob)))
    assert terms(meaning(sud, match(bob, alice))) == both
    for other in ([alice], [alice, bob, carol], [alice, player("bob", -11)], [alice, carol]):
        assert terms(meaning(sud, match(*other))) != both


def test_commission_what_remains_robots_and_the_delivery_are_no_terms() -> None:
    before = meaning(sud, match(player("alice", 10)))
    again = match(player("alice", 10, remain_score=7, commission_score=1), robot(99))
    resent = altered(again.body, notify_id="n2", notify_time="1664266729547", added_later=1)
    after = meaning(sud, senders.sud(resent, Sud_AppId="1461564080052506636"))
    assert terms(after) == terms(before)
    assert after.transaction_id == before.transaction_id
    assert after.details == {"commission_score alice": "1", "remain_score alice": "7"}


def test_a_match_of_robots_moves_nothing() -> None:
    for players in ([robot()], [robot(), robot()]):
        assert meaning(sud, match(*players)).movements == ()
    assert refusal(sud, match()) is Malformed


@pytest.mark.parametrize(
    "results",
    [
        [player("alice", 1), player("alice", 1)],
        [player("alice", 1), player("bob", 0), player("alice", -1)],
        [player("", 1)],
        [player("alice", 10.0)],
        [player("alice", 1.5)],
        [player("alice", True)],
        [player("alice", "10")],
        [player("alice", None)],
        [player("alice", ...)],
        [player("alice", 2**31)],
        [player("alice", -(2**31) - 1)],
        [player("alice", 10**40)],
        [player("alice", 1, is_ai=2)],
        [player("alice", 1, is_ai=None)],
        [player("alice", 1, is_ai=False)],
        [player("alice", 1, is_ai=...)],
        [player("a\0", 1)],
        [player("x" * 5000, 1)],
        [{"is_ai": 0, "score": 1}],
        [None],
        ["alice"],
        [robot()] * 1001,
    ],
)
def test_a_player_who_is_not_as_documented_makes_the_match_malformed(results: list[Any]) -> None:
    assert refusal(sud, match(*results)) is Malformed


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e400", "01", "1_0", "-", "+1"])
def test_a_score_that_is_no_json_integer_is_malformed(score: str) -> None:
    body = MATCH.replace(b"-100", score.encode())
    assert refusal(sud, senders.sud(body)) is Malformed


@pytest.mark.parametrize(
    "data",
    [
        {"match_id": ...},
        {"match_id": None},
        {"match_id": ""},
        {"match_id": "x" * 5000},
        {"match_id": "a\0"},
        {"match_id": 7},
        {"results": ...},
        {"results": None},
        {"results": {}},
    ],
)
def test_which_match_and_who_played_are_insisted_on(data: dict[str, Any]) -> None:
    assert refusal(sud, match(player("alice", 1), **data)) is Malformed


@pytest.mark.parametrize("field", ["mg_id", "room_id", "battle_end_at", "game_mode"])
@pytest.mark.parametrize("value", [..., None, {}, "x" * 5000, "a\0b", 10**30, -1])
def test_what_only_informs_never_refuses(field: str, value: Any) -> None:
    alice = player("alice", 1)
    assert terms(meaning(sud, match(alice, **{field: value}))) == terms(meaning(sud, match(alice)))


def test_a_match_ends_in_seconds_or_milliseconds() -> None:
    ends = [
        meaning(sud, match(player("alice", 1), battle_end_at=at)).occurred_at
        for at in ("1664265594", 1664265594, "1664265594000", "soon")
    ]
    assert ends == [datetime(2022, 9, 27, 7, 59, 54, tzinfo=UTC)] * 3 + [None]


@pytest.mark.parametrize(("factor", "credit"), [("0.01", "0.07"), ("100", "700"), ("1", "7")])
def test_points_are_worth_the_configured_factor(factor: str, credit: str) -> None:
    result = meaning(speaker(Sud, factor=factor), match(player("alice", 7), player("bob", -7)))
    assert (result.movements[0].credit, result.movements[1].debit) == (Decimal(credit),) * 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"app_id":', b"\xff", b"[" * 100_000]
)
def test_a_signed_body_that_is_no_notification_is_malformed(body: bytes) -> None:
    assert refusal(sud, senders.sud(body)) is Malformed


@pytest.mark.parametrize("data", [..., None, [], "x", {}])
def test_a_match_without_data_is_malformed(data: Any) -> None:
    assert refusal(sud, senders.sud(altered(MATCH, data=data))) is Malformed


@pytest.mark.parametrize(
    "event",
    ["match.start", "bullet.new", "brand.new"],
)
def test_events_that_move_no_money_are_acknowledged(event: str) -> None:
    named = f"sud.mg.merchant.{event}"
    operation, note = understood(sud, senders.sud(altered(MATCH, notify_event=named, data=None)))
    assert note == Note(reference="144884c98000100c-15da5e428a821000", text=named)
    assert sud.reply(operation, (), at=NOON).body == b'{"ret_code":0,"ret_msg":"SUCCESS"}'


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("user.settle", "match.settle pays"),
        ("order.changed", "no buy-ins are taken here"),
        ("order.batch.changed", "no buy-ins are taken here"),
    ],
)
def test_events_of_the_other_money_model_are_acknowledged_and_the_note_says_why(
    event: str, why: str
) -> None:
    named = f"sud.mg.merchant.{event}"
    note = meaning(sud, senders.sud(altered(MATCH, notify_event=named, data=None)))
    assert note == Note(reference="144884c98000100c-15da5e428a821000", text=f"{named}: {why}")


@pytest.mark.parametrize("event", [..., None, 7, {}])
def test_a_notification_without_an_event_is_malformed(event: Any) -> None:
    assert refusal(sud, senders.sud(altered(MATCH, notify_event=event))) is Malformed


@pytest.mark.parametrize("call", ["get_sstoken", "update_sstoken", "get_user_info"])
def test_calls_that_are_the_platform_s_own_are_not_offered(call: str) -> None:
    assert refusal(sud, senders.sud(b'{"uid":"alice"}', path=f"sud/{call}")) is NotOffered


def test_a_report_moves_no_money_and_is_noted() -> None:
    sent = senders.sud(b'{"report_type":"game_settle"}', path="sud/report_game_info")
    assert isinstance(meaning(sud, sent), Note)


@pytest.mark.parametrize("call", ["pay", "match.settle", "GET_SCORE", "match"])
def test_an_unknown_call_is_refused(call: str) -> None:
    assert refusal(sud, senders.sud(MATCH, path=f"sud/{call}")) is UnknownOperation


# -- Replying --------------------------------------------------------------------------------


def test_success_is_ret_code_0() -> None:
    reply = sud.reply("match", receipts(meaning(sud, senders.sud(MATCH)), "1"), at=NOON)
    assert reply.body == b'{"ret_code":0,"ret_msg":"SUCCESS"}'
    assert (reply.status, reply.content_type) == (200, "application/json")


@pytest.mark.parametrize(
    ("why", "code"),
    [
        (Unauthentic("eve"), 3),
        (Malformed("uid 'eve' is wrong"), 4),
        (UnknownOperation(), 5),
        (NotOffered(), 6),
        (UnknownPlayer(), 7),
        (InsufficientFunds(), 8),
        (Conflict(), 1),
        (PlayerClosed(), 1),
        (UnknownCurrency(), 1),
    ],
)
def test_a_refusal_is_a_code_of_ours_and_a_fixed_sentence(why: Refusal, code: int) -> None:
    assert refused(sud, "match", why) == {"ret_code": code, "ret_msg": type(why).sentence}


def test_no_verdict_is_a_failure_that_may_be_sent_again() -> None:
    reply = sud.no_verdict("match", at=NOON)
    assert (reply.status, json.loads(reply.body)["ret_code"]) == (200, 2)


def test_a_refused_match_is_owed_and_resends_are_not_documented() -> None:
    assert Sud.refusal_means is RefusalMeans.OWED
    assert Sud.resends == {}


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({}, []),
        ({"app_secret": ""}, ["providers.E006"]),
        ({"app_secret": []}, ["providers.E006"]),
        ({"app_secret": [""]}, ["providers.E006"]),
        ({"app_id": ""}, ["providers.E006"]),
        ({"app_secret": "", "app_id": "", "insecure": True}, []),
        ({"factor": 0}, ["providers.E008"]),
        ({"factor": "NaN"}, ["providers.E008"]),
        ({"factor": "0.01"}, []),
        ({"pays": "user.settle", "credits": "score", "unknown_bet": "refuse"}, []),
    ],
)
def test_it_needs_an_app_and_its_secret_and_a_usable_factor(
    changes: dict[str, Any], ids: list[str]
) -> None:
    assert problems(Sud, **changes) == ids


# -- Balance queries -------------------------------------------------------------------------

ALICE = Query(uid="alice", currency="COIN")


def query(call: str = "get_score", **changes: Any) -> Sent:
    return senders.sud(altered(b'{"uid":"alice"}', **changes), path=f"sud/{call}")


@pytest.mark.parametrize("call", ["get_score", "get_account"])
def test_two_calls_ask_for_a_balance(call: str) -> None:
    assert understood(sud, query(call)) == (call, ALICE)
    assert meaning(sud, query(call, added_later=[1])) == ALICE


def test_a_score_is_told_in_whole_points() -> None:
    reply = sud.tell("get_score", ALICE, Decimal("250.99"), at=NOON)
    assert reply.body == b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"score":250}}'
    assert (reply.status, reply.content_type) == (200, "application/json")


def test_an_account_is_the_players_id_and_score() -> None:
    assert sud.tell("get_account", ALICE, Decimal(7), at=NOON).body == (
        b'{"ret_code":0,"ret_msg":"SUCCESS",'
        b'"data":{"nickname":"alice","avatar_url":"","score":7,"vip_level":0}}'
    )


@pytest.mark.parametrize(
    ("factor", "balance", "score"),
    [("0.01", "12.349", 1234), ("100", "199.99", 1), ("3", "10", 3), ("1", "0.99", 0)],
)
def test_points_are_worth_the_configured_factor_and_never_rounded_up(
    factor: str, balance: str, score: int
) -> None:
    told = speaker(Sud, factor=factor).tell("get_score", ALICE, Decimal(balance), at=NOON)
    assert json.loads(told.body)["data"] == {"score": score}


@pytest.mark.parametrize("value", [..., None, {}, 7, True, "", "x" * 5000, "a\0"])
def test_whose_score_is_insisted_on(value: Any) -> None:
    assert refusal(sud, query(uid=value)) is Malformed
