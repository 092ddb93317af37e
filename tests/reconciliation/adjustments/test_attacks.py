"""Adjustments under attack: faults, races, and people who try what they should not."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection, connections
from django.utils import timezone

from reconciliation import manual_replays, replaying, working
from reconciliation.adjustments import asking, deciding, guards, proposals, shown
from reconciliation.matching import matching
from reconciliation.models import Adjustment, AdjustmentKind, Case, Resolution, Why
from reconciliation.working import NotDone
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import hotroad, senders
from tests.providers.faults import at_commit, lost_after, lost_before, raising
from tests.providers.senders import altered, send
from tests.reconciliation.adjustments.people import (
    CORRECT,
    PAY,
    REVERSE,
    approve,
    approver,
    ask,
    bookkeeping,
    case,
    finance,
    settle,
)
from tests.reconciliation.matching import days
from wallets.models import Player, Transaction

JDB = PROVIDERS["jdb"]
REFUSING = {**JDB, "unknown_bet": "refuse"}
BET = senders.verbatim("jdb", "bet")
CANCEL_BET = senders.verbatim("jdb", "cancel_bet")


@pytest.fixture
def owed(books: Books, configure: Any) -> Case:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")
    settle(refTransferIds=[1])
    return case("unsettled")


@pytest.fixture
def conflict(books: Books, providers: None) -> Case:
    books.open("alice", "USD", "100")
    settle(25)
    settle(20)
    return case("conflict")


def now() -> int:
    return int(timezone.now().timestamp() * 1000)


def bet(reference: int, amount: float = 10) -> str:
    body = altered(BET, ts=now(), uid="alice", transferId=reference, amount=amount)
    return str(send(senders.jdb(body)).json["status"])


def cancel(reference: int, *bets: int, amount: float = 10) -> str:
    body = altered(
        CANCEL_BET,
        ts=now(),
        uid="alice",
        currency="XX",
        transferId=reference,
        refTransferIds=list(bets),
        amount=amount,
    )
    return str(send(senders.jdb(body)).json["status"])


def dispute(named: str, provider: str = "jdb") -> Case:
    return working.dispute(
        provider=provider,
        named=named,
        player="alice",
        amount=None,
        currency="",
        why="alice wrote to us.",
        by=User.objects.get_or_create(username="dee", is_staff=True)[0],
        at=timezone.now(),
    )


def by_hand(about: Case, by: User, uid: str = "alice", **amounts: Any) -> Adjustment:
    return asking.request_by_hand(
        about.pk,
        request_id=uuid4(),
        seen=guards.seen(about),
        uid=uid,
        currency="USD",
        why=Why.OTHER,
        text="x",
        by=by,
        at=timezone.now(),
        **amounts,
    )


def not_done(act: Callable[[], Any]) -> str:
    try:
        act()
    except NotDone as reason:
        return str(reason)
    return ""


def open_cases() -> list[tuple[str, str]]:
    bookkeeping()
    found = Case.objects.exclude(status="closed").order_by("pk")
    return list(found.values_list("kind", "subject"))


# -- Faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "booked"),
    [
        (lost_before, False),
        (lost_after, True),
        pytest.param(raising(OperationalError, after=False), False, id="error before"),
        pytest.param(raising(OperationalError, after=True), True, id="error after"),
        pytest.param(raising(InterfaceError, after=True), True, id="interface error after"),
    ],
)
@pytest.mark.parametrize("kind", [PAY, REVERSE, CORRECT, AdjustmentKind.FREE])
def test_a_lost_commit_is_booked_once_and_looked_up(
    books: Books,
    configure: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
    booked: bool,
    kind: AdjustmentKind,
) -> None:
    books.open("alice", "USD", "100")
    if kind is PAY:
        configure(jdb=REFUSING)
        settle(refTransferIds=[1])
        about = case("unsettled")
    else:
        configure()
        settle(25)
        settle(20)
        about = case("conflict")
    fay = finance()
    asked = (
        by_hand(about, fay, credit=Decimal(3))
        if kind is AdjustmentKind.FREE
        else ask(about, kind, fay)
    )
    ann = approver()
    with at_commit(monkeypatch, fault):
        said = not_done(lambda: approve(asked, ann))
    assert said == "Not known whether it was booked: look again in a moment."
    asked.refresh_from_db()
    assert asked.status == ("approved" if booked else "requested")
    again = not_done(lambda: approve(asked, ann))
    assert again == ("Nothing was done: it was decided already (approved)." if booked else "")
    after = {PAY: 125, REVERSE: 100, CORRECT: 120, AdjustmentKind.FREE: 128}[kind]
    assert books.balance("alice", "USD") == after
    assert books.violations() == []


def test_the_exact_instant_is_too_late(books: Books, owed: Case) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()

    def at(moment: Any) -> str:
        return not_done(
            lambda: deciding.approve(asked.pk, seal=asked.seal, text="", by=ann, at=moment)
        )

    assert "has expired" in at(asked.expires_at)
    assert at(asked.expires_at - timedelta(microseconds=1)) == ""


# -- At once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("round_", range(4))
def test_approved_rejected_and_withdrawn_at_once_ends_one_way(
    books: Books, owed: Case, round_: int
) -> None:
    fay, ann, ben, cid = finance(), approver(), approver("ben"), approver("cid")
    asked = ask(owed, PAY, fay)
    start = threading.Barrier(6)
    acts: list[Callable[[], Any]] = [
        lambda: approve(asked, ann),
        lambda: approve(asked, cid),
        lambda: deciding.reject(asked.pk, text="no", by=ben, at=timezone.now()),
        lambda: deciding.withdraw(asked.pk, text="", by=fay, at=timezone.now()),
        bookkeeping,
        lambda: deciding.expire(at=asked.expires_at),
    ]

    def attempt(act: Callable[[], Any]) -> str:
        start.wait()
        try:
            return not_done(act)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        said = list(threads.map(attempt, acts))
    asked.refresh_from_db()
    assert asked.status != "requested", said
    assert said[:4].count("") == (0 if asked.status == "expired" else 1), said
    paid = asked.status == "approved"
    assert books.transactions() == (["settle:272017"] if paid else [])
    assert books.balance("alice", "USD") == (125 if paid else 100)


@pytest.mark.parametrize("round_", range(3))
def test_bookkeeping_resends_and_replays_around_an_approval_pay_once(
    books: Books, configure: Any, round_: int
) -> None:
    configure(jdb={**REFUSING, "currencies": {"RB": "CNY"}})
    books.open("alice", "USD", "100")
    settle()
    about = case("unsettled")
    configure(jdb=JDB)
    asked, ann = ask(about, PAY, finance()), approver()
    boss = User.objects.create_superuser("boss")
    plan = manual_replays.plan(about, at=timezone.now())
    start = threading.Barrier(7)

    def by_a_person() -> Any:
        return manual_replays.carry_out(
            about.pk, seal=plan.seal, other_terms=True, why="", by=boss, at=timezone.now()
        )

    acts: list[Callable[[], Any]] = [
        lambda: approve(asked, ann),
        by_a_person,
        lambda: replaying.replay_owed(at=timezone.now()),
        settle,
        settle,
        bookkeeping,
        bookkeeping,
    ]

    def attempt(act: Callable[[], Any]) -> str:
        start.wait()
        try:
            return not_done(act)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(7) as threads:
        said = list(threads.map(attempt, acts))
    assert books.transactions() == ["settle:272017"], said
    assert books.balance("alice", "USD") == 125
    assert open_cases() == []
    assert books.violations() == []


def test_two_ask_at_once_in_two_cases_of_one_id(books: Books, conflict: Case) -> None:
    other = dispute("settle:272017")
    people = [finance("fay"), finance("flo")]
    start = threading.Barrier(2)

    def attempt(pair: tuple[Case, User]) -> str:
        start.wait()
        try:
            return not_done(lambda: ask(pair[0], REVERSE, pair[1]))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(attempt, zip([conflict, other], people, strict=True)))
    assert sorted(said)[0] == ""
    assert sorted(said)[1] != ""
    assert Adjustment.objects.count() == 1


def test_a_request_of_a_case_that_was_closed_and_reopened_keeps_nobody(
    books: Books, conflict: Case
) -> None:
    fay, ann = finance(), approver()
    old = ask(conflict, REVERSE, fay)
    working.close(
        conflict.pk,
        seen=working.stamp(Case.objects.get(pk=conflict.pk)),
        resolution=Resolution.NO_FAULT,
        why="x",
        by=ann,
        at=timezone.now(),
    )
    settle(20)
    bookkeeping()
    again = Case.objects.exclude(status="closed").get()
    assert again.pk != conflict.pk
    assert "closed meanwhile" in not_done(lambda: approve(old, ann))
    assert not_done(lambda: ask(again, REVERSE, finance("flo"))) == ""


# -- What approval should notice -------------------------------------------------------------------


def test_a_bet_that_was_cancelled_since_is_not_given_back_by_hand_too(
    books: Books, configure: Any
) -> None:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")
    assert bet(1) == "0000"
    about = dispute("bet:1")
    asked = by_hand(about, finance(), credit=Decimal(10))
    assert cancel(77, 1) == "0000"
    assert books.balance("alice", "USD") == 100
    said = not_done(lambda: approve(asked, approver()))
    assert (books.balance("alice", "USD"), said[:40]) == (
        Decimal(100),
        "Nothing was done: something was posted f",
    )


def test_a_bet_that_was_settled_since_is_not_won_by_hand_too(books: Books, configure: Any) -> None:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")
    assert bet(1) == "0000"
    about = dispute("bet:1")
    asked = by_hand(about, finance(), credit=Decimal(25))
    assert settle(25, transferId=2, refTransferIds=[1]).json["status"] == "0000"
    said = not_done(lambda: approve(asked, approver()))
    assert (books.balance("alice", "USD"), said[:40]) == (
        Decimal(115),
        "Nothing was done: something was posted f",
    )


def test_two_cases_of_one_id_are_not_both_paid_by_hand(books: Books, conflict: Case) -> None:
    fay, ann = finance(), approver()
    one = by_hand(conflict, fay, credit=Decimal(5))
    two = by_hand(dispute("settle:272017"), fay, credit=Decimal(5))
    assert not_done(lambda: approve(one, ann)) == ""
    assert not_done(lambda: approve(two, ann)) != ""
    assert books.balance("alice", "USD") == 130


# -- By hand, and a late callback ------------------------------------------------------------------


def test_a_dispute_about_what_is_missing_pays_nothing_by_hand(books: Books, owed: Case) -> None:
    about = dispute("settle:272017")
    said = not_done(lambda: by_hand(about, finance(), credit=Decimal(25)))
    assert said.startswith("Book it under the provider's own id")


def test_what_was_given_by_hand_and_delivered_late_is_a_case(books: Books, configure: Any) -> None:
    configure(jdb={**JDB, "currencies": {"RB": "CNY"}})
    books.open("alice", "USD", "100")
    assert settle(25).json["status"] == "9023"
    about = case("unsettled")
    assert "It can't be booked" in proposals.of(about, PAY).refused
    approve(by_hand(about, finance(), credit=Decimal(25)), approver())
    configure(jdb=JDB)
    assert settle(25).json["status"] == "0000"
    assert books.balance("alice", "USD") == 150  # Paid twice.
    assert open_cases() != []


def test_what_was_booked_a_moment_ago_is_not_given_by_hand(books: Books, owed: Case) -> None:
    """The resend was paid, and the bookkeeping hasn't closed the case yet."""
    assert bet(1) == "0000"
    assert settle(25, refTransferIds=[1]).json["status"] == "0000"
    asked = not_done(lambda: by_hand(owed, finance(), credit=Decimal(25)))
    assert asked != ""


