"""A reply is judged as its provider would: success, a refusal, or no statement at all."""

import pytest

from providers.simulators.answers import Statement
from tests.providers.simulators.cast import simulator

LONE = {"besoft": "result", "jdb": "settle", "sud": "match", "hotroad": "settle"}
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
    assert simulator(protocol).read(LONE[protocol], 200, body).statement is statement


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
    assert simulator(protocol).read("balance", 200, body).statement is statement


@pytest.mark.parametrize("protocol", ["besoft", "jdb", "sud", "hotroad"])
@pytest.mark.parametrize(("status", "body"), [(503, b""), (500, b"<html>"), (404, b""), (200, b"")])
def test_anything_but_http_200_with_a_body_states_nothing(
    protocol: str, status: int, body: bytes
) -> None:
    assert simulator(protocol).read(LONE[protocol], status, body).statement is NOTHING


def test_a_refusal_is_told_with_the_providers_code_and_text() -> None:
    answer = simulator("jdb").read("bet", 200, b'{"status":"7501","err_text":"No such player."}')
    assert (answer.code, answer.reason) == ("7501", "7501 No such player.")


def test_what_cannot_be_read_has_no_code() -> None:
    answer = simulator("hotroad").read("bet", 200, b"<html>oops</html>")
    assert (answer.statement, answer.code) == (REFUSED, "")


@pytest.mark.parametrize(
    ("protocol", "operation", "body", "statement"),
    [
        # What may be of a player whom nobody knows, or has no balance on its page.
        ("jdb", "cancel_bet", b'{"status":"0000","err_text":""}', SUCCESS),
        ("jdb", "cancel_bet_and_settle", b'{"status":"0000"}', SUCCESS),
        ("jdb", "withdraw", b'{"status":"0000","err_text":""}', SUCCESS),
        ("jdb", "deposit", b'{"status":"0000","err_text":""}', SUCCESS),
        ("hotroad", "cancel_bet", b'{"code":"0000"}', SUCCESS),
        ("hotroad", "event", b'{"code":"0000"}', SUCCESS),
        # A bet is answered with a balance.
        ("jdb", "bet", b'{"status":"0000","err_text":""}', REFUSED),
        ("jdb", "bet_and_settle", b'{"status":"0000","balance":"1.00","err_text":""}', SUCCESS),
        ("hotroad", "bet", b'{"code":"0000"}', REFUSED),
        ("jdb", "cancel_bet_and_settle", b'{"status":"6101","err_text":""}', REFUSED),
        # SUD knows an order that was done before; of a match it doesn't.
        ("sud", "consume", b'{"ret_code":9001,"ret_msg":"duplicate order id"}', SUCCESS),
        ("sud", "gain", b'{"ret_code":9001,"ret_msg":"duplicate order id"}', SUCCESS),
        ("sud", "match", b'{"ret_code":9001,"ret_msg":"duplicate order id"}', REFUSED),
        ("sud", "consume", b'{"ret_code":9000,"ret_msg":"insufficient balance"}', REFUSED),
        ("sud", "consume", b'{"ret_code":0,"ret_msg":"SUCCESS","data":{"score":1}}', SUCCESS),
        ("sud", "consume", b'{"ret_code":0,"ret_msg":"SUCCESS"}', REFUSED),
    ],
)  # fmt: skip
def test_a_reply_within_a_round(
    protocol: str, operation: str, body: bytes, statement: Statement
) -> None:
    assert simulator(protocol).read(operation, 200, body).statement is statement


@pytest.mark.parametrize("operation", ["bet", "bet_and_settle"])
def test_jdb_takes_9011_for_a_repetition_where_that_is_agreed(operation: str) -> None:
    reply = b'{"status":"9011","err_text":"The bet stands; it was sent before."}'
    agreed = simulator("jdb", repeated_bet="9011")
    assert agreed.read(operation, 200, reply).statement is SUCCESS
    assert simulator("jdb").read(operation, 200, reply).statement is REFUSED
    assert agreed.read("settle", 200, reply).statement is REFUSED
