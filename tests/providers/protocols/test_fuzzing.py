"""Whatever arrives is an instruction that the database takes, or one of the refusals."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.protocols.base import Malformed, Note, Protocol, Query
from providers.protocols.besoft import BeSoft
from providers.protocols.hotroad import HotRoad
from providers.protocols.jdb import Jdb
from providers.protocols.sud import Sud
from tests.conftest import SUD_APP_ID
from tests.providers import senders
from tests.providers.protocols.dialects import NOON, arrived, speaker, terms
from tests.providers.senders import Sent, verbatim
from wallets import money
from wallets.instructions import Instruction
from wallets.refusals import Refusal

NO_KEYS = {"key": "", "iv": "", "insecure": True}
LARGEST = Decimal("99999999999999999999.99999999")
THOUSANDS = {"currencies": {"XX": "USD", "VN": {"currency": "VND", "factor": 1000}}}

# The constraints of the tables, in Python.
TRANSACTION_ID = re.compile(r"[a-z][a-z0-9._-]*:[^\x00-\x1f\x7f-\x9f]+")
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,9}")

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 20)
    | st.floats()
    | st.floats(0, 10**9).map(lambda value: round(value, 2))
    | st.text(max_size=80)
    | st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,10})?", fullmatch=True)
    | st.sampled_from(["XX", "VN", "hrgx", "\x00", "\ud800", "\x85", " ", "x" * 129, "1e400"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def objects(example: bytes, **fixed: Any) -> st.SearchStrategy[bytes]:
    """The document's own example with some of its leaves replaced by anything, escaped or raw."""
    return st.builds(
        lambda changed, escaped: json.dumps({**changed, **fixed}, ensure_ascii=escaped).encode(
            errors="surrogatepass"
        ),
        _changed(json.loads(example)),
        st.booleans(),
    )


def _changed(value: Any) -> st.SearchStrategy[Any]:
    same = st.just(value)
    if isinstance(value, dict):
        return st.fixed_dictionaries({name: _changed(inner) for name, inner in value.items()})
    if isinstance(value, list):
        return st.lists(st.one_of(*map(_changed, value)), max_size=4)
    return st.one_of(*[same] * 7, values)


def check(protocol: Protocol[Any], sent: Sent) -> None:
    """Decode as the inbox does, and look at every value as the database would."""
    delivery = arrived(sent)
    try:
        body = protocol.unwrap(delivery)
        operation = protocol.operation(delivery, body)
        meaning = protocol.decode(operation, body)
    except Refusal as refusal:
        _refusal(protocol, refusal)
        return
    assert re.fullmatch(r"[a-z][a-z0-9._-]{0,31}", operation)
    assert isinstance(meaning, Query) == (operation in protocol.queries)
    if isinstance(meaning, Query):
        _query(meaning)
        assert protocol.tell(operation, meaning, LARGEST, at=NOON).status == 200
    elif isinstance(meaning, Note):
        _texts(meaning.reference, meaning.text)
        assert protocol.reply(operation, (), at=NOON).status == 200
    else:
        for instruction in meaning if isinstance(meaning, tuple) else (meaning,):
            _instruction(instruction)


def _refusal(protocol: Protocol[Any], refusal: Refusal) -> None:
    assert "\0" not in str(refusal)
    str(refusal).encode()
    assert protocol.refuse("", refusal, at=NOON).status == 200


def _query(meaning: Query) -> None:
    assert 1 <= len(meaning.uid) <= 64
    _texts(meaning.uid, meaning.code)
    assert CURRENCY.fullmatch(meaning.currency)


def _instruction(meaning: Instruction) -> None:
    assert TRANSACTION_ID.fullmatch(meaning.transaction_id)
    assert len(meaning.transaction_id) <= 200
    is_match = meaning.transaction_id.startswith("match:")  # It may have been of robots only.
    assert meaning.movements or is_match or isinstance(meaning.declined, Malformed)
    for movement in meaning.movements:
        assert 1 <= len(movement.uid) <= 64
        _texts(movement.uid)
        # Nobody's movement: declined, or of a cancellation, which finds no bet of theirs.
        assert CURRENCY.fullmatch(movement.currency) or meaning.declined or meaning.cancels
        for amount in (movement.debit, movement.credit):
            assert money.fits(amount)
            assert not amount.is_signed()
    assert meaning.stake is None or money.fits(meaning.stake)
    _texts(meaning.reference, meaning.round_id, meaning.game, *meaning.settles, *meaning.cancels)
    _texts(*meaning.details.keys(), *meaning.details.values())
    assert meaning.occurred_at is None or 1970 <= meaning.occurred_at.year <= 2201
    assert meaning.occurred_at is None or meaning.occurred_at.utcoffset() is not None
    assert len(terms(meaning)) == 32


def _texts(*texts: str) -> None:
    for text in texts:
        assert PRINTABLE.fullmatch(text)
        assert len(text) <= 128
        text.encode()


SPEAKERS = {
    "besoft": speaker(BeSoft),
    "jdb": speaker(Jdb, **THOUSANDS),
    "sud": speaker(Sud, factor="0.01"),
    "hotroad": speaker(HotRoad, uid_prefix="hrg"),
}
SENDERS = {
    "besoft": senders.besoft,
    "jdb": senders.jdb,
    "sud": senders.sud,
    "hotroad": senders.hotroad,
}


