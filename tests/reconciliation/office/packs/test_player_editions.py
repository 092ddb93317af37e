"""A player's edition of a pack: everything about one player, and nobody else in any byte of it."""

import csv
import html
import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from providers.models import Callback
from reconciliation import cases
from reconciliation.models import Case
from reconciliation.office.packs import packing
from reconciliation.office.packs.editions import Edition
from reconciliation.office.packs.packing import README_TEXT
from reconciliation.office.packs.redacting import Redactor, Unreadable, names_in
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.reconciliation.office.packs.matches import NINE, body, list_it, play, take, talk
from tests.staff import Staff

SCORES = [800, *range(-4101, -4109, -1)]


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def leaks(pack: dict[str, bytes], names: list[str]) -> list[tuple[str, str]]:
    """Where one of `names` stands, however it may be written."""
    return [
        (path, name)
        for path, content in pack.items()
        for text in (path, *readings(path, content))
        for name in names
        if name in text
    ]


def readings(path: str, content: bytes) -> Iterator[str]:
    """The bytes as they are, and as whoever opens the file reads them."""
    text = content.decode("utf-8-sig")
    yield text
    yield html.unescape(text)
    yield text.replace('""', '"')
    if path.endswith((".json", ".raw", ".unwrapped")):
        yield json.dumps(json.loads(content), ensure_ascii=False)
        yield from strings(json.loads(content))
    yield re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


# -- Nine players ----------------------------------------------------------------------------------


def test_of_a_match_of_nine_one_player_sees_one(books: Books, providers: None, boss: Staff) -> None:
    players = dict(zip(NINE, SCORES, strict=True))
    case = play(books, players)
    list_it(players, file_name="of rival-b.csv")
    talk(case, boss, "rival-c says that alice cheats.")
    pack = take(boss, case, "alice")
    assert leaks(pack, NINE[1:]) == []
    assert not [path for path in pack if path.startswith(("attachments", "comments", "history"))]
    booked = [(r["Player"], r["Debit"], r["Credit"]) for r in rows(pack["transactions.csv"])]
    assert booked == [("alice", "0.00", "800.00")]
    text = b"".join(pack.values()).decode()
    assert "boss" not in text
    for score in SCORES[1:]:
        assert not re.search(rf"(?<![0-9a-f.]){-score}(?![0-9a-f])", text)
    (line,) = rows(pack["statement_rows.csv"])
    assert (line["Player"], line["Credit"]) == ("alice", "800.00")
    assert "another player" in line["Cells of the row"]


def test_a_body_of_several_is_written_anew_and_says_so(
    books: Books, providers: None, boss: Staff
) -> None:
    case = play(books, dict(zip(NINE, SCORES, strict=True)))
    pack = take(boss, case, "alice")
    first = Callback.objects.order_by("id")[0]
    folder = f"deliveries/{first.pk:09}-posted"
    shown = json.loads(pack[f"{folder}/request.unwrapped"])
    results = shown["data"]["results"]
    assert results[0] == {"is_ai": 0, "uid": "alice", "score": 800, "remain_score": 0}
    assert {json.dumps(one) for one in results[1:]} == {
        '{"left out": "(left out: it concerns another player)"}'
    }
    assert shown["data"]["match_id"] == "m1"
    assert f"{folder}/request.raw" not in pack
    meta = json.loads(pack[f"{folder}/meta.json"])
    assert set(meta["left_out"]) == {"request.raw", "request.unwrapped"}
    assert len(meta["as_it_was"]["request.raw"]["sha256"]) == 64


def test_alone_in_a_delivery_a_player_has_it_as_it_came(
    books: Books, providers: None, boss: Staff
) -> None:
    case = play(books, {"alice": 40})
    pack = take(boss, case, "alice")
    first = Callback.objects.order_by("id")[0]
    assert pack[f"deliveries/{first.pk:09}-posted/request.raw"] == bytes(first.body)


def test_somebody_whom_the_books_dont_know_is_left_out_too(
    books: Books, providers: None, boss: Staff
) -> None:
    """The match was refused because of them."""
    books.open("alice", "COIN", "5000")
    send(senders.sud(body({"alice": 40, "unknown-rival": -40}, "m1")))
    cases.update(at=timezone.now())
    pack = take(boss, Case.objects.get(), "alice")
    assert leaks(pack, ["unknown-rival"]) == []
    assert "deliveries/" in "".join(pack)


def test_a_delivery_of_somebody_else_is_not_in_it(
    books: Books, providers: None, boss: Staff
) -> None:
    case = play(books, {"alice": 40})
    books.open("rival-b", "COIN", "5000")
    send(senders.sud(body({"rival-b": 40}, "m1")))
    pack = take(boss, case, "alice")
    assert leaks(pack, ["rival-b"]) == []
    assert len({path.split("/")[1] for path in pack if path.startswith("deliveries/")}) == 2


