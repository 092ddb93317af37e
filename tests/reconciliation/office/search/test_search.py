"""One box: straight to the thing, or a short list, of what the person may view."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from providers.models import Callback
from reconciliation.models import Case
from reconciliation.office.rounds import story
from reconciliation.office.search import finding, looking
from tests import staff
from tests.cast import Books, instruction, post
from tests.reconciliation.adjustments import people
from tests.staff import Staff
from wallets.models import Player, Transaction

BIG = ["wallets_transaction", "wallets_entry", "providers_callback", "wallets_player"]


@pytest.fixture
def boss(books: Books, providers: None) -> Staff:
    books.open("alice", "USD", "100")
    books.open("alina", "USD")
    books.open("bob", "USD", "3")
    return staff.superuser()


def straight(boss: Staff, term: str) -> str:
    """Where the search leads at once; "" where it lists."""
    answer = boss.answer("get", "search/", {"q": term})
    return answer.headers.get("location", "") if answer.status_code == 302 else ""


def the(model: str, pk: int) -> str:
    return f"/admin/{model}/{pk}/change/"


def test_each_name_leads_straight_to_its_thing(boss: Staff) -> None:
    people.settle(25)
    people.settle(60)
    case = people.case("conflict")
    booked = Transaction.objects.get(provider="jdb")
    first = Callback.objects.earliest("id")
    alice = Player.objects.get(uid="alice")
    assert straight(boss, "alice") == the("wallets/player", alice.pk)
    assert straight(boss, " bo ") == the("wallets/player", Player.objects.get(uid="bob").pk)
    assert straight(boss, f"case {case.pk}") == the("reconciliation/case", case.pk)
    assert straight(boss, f"Callback #{first.pk}") == the("providers/callback", first.pk)
    assert straight(boss, str(first.delivery_id)) == the("providers/callback", first.pk)
    assert straight(boss, booked.round_id).startswith("/admin/rounds/jdb/?round=")


def test_a_transaction_without_doubts_is_opened_by_its_id_and_its_reference(boss: Staff) -> None:
    post(instruction("272017", ("alice", "USD", "1", "0"), round_id="R"))
    booked = Transaction.objects.get(provider="besoft")
    for term in ("settle:272017", "272017"):
        assert straight(boss, term) == the("wallets/transaction", booked.pk)


def test_a_refused_delivery_is_found_though_nothing_was_booked(boss: Staff) -> None:
    people.settle(25, uid="nobody")
    kept = Callback.objects.get()
    for term in ("272017", kept.transaction_id):
        assert straight(boss, term) == the("providers/callback", kept.pk)
    people.bookkeeping()
    page = boss.get("search/", q="272017")
    assert not staff.missing(page, [the("providers/callback", kept.pk), "Cases", "Unsettled"])


def test_several_things_are_a_short_list_by_kind(boss: Staff) -> None:
    post(
        instruction("1", ("alice", "USD", "1", "0"), round_id="R"),
        instruction("1", ("bob", "USD", "0", "1"), round_id="R", provider="sud"),
    )
    page = boss.get("search/", q="1")
    assert not staff.missing(page, ["besoft settle:1", "sud settle:1", "What happened"])
    page = boss.get("search/", q="R")
    assert not staff.missing(page, ["/admin/rounds/besoft/?round=R", "/admin/rounds/sud/?round=R"])
    page = boss.get("search/", q="al")
    assert not staff.missing(page, ["alice", "alina"])


def test_a_list_is_bounded_and_says_so(boss: Staff, books: Books) -> None:
    Player.objects.bulk_create(Player(uid=f"many-{n:03}") for n in range(30))
    page = boss.get("search/", q="many-")
    assert page.count("/admin/wallets/player/") == finding.MOST + 1  # And the sidebar.
    assert f"the first {finding.MOST} are shown" in page


def test_only_what_the_person_may_view_is_found(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    people.bookkeeping()
    someone = staff.viewer("view_callback")
    page = someone.get("search/", q="alice")
    assert "Nothing was found for" in page
    assert "/admin/wallets/player/" not in page
    assert "a callback&#x27;s number" in page
    assert "a round's id" not in page.replace("&#x27;", "'")
    page = someone.get("search/", q="272017")
    assert "/admin/providers/callback/" in page
    assert "/admin/reconciliation/case/" not in page


def test_an_empty_search_says_what_can_be_looked_for(boss: Staff) -> None:
    for query in (
        {},
        {"q": "  "},
        {"q": "x\0y"},
        {"q": "x" * 201},
        {"q": "case 99999999999999999999"},
    ):
        answer = boss.answer("get", "search/", query)
        assert answer.status_code == 200
        assert "What can be looked for" in answer.content.decode()


@pytest.mark.parametrize(
    "term",
    [
        "<script>window.pwned=1</script>",
        "'; DROP TABLE wallets_player; --",
        "\u202egnp.exe",
        "%_\\",
        "\U0001f3b2" * 100,
        "#0",
        "#-1",
        "callback 18446744073709551615",
        "{{7*7}}",
        "\ud7ff\u00a0",
    ],
)
def test_hostile_terms_are_inert(boss: Staff, term: str) -> None:
    page = boss.get("search/", q=term)
    assert "<script>window.pwned" not in page
    assert "\u202e" not in page.replace('value="\u202egnp.exe"', "")
    assert Player.objects.count() == 3


def test_nobody_searches_without_a_login(books: Books) -> None:
    stranger = staff.viewer()
    stranger.client.logout()
    assert stranger.answer("get", "search/", {"q": "alice"}).status_code == 302
    plain = User.objects.create_user("plain")
    stranger.client.force_login(plain)
    answer = stranger.answer("get", "search/", {"q": "alice"})
    assert answer.status_code == 302
    assert "login" in answer.headers["location"]


def test_the_box_stands_on_every_page(boss: Staff) -> None:
    for path in ("", "wallets/player/", "reconciliation/case/", "search/"):
        page = boss.get(path)
        assert 'id="cage-search-box"' in page
        assert "reconciliation/search.js" in page


def test_a_search_costs_the_same_whatever_it_finds(boss: Staff) -> None:
    people.settle(25)
    people.settle(60)
    people.bookkeeping()
    for n in range(25):
        post(instruction(f"m{n}", ("alice", "USD", "0", "1"), round_id="R"))
    costs = set()
    user = User.objects.get(username="boss")
    for term in ("zzz", "272017", "R", "m1"):
        with CaptureQueriesContext(connection) as captured:
            looking.groups(term, user)
        costs.add(len(captured))
    assert max(costs) <= 10


# -- Indexes -----------------------------------------------------------------------------------


@pytest.fixture
def filled(books: Books, providers: None) -> None:
    """Enough rows that the planner has a choice, and knows it."""
    books.open("alice", "USD", "1000")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_player (uid, status, is_test, created_at) "
            "SELECT 'p-' || n, 'active', false, now() FROM generate_series(1, 20000) n"
        )
        cursor.execute(
            "INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference, "
            "round_id, game, details, refusal, origin, posted_at) "
            "SELECT 'besoft', 'result:' || n, 'settlement', '', 'ref' || n, 'round' || n / 4, '', "
            "'{}', '', 'command', now() FROM generate_series(1, 20000) n"
        )
        cursor.execute(
            "INSERT INTO providers_callback (delivery_id, provider, operation, transaction_id, "
            "received_at, decided_at, headers, body, outcome, reason, reply_status, reply) "
            "SELECT gen_random_uuid(), 'besoft', 'result', 'result:' || n, now(), now(), '{}', '', "
            "'posted', '', 200, '' FROM generate_series(1, 20000) n"
        )
        for table in BIG:
            cursor.execute(f"ANALYZE {table}")


def plans(run: Callable[[], Any]) -> list[tuple[str, str]]:
    """The plan of each query that `run` makes, as text."""
    with CaptureQueriesContext(connection) as captured:
        run()
    found = []
    for query in captured.captured_queries:
        sql = query["sql"]
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "(SELECT")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                (plan,) = cursor.fetchone()
            found.append((sql, plan if isinstance(plan, str) else json.dumps(plan)))
    return found


def scans(plan: str) -> list[str]:
    """The big tables that a plan reads whole."""
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        name = node.get("Relation Name", "")
        is_big = any(name.startswith(big) for big in BIG)
        # Partitions of other months are empty: one page is read faster than any index.
        is_long = node["Plan Rows"] > 1 or node["Total Cost"] > 50
        if node["Node Type"] == "Seq Scan" and is_big and is_long:
            found.append(name)
        for part in node.get("Plans", []):
            walk(part)

    walk(json.loads(plan)[0]["Plan"])
    return found


@pytest.mark.parametrize(
    "term", ["p-777", "ref777", "result:777", "round77", "#777", "UUID", "case 7", "nothing"]
)
def test_no_search_reads_a_big_table(filled: None, term: str) -> None:
    boss = User.objects.create_superuser("boss")
    term = str(uuid.uuid4()) if term == "UUID" else term
    found = plans(lambda: looking.groups(term, boss))
    assert found
    for sql, plan in found:
        assert scans(plan) == [], sql


def test_a_plan_that_reads_all_would_be_noticed(filled: None) -> None:
    ((_, plan),) = plans(lambda: list(Transaction.objects.filter(game="x")))
    assert scans(plan) == ["wallets_transaction"]


def test_no_story_reads_a_big_table(filled: None) -> None:
    found = plans(lambda: story.of("besoft", round_id="round77"))
    found += plans(lambda: story.of("besoft", reference="ref777"))
    for sql, plan in found:
        assert scans(plan) == [], sql
    assert Case.objects.count() == 0
