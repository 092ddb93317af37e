"""Who called: the address behind so many trusted proxies, and no more."""

import logging
from typing import Any

import pytest

from config.logs import MaskPaths
from providers.views import client_address


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "10.0.0.1", "192.0.2.1"),
        (1, "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, 10.0.0.1", "10.0.0.1"),
        (2, "6.6.6.6, 10.0.0.1, 10.0.0.2", "10.0.0.1"),
        (2, "10.0.0.2", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, " , ", "192.0.2.1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "nonsense", ""),
        (1, "::ffff:10.0.0.1", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_as_many_entries_are_believed_as_there_are_trusted_proxies(
    settings: Any, trusted: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(meta) == address


def test_another_header_may_carry_the_address(settings: Any) -> None:
    """One without a hyphen has no twin with an underscore that a stranger could send."""
    settings.TRUSTED_PROXIES, settings.ADDRESS_HEADER = 1, "Caller"
    meta = {
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_X_FORWARDED_FOR": "6.6.6.6",
        "HTTP_CALLER": "10.0.0.1",
    }
    assert client_address(meta) == "10.0.0.1"


def test_a_server_that_does_not_know_the_address_gives_none() -> None:
    assert client_address({}) == ""


def test_a_bad_log_call_does_not_fail_the_delivery_that_it_tells_of() -> None:
    record = logging.LogRecord("library", logging.ERROR, "", 0, "%d things", ("a",), None)
    assert MaskPaths().filter(record)
    assert record.getMessage() == "%d things"


def test_a_callback_path_stands_in_no_log_line() -> None:
    record = logging.LogRecord(
        "django.request",
        logging.WARNING,
        "",
        0,
        "%s: %s",
        ("Not Found", "/callbacks/b-7f3a9c/settle"),
        None,
    )
    MaskPaths().filter(record)
    assert record.getMessage() == "Not Found: /callbacks/***/settle"
