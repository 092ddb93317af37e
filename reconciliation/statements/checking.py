"""What a file has to hold before it counts: what was stated of it, and its provider's lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Sum

from providers.registry import Provider
from reconciliation.models import Line, Statement
from reconciliation.statements.refused import Refused
from reconciliation.statements.tally import Tally
from wallets import money


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the provider says the file holds: its rows, and per currency (debit, credit).

    None, or a currency that isn't there: nothing was said of it.
    """

    rows: int | None = None
    sums: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The accepted lines of one currency."""

    currency: str
    lines: int
    debit: Decimal
    credit: Decimal


def sums(statement: Statement) -> list[Sums]:
    """What its lines add up to, by currency."""
    found = (
        Line.objects.filter(statement=statement, error="")
        .values("currency")
        .annotate(lines=Count("id"), debits=Sum("debit"), credits=Sum("credit"))
        .order_by("currency")
    )
    return [
        Sums(
            currency=row["currency"], lines=row["lines"], debit=row["debits"], credit=row["credits"]
        )
        for row in found
    ]


def check_rows(tally: Tally, stated: Stated, *, skip_bad: bool) -> None:
    """Raises Refused for bad rows, for none at all, and where they are not as many as stated."""
    if tally.bad and not skip_bad:
        raise Refused(
            f"{_rows(tally.bad)} of {tally.rows:,} can't be read.", tally.problems, tally.bad
        )
    if tally.bad and tally.bad == tally.rows:
        raise Refused("None of its rows can be read.", tally.problems, tally.bad)
    if not tally.rows and stated.rows != 0:
        raise Refused("The file has no rows. If that is right, state that it has 0.")
    if stated.rows is not None and stated.rows != tally.rows:
        raise Refused(f"The file has {_rows(tally.rows)}, and {stated.rows:,} were stated.")


def check_sums(found: list[Sums], stated: Stated) -> None:
    """Raises Refused where an amount isn't the one that was stated."""
    by_currency = {one.currency: (one.debit, one.credit) for one in found}
    wrong = []
    for currency, amounts in stated.sums.items():
        ours = by_currency.get(currency, (money.ZERO, money.ZERO))
        wrong += [
            f"The {name} in {currency} is {money.plain(our)}, and {money.plain(their)} was stated."
            for name, our, their in zip(("debit", "credit"), ours, amounts, strict=True)
            if our != their
        ]
    if wrong:
        raise Refused(" ".join(wrong))


def check_operations(tally: Tally, provider: Provider) -> None:
    """Raises Refused where the provider sends none of the file's operations through Cage."""
    if not tally.operations or any(map(provider.protocol.handles, tally.operations)):
        return
    names = ", ".join(sorted(tally.operations)[:10])
    raise Refused(
        f"{provider.name} sends none of the file's operations ({names}) through Cage: is it "
        "another provider's file?"
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
