"""The trail: what staff did is in it with the change and the reason, and nobody can rewrite it."""

import csv
import io
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection
from django.test import override_settings
from django.utils import timezone

from reconciliation import exporting, working
from reconciliation.models import AdjustmentLimit, Case, Export, Resolution, StatementFormat
from reconciliation.office.trail import reading
from reconciliation.office.trail.records import Asked, Place, Record, place
from tests import staff
from tests.cast import Books
from tests.reconciliation.adjustments import people
from tests.staff import Staff
from wallets.models import Player

TRAIL = "admin/logentry/"
HOSTILE = "<script>alert(1)</script>\u202e=cmd|' /C calc'!A0"


def member(name: str, role: str) -> Staff:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return Staff(user)


@pytest.fixture
def boss(books: Books, providers: None) -> Staff:
    return staff.superuser()


@pytest.fixture
def auditor(boss: Staff) -> Staff:
    return member("audrey", "Auditor")


def trail(**asked: Any) -> list[Record]:
    return list(reading.everything(Asked(**asked)))


def told(kind: str, **asked: Any) -> list[tuple[str, str, str, list[tuple[str, str, str]], str]]:
    """(who, what, on, changes, why) of each record, newest first."""
    return [
        (
            one.who,
            one.what,
            one.on,
            [(change.field, change.before, change.after) for change in one.changes],
            one.why,
        )
        for one in trail(kind=kind, **asked)
    ]


def dispute(boss: Staff, named: str = "272017", why: str = "The player says so.") -> Case:
    return working.dispute(
        provider="jdb",
        named=named,
        player="alice",
        amount=None,
        currency="",
        why=why,
        by=boss.user,
        at=timezone.now(),
    )


# -- What stands in it -----------------------------------------------------------------------------


def test_a_player_is_made_and_suspended(boss: Staff) -> None:
    assert boss.post("wallets/player/add/", uid="alice", status="active") == 302
    alice = Player.objects.get()
    no_wallets = {"wallets-TOTAL_FORMS": "0", "wallets-INITIAL_FORMS": "0"}
    path = f"wallets/player/{alice.pk}/change/"
    assert boss.post(path, status="suspended", **no_wallets) == 302
    assert told("players") == [
        ("boss", "Changed a player.", "alice", [("Status", "Active", "Suspended")], ""),
        ("boss", "Made a player.", "alice", [("Status", "", "Active")], ""),
    ]


def test_a_wallet_is_opened(boss: Staff) -> None:
    alice = Player.objects.create(uid="alice")
    assert boss.post("wallets/wallet/add/", player=str(alice.pk), currency="USD") == 302
    assert told("wallets") == [("boss", "Wallet: Added.", "alice USD", [], "")]


def test_somebody_joins_a_group_and_gets_another_password(boss: Staff, auditor: Staff) -> None:
    user = auditor.user
    before = trail(kind="users")
    form = {"username": "audrey", "is_active": "on", "is_staff": "on"}
    groups = [Group.objects.get(name="Viewer").pk, Group.objects.get(name="Finance").pk]
    path = f"auth/user/{user.pk}"
    assert boss.answer("post", f"{path}/change/", {**form, "groups": groups}).status_code == 302
    new = "an entirely new one 123"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    assert boss.post(f"{path}/password/", **form) == 302
    fresh = told("users")[: len(trail(kind="users")) - len(before)]
    assert fresh[0] == (
        "boss",
        "User: Changed password.",
        "audrey",
        [("Password", "", "changed")],
        "",
    )
    moved = [change for row in fresh[1:] for change in row[3]]
    assert ("Groups removed", "", "Auditor") in moved
    assert ("Groups added", "", "Finance, Viewer") in moved
    user.refresh_from_db()
    everything = repr(trail())
    assert user.password not in everything
    assert new not in everything


def test_a_role_gets_another_permission(boss: Staff) -> None:
    group = Group.objects.create(name="night shift")
    form = {"name": "night shift", "permissions": [_permission("view_case")]}
    assert boss.answer("post", f"auth/group/{group.pk}/change/", form).status_code == 302
    who, what, on, changes, _ = told("groups")[0]
    assert (who, what, on) == ("boss", "Changed a group.", "night shift")
    assert changes == [("Permissions added", "", "Can view case")]


