"""Who called: the address behind so many trusted proxies, and no more."""

import logging

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
        (1, "", ""),
        (1, "nonsense", ""),
        (1, "::ffff:10.0.0.1", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_as_many_entries_are_believed_as_there_are_trusted_proxies(
    trusted: int, forwarded: str, address: str
) -> None:
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(meta, trusted_proxies=trusted) == address


def test_a_server_that_does_not_know_the_address_gives_none() -> None:
    assert client_address({}, trusted_proxies=0) == ""


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
