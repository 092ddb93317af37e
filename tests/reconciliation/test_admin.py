"""The queue and a case's page: what is on it, in which order, at which cost."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from providers.models import Callback, Outcome
from reconciliation import cases, watching
from reconciliation.models import Case, Task
from tests import staff
from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.staff import Staff
from wallets.models import Transaction

SETTLE = senders.verbatim("jdb", "settle")
SCRIPT = "<script>window.pwned = 1</script>\u202e"
MINUTE = timedelta(minutes=1)
LIST = "reconciliation/case/"


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def keep(reference: str, **changes: Any) -> Case:
    """An unsettled case of jdb that nothing is expected of any more."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "kind": "unsettled",
        "provider": "jdb",
        "subject": f"settle:{reference}",
        "reference": reference,
        "player": "alice",
        "amount": Decimal("12.5"),
        "currency": "USD",
        "reason": "UnknownPlayer: No such player.",
        "resend": "none",
        "attempts": 1,
        "first_at": now,
        "last_at": now,
        "opened_at": now,
    }
    case = Case(**{**fields, **changes})
    cases.write([case], [], "A delivery that did not go smoothly.", at=now)
    return Case.objects.get(subject=case.subject, kind=case.kind, provider=case.provider)


def waiting(reference: str, minutes: int = 30, **changes: Any) -> Case:
    """One that the provider sends again."""
    now = timezone.now()
    schedule = {
        "resend": "expected",
        "expected_at": now + MINUTE,
        "silent_at": now + 3 * MINUTE,
        "due_at": now + minutes * MINUTE,
    }
    return keep(reference, **{**schedule, **changes})


def listed(boss: Staff, **query: str) -> list[str]:
    """The references on a list, in their order."""
    cells = re.findall(r'field-named.*?title="(.*?)"', boss.get(LIST, **query), re.DOTALL)
    return [cell for cell in cells if cell]


def page(boss: Staff, case: Case) -> str:
    return boss.get(f"{LIST}{case.pk}/change/")


# -- The lists -------------------------------------------------------------------------------------


def test_the_default_list_is_what_needs_a_person_by_time_left(books: Books, boss: Staff) -> None:
    now = timezone.now()
    keep("none")
    keep("late", resend="overdue", due_at=now - MINUTE)
    keep("later", resend="overdue", due_at=now - 2 * MINUTE)
    keep("silent", resend="silent", due_at=now + MINUTE)
    for kind in ("conflict", "void_risk", "dispute", "outage", "unauthentic"):
        keep(kind, kind=kind)
    waiting("waits")
    keep("asleep", status="waiting", follow_up_on=timezone.localdate() + timedelta(days=1))
    keep("awake", status="waiting", follow_up_on=timezone.localdate())
    keep("closed", status="closed", resolution="void", closed_at=now)

    assert listed(boss) == [
        "later", "late", "silent",
        "none", "conflict", "void_risk", "dispute", "outage", "unauthentic", "awake",
    ]  # fmt: skip


def test_the_other_lists(books: Books, boss: Staff) -> None:
    keep("mine", owner=boss.user)
    keep("bobs")
    waiting("waits")
    keep("closed", status="closed", resolution="void", closed_at=timezone.now())
    keep("asleep", status="waiting", follow_up_on=timezone.localdate() + timedelta(days=1))

    assert listed(boss, list="provider") == ["waits"]
    assert listed(boss, list="mine") == ["mine"]
    assert listed(boss, list="open") == ["waits", "mine", "bobs", "asleep"]
    assert listed(boss, list="closed") == ["closed"]


def test_lists_are_filtered_by_kind_and_provider(books: Books, boss: Staff) -> None:
    keep("1")
    keep("2", kind="conflict")
    keep("3", provider="sud")
    assert listed(boss, kind__exact="conflict") == ["2"]
    assert listed(boss, provider="sud") == ["3"]


def test_a_search_goes_through_all_lists(books: Books, providers: None, boss: Staff) -> None:
    old = keep("272017", status="closed", resolution="void", closed_at=timezone.now())
    waiting("272018", player="dora")
    for term in ("272017", "settle:272017", f"#{old.pk}"):
        assert listed(boss, q=term) == ["272017"]
    assert listed(boss, q="dora") == ["272018"]
    assert listed(boss, q="27201") == []


