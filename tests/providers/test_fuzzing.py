"""Whatever a provider puts into a field: an answer in its dialect; the database never raises."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import balances
from providers.models import Callback
from tests.cast import Books
from tests.providers import senders, tabled
from tests.providers.senders import Sent, send


def operation(name: str) -> Callable[[bytes], Sent]:
    return lambda body: senders.hotroad(body, operation=name)


VERBATIM: dict[str, tuple[bytes, Callable[[bytes], Sent]]] = {
    "besoft": (senders.verbatim("besoft", "result"), senders.besoft),
    "jdb": (senders.verbatim("jdb", "settle"), senders.jdb),
    "sud": (senders.verbatim("sud", "match_settle"), senders.sud),
    "hotroad": (senders.verbatim("hotroad", "settle"), senders.hotroad),
    "hotroad bets": (senders.verbatim("hotroad", "place_bet"), operation("place_bet")),
    "hotroad cancels": (tabled.HOTROAD_CANCEL_BET, operation("cancel_bet")),
    "hotroad events": (senders.verbatim("hotroad", "event_settle"), operation("event_settle")),
    "besoft bets": (tabled.BESOFT_BET, senders.besoft),
}

QUERIES: dict[str, tuple[bytes, Callable[[bytes], Sent]]] = {
    "besoft": (b'{"uid":"useraccount","currency":"USD","ts":"1","gid":"afa026"}', senders.besoft),
    "jdb": (b'{"uid":"john","currency":"XX","ts":1,"gType":0,"mType":999}', senders.jdb),
    "sud": (b'{"uid":"fa1c53c4"}', lambda body: senders.sud(body, path="sud/get_account")),
    "hotroad": (
        b'{"userId":"hrgpl0001"}',
        operation("get_balance"),
    ),
}
ACTIONS = {"besoft": {"action": 1}, "jdb": {"action": 6}}

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str)
    | st.text()
    | st.sampled_from(["", "0", "-0.0", "1e99", "9" * 30, "a\0b", "\u202e", "\ud800", "alice"])
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document."""
    inside: Any = ()
    if isinstance(node, dict):
        inside = node.items()
    elif isinstance(node, list):
        inside = enumerate(node)
    return [path, *(found for key, child in inside for found in paths(child, (*path, key)))]


def planted(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of `document` with `value` at `path`."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = planted(document[path[0]], path[1:], value)
    return copy


def changed(document: Any, data: st.DataObject) -> Any:
    """`document` with anything in one to three places."""
    changes = data.draw(
        st.lists(st.tuples(st.sampled_from(paths(document)[1:]), values), min_size=1, max_size=3)
    )
    for path, value in changes:
        if path in paths(document):
            document = planted(document, path, value)
    return document


@pytest.mark.parametrize("provider", VERBATIM)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_value_in_any_field_is_answered_and_kept(
    books: Books, providers: None, provider: str, data: st.DataObject
) -> None:
    body, sender = VERBATIM[provider]
    document = changed(json.loads(body), data)
    before = Callback.objects.count()
    heard = send(sender(json.dumps(document).encode()))
    assert heard.status == 200
    assert isinstance(heard.json, dict)
    kept = list(Callback.objects.order_by("id").values_list("outcome", "reason")[before:])
    assert [reason for outcome, reason in kept if outcome == "failed"] == []


@pytest.mark.parametrize("provider", QUERIES)
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_value_in_a_balance_query_is_answered_and_the_database_does_not_raise(
    books: Books, providers: None, provider: str, data: st.DataObject
) -> None:
    body, sender = QUERIES[provider]
    document = {**changed(json.loads(body), data), **ACTIONS.get(provider, {})}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(balances.log, "warning", pytest.fail)
        patch.setattr(balances.log, "exception", pytest.fail)
        heard = send(sender(json.dumps(document).encode()))
    assert heard.status == 200
    assert isinstance(heard.json, dict)
    assert set(books.outcomes()) <= {"refused"}  # Half a surrogate pair: no action can be read.


@pytest.mark.parametrize("provider", ["besoft", "hotroad", "jdb"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(amount=st.decimals(0, 10**17, allow_nan=False, places=4), scale=st.integers(0, 4))
def test_what_is_paid_is_what_was_written(
    books: Books, providers: None, provider: str, amount: Any, scale: int
) -> None:
    """Any amount that a protocol allows goes through JSON, ledger and back without a change."""
    if not books.statements("SELECT FROM wallets_wallet"):
        for uid, currency in [("useraccount", "USD"), ("john", "USD"), ("hrgpl0001", "THB")]:
            books.open(uid, currency)
    body, sender = VERBATIM[provider]
    text = f"{round(amount, scale):f}"
    number = len(books.transactions())
    changed = {
        "besoft": lambda: _token(senders.altered(body, transId=f"t{number}", bet=0), "win", text),
        "jdb": lambda: _token(senders.altered(body, transferId=number), "amount", text),
        "hotroad": lambda: senders.altered(body, txId=f"t{number}", winAmount=text),
    }[provider]()
    send(sender(changed))
    (row,) = books.statements(
        "SELECT trim_scale(credit)::text FROM wallets_entry ORDER BY id DESC LIMIT 1"
    )
    assert row == (text.rstrip("0").rstrip(".") if "." in text else text,)
    assert books.violations() == []


def _token(body: bytes, field: str, text: str) -> bytes:
    return senders.altered(body, **{field: "@@"}).replace(b'"@@"', text.encode())
