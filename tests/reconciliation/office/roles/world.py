"""One of everything that the admin shows, who comes to it, and whether anything was changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from providers.models import Callback, Unauthentic
from reconciliation import exporting, working
from reconciliation.models import AdjustmentLimit, Case, Statement, StatementFormat
from reconciliation.office.roles import table
from tests import staff
from tests.cast import Books
from tests.reconciliation.adjustments import people
from tests.reconciliation.office.statements import days
from wallets.models import Entry, Player, Transaction, Wallet

NOBODY = ("anonymous", "a player", "no role")
WHO = (*NOBODY, *table.ROLES, "superuser")
# What is written by being there, or by Django for itself.
NOT_COMPARED = ("django_session", "django_migrations")


@dataclass
class World:
    """The books and everybody's browser."""

    books: Books
    clients: Mapping[str, Client] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(500_001))

    # -- New things, one for each attempt ----------------------------------------------------

    def owed(self) -> Case:
        """A settlement that failed for a player who was not there, and is by now."""
        number = next(self.numbers)
        people.settle(25, uid=f"player{number}", transferId=number)
        people.bookkeeping()
        self.books.open(f"player{number}", "USD", "100")
        return Case.objects.get(subject=f"settle:{number}", kind="unsettled")

    def dispute(self) -> Case:
        """Any case that nobody has looked at."""
        made = working.dispute(
            provider="jdb",
            named=f"r-{next(self.numbers)}",
            player="",
            amount=None,
            currency="",
            why="The player says so.",
            by=User.objects.get(username="rita"),
            at=timezone.now(),
        )
        return Case.objects.get(pk=made.pk)

    def asked(self) -> Any:
        """An adjustment that rita of finance asked for."""
        return people.ask(self.owed(), people.PAY, User.objects.get(username="rita"))

    def name(self, word: str) -> str:
        return f"{word}{next(self.numbers)}"


def build(books: Books) -> World:
    days.book(books)
    days.statement(rejected=[("x;y", "row 9 can't be read")])
    rita = User.objects.create_user("rita", is_staff=True)
    rita.groups.add(Group.objects.get(name="Finance"))
    approvers = Group.objects.get(name="Approver")
    AdjustmentLimit.objects.create(group=approvers, currency="USD", amount=Decimal(1000))
    world = World(books=books)
    world.clients = {who: _client(who) for who in WHO}
    world.asked()
    Unauthentic.objects.create(
        provider="jdb", address="10.0.0.1", minute=timezone.now(), count=1, reason="x", sample=b"x"
    )
    _export(rita)
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period="minutes")
    PeriodicTask.objects.get_or_create(name="matrix", task="x", defaults={"interval": every})
    return world


def _export(by: User) -> None:
    import io

    exporting.export("cases", {}, "csv", io.BytesIO(), by=by, at=timezone.now())


def _client(who: str) -> Client:
    """A browser in which `who` is logged in."""
    if who == "anonymous":
        return Client()
    name = who.replace(" ", "-").lower()
    user = User.objects.create_user(
        name, is_staff=who != "a player", is_superuser=who == "superuser"
    )
    if who in table.ROLES:
        user.groups.add(Group.objects.get(name=who))
    return staff.Staff(user).client


def clear() -> None:
    """What the books' own cleaning doesn't know of."""
    PeriodicTask.objects.filter(name="matrix").delete()
    IntervalSchedule.objects.all().delete()


# -- Asking ----------------------------------------------------------------------------------------


def ask(client: Client, method: str, path: str, form: Mapping[str, Any] | None = None) -> str:
    """What becomes of it, in a word."""
    with override_settings(**staff.PLAIN):
        response: HttpResponse = getattr(client, method)(path, form or {})
    try:
        return word(response)
    finally:
        response.close()


def word(response: HttpResponse) -> str:
    if response.status_code in (301, 302):
        return "login" if "/login/" in response["Location"] else "goes on"
    return {200: "opens", 422: "opens"}.get(response.status_code, str(response.status_code))


def contents() -> dict[str, str]:
    """A digest of each table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND "
            "relnamespace = 'public'::regnamespace AND NOT relname = ANY(%s) ORDER BY 1",
            [list(NOT_COMPARED)],
        )
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            " UNION ALL ".join(
                f"""SELECT '{name}', md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), ''))
                    FROM "{name}" x"""
                for name in names
            )
        )
        return dict(cursor.fetchall())


# -- Every address of the admin --------------------------------------------------------------------


def routes() -> list[str]:
    """Every pattern below /admin/, as Django resolves it."""
    found = dict.fromkeys(_walk(get_resolver().url_patterns))
    return sorted(route for route in found if route.startswith("admin/"))


def _walk(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _walk(pattern.url_patterns, route)


MODELS = {
    model._meta.label_lower.replace(".", "/"): model
    for model in (
        *(Player, Wallet, Transaction, Entry, Callback, Unauthentic, Case, Statement),
        *(StatementFormat, AdjustmentLimit, User, Group, PeriodicTask),
    )
}


def example(route: str) -> str:
    """An address that `route` takes, of something that is there.

    Raises KeyError for a parameter that nobody has decided about.
    """
    if route.endswith("(?P<url>.*)$"):
        return "/admin/no/such/page/"
    if route.startswith("admin/rounds/"):
        booked = Transaction.objects.filter(provider="jdb")[0]
        return f"/admin/rounds/jdb/?reference={booked.reference}"
    if "app_label" in route:
        return "/admin/reconciliation/"
    path = route.replace("^([^/]+)/history/([^/]+)/$", "<path:object_id>/history/<version>/")
    about = "/".join(path.split("/")[1:3])
    for parameter, value in {**EXAMPLES, **_of(about)}.items():
        path = path.replace(parameter, str(value))
    if "<" in path:
        raise KeyError(f"Nobody has decided who may open {route}: give its parameter an example.")
    return f"/{path}"


EXAMPLES = {
    "<path:content_type_id>/<path:object_id>": "1/1",
    "<slug:what>": "cases",
    "<int:number>": "1",
    "<int:saved_id>": "1",
    "<slug:slug>": "close",
    "case/<int:case_id>/adjust/<slug:word>": "case/<int:case_id>/adjust/free",
    "<slug:word>": "approve",
    "<version>": "1",
}


def _of(about: str) -> dict[str, Any]:
    """The parameters that stand for a row, with one that is there."""
    from reconciliation.models import Adjustment, Export

    models: dict[str, Any] = {
        **MODELS,
        "reconciliation/adjustment": Adjustment,
        "reconciliation/export": Export,
        "one-time-password/of": User,
    }
    model = models.get(about)
    if model is None:
        return {}
    rows = model.objects.exclude(username="superuser") if model is User else model.objects
    pk = rows.order_by("pk").values_list("pk", flat=True)[0]
    keys = ["<path:object_id>", "<id>", "<int:user_id>", "<int:case_id>", "<int:adjustment_id>"]
    return dict.fromkeys([*keys, "<int:statement_id>", "<int:format_id>"], pk)
