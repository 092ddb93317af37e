"""Every page of the admin that can be opened: its lists with each filter, its pages with a sample.

Found by walking the admin's own URL patterns, so that a new page is measured without being named
here. A page with parameters of its own gets them from SAMPLES, by the name of its URL.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, Model
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from providers.models import Callback, Outcome
from reconciliation import deeds
from reconciliation.models import Case, Line, Statement
from wallets import lists, pages
from wallets.models import Player, Transaction, Wallet

WHALE = "player00007"  # Plays one round in twenty.
# Answers that are no pages: they do something, lead elsewhere or are data for a widget.
SKIPPED = {"login", "logout", "jsi18n", "autocomplete", "view_on_site", "app_list"}
SKIPPED |= {"reconciliation_statement_match", "reconciliation_statement_import_"}
SKIPPED |= {"reconciliation_statementformat_import_", "reconciliation_case_replay"}
SKIPPED |= {"reconciliation_statement_ours"}  # Of a statement with totals.
SKIPPED |= {"reconciliation_case_keep", "reconciliation_case_unkeep", "reconciliation_case_many"}
SKIPPED |= {"reconciliation_case_file", "admin_logentry_take"}
DELETING = ("_delete", "_history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address below the root; `name` is the same in a small database."""

    name: str
    url: str


def searches() -> dict[type[Model], dict[str, str]]:
    """What is typed into a search box, by what it finds."""
    middle = _middle_transaction()
    case = Case.objects.order_by("-id").first()
    assert case is not None
    ours = {"reference": middle.reference, "transaction id": middle.transaction_id}
    player = {"player": "player00500", "busiest player": WHALE}
    return {
        Player: {"player": "player00500", "ten thousand players": "player0"},
        Wallet: {"player": "player00500", "ten thousand players": "player0"},
        Transaction: {**ours, **player},
        admin_model("wallets.entry"): {**ours, **player},
        Callback: {**ours, "number": f"#{_middle(Callback)}"},
        Case: {"reference": case.reference, "player": case.player, "number": f"#{case.pk}"},
        admin_model("reconciliation.adjustment"): {"id": "adjustment:1"},
    }


# The name of a URL -> the parameters of each sample of it, where they are not one object's number.
SAMPLES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "reconciliation_case_do": lambda: [
        {"case_id": _open_case(), "slug": slug} for slug in deeds.DEEDS if deeds.DEEDS[slug].asks
    ],
    "reconciliation_case_adjust": lambda: [
        {"case_id": _open_case(), "word": word} for word in ("free",)
    ],
}
# The name of a URL -> queries that make other pages of it.
QUERIES: dict[str, Callable[[], list[str]]] = {
    "reconciliation_statement_rows": lambda: [
        "bucket=matched",
        f"bucket=matched&after={_middle_match()}",
        "bucket=only_in_ledger",
        f"q={_line().transaction_id}",
        f"q={WHALE}",
        "q=nothing",
    ],
    "wallets_entry_changelist": lambda: [f"wallet__id__exact={_whale_wallet()}"],
    "wallets_player_change": lambda: ["since=2020-01-01"],
    "admin_logentry_changelist": lambda: ["kind=case", "q=nothing"],
    "search": lambda: [
        f"q={_middle_transaction().reference}",
        f"q={WHALE}",
        "q=player0",
        "q=nothing-is-called-so",
    ],
    "round_story": lambda: [
        f"reference={_middle_transaction().reference}",
        f"round={_middle_transaction().round_id}",
    ],
}


def places(client: Client) -> Iterator[Place]:
    """All of them, as this person may open them."""
    for name, model in _names(admin.site.urls[0]):
        if name.endswith("_changelist") and model is not None:
            yield from _lists(name, model, client)
        for number, parameters in enumerate(_parameters(name, model)):
            try:
                url = reverse(f"admin:{name}", kwargs=parameters)
            except NoReverseMatch:
                continue
            label = name if number == 0 else f"{name} {number + 1}"
            yield Place(name=label, url=url)
            if number == 0:
                yield from _with_queries(name, url)
    yield from _of_no_table()


def samples() -> Iterator[Place]:
    """Each page once or a few times, without the lists' filters and searches."""
    for name, model in _names(admin.site.urls[0]):
        for number, parameters in enumerate(_parameters(name, model)):
            yield Place(
                name=f"{name} {number + 1}", url=reverse(f"admin:{name}", kwargs=parameters)
            )
    yield from _of_no_table()


def _of_no_table() -> Iterator[Place]:
    """The search, and the story of one transaction."""
    yield from _with_queries("search", reverse("search"))
    yield from _with_queries(
        "round_story", reverse("round_story", args=[_middle_transaction().provider])
    )


def _with_queries(name: str, url: str) -> Iterator[Place]:
    for nth, query in enumerate(QUERIES.get(name, list)(), start=1):
        yield Place(name=f"{name} ?{nth} {query.split('=')[0]}", url=f"{url}?{quote(query, '=&')}")


