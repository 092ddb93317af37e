"""PROVIDERS: what a wrong configuration is told at start-up, and never starts with."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections, transaction

from providers import buy_ins, checks, registry
from tests.cast import NOON, Books, instruction, post
from tests.conftest import PROVIDERS
from tests.live import environment
from tests.providers import senders
from tests.providers.senders import send
from wallets.refusals import UnknownPlayer

JDB = PROVIDERS["jdb"]
SUD = PROVIDERS["sud"]
NOTHING = {"currency": "VND", "factor": 0}


def problems(configuration: Any) -> list[str]:
    text = configuration if isinstance(configuration, str) else json.dumps(configuration)
    return [problem.id for problem in registry.parse(text).problems]


def test_the_four_providers_are_valid_and_reached_by_their_names() -> None:
    parsed = registry.parse(json.dumps(PROVIDERS))
    assert parsed.problems == ()
    assert set(parsed.by_path) == set(parsed.by_name) == set(PROVIDERS)


@pytest.mark.parametrize(
    ("configuration", "ids"),
    [
        ("{", ["providers.E001"]),
        ("[]", ["providers.E001"]),
        ('{"jdb": {}, "jdb": {}}', ["providers.E001", "providers.E004"]),
        ({"house": JDB}, ["providers.E002"]),
        ({"JDB": JDB}, ["providers.E002"]),
        ({"j" * 33: JDB}, ["providers.E002"]),
        ({"acme": {"currency": "USD"}}, ["providers.E003"]),
        ({"acme": {"protocol": "nobody", "currency": "USD"}}, ["providers.E003"]),
        ({"jdb": []}, ["providers.E003"]),
        ({"jdb": {**JDB, "keys": "x"}}, ["providers.E004"]),
        ({"jdb": {"key": JDB["key"], "iv": JDB["iv"]}}, ["providers.E004"]),
        ({"jdb": {**JDB, "currencies": {"RB": "yuan"}}}, ["providers.E004"]),
        ({"jdb": {**JDB, "path": "with/slash"}}, ["providers.E004"]),
        ({"jdb": {**JDB, "path": "sud"}, "sud": SUD}, ["providers.E004"]),
        ({"besoft": {"currency": "USD", "allowed_ips": ["10.1.0.1/8"]}}, ["providers.E004"]),
        ({"besoft": {"currency": "USD"}}, ["providers.E005"]),
        ({"besoft": {"currency": "USD", "insecure": True}}, []),
        ({"hotroad": {"currency": "THB"}}, ["providers.E005"]),
        ({"jdb": {"currencies": {"RB": "CNY"}}}, ["providers.E006"]),
        ({"sud": {"currency": "COIN", "app_id": "1"}}, ["providers.E006"]),
        ({"sud": {"currency": "COIN", "app_id": "1", "app_secret": []}}, ["providers.E006"]),
        ({"jdb": {**JDB, "key": "short"}}, ["providers.E007"]),
        ({"jdb": {**JDB, "currencies": {"VN": NOTHING}}}, ["providers.E008"]),
        ({"sud": {**SUD, "report_zone": "Asia/Bangkok"}}, []),
        *[
            ({"sud": {**SUD, "report_zone": zone}}, ["providers.E012"])
            for zone in ("Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe", "x" * 5000)
        ],
        ({"jdb": {**JDB, "report_zone": "Mars"}}, ["providers.E012"]),
        ({"sud": {**SUD, "pays": "both"}}, ["providers.E004"]),
        ({"sud": {**SUD, "pays": "user.settle", "credits": "both"}}, ["providers.E004"]),
    ],
)  # fmt: skip
def test_each_mistake_has_its_check(configuration: Any, ids: list[str]) -> None:
    assert problems(configuration) == ids


def test_no_message_holds_a_secret() -> None:
    wrong = {"jdb": {**JDB, "key": "topsecret", "nope": "topsecret", "iv": ["topsecret"]}}
    assert "topsecret" not in str(registry.parse(json.dumps(wrong)).problems)
    wrong = {"jdb": {**JDB, "key": "topsecret"}}
    assert "topsecret" not in str(registry.parse(json.dumps(wrong)))


def test_numbers_are_read_exactly() -> None:
    text = json.dumps({"jdb": {**JDB, "currencies": {"XX": {"currency": "USD", "factor": "@"}}}})
    parsed = registry.parse(text.replace('"@"', "0.1"))
    (unit,) = parsed.by_name["jdb"].protocol.settings.currencies.values()
    assert str(unit.factor) == "0.1"


def test_a_name_with_transactions_may_not_disappear(
    books: Books, configure: Callable[..., None]
) -> None:
    """Renamed, its resends would be paid a second time."""
    configure()
    books.open("john", "USD")
    send(senders.jdb(senders.verbatim("jdb", "settle")))
    assert checks.names_are_kept(databases=["default"]) == []
    configure(jdb=None, jdb_2={**JDB, "protocol": "jdb"})
    (error,) = checks.names_are_kept(databases=["default"])
    assert (error.id, error.msg[:3]) == ("providers.E010", "jdb")
    with pytest.raises(SystemCheckError, match=r"providers.E010"):
        call_command("check", databases=["default"])
    configure(jdb={**JDB, "retired": True})
    assert checks.names_are_kept(databases=["default"]) == []


USER_SETTLE = {**SUD, "pays": "user.settle"}
RULED_OUT = [
    # What was paid under which settings, and under which it can't be any more.
    ("match_settle", SUD, USER_SETTLE, "match"),
    ("user_settle", {**USER_SETTLE, "unknown_bet": "pay"}, SUD, "user_settle"),
    ("user_settle", {**USER_SETTLE, "credits": "score"}, SUD, "user_settle"),
]


@pytest.mark.parametrize(("delivery", "before", "after", "word"), RULED_OUT)
def test_which_notification_pays_is_never_changed_where_one_has_paid(
    books: Books,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    delivery: str,
    before: dict[str, Any],
    after: dict[str, Any],
    word: str,
) -> None:
    """The same game would be paid a second time, by the other one's resend."""
    monkeypatch.setattr(checks, "_verified", set())
    configure(sud=before)
    for uid in ("fa1c53c4", "f0818db8", "u001", "u002"):
        books.open(uid, "COIN", "100")
    sent = senders.sud(senders.altered(senders.verbatim("sud", delivery), app_id=SUD["app_id"]))
    assert send(sent).json["ret_code"] == 0
    paid = books.transactions()
    assert checks.settings_are_kept(databases=["default"]) == []
    configure(sud=after)
    (error,) = checks.settings_are_kept(databases=["default"])
    assert (error.id, error.msg) == (
        "providers.E011",
        f"sud has `{word}` transactions, which its settings rule out.",
    )
    with pytest.raises(SystemCheckError, match=r"providers.E011"):
        call_command("check", databases=["default"])
    assert not checks.configuration_is_verified()
    assert send(sent).json["ret_code"] == 2
    assert books.transactions() == paid
    configure(sud=before)
    assert checks.configuration_is_verified()
    assert send(sent).json["ret_code"] == 0
    assert books.transactions() == paid


