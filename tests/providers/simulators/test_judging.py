"""A reply is judged as its provider would: success, a refusal, or no statement at all."""

import pytest

from providers.simulators.base import Statement
from tests.providers.simulators.cast import simulator

SUCCESS, REFUSED, NOTHING = Statement.SUCCESS, Statement.REFUSED, Statement.NOTHING


@pytest.mark.parametrize(
    ("protocol", "body", "statement"),
    [
        ("besoft", b'{"action":3,"status":1,"balance":3000.01,"currency":"USD"}', SUCCESS),
        ("besoft", b'{"status":1003}', REFUSED),
        ("besoft", b'{"action":3,"status":"1","balance":3000.01,"currency":"USD"}', REFUSED),
        ("besoft", b'{"action":3,"status":1,"balance":3000.01,"currency":"EUR"}', REFUSED),
        ("jdb", b'{"status":"0000","balance":"12345.67","err_text":""}', SUCCESS),
        ("jdb", b'{"status":"0000","balance":12345.67,"err_text":""}', SUCCESS),
        ("jdb", b'{"status":"9999","err_text":"Not decided."}', REFUSED),
        ("jdb", b'{"status":0,"balance":"1"}', REFUSED),
        ("jdb", b'{"status":"0000"}', REFUSED),
        ("sud", b'{"ret_code":0,"ret_msg":"SUCCESS"}', SUCCESS),
        ("sud", b'{"ret_code":1,"ret_msg":"No such player."}', REFUSED),
        ("hotroad", b'{"code":"0000","balanceTs":"2022-10-14T23:00:00.000+0800","balance":"10.0"}',
         SUCCESS),
        ("hotroad", b'{"code":"0000","balanceTs":"2022-10-14T23:00:00.000+0800","balance":10.0}',
         REFUSED),
        ("hotroad", b'{"code":"9999","desc":"No such player."}', REFUSED),
        ("hotroad", b"<html>oops</html>", REFUSED),
    ],
)  # fmt: skip
def test_a_reply_with_http_200(protocol: str, body: bytes, statement: Statement) -> None:
    assert simulator(protocol).read(200, body).statement is statement


@pytest.mark.parametrize(
    ("protocol", "body", "statement"),
    [
        ("besoft", b'{"action":1,"status":1,"balance":10000.0156,"currency":"USD"}', SUCCESS),
        ("besoft", b'{"action":3,"status":1,"balance":10000.0156,"currency":"USD"}', REFUSED),
        ("besoft", b'{"action":1,"status":1,"balance":10000.0156,"currency":"EUR"}', REFUSED),
        ("besoft", b'{"action":1,"status":1}', REFUSED),
        ("besoft", b'{"status":1004}', REFUSED),
        ("jdb", b'{"status":"0000","balance":"12345.67","err_text":""}', SUCCESS),
        ("jdb", b'{"status":"0000","err_text":""}', REFUSED),
        ("jdb", b'{"status":"7501","err_text":"No such player."}', REFUSED),
        ("sud", b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"score":250}}', SUCCESS),
        ("sud", b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"nickname":"a","score":250}}', SUCCESS),
        ("sud", b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"score":250.5}}', REFUSED),
        ("sud", b'{"ret_code":0,"ret_msg":"SUCCESS"}', REFUSED),
        ("sud", b'{"ret_code":7,"ret_msg":"No such player."}', REFUSED),
        ("hotroad", b'{"code":"0000","balanceTs":"2022-10-14T23:00:00.000+0800","balance":"1.0"}',
         SUCCESS),
        ("hotroad", b'{"code":"0000"}', REFUSED),
        ("hotroad", b'{"code":"9999","desc":"No such player."}', REFUSED),
    ],
)  # fmt: skip
def test_a_reply_to_a_balance_query(protocol: str, body: bytes, statement: Statement) -> None:
    assert simulator(protocol).read(200, body, is_poll=True).statement is statement


@pytest.mark.parametrize("protocol", ["besoft", "jdb", "sud", "hotroad"])
@pytest.mark.parametrize(("status", "body"), [(503, b""), (500, b"<html>"), (404, b""), (200, b"")])
def test_anything_but_http_200_with_a_body_states_nothing(
    protocol: str, status: int, body: bytes
) -> None:
    assert simulator(protocol).read(status, body).statement is NOTHING


def test_a_refusal_is_told_with_the_providers_code_and_text() -> None:
    answer = simulator("jdb").read(200, b'{"status":"7501","err_text":"No such player."}')
    assert answer.reason == "7501 No such player."