def test_an_amount_only_by_its_difference_is_given_by_hand_and_then_delivered(
    books: Books, providers: None
) -> None:
    books.open("alice", "USD", "100")
    statement = days.listed(("272017", "alice", "USD", "0", "25"), net_only=True)
    matching.match(statement, at=days.LATER)
    about = Case.objects.get(kind="only_in_statement")
    approve(by_hand(about, finance(), credit=Decimal(25)), approver())
    assert settle(25).json["status"] == "0000"
    assert books.balance("alice", "USD") == 150
    assert open_cases() != []


def test_by_hand_closes_no_conflict(books: Books, conflict: Case) -> None:
    approve(by_hand(conflict, finance(), credit=Decimal("0.01")), approver())
    assert open_cases() == [("conflict", "settle:272017")]


# -- Corrections -----------------------------------------------------------------------------------


def test_a_bet_stays_settled_when_its_settlement_is_corrected_from_a_statement(
    books: Books, configure: Any
) -> None:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")
    assert bet(1) == "0000"
    assert settle(25, transferId=2, refTransferIds=[1]).json["status"] == "0000"
    assert cancel(70, 1) != "0000"  # Settled.
    at = timezone.now()
    statement = days.listed(
        ("settle:2", "alice", "USD", "0", "20"),
        ("bet:1", "alice", "USD", "10", "0"),
        start=at - timedelta(days=1),
        end=at + timedelta(hours=1),
        at=at,
    )
    matching.match(statement, at=at + timedelta(days=5))
    about = Case.objects.get(kind="amount_differs")
    approve(ask(about, CORRECT, finance()), approver())
    assert books.balance("alice", "USD") == 110
    assert cancel(71, 1) != "0000"
    assert books.balance("alice", "USD") == 110
    assert books.violations() == []


