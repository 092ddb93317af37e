"""SUD's poker tables, from the outside: buy-ins, what remains of them, and orders that fail."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from providers import buy_ins
from providers.models import Callback
from providers.protocols.rounds import Situation
from providers.protocols.sud import policies
from tests.cast import NOON, Books
from tests.conftest import PROVIDERS, SUD_APP_ID
from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids
from tests.providers.rounds import STAKE, RoundContract
from tests.providers.senders import Heard, Sent, altered, send
from wallets.models import Reference, Transaction
from wallets.refusals import BetCancelled, InsufficientFunds, Refusal

USER_SETTLE = altered(senders.verbatim("sud", "user_settle"), app_id=SUD_APP_ID)
ORDER = altered(senders.verbatim("sud", "order_changed"), app_id=SUD_APP_ID)
BATCH = altered(senders.verbatim("sud", "order_batch_changed"), app_id=SUD_APP_ID)
OK = b'{"ret_code":0,"ret_msg":"SUCCESS"}'
DEFAULTS = {**PROVIDERS["sud"], "pays": "user.settle"}
SETTINGS = {**DEFAULTS, "unknown_bet": "pay"}


def notified(body: bytes, **data: Any) -> bytes:
    return altered(body, data={**json.loads(body)["data"], **data})


def settled_player(index: int = 0, **changes: Any) -> bytes:
    """The page's settlement with one of its players changed."""
    results = json.loads(USER_SETTLE)["data"]["results"]
    results[index] = {k: v for k, v in {**results[index], **changes}.items() if v is not ...}
    return notified(USER_SETTLE, results=results)


def only(**changes: Any) -> Sent:
    """The page's settlement of its first player alone."""
    first = {**json.loads(USER_SETTLE)["data"]["results"][0], **changes}
    return senders.sud(notified(USER_SETTLE, results=[first]))


def failed(**changes: Any) -> Sent:
    """The page's order, not executed."""
    return senders.sud(notified(ORDER, **{"status": "EXECUTE_FAIL", **changes}))


def batch(*orders: dict[str, Any]) -> Sent:
    (first,) = json.loads(BATCH)["data"]["orders"]
    first = {**first, "status": "EXECUTE_FAIL"}
    return senders.sud(notified(BATCH, orders=[{**first, **changes} for changes in orders]))


def take(uid: str, score: int, order_id: str) -> Decimal | None:
    return buy_ins.take(provider="sud", uid=uid, score=score, order_id=order_id, at=NOON).balance


def balances(books: Books, *uids: str) -> list[Decimal]:
    return [books.balance(uid, "COIN") for uid in uids]


@pytest.fixture(autouse=True)
def user_settle_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "sud", SETTINGS)


class TestUserSettle(ProviderContract):
    """What the page prints: u001 and u002, each with an order of their own."""

    provider = "sud"
    transaction_id = "user_settle:1663991011001"
    players = (("u001", "COIN", "5"), ("u002", "COIN", "7"))
    entries = {("u001", Decimal(0), Decimal(100))}
    first_reply = OK
    closed_reply = OK
    both = ["user_settle:1663991011001", "user_settle:1663991011002"]

    def delivery(self, **changes: Any) -> Sent:
        first = json.loads(USER_SETTLE)["data"]["results"][:1]
        return senders.sud(altered(notified(USER_SETTLE, results=first), **changes))

    def volatile(self) -> Sent:
        again = json.loads(self.delivery().body)
        again["data"]["settle_at"] = "1663991999"
        return senders.sud(altered(json.dumps(again).encode(), notify_id="n2", notify_time="1"))

    def conflicting(self) -> dict[str, Sent]:
        return {
            "what remains": only(remain_score=99),
            "nothing remains": only(remain_score=0),
            "player": only(uid="bob"),
            "unknown player": only(uid="nobody"),
        }

    def unknown_player(self) -> Sent:
        return only(uid="nobody", order_id="new")

    def unauthentic(self) -> dict[str, Sent]:
        right = self.delivery()
        return {
            "no signature": Sent(path="sud", body=USER_SETTLE),
            "another body": Sent(
                path="sud", body=settled_player(remain_score=1000), headers=right.headers
            ),
            "another app id in the body": senders.sud(altered(USER_SETTLE, app_id="1")),
        }

    def malformed(self) -> dict[str, Sent]:
        shapes = bodies(USER_SETTLE, required=["notify_event", "data"])
        shapes.pop("10 MB")  # Cut off early, so its signature can't be right.
        wrong: dict[str, Any] = {"missing": ..., "null": None, "an array": [], "a fraction": 1.5}
        fields = {
            f"{field} {what}": settled_player(1, **{field: value})
            for field in ("uid", "is_ai", "score", "remain_score", "order_id")
            for what, value in wrong.items()
        }
        named = {
            f"order_id {why}": settled_player(order_id=json.loads(body)["order_id"])
            for why, body in ids(b'{"order_id": ""}', fields=["order_id"]).items()
        }
        odd = {
            "what remains below 0": settled_player(remain_score=-1),
            "no results": notified(USER_SETTLE, results=[]),
        }
        every = {**shapes, **fields, **named, **odd}
        return {why: senders.sud(body) for why, body in every.items()}

    def is_success(self, heard: Heard) -> bool:
        return bool(heard.json["ret_code"] == 0)

    def test_the_whole_example_pays_both_or_neither(self, opened: Books) -> None:
        assert send(senders.sud(settled_player(1, uid="nobody"))).json["ret_code"] == 7
        assert opened.transactions() == []
        assert send(senders.sud(USER_SETTLE)).body == OK
        assert send(senders.sud(USER_SETTLE)).body == OK
        assert opened.transactions() == self.both
        assert balances(opened, "u001", "u002") == [105, 97]
        assert opened.outcomes() == ["refused", "posted", "duplicate"]
        assert opened.violations() == []

    def test_what_was_paid_alone_before_is_not_paid_again_with_the_others(
        self, opened: Books
    ) -> None:
        send(self.delivery())
        assert send(senders.sud(USER_SETTLE)).body == OK
        assert balances(opened, "u001", "u002") == [105, 97]
        assert opened.outcomes() == ["posted", "posted"]
        assert opened.violations() == []

    def test_one_order_twice_in_a_delivery_is_paid_once_or_a_conflict(self, opened: Books) -> None:
        first = json.loads(USER_SETTLE)["data"]["results"][0]
        twice = notified(USER_SETTLE, results=[first, {**first, "remain_score": 1}])
        assert send(senders.sud(twice)).json["ret_code"] == 1
        assert opened.transactions() == []
        assert send(senders.sud(notified(USER_SETTLE, results=[first, first]))).body == OK
        assert opened.balance("u001", "COIN") == 105
        assert opened.outcomes() == ["conflict", "posted"]
        assert opened.violations() == []