def test_who_is_not_in_it_has_no_edition(books: Books, providers: None, boss: Staff) -> None:
    case = play(books, {"alice": 40})
    books.open("carol", "COIN")
    path = f"reconciliation/case/{case.pk}/pack/"
    answer = boss.answer("post", path, {"for": "carol"})
    assert "It has nothing of such a player." in answer.content.decode()


def test_a_player_whom_the_provider_calls_by_a_longer_name_has_their_own(
    books: Books, boss: Staff, configure: Any
) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "uid_prefix": "hrg"})
    books.open("pl0001", "THB", "100")
    stated = senders.verbatim("hotroad", "settle")
    send(senders.hotroad(stated))
    send(senders.hotroad(altered(stated, winAmount="5.0")))
    cases.update(at=timezone.now())
    pack = take(boss, Case.objects.get(), "pl0001")
    raw = [content for path, content in pack.items() if path.endswith("request.raw")]
    assert [json.loads(one)["userId"] for one in raw] == ["hrgpl0001", "hrgpl0001"]


def test_a_file_that_names_somebody_all_the_same_doesnt_leave() -> None:
    """The last net, under whatever the others let through."""
    edition = Edition(uid="alice", redactor=ALICE)
    found = [("a.json", b'{"x": "bob-the-other"}'), ("b.txt", b"alice"), ("README.txt", b"-")]
    assert list(packing._checked(found, edition)) == [
        ("a.json.left-out.txt", b"(left out: it concerns another player)\n"),
        *found[1:],
    ]


# -- Whatever they are called ----------------------------------------------------------------------

EXAMPLES = itertools.count(100)
ODD = "abcdefghij0123456789-_.@ <>&\"'\\/=+%é漢😀\u202e\u200b"
uids = st.text(st.sampled_from(ODD), min_size=6, max_size=24).filter(
    lambda uid: uid.strip() == uid and sum(map(uid.count, "abcdefghij")) < 12
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(names=st.lists(uids, min_size=3, max_size=9, unique=True), data=st.data())
def test_nobody_else_is_named_in_any_byte(
    books: Books, providers: None, boss: Staff, names: list[str], data: st.DataObject
) -> None:
    names = [f"{name}~{next(EXAMPLES)}" for name in names]  # The books are those of all examples.
    own, *others = names
    assume(not any(one in two for one in names for two in names if one != two))
    assume(not any(one.lower() in README_TEXT.lower() for one in names))
    players = {uid: data.draw(st.integers(-500, 500)) for uid in names}
    match_id = f"m{Case.objects.count()}"
    case = play(books, players, match_id)
    list_it(players, match_id, file_name=f"{others[0]}.csv"[:200])
    talk(case, boss, f"{others[-1]} wrote to us.")
    pack = take(boss, case, own)
    assert leaks(pack, others) == []
    assert [r["Credit"] for r in rows(pack["transactions.csv"])] == [f"{max(players[own], 0)}.00"]


# -- Bodies ----------------------------------------------------------------------------------------

ALICE = Redactor(own=frozenset({"alice"}), others=frozenset({"bob-the-other", "al"}))


@pytest.mark.parametrize(
    "stated",
    [
        {"results": [{"uid": "bob-the-other", "win": 777}, {"uid": "alice", "win": 1}]},
        {"results": {"alice": 1, "bob-the-other": 777}},
        {"results": [{"id": "bob-the-other", "win": 777}, {"id": "alice"}]},
        {"uid": "alice", "players": ["alice", "bob-the-other"], "wins": [1, 777]},
        {"uid": "alice", "extras": '{"uid": "bob-the-other", "win": 777}'},
        {"uid": "alice", "note": "bob-the-other won 777"},
        {"user_id": "nobody-knows", "win": 777, "seats": [{"uid": "alice"}]},
        {"a": [[{"playerId": "nobody-knows", "w": {"win": 777}}], {"playerId": "alice"}]},
        {"uid": "alice", "opponent": "al", "n": [{"uid": 5, "win": 777}]},
    ],
)
def test_a_body_keeps_nothing_of_others(stated: dict[str, Any]) -> None:
    shown, changed = ALICE.body(json.dumps(stated).encode())
    assert changed
    for gone in (b"777", b"bob-the-other", b"nobody-knows", b'"al"'):
        assert gone not in shown
    assert b"alice" in shown


def test_a_body_of_ones_own_stays_to_the_last_zero() -> None:
    raw = b'{"uid": "alice",  "win": 1.10, "big": 12345678901234567890123, "x": [1e3]}'
    assert ALICE.body(raw) == (raw, False)
    mixed = b'{"r": [{"uid": "alice", "win": 1.10}, {"uid": "bob-the-other", "win": 2}]}'
    assert b"1.10" in ALICE.body(mixed)[0]


@pytest.mark.parametrize(
    "raw",
    [b"", b"uid=bob", b'{"uid": "bob", "uid": "alice"}', b"\xff", b"[" * 10_000, b'{"a": NaN}'],
)
def test_what_cant_be_read_is_not_shown(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        ALICE.body(raw)
    assert names_in(raw) == set()
