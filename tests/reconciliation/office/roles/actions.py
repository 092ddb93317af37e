"""Everything that can be done by posting, each with a form that is valid: who may is the matrix."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from reconciliation import manual_replays, working
from reconciliation.adjustments import guards, proposals
from reconciliation.models import AdjustmentLimit, Case, Statement, StatementFormat
from reconciliation.office.work import many_desk, saved
from reconciliation.statements import formats
from tests import staff
from tests.reconciliation.adjustments import people
from tests.reconciliation.office.roles.world import World
from tests.reconciliation.office.statements import days
from tests.reconciliation.office.statements.test_formats import ASKED, COLUMNS, REPORT
from tests.reconciliation.office.statements.test_uploads import GOOD, HEADINGS, NO_SUMS
from wallets.models import Player

Post = tuple[str, dict[str, Any]]
CASE, ADJUSTMENT = "reconciliation/case", "reconciliation/adjustment"
STATEMENT, FORMAT = "reconciliation/statement", "reconciliation/statementformat"


def deed(slug: str, **form: Any) -> Callable[[World], Post]:
    def post(world: World) -> Post:
        case = world.dispute()
        return f"{CASE}/{case.pk}/do/{slug}/", {"seen": working.stamp(case), **form}

    return post


def hand_over(world: World) -> Post:
    to = User.objects.get(username="finance")
    return deed("hand-over", to=to.pk, why="Holidays.")(world)


def wait(world: World) -> Post:
    until = timezone.localdate() + timedelta(days=3)
    return deed("wait", until=until.isoformat(), why="For the provider.")(world)


def replay(world: World) -> Post:
    case = world.owed()
    seal = manual_replays.plan(case, at=timezone.now()).seal
    return f"{CASE}/{case.pk}/replay/", {"seal": seal, "why": "The player is there."}


def dispute(world: World) -> Post:
    return f"{CASE}/dispute/", {"provider": "jdb", "named": world.name("d-"), "why": "Doubtful."}


def ask_to_pay(world: World) -> Post:
    case = world.owed()
    seal = proposals.of(case, people.PAY).seal
    form = {"seal": seal, "why": "unreported", "text": "JDB says so."}
    return f"{CASE}/{case.pk}/adjust/pay/", form


def ask_by_hand(world: World) -> Post:
    case = world.dispute()
    form = {
        "seen": guards.seen(case),
        "request_id": str(uuid4()),
        "uid": "alice",
        "currency": "USD",
        "direction": "credit",
        "amount": "3.50",
        "why": "goodwill",
        "text": "For the trouble.",
    }
    return f"{CASE}/{case.pk}/adjust/free/", form


def decide(word: str) -> Callable[[World], Post]:
    def post(world: World) -> Post:
        asked = world.asked()
        return f"{ADJUSTMENT}/{asked.pk}/do/{word}/", {"seal": asked.seal, "text": "Checked."}

    return post


def upload(world: World) -> Post:
    Statement.objects.filter(status="imported").update(status="withdrawn")
    file = SimpleUploadedFile("jdb.csv", f"{HEADINGS}\n{GOOD}\n".encode())
    format = StatementFormat.objects.get(name="cage")
    form = {"provider": "jdb", "format": format.pk, "day": "2026-11-20", **NO_SUMS, "file": file}
    return f"{STATEMENT}/import/", form


def about_statement(word: str, **form: Any) -> Callable[[World], Post]:
    def post(world: World) -> Post:
        Statement.objects.filter(status="imported").update(status="withdrawn")
        return f"{STATEMENT}/{days.statement().pk}/{word}/", form

    return post


def make_format(world: World) -> Post:
    sample = SimpleUploadedFile("day.csv", REPORT.encode())
    form = {**ASKED, **COLUMNS, "name": world.name("format-"), "sample": sample, "save": "yes"}
    return f"{FORMAT}/new/", form


def change_format(world: World) -> Post:
    cage = StatementFormat.objects.get(name="cage")
    cage.pk, cage.name = None, world.name("format-")
    cage.save()
    form = {**ASKED, **COLUMNS, "name": cage.name, "save": "yes"}
    return f"{FORMAT}/{cage.pk}/edit/", form


def import_format(world: World) -> Post:
    said = json.loads(formats.as_json(StatementFormat.objects.get(name="cage")))
    said["name"] = world.name("format-")
    file = SimpleUploadedFile("format.json", json.dumps(said).encode())
    return f"{FORMAT}/import/", {"file": file}


def make_player(world: World) -> Post:
    return "wallets/player/add/", {"uid": world.name("new"), "status": "active"}


def suspend(world: World) -> Post:
    player = Player.objects.create(uid=world.name("new"))
    none = {"wallets-TOTAL_FORMS": "0", "wallets-INITIAL_FORMS": "0"}
    return f"wallets/player/{player.pk}/change/", {"status": "suspended", **none}


def open_wallet(world: World) -> Post:
    player = Player.objects.create(uid=world.name("new"))
    return "wallets/wallet/add/", {"player": player.pk, "currency": "USD"}


def make_user(world: World) -> Post:
    password = {"password1": staff.PASSWORD, "password2": staff.PASSWORD}
    form = {"username": world.name("user"), "usable_password": "true", **password}
    return "auth/user/add/", form


def promote(world: World) -> Post:
    user = User.objects.create_user(world.name("user"))
    form = {"username": user.username, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    return f"auth/user/{user.pk}/change/", form


def join_approvers(world: World) -> Post:
    user = User.objects.create_user(world.name("user"), is_staff=True)
    group = Group.objects.get(name="Approver").pk
    form = {"username": user.username, "is_active": "on", "is_staff": "on", "groups": [group]}
    return f"auth/user/{user.pk}/change/", form


def set_password(world: World) -> Post:
    user = User.objects.create_user(world.name("user"))
    new = {"password1": staff.PASSWORD, "password2": staff.PASSWORD, "usable_password": "true"}
    return f"auth/user/{user.pk}/password/", new


def remove(path: str, make: Callable[[World], Any]) -> Callable[[World], Post]:
    return lambda world: (f"{path}/{make(world).pk}/delete/", {"post": "yes"})


def remove_selected(path: str, make: Callable[[World], Any]) -> Callable[[World], Post]:
    def post(world: World) -> Post:
        chosen = str(make(world).pk)
        return f"{path}/", {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}

    return post


def group(world: World) -> Group:
    return Group.objects.create(name=world.name("group"))


def change_group(world: World) -> Post:
    made = group(world)
    return f"auth/group/{made.pk}/change/", {"name": f"{made.name} and more"}


def limit(world: World) -> AdjustmentLimit:
    return AdjustmentLimit.objects.create(group=group(world), currency="USD", amount=1)


def add_limit(world: World) -> Post:
    form = {"group": group(world).pk, "currency": "USD", "amount": "100"}
    return "reconciliation/adjustmentlimit/add/", form


def raise_limit(world: World) -> Post:
    made = limit(world)
    form = {"group": made.group_id, "currency": "USD", "amount": "9999"}
    return f"reconciliation/adjustmentlimit/{made.pk}/change/", form


def run_anything(world: World) -> Post:
    task = PeriodicTask.objects.get(name="matrix")
    form = {"name": "matrix", "task": "os.system", "args": '["ls"]'}
    return f"django_celery_beat/periodictask/{task.pk}/change/", form


def edit_case(world: World) -> Post:
    return f"{CASE}/{world.dispute().pk}/change/", {"status": "closed", "resolution": "void"}


def many(path: str, **form: str) -> Callable[[World], Post]:
    """Two cases that are ticked in the list, each with what its reader saw of it."""

    def post(world: World) -> Post:
        cases = [world.dispute(), world.dispute()]
        seen = [many_desk.stamped(one) for one in cases]
        ticked = [str(one.pk) for one in cases]
        return f"{CASE}/{path}", {"_selected_action": ticked, "seen": seen, **form}

    return post


def take_many(world: World) -> Post:
    case = world.owed()
    ticked = {"_selected_action": str(case.pk), "seen": many_desk.stamped(case)}
    return f"{CASE}/?list=open", {"action": "take_many", **ticked}


def hand_over_many(world: World) -> Post:
    to = User.objects.get(username="finance")
    return many("many/hand-over/", to=str(to.pk), why="Holidays.")(world)


def attach(world: World) -> Post:
    file = SimpleUploadedFile("mail.txt", world.name("They say so: ").encode())
    return f"{CASE}/{world.dispute().pk}/attach/", {"file": file, "why": "Their mail."}


def keep_list(world: World) -> Post:
    return f"{CASE}/kept/", {"name": world.name("mine "), "query": "list=open"}


def drop_list(world: World) -> Post:
    kept = saved.save(
        name=world.name("hers "),
        query="list=open",
        is_shared=True,
        by=User.objects.get(username="rita"),
        at=timezone.now(),
    )
    return f"{CASE}/kept/{kept.pk}/delete/", {}


def reset_login(world: World) -> Post:
    user = User.objects.create_user(world.name("user"), is_staff=True)
    staff.Staff(user)
    return f"one-time-password/of/{user.pk}/", {"do": "reset"}


def take(path: str, **form: str) -> Callable[[World], Post]:
    return lambda world: (path, form)


def case(world: World) -> Case:
    return world.dispute()


ACTIONS: Mapping[str, Callable[[World], Post]] = {
    "take a case": deed("take"),
    "hand a case over": hand_over,
    "put a case off": wait,
    "write notes": deed("notes", notes="x", tickets="T-1"),
    "close a case": deed("close", resolution="no_fault", why="In order."),
    "open a dispute": dispute,
    "say something about a case": deed("comment", text="They called."),
    "lay a file to a case": attach,
    "take ticked cases": take_many,
    "hand ticked cases over": hand_over_many,
    "close ticked cases": many("many/close/", resolution="no_fault", why="In order."),
    "keep a list": keep_list,
    "drop another's list": drop_list,
    "take an evidence pack": lambda world: (f"{CASE}/{world.dispute().pk}/pack/", {"for": ""}),
    "edit a case in place": edit_case,
    "delete a case": remove(CASE, case),
    "delete selected cases": remove_selected(CASE, case),
    "settle a delivery again": replay,
    "ask to book what is missing": ask_to_pay,
    "ask to move money by hand": ask_by_hand,
    "approve an adjustment": decide("approve"),
    "reject an adjustment": decide("reject"),
    "withdraw another's request": decide("withdraw"),
    "import a statement": upload,
    "match a statement again": about_statement("match"),
    "withdraw a statement": about_statement("withdraw", why="They sent another."),
    "make a format": make_format,
    "change a format": change_format,
    "import a format": import_format,
    "take an export of cases": take("take/cases/", format="csv"),
    "take an export of transactions": take("take/transactions/", format="csv"),
    "take the journal": take("take/journal/", format="journal"),
    "take the trail": take("admin/logentry/take/"),
    "make a player": make_player,
    "suspend a player": suspend,
    "delete a player": remove(
        "wallets/player", lambda world: Player.objects.create(uid=world.name("new"))
    ),
    "open a wallet": open_wallet,
    "make a user": make_user,
    "make somebody a superuser": promote,
    "put somebody into Approver": join_approvers,
    "set another's password": set_password,
    "reset another's one-time passwords": reset_login,
    "delete a user": remove(
        "auth/user", lambda world: User.objects.create_user(world.name("user"))
    ),
    "make a group": lambda world: ("auth/group/add/", {"name": world.name("group")}),
    "change a group": change_group,
    "delete a group": remove("auth/group", group),
    "delete selected groups": remove_selected("auth/group", group),
    "set a limit": add_limit,
    "raise a limit": raise_limit,
    "delete a limit": remove("reconciliation/adjustmentlimit", limit),
    "change a periodic task": run_anything,
}