@pytest.fixture
def alice(books: Books, providers: None) -> Books:
    """001 of the page's order, and u001 of its settlement, with 1000 each."""
    for uid in ("001", "u001"):
        books.open(uid, "COIN", "1000")
    return books


def test_a_game_from_buy_in_to_cash_out(alice: Books) -> None:
    assert take("u001", 90, "ce56b6lzi1a") == 910
    executed = notified(ORDER, out_order_id="ce56b6lzi1a", from_uid="u001")
    assert send(senders.sud(executed)).body == OK
    assert alice.balance("u001", "COIN") == 910
    assert send(only()).body == OK  # Won 10, so 100 remain.
    assert alice.balance("u001", "COIN") == 1010
    assert alice.transactions() == ["buy_in:ce56b6lzi1a", "user_settle:1663991011001"]
    (reference,) = Reference.objects.all()
    assert (reference.target, reference.effect) == ("buy_in:ce56b6lzi1a", "settles")
    match = senders.verbatim("sud", "match_settle")
    assert send(senders.sud(match)).body == OK
    assert alice.outcomes() == ["acknowledged", "posted", "acknowledged"]
    assert Callback.objects.latest("id").reason == (
        "sud.mg.merchant.match.settle: user.settle pays"
    )
    assert alice.violations() == []


def test_the_page_s_order_fails_and_its_payer_has_everything_back(alice: Books) -> None:
    assert take("001", 500, "1659497694000") == 500
    assert send(failed()).body == OK
    assert send(failed()).body == OK
    assert alice.balance("001", "COIN") == 1000
    assert alice.entries("order:1659497694000") == {("001", Decimal(0), Decimal(500))}
    assert alice.outcomes() == ["posted", "duplicate"]
    with pytest.raises(BetCancelled):
        take("001", 500, "1659497694000")
    assert alice.violations() == []


def test_an_order_that_failed_first_can_not_be_bought_in_any_more(alice: Books) -> None:
    assert send(failed()).body == OK
    for _ in range(2):
        with pytest.raises(BetCancelled):
            take("001", 500, "1659497694000")
    assert alice.balance("001", "COIN") == 1000
    assert alice.violations() == []


def test_a_failed_order_of_a_stranger_is_heard_too(alice: Books) -> None:
    assert send(failed(from_uid="nobody", out_order_id="theirs")).body == OK
    assert alice.outcomes() == ["posted"]
    assert alice.violations() == []


def test_a_batch_gives_back_all_or_nothing(alice: Books) -> None:
    alice.open("bob", "COIN", "1000")
    take("001", 10, "A")
    take("bob", 20, "B")
    wrong = [{"out_order_id": "A", "from_uid": "001"}, {"out_order_id": "B", "from_uid": "001"}]
    assert send(batch(*wrong)).json["ret_code"] == 1
    assert balances(alice, "001", "bob") == [990, 980]
    right = [{"out_order_id": "A", "from_uid": "001"}, {"out_order_id": "B", "from_uid": "bob"}]
    unknown = {"out_order_id": "C", "from_uid": "bob"}
    for _ in range(2):
        assert send(batch(*right, unknown, right[0])).body == OK
    assert balances(alice, "001", "bob") == [1000, 1000]
    assert alice.outcomes() == ["refused", "posted", "duplicate"]
    assert send(failed(out_order_id="A", from_uid="001")).body == OK  # As a lone one as well.
    assert alice.outcomes()[-1] == "duplicate"
    assert alice.violations() == []


