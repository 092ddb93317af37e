"""Totals of a statement beside those of our books, and our movements behind one of them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat
from django.urls import reverse
from django.utils.safestring import SafeString

from reconciliation.matching import totals
from reconciliation.models import Statement, Total
from reconciliation.office.statements import rows, zones
from reconciliation.office.statements.figures import counted, figure, signed
from wallets import pages
from wallets.instructions import CORRECTED, REVERSAL, Kind
from wallets.models import Entry, Transaction
from wallets.money import EXACT

AMOUNTS = ("debit", "credit", "net")


def shown(statement: Statement, found: Iterable[Total]) -> list[dict[str, Any]]:
    """What the provider states, ours, and the difference, for the template: one more query."""
    them = list(found)
    cases = rows.open_cases(statement.provider, {totals.subject(one) for one in them})
    return [row(statement, one, cases) for one in them]


def row(
    statement: Statement, total: Total, cases: Mapping[str, list[SafeString]]
) -> dict[str, Any]:
    """One total. Only what the provider states is compared."""
    query = {"total": str(total.number)}
    is_compared = total.our_count is not None
    return {
        "number": f"{total.number:,}",
        "grain": [pages.short(part) for part in (total.operation, total.uid) if part] or ["All"],
        "currency": pages.short(total.currency),
        "count": _count(total, is_compared),
        "amounts": [_amount(total, name, is_compared) for name in AMOUNTS],
        "cases": cases.get(totals.subject(total), []),
        "ours": reverse("admin:reconciliation_statement_ours", args=[statement.pk], query=query),
    }


def _count(total: Total, is_compared: bool) -> dict[str, Any]:
    theirs, ours = total.count, total.our_count
    left = Decimal(theirs - ours) if theirs is not None and ours is not None else None
    return {
        "theirs": counted(theirs),
        "ours": counted(ours if is_compared else None),
        "left": signed(left, places=0),
    }


def _amount(total: Total, name: str, is_compared: bool) -> dict[str, Any]:
    theirs: Decimal | None = getattr(total, name)
    ours = totals.ours_of(total, name) if is_compared else None
    left = EXACT.subtract(theirs, ours) if theirs is not None and ours is not None else None
    return {"theirs": figure(theirs), "ours": figure(ours), "left": signed(left)}


# -- Our side ------------------------------------------------------------------------------------


def entries(statement: Statement, total: Total) -> QuerySet[Entry]:
    """Our movements of the statement's window at the grain of `total`, as they are summed up:
    what two people reversed is left out."""
    window = {
        "provider": statement.provider,
        "at__gte": statement.start_at,
        "at__lt": statement.end_at,
    }
    # What they are numbered from and to: of a ledger of years only their entries are read.
    timed = Transaction.objects.alias(at=Coalesce("occurred_at", "posted_at")).filter(**window)
    span = timed.aggregate(first=Min("id"), last=Max("id"))
    found = Entry.objects.alias(at=Coalesce("transaction__occurred_at", "transaction__posted_at"))
    reversed_ = Transaction.objects.filter(
        provider=statement.provider,
        transaction_id=Concat(Value(f"{REVERSAL}:"), OuterRef("transaction__transaction_id")),
    )
    return found.filter(
        ~Exists(reversed_),
        _grain(total),
        transaction__provider=statement.provider,
        transaction_id__gte=span["first"] or 0,
        transaction_id__lte=span["last"] or 0,
        at__gte=statement.start_at,
        at__lt=statement.end_at,
        wallet__currency=total.currency,
    ).exclude(transaction__transaction_id__startswith=f"{REVERSAL}:")


def _grain(total: Total) -> Q:
    grain = Q(wallet__player__uid=total.uid) if total.uid else Q()
    if total.operation:
        begins = (f"{total.operation}:", f"{CORRECTED}:{total.operation}:")
        grain &= Q(transaction__transaction_id__startswith=begins[0]) | Q(
            transaction__transaction_id__startswith=begins[1]
        )
    return grain


def unindexed(key: str) -> Combinable:
    """The same order; the planner must not walk the whole table in it to find a day."""
    return F(key) + 0


def entries_shown(statement: Statement, found: Sequence[Entry]) -> list[dict[str, Any]]:
    zone = zones.of(statement.provider)
    return [
        {
            "named": pages.link(one.transaction, pages.short(one.transaction.transaction_id)),
            "kind": pages.tag(Kind(one.transaction.kind)),
            "player": pages.short(one.wallet.player.uid),
            "debit": pages.money(one.debit, one.wallet.currency),
            "credit": pages.money(one.credit, one.wallet.currency),
            "at": zones.moment(one.transaction.occurred_at or one.transaction.posted_at, zone),
        }
        for one in found
    ]


def with_all(found: QuerySet[Entry]) -> QuerySet[Entry]:
    return found.select_related("transaction", "wallet__player")