def test_a_bet_stays_settled_when_its_settlement_is_booked_from_a_statement(
    books: Books, configure: Any
) -> None:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")
    assert bet(1) == "0000"
    at = timezone.now()
    statement = days.listed(
        ("settle:2", "alice", "USD", "0", "20"),
        ("bet:1", "alice", "USD", "10", "0"),
        start=at - timedelta(days=1),
        end=at + timedelta(hours=1),
        at=at - timedelta(hours=2),
    )
    matching.match(statement, at=at + timedelta(days=5))
    about = Case.objects.get(kind="only_in_statement")
    refused = not_done(lambda: ask(about, PAY, finance()))
    assert refused == "It is not said which bets it settles."


def test_a_copy_of_what_was_accepted_opens_no_case(books: Books, conflict: Case) -> None:
    """It came before the terms were accepted; the bookkeeping took notice of it afterwards."""
    asked = ask(conflict, CORRECT, finance())
    settle(20)
    approve(asked, approver())
    assert open_cases() == []


def test_their_terms_in_an_unknown_currency_are_refused_with_a_sentence(
    books: Books, providers: None
) -> None:
    books.open("alice", "USD", "100")
    settle(25)
    settle(25, currency="ZZ")
    about = case("conflict")
    assert proposals.of(about, CORRECT).refused.startswith("It can't be booked")
    assert Staffed().sees(about, "Accept the provider")