def test_a_buy_in_keeps_what_gives_it_back_also_where_it_was_refused(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(sud=USER_SETTLE)
    with pytest.raises(UnknownPlayer):
        buy_ins.take(provider="sud", uid="alice", score=1, order_id="OUT-1", at=NOON)
    assert checks.settings_are_kept(databases=["default"]) == []
    configure(sud={**USER_SETTLE, "credits": "score"})
    (error,) = checks.settings_are_kept(databases=["default"])
    assert "`buy_in`" in error.msg


def test_only_the_same_provider_s_transactions_of_just_that_operation_count(
    books: Books, configure: Callable[..., None]
) -> None:
    books.open("alice", "COIN", "100")
    others = ["a", "match-", "match2", "match_", "user-settle", "user_settles", "z"]
    for provider, word in [("sud-2", "match"), *(("sud", word) for word in others)]:
        moved = instruction("1", ("alice", "COIN", "0", "1"), provider=provider)
        post(replace(moved, transaction_id=f"{word}:1"))
    for settings in (SUD, USER_SETTLE):
        configure(sud=settings, sud_2={**SUD, "protocol": "sud"})
        assert checks.settings_are_kept(databases=["default"]) == []
    configure(sud=SUD, sud_2={**USER_SETTLE, "protocol": "sud"})
    (error,) = checks.settings_are_kept(databases=["default"])
    assert error.msg.startswith("sud-2 has `match`")


MANY = """
INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, round_id, game,
    details, refusal, origin, posted_at)
SELECT 'sud', 'match:' || number, 'settlement', '', '', '', '', '{}', '', 'command', now()
FROM generate_series(1, 2000) AS number
"""


def test_settings_are_held_against_the_ledger_by_index_probes(
    books: Books, configure: Callable[..., None]
) -> None:
    configure()
    with connections["owner"].cursor() as cursor:  # Of a ledger with something in it.
        cursor.execute(MANY)
        cursor.execute("ANALYZE wallets_transaction")
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(f"EXPLAIN {checks.HELD}", [["sud"], ["user_settle"]])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert all(part in condition for part in ("provider =", "transaction_id >=", "<"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"PROVIDERS": '{"besoft": {"currency": "USD"}}'}, "providers.E005"),
        ({"PROVIDERS": ""}, "providers.E001"),
        ({"PROVIDERS": None}, "Set the PROVIDERS environment variable"),
        ({"DATABASE_URL": None}, "Set the DATABASE_URL environment variable"),
        ({"REDIS_URL": None}, "Set the REDIS_URL environment variable"),
        ({"SECRET_KEY": None}, "Set the SECRET_KEY environment variable"),
    ],
)
def test_no_web_process_starts_with_a_broken_configuration(
    change: dict[str, str | None], sentence: str
) -> None:
    changed = {k: v for k, v in {**os.environ, **change}.items() if v is not None}
    started = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        env=changed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert sentence in started.stderr