@pytest.mark.parametrize("name", SPEAKERS)
@given(body=st.binary(max_size=200))
def test_bytes_of_strangers_raise_refusals_only(name: str, body: bytes) -> None:
    check(SPEAKERS[name], Sent(path=name, body=body))
    check(SPEAKERS[name], Sent(path=name, body=b"x=" + body, content_type=""))


@pytest.mark.parametrize("name", SPEAKERS)
@given(body=st.binary(max_size=200) | values.map(json.dumps).map(str.encode))
def test_authentic_bytes_raise_refusals_only(name: str, body: bytes) -> None:
    check(SPEAKERS[name], SENDERS[name](body))


@given(objects(verbatim("besoft", "result")))
@settings(max_examples=300)
def test_besoft_results_of_any_values(body: bytes) -> None:
    check(SPEAKERS["besoft"], senders.besoft(body))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["action", "uid", "bet", "win", "transId", "ts"]),
            st.text() | st.just("3"),
        ),
        max_size=8,
    )
)
@settings(max_examples=200)
def test_besoft_forms_of_any_values(pairs: list[tuple[str, str]]) -> None:
    body = "&".join(f"{name}={value}" for name, value in pairs).encode(errors="replace")
    check(SPEAKERS["besoft"], Sent(path="besoft", body=body, content_type=""))


@given(objects(verbatim("besoft", "result")), st.sampled_from([2, 3]))
@settings(max_examples=300)
def test_besoft_bets_and_results_of_any_values(body: bytes, action: int) -> None:
    with_bets = speaker(BeSoft, bets={"afa*": "taken", "*": "charged"})
    check(with_bets, senders.besoft(senders.altered(body, action=action)))


@given(objects(verbatim("jdb", "settle")))
@settings(max_examples=300)
def test_jdb_settles_of_any_values(body: bytes) -> None:
    check(SPEAKERS["jdb"], senders.jdb(body))
    check(speaker(Jdb, **NO_KEYS), Sent(path="jdb", body=body))


@given(objects(b'{"action":1,"uid":"useraccount","currency":"USD","gid":"afa026","ts":"1"}'))
@settings(max_examples=200)
def test_besoft_balance_queries_of_any_values(body: bytes) -> None:
    check(SPEAKERS["besoft"], senders.besoft(body))


@given(objects(b'{"action":6,"ts":1,"uid":"john","currency":"VN","gType":0,"mType":999}'))
@settings(max_examples=200)
def test_jdb_balance_queries_of_any_values(body: bytes) -> None:
    check(SPEAKERS["jdb"], senders.jdb(body))


@given(objects(b'{"uid":"john"}'), st.sampled_from(["get_score", "get_account"]))
def test_sud_balance_queries_of_any_values(body: bytes, call: str) -> None:
    check(SPEAKERS["sud"], senders.sud(body, path=f"sud/{call}"))


@given(objects(b'{"userId":"hrgpl0001"}'))
def test_hotroad_balance_queries_of_any_values(body: bytes) -> None:
    check(SPEAKERS["hotroad"], senders.hotroad(body, operation="get_balance"))


@given(st.integers(-(2**40), 2**40) | st.integers(0, 20))
def test_jdb_actions_of_any_number(action: int) -> None:
    check(SPEAKERS["jdb"], senders.jdb(senders.altered(verbatim("jdb", "settle"), action=action)))


@given(objects(verbatim("sud", "match_settle"), app_id=SUD_APP_ID))
@settings(max_examples=300)
def test_sud_notifications_of_any_values(body: bytes) -> None:
    check(SPEAKERS["sud"], senders.sud(body))


@pytest.mark.parametrize("name", ["user_settle", "order_changed", "order_batch_changed"])
@given(data=st.data())
@settings(max_examples=200)
def test_sud_notifications_of_buy_ins_of_any_values(name: str, data: st.DataObject) -> None:
    failed = verbatim("sud", name).replace(b"EXECUTE_SUCCESS", b"EXECUTE_FAIL")
    body = data.draw(objects(failed, app_id=SUD_APP_ID))
    for credits in ("remain_score", "score"):
        check(speaker(Sud, pays="user.settle", credits=credits), senders.sud(body))


@given(objects(verbatim("sud", "update_score")))
@settings(max_examples=300)
def test_sud_scores_of_any_values(body: bytes) -> None:
    check(SPEAKERS["sud"], senders.sud(body, path="sud/update_score"))


@given(
    objects(verbatim("hotroad", "settle")) | objects(verbatim("hotroad", "place_bet")),
    st.sampled_from(["settle", "cancel_bet", "place_bet", "get_balance", "event_settle", "x"]),
)
@settings(max_examples=300)
def test_hotroad_operations_of_any_values(body: bytes, operation: str) -> None:
    check(SPEAKERS["hotroad"], senders.hotroad(body, operation=operation))


@given(objects(verbatim("hotroad", "event_settle")))
@settings(max_examples=200)
def test_hotroad_events_of_any_values(body: bytes) -> None:
    check(SPEAKERS["hotroad"], senders.hotroad(body, operation="event_settle"))