def test_their_terms_in_another_currency(books: Books, providers: None) -> None:
    books.open("alice", "USD", "100")
    books.open("alice", "CNY", "1")
    settle(25)
    settle(25, currency="RB")
    about = case("conflict")
    asked = ask(about, CORRECT, finance())
    assert "CNY" in not_done(lambda: approve(asked, approver("ann", USD="1000")))
    assert "USD" in not_done(lambda: approve(asked, approver("ben", CNY="1000")))
    approve(asked, approver("cid", CNY="25", USD="25"))
    assert books.balance("alice", "USD") == 100
    assert books.balance("alice", "CNY") == 26
    assert settle(25, currency="RB").json["status"] == "0000"
    assert books.violations() == []


def test_corrected_and_then_reversed_and_corrected_again(books: Books, conflict: Case) -> None:
    fay, ann = finance(), approver()
    approve(ask(conflict, CORRECT, fay), ann)
    settle(25)
    bookkeeping()
    again = Case.objects.exclude(status="closed").get()
    approve(ask(again, REVERSE, fay), ann)
    assert books.balance("alice", "USD") == 100
    assert [settle(a).json["status"] for a in (20, 25)] == ["9999", "9999"]
    assert books.balance("alice", "USD") == 100
    assert books.violations() == []


class Staffed:
    def __init__(self) -> None:
        self.boss = staff.superuser()

    def sees(self, about: Case, text: str) -> bool:
        return text in self.boss.get(f"reconciliation/case/{about.pk}/change/")


# -- Players who changed since ---------------------------------------------------------------------


def test_a_suspended_player_is_paid_and_a_closed_one_is_not(books: Books, owed: Case) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()
    books.set_status("alice", Player.Status.CLOSED)
    assert "closed" in not_done(lambda: approve(asked, ann))
    books.set_status("alice", Player.Status.SUSPENDED)
    assert not_done(lambda: approve(asked, ann)) == ""


def test_a_loss_that_is_not_covered_can_be_taken_in_part(books: Books, configure: Any) -> None:
    """PAY is possible on paper only: by hand has to be possible then."""
    configure(jdb=REFUSING)
    books.open("alice", "USD", "5")
    statement = days.listed(("bet:1", "alice", "USD", "10", "0"))
    matching.match(statement, at=days.LATER)
    about = Case.objects.get(kind="only_in_statement")
    fay, ann = finance(), approver()
    asked = ask(about, PAY, fay)
    assert "does not cover" in not_done(lambda: approve(asked, ann))
    deciding.reject(asked.pk, text="No.", by=ann, at=timezone.now())
    assert not_done(lambda: by_hand(about, fay, debit=Decimal(5))) == ""


def test_a_listed_bet_of_a_player_who_was_suspended_since_is_booked(
    books: Books, configure: Any
) -> None:
    configure(jdb=REFUSING)
    books.open("alice", "USD", "50")
    statement = days.listed(("bet:1", "alice", "USD", "10", "0"))
    matching.match(statement, at=days.LATER)
    about = Case.objects.get(kind="only_in_statement")
    books.set_status("alice", Player.Status.SUSPENDED)
    assert not_done(lambda: approve(ask(about, PAY, finance()), approver())) == ""
    assert books.balance("alice", "USD") == 40


