"""A wallet's statement: every movement of some days with the running balance, and its sums.

Entries carry no time of their own, and are numbered in each wallet without a gap. Their numbers
grow with the time of posting, so the first one of a day is found by halving: one statement, some
twenty probes of the index, however long the wallet's life. Two postings that overlapped at midnight
stay in the order in which the balance moved.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from reconciliation.office.statements import paging
from wallets.models import Entry, Wallet
from wallets.money import ZERO

MOST = 200_000  # Entries that are summed up for a page.

FIRST = """
WITH RECURSIVE halved (low, high) AS (
    SELECT 1::bigint, %(numbers)s::bigint + 1
    UNION ALL
    SELECT CASE WHEN t.posted_at < %(at)s THEN middle + 1 ELSE low END,
           CASE WHEN t.posted_at < %(at)s THEN high ELSE middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM halved WHERE low < high) part
    JOIN wallets_entry e ON e.wallet_id = %(wallet)s AND e.sequence = middle
    JOIN wallets_transaction t ON t.id = e.transaction_id
)
SELECT max(low) FROM halved
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """From the first day to the last one, both included, in the active zone."""

    first: date
    last: date
    problem: str = ""

    @property
    def start_at(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def end_at(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.after, time.min))

    @property
    def after(self) -> date:
        return self.last + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`debit` and `credit` are None where there are too many entries to sum up for a page."""

    wallet: Wallet
    days: Days
    count: int
    opening: Decimal
    closing: Decimal
    debit: Decimal | None
    credit: Decimal | None
    page: paging.Page[Entry]


def days(request: HttpRequest, today: date) -> Days:
    """Those that the address asks for; this month where it doesn't, or not sensibly."""
    month = Days(first=today.replace(day=1), last=today)
    stated = [request.GET.get(name, "") for name in ("since", "until")]
    if not any(stated):
        return month
    try:
        first, last = (date.fromisoformat(word) if word else None for word in stated)
    except ValueError:
        return Days(first=month.first, last=today, problem="That is no day: this month is shown.")
    chosen = Days(first=first or date(2000, 1, 1), last=last or today)
    if chosen.first > chosen.last or chosen.last.year > 9000 or chosen.first.year < 1000:
        problem = "The first day is after the last one: this month is shown."
        return Days(first=month.first, last=today, problem=problem)
    return chosen


def of(wallet: Wallet, days: Days, request: HttpRequest) -> Statement:
    """The page of it that the address asks for, oldest first; a constant number of queries."""
    first, after = _first(wallet, days.start_at), _first(wallet, days.end_at)
    found = Entry.objects.filter(wallet=wallet, sequence__gte=first, sequence__lt=after)
    sums = _sums(found) if after - first <= MOST else (None, None)
    page = paging.page(found.select_related("transaction"), request, key="sequence")
    return Statement(
        wallet=wallet,
        days=days,
        count=after - first,
        opening=_balance(wallet, first - 1),
        closing=_balance(wallet, after - 1),
        debit=sums[0],
        credit=sums[1],
        page=page,
    )


def _first(wallet: Wallet, at: datetime) -> int:
    """The number of the first entry posted at `at` or later; one past the last where none was."""
    values: dict[str, int | datetime] = {"wallet": wallet.pk, "numbers": wallet.sequence, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(FIRST, values)
        (number,) = cursor.fetchone()
    return int(number)


def _balance(wallet: Wallet, number: int) -> Decimal:
    """After the entry of this number; a wallet begins empty."""
    if number == 0:
        return ZERO
    return Entry.objects.values_list("balance_after", flat=True).get(wallet=wallet, sequence=number)


def _sums(found: QuerySet[Entry]) -> tuple[Decimal, Decimal]:
    sums = found.aggregate(debit=Sum("debit"), credit=Sum("credit"))
    return sums["debit"] or ZERO, sums["credit"] or ZERO