def _permission(codename: str) -> int:
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename=codename).pk


def test_a_limit_is_set_raised_and_deleted(boss: Staff) -> None:
    group = Group.objects.get(name="Approver")
    form = {"group": str(group.pk), "currency": "USD", "amount": "100"}
    assert boss.post("reconciliation/adjustmentlimit/add/", **form) == 302
    limit = AdjustmentLimit.objects.get()
    path = f"reconciliation/adjustmentlimit/{limit.pk}"
    assert boss.post(f"{path}/change/", **{**form, "amount": "2500"}) == 302
    assert boss.post(f"{path}/delete/", post="yes") == 302
    assert [(who, what, changes) for who, what, _, changes, _ in told("limits")] == [
        ("boss", "Deleted an adjustment limit.", []),
        ("boss", "Changed an adjustment limit.", [("Amount", "100.00", "2,500.00")]),
        (
            "boss",
            "Made an adjustment limit.",
            [("Group", "", "Approver"), ("Currency", "", "USD"), ("Amount", "", "100.00")],
        ),
    ]


def test_a_case_is_opened_taken_and_closed(boss: Staff) -> None:
    case = Case.objects.get(pk=dispute(boss).pk)
    fay = member("fay", "Finance")
    at = timezone.now()
    working.take(case.pk, seen=working.stamp(case), by=fay.user, at=at)
    case.refresh_from_db()
    working.close(
        case.pk,
        seen=working.stamp(case),
        resolution=Resolution.NO_FAULT,
        why="It was in order.",
        by=fay.user,
        at=at,
    )
    name = f"#{case.pk} Dispute: jdb 272017"
    closed, taken, opened = told("cases")
    assert closed[:3] == ("fay", "Closed a case: not a fault.", name)
    assert ("Status", "Open", "Closed") in closed[3]
    assert closed[4] == "It was in order."
    assert taken == ("fay", "Took a case.", name, [("Owner", "boss", "fay")], "Taken.")
    assert opened[:2] == ("boss", "Opened a case.")


def test_an_adjustment_is_asked_for_and_approved(books: Books, boss: Staff) -> None:
    people.settle(25)
    owed = people.case("unsettled")
    books.open("alice", "USD", "100")
    fay, ann = people.finance(), people.approver()
    asked = people.ask(owed, people.PAY, fay)
    people.approve(asked, ann)
    on = f"#{asked.pk} jdb {asked.transaction_id}"
    approved, requested = told("adjustments")
    assert approved == (
        "ann",
        "Adjustment approved.",
        on,
        [("Status", "Requested", "Approved")],
        "Checked.",
    )
    assert requested[:3] == ("fay", "Asked for an adjustment: book what is missing.", on)
    assert requested[4] == "Their statement has it."


def test_a_statement_is_withdrawn_with_its_reason(boss: Staff) -> None:
    from tests.reconciliation.office.statements.test_uploads import GOOD, upload

    assert upload(boss, GOOD).status_code == 302
    from reconciliation.models import Statement

    (one,) = Statement.objects.all()
    path = f"reconciliation/statement/{one.pk}/withdraw/"
    assert boss.post(path, why="They sent another.") == 302
    rows = told("statements")
    assert [(who, what, why) for who, what, _, _, why in rows] == [
        ("boss", "Statement: Withdrawn.", "They sent another."),
        ("boss", "Statement: Imported.", ""),
    ]


def test_a_format_is_changed(boss: Staff) -> None:
    cage = StatementFormat.objects.get(name="cage")
    cage.pk, cage.name = None, "ours"
    cage._history_user = boss.user  # type: ignore[attr-defined]
    cage.save()
    try:
        cage.zone = "Asia/Bangkok"
        cage.save()
        who, what, on, changes, _ = told("formats")[0]
        assert (who, what, on) == ("boss", "Changed a statement format.", "ours")
        assert changes == [("Zone", "UTC", "Asia/Bangkok")]
    finally:
        cage.delete()


