"""The story of a round: everything that is known of it, in order, and nothing more."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.models import Callback
from reconciliation.models import Case
from reconciliation.office.rounds import story
from reconciliation.office.rounds.events import About
from tests import staff
from tests.cast import Books, instruction, post
from tests.providers import senders
from tests.providers.senders import Sent, altered, send
from tests.reconciliation.adjustments import people
from tests.reconciliation.office.statements import days
from wallets.instructions import Kind
from wallets.models import Transaction

HOSTILE = "\u202e<script>window.pwned=1</script>\U0001f3b2"


def besoft() -> Sent:
    body = b'{"action":3,"ts":1795262400,"uid":"alice","bet":10,"win":25.5,'
    return senders.besoft(body + b'"transId":"T1","roundId":"R1","gid":"fish1"}')


def jdb() -> Sent:
    return senders.jdb(altered(senders.verbatim("jdb", "settle"), uid="alice"))


def sud() -> Sent:
    return senders.sud(senders.verbatim("sud", "match_settle"))


def hotroad() -> Sent:
    return senders.hotroad(altered(senders.verbatim("hotroad", "settle"), userId="alice"))


def titles(told: story.Story, about: About) -> list[str]:
    return [one.title for one in told.events if one.about is about]


@pytest.mark.parametrize("sent", [besoft, jdb, sud, hotroad])
def test_a_delivery_of_each_provider_is_told_with_its_reply_and_its_money(
    books: Books, providers: None, sent: Callable[[], Sent]
) -> None:
    for currency in ("USD", "CNY", "COIN", "THB", "MYR"):
        books.open("alice", currency, "1000")
    names = [f"100{n}" for n in range(10)] + ["1001", "bob"]
    for uid in set(names):
        books.open(uid, "COIN", "1000000")
    send(sent())
    send(sent())
    first = Callback.objects.earliest("id")
    booked = Transaction.objects.filter(provider=first.provider).first()
    if booked is None:  # The document's own players are none of ours.
        told = story.of(first.provider, reference=first.transaction_id.partition(":")[2])
        assert told.state is story.State.UNBOOKED
    else:
        told = story.of(first.provider, reference=booked.reference)
        assert told.state is story.State.SETTLED
        assert titles(told, About.TRANSACTION)
        assert story.of(first.provider, round_id=booked.round_id).events or not booked.round_id
    deliveries = titles(told, About.DELIVERY)
    assert len(deliveries) == 2
    assert "again (2)" in deliveries[1]
    replies = [one for one in told.events if one.about is About.REPLY]
    assert all(one.said and one.source for one in replies)
    assert not any(one.text.startswith("Not known") for one in replies)
    assert [one.at for one in told.events] == sorted(one.at for one in told.events)


def test_a_round_is_open_until_its_bet_is_settled(
    books: Books, configure: Callable[..., None]
) -> None:
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("alice", "THB", "1000")
    stated = {"userId": "alice", "roundId": "R7", "txId": "T7"}
    bet = altered(senders.verbatim("hotroad", "place_bet"), **stated)
    send(senders.hotroad(bet, operation="place_bet"))
    told = story.of("hotroad", round_id="R7")
    assert told.state is story.State.OPEN

    settle = altered(senders.verbatim("hotroad", "settle"), winAmount="500.00", **stated)
    send(senders.hotroad(settle))
    told = story.of("hotroad", round_id="R7")
    assert told.state is story.State.SETTLED
    (one,) = told.sums
    assert (one.uid, one.currency, one.paid_out) == ("alice", "THB", Decimal(500))
    assert one.net == one.paid_out - one.paid_in
    assert told.references == ["T7"]


def test_currencies_and_players_are_summed_apart(books: Books, providers: None) -> None:
    for uid, currency in (("alice", "USD"), ("alice", "THB"), ("bob", "USD")):
        books.open(uid, currency, "100")
    post(
        instruction("1", ("alice", "USD", "10", "0"), ("bob", "USD", "0", "4"), round_id="R"),
        instruction("2", ("alice", "THB", "0", "7"), round_id="R"),
        instruction("3", ("alice", "USD", "0", "1"), round_id="other"),
    )
    told = story.of("besoft", round_id="R")
    assert [(one.uid, one.currency, one.net) for one in told.sums] == [
        ("alice", "THB", Decimal(7)),
        ("alice", "USD", Decimal(-10)),
        ("bob", "USD", Decimal(4)),
    ]


def test_a_conflict_its_case_and_its_adjustment_are_in_the_story(
    books: Books, providers: None
) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    case = people.case("conflict")
    asked = people.ask(case, people.CORRECT, people.finance())
    people.approve(asked, people.approver())
    people.bookkeeping()

    reference = Transaction.objects.filter(provider="jdb").earliest("id").reference
    told = story.of("jdb", reference=reference)
    assert len(titles(told, About.DELIVERY)) == 2
    assert any("9999" in title for title in titles(told, About.REPLY))
    assert titles(told, About.ADJUSTMENT) == [
        "Adjustment requested by fay",
        "Adjustment approved and paid by ann",
    ]
    assert titles(told, About.CASE)[0] == "Case opened: conflict"
    assert any(title.startswith("Case closed") for title in titles(told, About.CASE))
    assert [(one.uid, one.paid_in, one.paid_out) for one in told.sums] == [
        ("alice", Decimal(0), Decimal(60))
    ]
    assert books.balance("alice", "USD") == 160


def test_the_page_shows_only_what_its_reader_may_see(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    case = people.case("conflict")
    reference = case.reference or "?"
    page = staff.viewer("view_transaction").get("rounds/jdb/", reference=reference)
    assert "Not shown, because you may not see them" in page
    assert "/admin/providers/callback/" not in page
    assert "/admin/reconciliation/case/" not in page
    assert "/admin/wallets/transaction/" in page


def test_nobody_sees_a_story_without_the_right(books: Books, providers: None) -> None:
    answer = staff.viewer("view_callback").answer("get", "rounds/jdb/", {"round": "1"})
    assert answer.status_code == 403


def test_the_address_names_a_round_or_a_reference(books: Books, providers: None) -> None:
    boss = staff.superuser()
    for query in ({}, {"round": "x\0y"}, {"reference": "x" * 201}):
        assert boss.answer("get", "rounds/jdb/", query).status_code == 404
    page = boss.get("rounds/jdb/", round="never seen")
    assert "Nothing that you may see is known" in page


def test_hostile_ids_are_inert_and_found(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    post(instruction(HOSTILE, ("alice", "USD", "1", "0"), round_id=HOSTILE, game=HOSTILE))
    page = staff.superuser().get("rounds/besoft/", round=HOSTILE)
    assert "<script>window.pwned" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;window.pwned" in page


def test_a_story_costs_the_same_however_long(books: Books, providers: None) -> None:
    books.open("alice", "USD", "1000")
    counts = []
    for number in (1, 2, 40):
        for one in range(number):
            people.settle(1 + one, transferId=5000 + 100 * number + one, gameRoundSeqNo=f"{number}")
        reference = Transaction.objects.filter(provider="jdb").latest("id").reference
        with CaptureQueriesContext(connection) as captured:
            story.of("jdb", reference=reference)
        counts.append(len(captured))
    post(*(instruction(str(n), ("alice", "USD", "0", "1"), round_id="R") for n in range(50)))
    with CaptureQueriesContext(connection) as captured:
        told = story.of("besoft", round_id="R")
    assert len(titles(told, About.TRANSACTION)) == 50
    assert max(*counts, len(captured)) <= 18
    assert len(set(counts)) == 1


def test_a_long_story_says_that_it_is_cut(books: Books, providers: None) -> None:
    books.open("alice", "USD", "1000")
    for start in range(0, 240, 60):
        post(
            *(
                instruction(str(n), ("alice", "USD", "0", "1"), round_id="R")
                for n in range(start, start + 60)
            )
        )
    told = story.of("besoft", round_id="R")
    assert told.cut == ["Only the first 200 transactions are shown."]
    assert "Only the first 200 transactions" in staff.superuser().get("rounds/besoft/", round="R")


def test_transactions_callbacks_and_cases_lead_to_the_story(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    people.settle(25)
    people.settle(60)
    case = people.case("conflict")
    boss = staff.superuser()
    booked = Transaction.objects.get(provider="jdb")
    callback = Callback.objects.latest("id")
    for path in (
        f"wallets/transaction/{booked.pk}/change/",
        f"providers/callback/{callback.pk}/change/",
        f"reconciliation/case/{case.pk}/change/",
    ):
        assert "/admin/rounds/jdb/?" in boss.get(path), path
    assert Case.objects.count() == 1


def test_a_bet_that_was_given_back_is_cancelled(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    bet = instruction("1", ("alice", "USD", "10", "0"), kind=Kind.BET, round_id="R")
    post(bet)
    back = instruction(
        "1b", ("alice", "USD", "0", "0"), kind=Kind.ROLLBACK, cancels=("settle:1",), round_id="R"
    )
    post(back)
    told = story.of("besoft", round_id="R")
    assert told.state is story.State.CANCELLED
    assert [(one.paid_in, one.paid_out) for one in told.sums] == [(Decimal(0), Decimal(0))]


def test_the_lines_of_a_statement_stand_in_the_story(books: Books, providers: None) -> None:
    days.book(books)
    days.statement()
    told = story.of("jdb", reference="272002")
    (line,) = [one for one in told.events if one.about is About.LINE]
    assert (line.mark and line.mark.label, line.moves[0].credit) == (
        "Amount differs",
        Decimal("99.75"),
    )
    assert line.subject == "settle:272002"
    only = story.of("jdb", reference="272006")
    assert only.state is story.State.UNBOOKED
    assert [one.about for one in only.events if one.about is About.LINE] == [About.LINE]
    page = staff.superuser().get("rounds/jdb/", reference="272002")
    assert not staff.missing(page, ["Amount differs", "99.75", "/admin/reconciliation/statement/"])


def test_a_players_edition_holds_nothing_of_others(books: Books, providers: None) -> None:
    for uid in ("alice", "bob"):
        books.open(uid, "USD", "100")
    post(
        instruction("1", ("alice", "USD", "10", "0"), ("bob", "USD", "0", "4.44"), round_id="R"),
        instruction("2", ("bob", "USD", "0", "7.77"), round_id="R"),
    )
    whole = story.of("besoft", round_id="R")
    hers = whole.for_player("alice")
    assert len(whole.events) == len(hers.events) + 1
    assert hers.players == ["alice"]
    assert not staff.missing(repr(whole), ["bob", "4.44", "7.77"])
    for word in ("bob", "4.44", "7.77"):
        assert word not in repr(hers)
    assert hers.events[0].moves[0].debit == 10