def test_what_waits_is_one_line_per_provider_and_reason(books: Books, boss: Staff) -> None:
    for number in range(4):
        waiting(f"{number}")
    waiting("4", currency="CNY")
    waiting("5", amount=None, currency="")
    waiting("6", reason="KeyError: 'x'")
    waiting("7", reason="IndexError: y")
    waiting("8", provider="hotroad")

    html = boss.get(LIST)
    shown = [re.sub(r"<[^>]+>", " ", line) for line in lines(html)]
    told = [re.sub(r", since \S+ UTC|The first.*? left", "", line) for line in shown]
    assert [" ".join(line.split()) for line in told] == [
        "jdb: 6 wait for a resend No such player. 12.50 CNY 50.00 USD",
        "jdb: 2 wait for a resend A fault of ours. 25.00 USD",
        "hotroad: 1 waits for a resend No such player. 12.50 USD",
    ]
    assert listed(boss) == []
    assert "Nothing needs a person" in html


def lines(html: str) -> list[str]:
    return re.findall(r"<li>(.*?)</li>", html.partition("cage-lines")[2].partition("</ul>")[0],
                      re.DOTALL)  # fmt: skip


def test_a_line_leads_to_its_cases(books: Books, boss: Staff) -> None:
    waiting("1")
    waiting("2", reason="KeyError: 'x'")
    waiting("3", provider="hotroad")
    query = {"list": "provider", "provider": "jdb"}
    link = "?list=provider&amp;provider=jdb&amp;because="
    assert not staff.missing(boss.get(LIST), [f"{link}UnknownPlayer", f"{link}fault"])
    assert listed(boss, **query, because="UnknownPlayer") == ["1"]
    assert listed(boss, **query, because="fault") == ["2"]
    assert "Only: <strong>jdb</strong>" in boss.get(LIST, **query)


def test_twenty_cases_cost_as_many_queries_as_one(books: Books, boss: Staff) -> None:
    keep("one", owner=boss.user)
    waiting("waits")
    boss.get(LIST)
    one = boss.queries(LIST)
    for number in range(20):
        keep(str(number), owner=boss.user)
        waiting(f"w{number}", reason=f"Fault{number}: x")
    twenty = boss.queries(LIST)
    assert len(twenty) == len(one) <= 14
    assert not [sql for sql in twenty if "COUNT(*)" in sql], "a COUNT(*) of everything"


# -- Who watches ---------------------------------------------------------------------------------


def test_a_late_task_is_a_red_banner(books: Books, boss: Staff) -> None:
    now = timezone.now()
    for name in watching.periods():
        Task.objects.create(name=name, since=now, succeeded_at=now)
    assert "cage-banner" not in boss.get(LIST)
    Task.objects.filter(name__endswith="update_cases").update(succeeded_at=now - 4 * MINUTE)
    html = boss.get(LIST)
    assert not staff.missing(html, ["cage-banner", "<code>update_cases</code>", "4 minutes ago"])
    assert "make_partitions" not in html


# -- A case's page -------------------------------------------------------------------------------


def settle(**changes: Any) -> None:
    ts = int(timezone.now().timestamp() * 1000)
    send(senders.jdb(altered(SETTLE, ts=ts, **changes)))


def test_a_conflict_shows_what_differs_side_by_side(
    books: Books, providers: None, boss: Staff
) -> None:
    books.open("john", "USD")
    settle()
    settle(amount=0.5)
    cases.update(at=timezone.now())
    html = page(boss, Case.objects.get())
    sides = html.partition("The two sides")[2].partition("Its transactions")[0]
    differs = re.findall(r'<tr class="cage-differs">(.*?)</tr>', sides, re.DOTALL)
    texts = [re.sub(r"<[^>]+>", " ", row).split() for row in differs]
    assert ["Credit", "0.10", "0.50"] in texts
    assert ["amount", "0.1", "0.5"] in texts
    assert not [text for text in texts if text[0] in ("Player", "Currency", "uid")]
    assert "fields are the same" in sides
    assert not staff.missing(html, [Outcome.CONFLICT.sentence, "settle:272017", "&quot;0000&quot;"])