def _middle_transaction() -> Transaction:
    """Of one kind, so that its pages have the same parts however many rows there are."""
    alike = Transaction.objects.filter(provider="jdb", kind="settlement")
    return alike.filter(id__gte=_middle(Transaction)).order_by("id")[0]


def _names(patterns: Any) -> Iterator[tuple[str, type[Model] | None]]:
    models = {f"{m._meta.app_label}_{m._meta.model_name}": m for m in admin.site._registry}
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            name = pattern.name
            if name in SKIPPED or name.endswith(DELETING):
                continue
            prefixes = [p for p in models if name.startswith(f"{p}_")]
            model = models[max(prefixes, key=len)] if prefixes else None
            if name.endswith("_add") and _is_read_only(model):
                continue  # Nobody may: nothing is added by hand there.
            yield name, model


def _is_read_only(model: type[Model] | None) -> bool:
    return model is not None and isinstance(admin.site._registry[model], pages.ReadOnly)


def _parameters(name: str, model: type[Model] | None) -> list[dict[str, Any]]:
    """The samples of one page: the newest object and one in the middle, unless named above."""
    if name in SAMPLES:
        return SAMPLES[name]()
    try:
        reverse(f"admin:{name}")
    except NoReverseMatch:
        pass
    else:
        return [{}]
    if model is None:
        return []
    for parameter in ("object_id", f"{model._meta.model_name}_id", "id", "pk"):
        try:
            reverse(f"admin:{name}", kwargs={parameter: 1})
        except NoReverseMatch:
            continue
        return [{parameter: number} for number in _numbers(model)]
    return []


def _numbers(model: type[Model]) -> list[Any]:
    ids = model._default_manager.order_by("-pk").values_list("pk", flat=True)
    if not isinstance(ids.first(), int):
        return list(ids[:1])
    special: dict[type[Model], list[Any]] = {
        Player: list(Player.objects.filter(uid=WHALE).values_list("pk")[:1]),
        Callback: list(Callback.objects.filter(outcome=Outcome.CONFLICT).values_list("pk")[:1]),
        Case: [_open_case()],
    }
    middle = ids.filter(pk__lte=_middle(model)).first()
    numbers = [ids.first(), middle, *special.get(model, [])]
    flat = [one[0] if isinstance(one, tuple) else one for one in numbers]
    return [one for one in dict.fromkeys(flat) if one is not None]


def _lists(name: str, model: type[Model], client: Client) -> Iterator[Place]:
    """Each choice of each filter, a deep page, and what its search finds and doesn't find."""
    url = reverse(f"admin:{name}")
    context = client.get(url).context
    if "cl" not in context:
        return  # A page of its own.
    shown: ChangeList = context["cl"]
    deep = _deep(shown, model)
    for spec in shown.filter_specs:
        for choice in spec.choices(shown):
            query = str(choice.get("query_string") or "")
            if query and query != "?":
                label = f"{name} {spec.title}={choice['display']}"
                yield Place(name=label, url=url + query)
                yield Place(name=f"{label}, deep", url=f"{url}{query}&{deep}")
    yield Place(name=f"{name}, deep", url=f"{url}?{deep}")
    if shown.search_fields:
        terms = {"nothing": "nothing-is-called-so", **searches().get(model, {})}
        for label, term in terms.items():
            yield Place(name=f"{name} search {label}", url=f"{url}?q={term.replace('#', '%23')}")


def _deep(shown: ChangeList, model: type[Model]) -> str:
    """The page in the middle: behind a number, or so many pages on."""
    if isinstance(shown, lists.PagedList):
        return f"{lists.BEFORE}={_middle(model)}"
    return f"p={max(_middle(model) // 50, 2)}"


def _middle(model: type[Model]) -> int:
    if not isinstance(
        model._default_manager.order_by("pk").values_list("pk", flat=True).first(), int
    ):
        return 0
    ends = model._default_manager.aggregate(first=Min("pk"), last=Max("pk"))
    return ((ends["first"] or 0) + (ends["last"] or 0)) // 2


def _open_case() -> int:
    found = Case.objects.exclude(status="closed").order_by("id").first()
    assert found is not None
    return found.pk


def _line() -> Line:
    found = Line.objects.filter(statement=Statement.objects.latest("id")).order_by("id").first()
    assert found is not None
    return found


def _middle_match() -> int:
    found = Statement.objects.latest("id").matches.aggregate(first=Min("pk"), last=Max("pk"))
    return (found["first"] + found["last"]) // 2


def _whale_wallet() -> int:
    return Wallet.objects.filter(player__uid=WHALE).order_by("-sequence").values_list("pk")[0][0]


def admin_model(label: str) -> type[Model]:
    return next(model for model in admin.site._registry if model._meta.label_lower == label)