def test_what_cage_does_with_cases_by_itself_is_not_in_it(books: Books, providers: None) -> None:
    people.settle(25)
    assert people.case("unsettled")
    assert told("cases") == []


@pytest.mark.skipif(not apps.is_installed("axes"), reason="nobody writes logins down")
def test_who_came_in_and_who_did_not(auditor: Staff) -> None:
    came = {"user_agent": "x", "http_accept": "x", "path_info": "/admin/login/"}
    log, attempt, failure = (
        apps.get_model("axes", name) for name in ("AccessLog", "AccessAttempt", "AccessFailureLog")
    )
    log.objects.create(username="fay", ip_address="10.0.0.9", **came)
    with override_settings(AXES_ENABLE_ACCESS_FAILURE_LOG=False):
        attempt.objects.create(
            username="mallory", ip_address="10.9.9.9", failures_since_start=3, **came
        )
        found = [(one.who, one.what, one.address) for one in trail(kind="logins")]
    assert ("fay", "Logged in.", "10.0.0.9") in found
    assert ("mallory", "Failed 3 times.", "10.9.9.9") in found
    with override_settings(AXES_ENABLE_ACCESS_FAILURE_LOG=True):
        failure.objects.create(username="mallory", ip_address="10.9.9.9", locked_out=True, **came)
        (one,) = trail(person="mallory")
        assert (one.what, one.address) == ("Was locked out after failed logins.", "10.9.9.9")
        assert "10.9.9.9" in auditor.get(TRAIL, q="10.9.9")
    for model in (log, attempt, failure):
        model.objects.all().delete()


# -- Finding ---------------------------------------------------------------------------------------


def test_it_is_filtered_by_person_kind_day_and_text(boss: Staff, auditor: Staff) -> None:
    dispute(boss, "272017", "The <b>first</b> one")
    Player.objects.create(uid="alice")
    assert {one.who for one in trail(person="boss", user=boss.user)} == {"boss"}
    assert trail(person="nobody") == []
    assert {one.kind for one in trail(kind="players")} == {"players"}
    assert [one.on for one in trail(text="FIRST")] == [
        f"#{Case.objects.get().pk} Dispute: jdb 272017"
    ]
    today = timezone.localdate()
    assert trail(since=today)
    assert trail(until=today)
    assert trail(until=today - timedelta(days=1)) == []
    assert trail(since=today + timedelta(days=1)) == []
    page = auditor.get(TRAIL, person="boss", kind="cases", q="first")
    assert "Opened a case." in page
    assert "Looked through the last 90 days" in page
    assert "The &lt;b&gt;first&lt;/b&gt; one" in page
    assert "Nothing was done that fits." in auditor.get(TRAIL, q="no such thing")


def test_wrong_filters_are_told_and_limit_nothing(auditor: Staff) -> None:
    assert "Nothing is limited." in auditor.get(TRAIL, since="yesterday")
    page = auditor.get(TRAIL, since="2026-02-02", until="2026-01-01")
    assert "It ends before it begins." in page
    for after in ("x", "2026-01-01~1~1", "2026-01-01T00:00:00+00:00~x~1", "\0~~"):
        assert auditor.get(TRAIL, after=after)


def test_pages_follow_each_other_without_a_gap(boss: Staff) -> None:
    at = timezone.now()
    for number in range(7):
        case = dispute(boss, f"r-{number}")
        Case.history.filter(id=case.pk)  # type: ignore[attr-defined]
        Player.objects.create(uid=f"p-{number}")
    whole = trail()
    assert whole == sorted(whole, key=lambda one: one.at, reverse=True)
    found: list[Record] = []
    after: Place | None = None
    while True:
        page = reading.page(Asked(), after=after, count=3)
        found += page.records
        if page.older is None:
            break
        after = place(str(page.older))
        assert after == page.older
    assert found == whole
    assert len(whole) == len(set(map(repr, whole)))
    assert whole[0].at >= at