# -- BeSoft ----------------------------------------------------------------------------------------


def besoft(**changes: Any) -> senders.Heard:
    body = altered(
        senders.verbatim("besoft", "result"), ts=now(), uid="alice", gid="fish1", **changes
    )
    return send(senders.besoft(body))


def test_what_besoft_voided_is_not_paid_under_its_id(
    books: Books, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(besoft={**PROVIDERS["besoft"], "bets": {"fish*": "taken"}, "no_verdict_status": 1001})
    books.open("alice", "USD", "100")
    from wallets import draft

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patched:
        patched.setattr(draft.Draft, "decide", broken)
        assert besoft().body == b'{"status":1001}'
    about = case("unsettled")
    assert "void" in manual_replays.plan(about, at=timezone.now()).refused
    refused = proposals.of(about, PAY).refused
    if not refused:
        approve(ask(about, PAY, finance()), approver())
        assert open_cases() == [("void_risk", "result:1zr8cu31gohrz")]
    assert refused


def test_a_standing_refusal_is_not_paid_and_its_void_stays(books: Books, configure: Any) -> None:
    configure(besoft={**PROVIDERS["besoft"], "bets": {"fish*": "taken"}})
    books.open("alice", "USD", "100")
    books.set_status("alice", Player.Status.CLOSED)
    besoft()
    about = dispute("result:1zr8cu31gohrz", provider="besoft")
    books.set_status("alice", Player.Status.ACTIVE)
    assert "A refusal stands" in proposals.of(about, PAY).refused
    assert "A refusal stands" in proposals.of(about, CORRECT).refused
    approve(by_hand(about, finance(), credit=Decimal(10)), approver())
    assert besoft().json["status"] != 1
    assert books.balance("alice", "USD") == 110


def test_a_void_risk_that_was_reversed_is_none_any_more(books: Books, configure: Any) -> None:
    configure(besoft={**PROVIDERS["besoft"], "bets": {"fish*": "taken"}})
    books.open("alice", "USD", "100")
    assert besoft().json["status"] == 1
    assert besoft(win=20).json["status"] != 1
    about = case("void_risk")
    asked = ask(about, REVERSE, finance())
    besoft(win=20)
    approve(asked, approver())
    assert books.balance("alice", "USD") == 100
    assert open_cases() == []


# -- Several players, several ids ------------------------------------------------------------------


def sud_match(*results: tuple[str, int]) -> senders.Heard:
    import json

    fields = json.loads(senders.verbatim("sud", "match_settle"))
    fields["notify_time"] = str(now())
    fields["data"]["results"] = [
        {"is_ai": 0, "uid": uid, "score": score, "remain_score": 0, "commission_score": 0}
        for uid, score in results
    ]
    return send(senders.sud(json.dumps(fields).encode()))


def test_a_match_is_corrected_for_all_its_players(books: Books, providers: None) -> None:
    for uid in ("alice", "bob", "carol"):
        books.open(uid, "COIN", "100")
    assert sud_match(("alice", 10), ("bob", -10)).json["ret_code"] == 0
    assert sud_match(("alice", 15), ("carol", -15)).json["ret_code"] != 0
    about = case("conflict")
    asked = ask(about, CORRECT, finance())
    assert "COIN" in not_done(lambda: approve(asked, approver("ben", COIN="29")))
    approve(asked, approver("ann", COIN="30"))
    assert [books.balance(u, "COIN") for u in ("alice", "bob", "carol")] == [115, 100, 85]
    assert sud_match(("alice", 15), ("carol", -15)).json["ret_code"] == 0
    assert sud_match(("alice", 10), ("bob", -10)).json["ret_code"] != 0
    assert [books.balance(u, "COIN") for u in ("alice", "bob", "carol")] == [115, 100, 85]
    assert books.violations() == []


def test_an_event_is_paid_whole(books: Books, configure: Any) -> None:
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"]})
    books.open("alice", "THB")
    both = hotroad.event(hotroad.reward("1", "alice", "10"), hotroad.reward("2", "bob", "5"))
    assert hotroad.code(both) != "0000"
    books.open("bob", "THB")
    fay, ann = finance(), approver("ann", THB="15")
    asked = ask(case("unsettled"), PAY, fay)
    assert hotroad.code(hotroad.event(hotroad.reward("2", "bob", "5"))) == "0000"
    assert "something was posted" in not_done(lambda: approve(asked, ann))
    deciding.withdraw(asked.pk, text="", by=fay, at=timezone.now())
    approve(ask(case("unsettled"), PAY, fay), ann)
    assert books.balance("alice", "THB") == 10
    assert books.balance("bob", "THB") == 5
    assert hotroad.code(both) == "0000"
    assert open_cases() == []
    assert books.violations() == []


# -- JDB 8 and 4 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["stand", "reverse"])
def test_a_reversed_action_8_and_its_late_cancel(books: Books, configure: Any, option: str) -> None:
    from tests.providers.jdb_orders import BET_AND_SETTLE, CANCEL, sent, status

    configure(jdb={**REFUSING, "cancel_bet_and_settle": option})
    books.open("testpl01", "CNY", "100")
    assert status(sent(BET_AND_SETTLE)) == "0000"
    about = dispute("bet_and_settle:123456789")
    asked = ask(about, REVERSE, finance())
    assert "10" not in not_done(lambda: approve(asked, approver("ann", CNY="5.5")))
    assert books.balance("testpl01", "CNY") == 100
    assert status(sent(CANCEL)) == "0000"
    assert status(sent(BET_AND_SETTLE)) != "0000"
    assert books.balance("testpl01", "CNY") == 100
    assert books.violations() == []


@pytest.mark.parametrize("option", ["stand", "reverse"])
def test_a_corrected_action_8_and_its_late_cancel(
    books: Books, configure: Any, option: str
) -> None:
    from tests.providers.jdb_orders import BET_AND_SETTLE, CANCEL, sent, status

    configure(jdb={**REFUSING, "cancel_bet_and_settle": option})
    books.open("testpl01", "CNY", "100")
    assert status(sent(BET_AND_SETTLE)) == "0000"
    send(sent(BET_AND_SETTLE, win=5, netWin=-5))
    about = case("conflict")
    approve(ask(about, CORRECT, finance()), approver("ann", CNY="0.5"))
    assert books.balance("testpl01", "CNY") == 95
    assert status(sent(BET_AND_SETTLE, win=5, netWin=-5)) == "0000"
    heard = status(sent(CANCEL))
    # What it hears and what stands are the same thing.
    assert (heard == "0000") == (books.balance("testpl01", "CNY") == 100), heard
    assert books.violations() == []


def test_an_action_8_cancelled_while_its_reversal_waits(books: Books, configure: Any) -> None:
    from tests.providers.jdb_orders import BET_AND_SETTLE, CANCEL, sent, status

    configure(jdb={**REFUSING, "cancel_bet_and_settle": "reverse"})
    books.open("testpl01", "CNY", "100")
    status(sent(BET_AND_SETTLE))
    asked = ask(dispute("bet_and_settle:123456789"), REVERSE, finance())
    assert status(sent(CANCEL)) == "0000"
    assert not_done(lambda: approve(asked, approver("ann", CNY="100"))) != ""
    assert books.balance("testpl01", "CNY") == 100


# -- One person ------------------------------------------------------------------------------------


def test_nobody_edits_a_request_in_the_admin(books: Books, owed: Case) -> None:
    boss = staff.superuser()
    asked = ask(owed, PAY, boss.user)
    other = finance()
    form = {"requested_by": str(other.pk), "status": "approved", "decided_by": str(boss.user.pk)}
    assert boss.post(f"reconciliation/adjustment/{asked.pk}/change/", **form) == 403
    assert boss.post(f"reconciliation/adjustment/{asked.pk}/delete/", post="yes") == 403
    assert boss.post("reconciliation/adjustment/add/", **form) == 403
    asked.refresh_from_db()
    assert (asked.status, asked.requested_by_id) == ("requested", boss.user.pk)


@pytest.mark.parametrize(
    "change",
    [
        "requested_by_id = (SELECT max(id) FROM auth_user)",
        "moves = '[]'",
        "seal = 'x'",
        "expires_at = now() + interval '1 year'",
        "seen = 'x'",
        "text = 'Something else.'",
        "transaction_id = 'settle:9'",
    ],
)
def test_what_was_asked_for_never_changes_even_in_sql(
    books: Books, owed: Case, change: str
) -> None:
    from django.db import DatabaseError

    ask(owed, PAY, finance())
    approver()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE reconciliation_adjustment SET {change}")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM reconciliation_adjustment",
    ],
)
def test_a_decision_is_for_good_even_in_sql(books: Books, owed: Case, sql: str) -> None:
    from django.db import DatabaseError

    approve(ask(owed, PAY, finance()), approver())
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_right_that_was_taken_away_since(books: Books, owed: Case) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()
    group = ann.groups.get()
    ann.groups.clear()
    ann = User.objects.get(pk=ann.pk)
    assert "may not approve" in not_done(lambda: approve(asked, ann))
    ann.groups.add(group)
    group.adjustment_limits.update(amount=Decimal(24))
    ann = User.objects.get(pk=ann.pk)
    assert "up to 24" in not_done(lambda: approve(asked, ann))
    ann.is_active = False
    assert "may not approve" in not_done(lambda: approve(asked, ann))
    assert books.transactions() == []