ON_A_LOOP = """
import asyncio
import importlib

async def load():
    importlib.import_module("config.asgi")

asyncio.run(load())
"""


@pytest.mark.parametrize(
    ("providers", "said"), [(PROVIDERS, ""), ({"besoft": {"currency": "USD"}}, "providers.E005")]
)
def test_a_server_may_load_it_on_its_event_loop(
    books: Books, providers: dict[str, Any], said: str
) -> None:
    """As uvicorn does: the database is asked all the same."""
    loaded = subprocess.run(
        [sys.executable, "-c", ON_A_LOOP],
        env=environment(providers),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (loaded.returncode == 0) is not bool(said), loaded.stderr
    assert said in loaded.stderr


def test_nobody_is_paid_while_there_is_no_ledger_to_compare_with(
    books: Books, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """During a restore: a provider renamed meanwhile must not count as verified."""
    monkeypatch.setattr(checks, "_verified", set())
    configure()
    books.open("john", "USD")
    settle = senders.verbatim("jdb", "settle")
    send(senders.jdb(settle))
    configure(jdb=None, jdb_new={**JDB, "protocol": "jdb", "path": "jdb"})
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE wallets_transaction RENAME TO away")
        try:
            assert not checks.configuration_is_verified()
        finally:
            cursor.execute("ALTER TABLE away RENAME TO wallets_transaction")
    assert not checks.configuration_is_verified()
    assert send(senders.jdb(settle)).json["status"] == "9017"
    assert books.transactions() == ["settle:272017"]


def test_nobody_waits_for_the_comparison_longer_than_for_a_verdict(
    books: Books, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_verified", set())
    configure()
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE wallets_transaction")
        heard = send(senders.jdb(senders.verbatim("jdb", "settle")))
    assert heard.json["status"] == "9017"


def test_a_header_that_never_arrives_can_not_carry_the_address(settings: Any) -> None:
    settings.ADDRESS_HEADER = "X_Client_Ip"
    (problem,) = checks.configuration()
    assert problem.id == "providers.E012"