def test_rows_of_one_moment_are_neither_lost_nor_repeated(boss: Staff) -> None:
    at = timezone.now()
    history = Player.history.model  # type: ignore[attr-defined]
    for number in range(5):
        history.objects.create(
            id=number, uid=f"p-{number}", created_at=at, history_date=at, history_type="+"
        )
        LogEntry.objects.create(
            user=boss.user, object_repr=f"o-{number}", action_flag=1, action_time=at
        )
    whole = [one.on for one in reading.page(Asked(), after=None, count=50).records if one.at == at]
    found, after = [], None
    while True:
        page = reading.page(Asked(), after=after, count=2)
        found += [one.on for one in page.records if one.at == at]
        if (after := page.older) is None:
            break
    assert sorted(found) == sorted(whole)
    assert len(whole) == 10


def test_the_page_costs_the_same_however_much_was_done(boss: Staff, auditor: Staff) -> None:
    def act(name: str) -> None:
        dispute(boss, name)
        Player.objects.create(uid=name)
        member(f"user-{name}", "Viewer")
        group = Group.objects.create(name=name)
        AdjustmentLimit.objects.create(group=group, currency="USD", amount=1)
        LogEntry.objects.create(user=boss.user, object_repr=name, action_flag=1)
        exporting.export("cases", {}, "csv", io.BytesIO(), by=boss.user, at=timezone.now())

    act("a")
    few = auditor.queries(TRAIL)
    for number in range(12):
        act(f"b{number}")
    many = auditor.queries(TRAIL)
    assert len(many) == len(few)
    assert len(few) < 45
    assert not [sql for sql in many if "COUNT(" in sql.upper()]


# -- Who ---------------------------------------------------------------------------------------


def test_only_the_auditor_sees_it(auditor: Staff, boss: Staff) -> None:
    assert "Trail" in auditor.get("")
    for role in ("Viewer", "Finance", "Approver", "Operations"):
        other = member(role.lower(), role)
        assert other.answer("get", TRAIL, {}).status_code == 403
        assert other.answer("post", f"{TRAIL}take/", {}).status_code == 403
        assert f"/admin/{TRAIL}" not in other.get("")
    assert not Export.objects.exists()


def test_it_is_taken_as_a_file_and_that_is_in_it(auditor: Staff, boss: Staff) -> None:
    dispute(boss, "272017", HOSTILE)
    assert auditor.answer("get", f"{TRAIL}take/", {}).status_code == 405
    response: Any = auditor.answer("post", f"{TRAIL}take/", {"kind": "cases"})
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    response.close()
    headings, row = list(csv.reader(io.StringIO(content)))
    assert headings == ["At", "Who", "Kind", "What", "On", "Changed", "Why", "From"]
    assert row[1:4] == ["boss", "Cases", "Opened a case."]
    assert "\u202e" in row[6] or "\\u202e" in row[6]
    taken = Export.objects.get()
    assert (taken.what, taken.rows, taken.filters, taken.exported_by) == (
        "trail",
        1,
        {"kind": "cases"},
        auditor.user,
    )
    assert told("exports")[0][:2] == ("audrey", "Took out 1 rows: trail.")
    assert taken.file_name in auditor.get(TRAIL, kind="exports")


def test_hostile_text_is_shown_inert(auditor: Staff, boss: Staff) -> None:
    dispute(boss, "272017", HOSTILE + "x" * 10_000)
    page = auditor.get(TRAIL)
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(unescape(page)) < 200_000


@pytest.mark.parametrize(
    "table",
    [
        "django_admin_log",
        "reconciliation_historicalcase",
        "reconciliation_historicaladjustment",
        "reconciliation_historicaladjustmentlimit",
        "reconciliation_historicalstatementformat",
        "reconciliation_historicaluser",
        "reconciliation_historicaluser_groups",
        "reconciliation_historicalgroup",
        "reconciliation_historicalgroup_permissions",
        "wallets_historicalplayer",
        "reconciliation_export",
    ],
)
def test_nothing_on_record_can_be_rewritten(books: Books, table: str) -> None:
    column = connection.introspection.get_primary_key_column
    with connection.cursor() as cursor:
        key = column(cursor, table)
    for sql in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(sql)