# -- Pages -----------------------------------------------------------------------------------------


def test_an_id_that_turns_text_around_is_spelled_out(books: Books, configure: Any) -> None:
    configure(hotroad={**PROVIDERS["hotroad"], "unknown_bet": "refuse"})
    books.open("alice", "THB", "1")
    assert hotroad.code(hotroad.settle(txId="A\u202e<b>", userId="alice", winAmount="5")) != "0000"
    about = case("unsettled")
    boss = staff.superuser()
    for path in (f"reconciliation/case/{about.pk}/adjust/pay/",):
        page = boss.get(path)
        assert "\u202e" not in page
        assert "<b>" not in page
    asked = ask(about, PAY, finance())
    for path in (f"reconciliation/adjustment/{asked.pk}/change/", "reconciliation/adjustment/"):
        page = boss.get(path)
        assert "A\\u202e" in page
        assert "\u202e" not in page, page[page.index("\u202e") - 80 :][:120]
        assert "<b>" not in page


@pytest.mark.parametrize("kind", ["outage", "unauthentic"])
def test_a_case_of_the_whole_provider(books: Books, providers: None, kind: str) -> None:
    books.open("alice", "USD", "100")
    about = Case.objects.create(kind=kind, provider="jdb", opened_at=timezone.now())
    boss = staff.superuser()
    boss.get(f"reconciliation/case/{about.pk}/change/")
    for word in ("pay", "reverse", "correct"):
        assert boss.post(f"reconciliation/case/{about.pk}/adjust/{word}/", seal="x") == 302
    approve(by_hand(about, finance(), credit=Decimal(1)), approver())
    about.refresh_from_db()
    assert about.status == "open"


