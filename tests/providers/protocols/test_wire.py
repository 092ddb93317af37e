"""What only informs is read if it can be, and never refuses anything."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.protocols import base, wire
from providers.protocols.base import Malformed, Unauthentic
from wallets.refusals import Conflict, Refusal


class Named(msgspec.Struct):
    name: wire.Id


NAMED = wire.Schema(Named)


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (b'"LOSE"', "LOSE"),
        (b"-1.0", "-1.0"),
        (b"1732083839446", "1732083839446"),
        (b"true", "true"),
        (b'"a\\u0000b\\nc"', "abc"),
        ('"\u6e38\u620f"'.encode(), "\u6e38\u620f"),
        (b"null", ""),
        (b"{}", ""),
        (b"[1]", ""),
        (b"", ""),
        (b'"' + b"x" * 500 + b'"', "x" * 64),
    ],
)
def test_a_memo_is_short_printable_text(token: bytes, text: str) -> None:
    assert wire.memo(msgspec.Raw(token)) == text


@given(st.binary(max_size=40) | st.text(max_size=40).map(msgspec.json.encode))
def test_a_memo_of_anything_is_text_that_postgresql_takes(token: bytes) -> None:
    text = wire.memo(msgspec.Raw(token))
    assert not wire.UNPRINTABLE.search(text)
    text.encode()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1664265594", datetime(2022, 9, 27, 7, 59, 54, tzinfo=UTC)),
        ("1664265594123", datetime(2022, 9, 27, 7, 59, 54, 123_000, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("99999999999", None),
        ("9999999999999", None),
        ("99999999999999999999", None),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("", None),
        ("soon", None),
    ],
)
def test_a_unix_time_is_seconds_or_milliseconds_or_nothing(
    text: str, moment: datetime | None
) -> None:
    assert wire.at_epoch(text) == moment


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"name"',
        b"{",
        b'{"name":',
        b'{"name":"x"',
        b'{"name":"x"}}',
        b"{}",
        b'{"name":null}',
        b'{"name":1}',
        b'{"name":""}',
        b'{"name":"a\\u0000"}',
        b'{"name":"a\\u0085"}',
        b'{"name":"\\ud800"}',
        b'{"name":"\\ud800\\u0041"}',
        b'{"name":"\\udc00\\ud800"}',
        b'{"name":"a\nb"}',
        b'{"name":"\xff"}',
        b'{"name":"x","more":"\xff"}',
        b'{"name":"' + b"x" * 5000 + b'"}',
        b"[" * 100_000,
        b'{"name":' * 100_000,
        b'{"more":' + b"[" * 100_000 + b"]" * 100_000 + b',"name":"x"}',
        b'{"more":' * 100_000 + b"1" + b"}" * 100_000,
        b"\xef\xbb\xbf{}",
        b"\x00" * 100,
        b"9" * 100_000,
        b" " * 10_000_000,
        b"[" * 10_000_000,
    ],
)
def test_what_does_not_fit_the_schema_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        NAMED.read(body)


def test_unknown_fields_are_ignored_and_names_may_be_of_any_script() -> None:
    body = '{"more":{"deep":[1,null]},"name":"\u738b\u5c0f\u660e"}'.encode()
    assert NAMED.read(body).name == "\u738b\u5c0f\u660e"


class Special(Conflict):
    pass


def test_a_refusal_has_the_code_of_its_class_or_of_the_nearest_base() -> None:
    codes: dict[type[Refusal], int] = {Conflict: 1, Unauthentic: 2}
    assert base.code_for(Special(), codes, 9) == 1
    assert base.code_for(Unauthentic("x"), codes, 9) == 2
    assert base.code_for(Malformed(), codes, 9) == 9