def test_deliveries_are_the_first_the_last_fifty_and_a_count(books: Books, boss: Staff) -> None:
    now = timezone.now()
    for number in range(60):
        deliver(received_at=now + number * MINUTE, reply=b'{"n":%d}' % number)
    html = page(boss, keep("272017"))
    assert html.count("Refused</span>") == 51
    assert "9 deliveries in between" in html
    assert not staff.missing(html, [":0}</span>", ":10}</span>", ":59}</span>"])
    assert ":9}</span>" not in html


def test_the_bookkeepings_steps_in_a_row_are_one(books: Books, boss: Staff) -> None:
    case = keep("1")
    for _ in range(5):
        cases.write([], [case], "A delivery that did not go smoothly.", at=timezone.now())
    html = page(boss, case).partition("Its history")[2]
    assert html.count("A delivery that did not go smoothly.</span>") == 1
    assert "6 times since" in html


def test_the_texts_of_others_are_inert(books: Books, providers: None, boss: Staff) -> None:
    body = f'{{"{SCRIPT}":"{SCRIPT}"}}'.encode()
    for outcome, body_ in [("posted", body), ("conflict", b'{"a":"%s"}' % SCRIPT.encode())]:
        deliver(outcome=outcome, body=body_, reply=SCRIPT.encode(), reason=SCRIPT)
    hostile: dict[str, Any] = {
        "player": SCRIPT,
        "reason": SCRIPT,
        "tickets": SCRIPT,
        "notes": SCRIPT,
    }
    shown = [
        keep("272017", kind="conflict", **hostile),
        keep("272017", kind="void_risk", **hostile),
        keep(SCRIPT, **hostile),
        keep(SCRIPT, kind="outage", **hostile),
        keep(SCRIPT, kind="unauthentic", **hostile),
    ]
    waiting("waits", **hostile, provider=SCRIPT[:32])
    paths = [LIST, f"{LIST}?list=open", f"{LIST}?list=provider&because={SCRIPT[:-1]}"]
    paths += [f"{LIST}{case.pk}/change/" for case in shown]
    paths += [f"{LIST}{case.pk}/do/close/" for case in shown]
    for path in paths:
        html = boss.get(path)
        assert "<script>window" not in html, path
        assert "\u202e" not in html.partition("<body")[2], path


def deliver(**changes: Any) -> Callback:
    now = timezone.now()
    row: dict[str, Any] = {
        "delivery_id": uuid.uuid4(),
        "provider": "jdb",
        "operation": "settle",
        "transaction_id": "settle:272017",
        "received_at": now,
        "decided_at": now,
        "headers": {},
        "body": b"{}",
        "outcome": "refused",
        "reason": "UnknownPlayer: No such player.",
        "reply_status": 200,
        "reply": b"{}",
    }
    return Callback.objects.create(**{**row, **changes})


# -- From and to other pages -----------------------------------------------------------------------


def test_a_callback_and_a_transaction_lead_to_their_case(
    books: Books, providers: None, boss: Staff
) -> None:
    books.open("john", "USD")
    settle()
    settle(amount=0.5)
    settle(transferId="?")
    cases.update(at=timezone.now())
    conflict, nameless = Case.objects.get(kind="conflict"), Case.objects.get(kind="unsettled")
    callbacks = list(Callback.objects.order_by("id"))
    transaction = Transaction.objects.get(transaction_id="settle:272017")
    for path, case in [
        (f"providers/callback/{callbacks[0].pk}/change/", conflict),
        (f"providers/callback/{callbacks[1].pk}/change/", conflict),
        (f"providers/callback/{callbacks[2].pk}/change/", nameless),
        (f"wallets/transaction/{transaction.pk}/change/", conflict),
    ]:
        assert f"/admin/reconciliation/case/{case.pk}/change/" in boss.get(path)


def test_a_replay_leads_to_its_original_and_counts_as_no_delivery(
    books: Books, boss: Staff
) -> None:
    original = deliver()
    deliver()
    again = deliver(outcome="posted", replay_of=original.delivery_id)
    html = boss.get(f"providers/callback/{again.pk}/change/")
    assert (
        f'a replay of <a class="cage-link" href="/admin/providers/callback/{original.pk}/' in html
    )
    assert re.findall(r"\b\d+ times\b", boss.get("providers/callback/")) == ["2 times"] * 3