def test_a_delivery_without_an_id(books: Books, configure: Any) -> None:
    configure()
    books.open("alice", "USD", "100")
    about = Case.objects.create(
        kind="unsettled", provider="jdb", subject="callback:1", opened_at=timezone.now()
    )
    for kind in (PAY, REVERSE, CORRECT):
        assert proposals.of(about, kind).refused
    shown.buttons(about)


def test_more_decimals_than_a_page_rounds(books: Books, conflict: Case) -> None:
    asked = by_hand(conflict, finance(), credit=Decimal("0.00000001"))
    page = staff.superuser().get(f"reconciliation/adjustment/{asked.pk}/change/")
    assert "0.00000001" in page


# -- Second wave -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PAY, CORRECT, REVERSE, AdjustmentKind.FREE])
@pytest.mark.parametrize(
    "line",
    [
        "guards.nothing_is_new",
        "guards.case_is_open",
        "guards.undecided",
        "guards.write",
        "working.write",
        "deciding._held",
        "deciding._decide",
    ],
)
def test_a_crash_on_any_line_of_the_approval_books_nothing(
    books: Books, configure: Any, monkeypatch: pytest.MonkeyPatch, kind: AdjustmentKind, line: str
) -> None:
    from reconciliation import cases
    from reconciliation.adjustments import guards

    about = prepared(books, configure, kind)
    fay, ann = finance(), approver()
    asked = by_hand(about, fay, credit=Decimal(3)) if kind == "free" else ask(about, kind, fay)
    before = books.balance("alice", "USD")
    count = Transaction.objects.count()
    named = {"guards": guards, "cases": cases, "working": working, "deciding": deciding}
    module, name = named[line.partition(".")[0]], line.partition(".")[2]
    original = getattr(module, name)

    def crash(*args: Any, **options: Any) -> Any:
        if connection.in_atomic_block:
            raise MemoryError
        return original(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, crash)
        with pytest.raises(MemoryError):
            approve(asked, ann)
    assert (books.balance("alice", "USD"), Transaction.objects.count()) == (before, count)
    about.refresh_from_db()
    asked.refresh_from_db()
    assert (about.status, asked.status) == ("open", "requested")
    assert approve(asked, ann).status == "approved"
    assert books.violations() == []


def prepared(books: Books, configure: Any, kind: AdjustmentKind) -> Case:
    books.open("alice", "USD", "100")
    if kind is PAY:
        configure(jdb=REFUSING)
        settle(refTransferIds=[1])
        return case("unsettled")
    configure()
    settle(25)
    settle(20)
    return case("conflict")


