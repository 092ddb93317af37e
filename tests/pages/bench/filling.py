"""Fill an empty demo database with a month of `count` transactions, in minutes."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from reconciliation.matching import matching
from reconciliation.models import Statement
from tests import conftest
from tests.pages.bench import books, inbox, office
from wallets.models import DatabaseMark, Transaction

MONTH = timedelta(days=30)
TABLES = "wallets_%", "providers_%", "reconciliation_%"


def fill(count: int, *, players: int = 20_000) -> User:
    """The books, the inbox and the office's work; returns the superuser who did it."""
    if not DatabaseMark.is_demo() or Transaction.objects.exists():
        sys.exit("This is for an empty demo database: choose a CAGE_HOME that can be deleted.")
    user = User.objects.create_superuser("bench")
    other = User.objects.create_user("other", is_staff=True)
    end = timezone.now().replace(microsecond=0)
    known: dict[str, Any] = {"count": count, "players": players, "cases": max(count // 50, 40)}
    known |= {"start": end - MONTH, "end": end, "headers": inbox.HEADERS}
    known |= {"user": user.pk, "other": other.pk}
    with connections["owner"].cursor() as cursor:

        def run(what: str, sql: str, **more: Any) -> None:
            timed(what, lambda: cursor.execute(sql, known | more))

        run("players", books.PLAYERS)
        run("books", books.GAMES)
        run("callbacks", inbox.CALLBACKS)
        run("unauthentic", inbox.UNAUTHENTIC)
        run("cases", office.CASES)
        run("adjustments", office.ADJUSTMENTS)
        run("exports", office.EXPORTS)
        for model, at in (("case", "opened_at"), ("adjustment", "requested_at")):
            columns = ", ".join(_columns(cursor, f"reconciliation_{model}"))
            sql = office.HISTORY.format(model=model, columns=columns, at=at)
            run(f"history of {model}s", sql)
        cursor.execute("DROP TABLE made")
        for provider in ("besoft", "hotroad"):
            statement = _statement(provider, known["start"], known["end"], user)
            window = {"start": statement.start_at, "end": statement.end_at}
            run("lines", office.LINES, statement=statement.pk, provider=provider, **window)
            _tidy(cursor)
            timed("matching", lambda one=statement: matching.match(one, at=end))  # type: ignore[misc]
        _tidy(cursor)
    return user


def empty() -> None:
    """Nothing is left, as the tests do it."""
    connections["default"].close()
    conftest.empty_the_books()


def _statement(provider: str, start: datetime, end: datetime, user: User) -> Statement:
    """12 days hold 100,000 of the 250,000 movements that each provider has in a month."""
    begins = (start + timedelta(days=2)).astimezone(UTC).replace(hour=0, minute=0, second=0)
    return Statement.objects.create(
        provider=provider,
        format_id=1,
        file_name=f"{provider}.csv",
        sha256=f"{provider:0>64}",
        size=9_000_000,
        start_at=begins,
        end_at=min(begins + timedelta(days=12), end),
        rows=100_000,
        imported_at=end,
        imported_by=user,
    )


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )
    return [name for (name,) in cursor.fetchall()]


def _tidy(cursor: Any) -> None:
    cursor.execute(
        "SELECT relid::regclass::text FROM pg_stat_user_tables "
        "WHERE relname LIKE ANY (%s) ORDER BY 1",
        [list(TABLES)],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f"VACUUM ANALYZE {table}")


def timed(what: str, do: Callable[[], object]) -> None:
    started = time.monotonic()
    do()
    print(f"{what:<24}{time.monotonic() - started:>8.1f} s", file=sys.stderr, flush=True)