def test_a_failed_order_with_another_payer_is_a_conflict(alice: Books) -> None:
    take("001", 500, "1659497694000")
    send(failed())
    assert send(failed(from_uid="u001")).json["ret_code"] == 1
    assert alice.outcomes() == ["posted", "conflict"]
    assert alice.balance("u001", "COIN") == 1000


def test_a_closed_player_s_failed_order_is_kept_for_staff(alice: Books) -> None:
    take("001", 500, "1659497694000")
    alice.set_status("001", "closed")
    assert send(failed()).json["ret_code"] == 1
    alice.set_status("001", "suspended")
    assert send(failed()).body == OK
    assert alice.balance("001", "COIN") == 1000


def test_what_cannot_be_understood_of_an_order_is_refused_and_kept(alice: Books) -> None:
    take("001", 500, "1659497694000")
    body = notified(ORDER, status="EXECUTE_FAIL")
    data = json.dumps(json.loads(body)["data"]).encode()
    shapes = bodies(body, required=["data"])
    shapes.pop("10 MB")  # Cut off early, so its signature can't be right.
    inside = {
        **ids(data, fields=["out_order_id", "from_uid"]),
        **{
            f"{field} {what}": altered(data, **{field: value})
            for field in ("out_order_id", "from_uid", "status")
            for what, value in {"missing": ..., "null": None, "a number": 7}.items()
        },
    }
    cases = {**shapes, **{why: altered(body, data=json.loads(one)) for why, one in inside.items()}}
    for why, wrong in cases.items():
        assert send(senders.sud(wrong)).json["ret_code"] == 4, why
    assert alice.outcomes() == ["refused"] * len(cases)
    assert alice.balance("001", "COIN") == 500
    assert alice.violations() == []


def test_a_failed_order_and_a_late_buy_in_at_once_leave_nothing_taken(alice: Books) -> None:
    """Whichever is first: the buy-in is refused, or it is taken and given back."""

    def at_once(number: int) -> None:
        start = threading.Barrier(2)

        def buy() -> None:
            start.wait()
            try:
                take("001", 5, f"race-{number}")
            except BetCancelled:
                pass
            finally:
                connection.close()

        def fail() -> bytes:
            start.wait()
            try:
                return send(failed(out_order_id=f"race-{number}")).body
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            bought, heard = pool.submit(buy), pool.submit(fail)
            bought.result()
            assert heard.result() == OK

    for number in range(8):
        at_once(number)
    assert alice.balance("001", "COIN") == 1000
    assert alice.violations() == []


def test_where_unknown_buy_ins_are_refused_a_player_is_paid_once_it_is_known(
    alice: Books, configure: Callable[..., None]
) -> None:
    configure(sud=DEFAULTS)
    assert send(only()).json["ret_code"] == 1
    take("u001", 90, "ce56b6lzi1a")
    assert send(only()).body == OK
    assert alice.balance("u001", "COIN") == 1010
    assert alice.outcomes() == ["refused", "posted"]


def test_where_the_bare_result_pays_a_loss_that_is_not_covered_is_refused(
    alice: Books, configure: Callable[..., None]
) -> None:
    configure(sud={**SETTINGS, "credits": "score"})
    assert send(only(score=-1000)).body == OK
    assert alice.balance("u001", "COIN") == 0
    assert send(only(score=-1, order_id="2")).json["ret_code"] == 8
    assert alice.violations() == []


def test_by_default_match_settle_pays_and_no_order_gives_anything_back(
    alice: Books, configure: Callable[..., None]
) -> None:
    configure(sud={**SETTINGS, "pays": "match.settle"})
    for sent in (only(), failed(), batch({})):
        assert send(sent).body == OK
    assert alice.outcomes() == ["acknowledged"] * 3
    assert Transaction.objects.filter(provider="sud").count() == 0


class TestRounds(RoundContract):
    provider = "sud"
    currency = "COIN"
    family = policies.BUY_INS
    # The platform, and not SUD, asks for a buy-in; an order has one id, and names one buy-in.
    cannot_arise = frozenset(
        {
            Situation.CANCEL_RENEWED,
            Situation.SETTLE_OF_ONE_CANCELLED,
            *(one for one in Situation if one.name.startswith("BET")),
        }
    )

    def bet(self, id_: str, *, amount: str = STAKE) -> Any:
        def platform_asks(_: Books) -> None:
            try:
                take("alice", int(amount), id_)
            except Refusal as refusal:
                assert isinstance(refusal, InsufficientFunds)  # noqa: PT017

        return platform_asks

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        return failed(out_order_id=bets[0], from_uid=uid)

    def settle(self, id_: str, *bets: str) -> Sent:
        return only(uid="alice", order_id=id_, out_order_id=bets[0], remain_score=25)

    def reply(self, heard: Heard) -> str:
        return f"ret_code {heard.json['ret_code']}"