def test_a_fault_of_ours_instead_of_commit(
    books: Books, owed: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ann = ask(owed, PAY, finance()), approver()
    fault = raising(MemoryError, after=False)
    with at_commit(monkeypatch, fault), pytest.raises(Exception, match="autocommit"):
        approve(asked, ann)
    seen: list[tuple[Any, Any]] = []

    def look() -> None:
        seen.append((Adjustment.objects.get().status, books.balance("alice", "USD")))
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [("requested", 100)]
    # The same worker goes on with another request on this connection.
    assert not connection.in_atomic_block
    assert not_done(lambda: approve(asked, ann)) == ""
    assert books.balance("alice", "USD") == 125


def test_many_at_once_never_wait_in_a_circle(books: Books, configure: Any) -> None:
    configure(jdb=JDB)
    for uid in ("alice", "bob"):
        books.open(uid, "USD", "1000")
    for number in range(1, 9):
        uid, other = ("alice", "bob") if number % 2 else ("bob", "alice")
        settle(25, uid, transferId=number)
        settle(25, other, transferId=number)
    bookkeeping()
    fay, ann = finance(), approver("ann", USD="100000")
    asked = [ask(one, CORRECT, fay) for one in Case.objects.filter(kind="conflict")]
    disputes = [dispute(f"settle:{number}") for number in range(1, 9)]
    acts: list[Callable[[], Any]] = []
    for number, (one, doubt) in enumerate(zip(asked, disputes, strict=True), start=1):
        acts += [
            lambda one=one: approve(one, ann),  # type: ignore[misc]
            lambda doubt=doubt: ask(doubt, REVERSE, fay),  # type: ignore[misc]
            lambda number=number: settle(25, "alice", transferId=number),  # type: ignore[misc]
            lambda doubt=doubt: by_hand(doubt, fay, credit=Decimal(1)),  # type: ignore[misc]
        ]
        if number % 4 == 0:
            acts += [bookkeeping, lambda: deciding.expire(at=timezone.now())]

    def attempt(act: Callable[[], Any]) -> str:
        try:
            return not_done(act)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(attempt, acts))
    assert not [one for one in said if "Not known" in one]
    assert books.violations() == []
    total = books.balance("alice", "USD") + books.balance("bob", "USD")
    assert total == 2000 + 8 * 25


def test_the_bets_that_it_settles_are_part_of_what_was_seen(books: Books, owed: Case) -> None:
    asked = ask(owed, PAY, finance())
    settle(refTransferIds=[2])
    assert not_done(lambda: approve(asked, approver())) != ""


def test_a_refused_bet_that_the_provider_lists_is_booked_under_its_id(
    books: Books, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wallets import draft

    configure(jdb=REFUSING)
    books.open("alice", "USD", "100")

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patched:
        patched.setattr(draft.Draft, "decide", broken)
        bet(1)
    about = case("unsettled")
    assert "It is a bet" in proposals.of(about, PAY).refused
    at = timezone.now()
    statement = days.listed(
        ("bet:1", "alice", "USD", "10", "0"),
        start=at - timedelta(days=1),
        end=at + timedelta(hours=1),
        at=at - timedelta(hours=2),
    )
    matching.match(statement, at=at + timedelta(days=5))
    ways = {one.kind: proposals.of(one, PAY).refused for one in Case.objects.all()}
    assert "" in ways.values(), ways


def test_a_dispute_knows_the_kept_delivery(books: Books, owed: Case) -> None:
    assert "No delivery of it is kept" not in proposals.of(dispute("settle:272017"), PAY).refused


def test_asking_for_a_wallet_that_is_not_there_says_so_at_once(
    books: Books, conflict: Case
) -> None:
    assert not_done(lambda: by_hand(conflict, finance(), uid="nobody", credit=Decimal(1))) != ""


def test_numbers_in_other_spellings_ask_for_nothing(books: Books, conflict: Case) -> None:
    boss = staff.superuser()
    form = {
        "seen": guards.seen(conflict),
        "request_id": str(uuid4()),
        "uid": "alice",
        "currency": "USD",
        "direction": "credit",
        "why": "other",
        "text": "x",
    }
    url = f"reconciliation/case/{conflict.pk}/adjust/free/"
    wrong = ["1_000", "Infinity", "NaN", "0.000000001", "1e30", "1e2", "-1", "\uff11", "1,000"]
    assert [boss.post(url, **form, amount=amount) for amount in wrong] == [200] * len(wrong)
    assert boss.post(url, **form, amount="5") == 302
    assert boss.post(url, **form, amount="5") == 302
    assert Adjustment.objects.count() == 1  # The form was sent twice.
