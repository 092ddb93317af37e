"""Stakes, payouts and net of the business day, per provider and currency, against the day before.

Of a provider whose bets don't pass through Cage only the payouts are known: no stake and no net of
it is told, nor is it in a sum that has any.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from django.db.models import Sum
from django.urls import reverse

from providers import registry
from reconciliation.models import MoneyFigure
from reconciliation.office.dashboard import changes
from reconciliation.office.dashboard.framing import Frame
from wallets import money, pages
from wallets.instructions import HOUSE, Kind

GAME = frozenset({Kind.BET, Kind.SETTLEMENT, Kind.BET_AND_SETTLEMENT})
SETTLING = frozenset({Kind.SETTLEMENT, Kind.BET_AND_SETTLEMENT})
ELSEWHERE = "bets not recorded here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What moved, in one currency. What was taken back is off the stakes and payouts."""

    stakes: Decimal = money.ZERO
    payouts: Decimal = money.ZERO
    rewards: Decimal = money.ZERO
    settlements: int = 0
    taken: Decimal = money.ZERO  # By adjustments, from players.
    given: Decimal = money.ZERO

    @property
    def net(self) -> Decimal:
        """What the house keeps: stakes less payouts."""
        with localcontext(money.EXACT):
            return self.stakes - self.payouts

    def __add__(self, other: "Flow") -> "Flow":
        with localcontext(money.EXACT):
            return Flow(
                stakes=self.stakes + other.stakes,
                payouts=self.payouts + other.payouts,
                rewards=self.rewards + other.rewards,
                settlements=self.settlements + other.settlements,
                taken=self.taken + other.taken,
                given=self.given + other.given,
            )


NOTHING = Flow()
Key = tuple[str, str, bool]  # currency, provider, of today


def flow(kind: str, count: int, debit: Decimal, credit: Decimal) -> Flow:
    """What the transactions of one kind come to, in one currency."""
    with localcontext(money.EXACT):
        if kind in GAME:
            settlements = count if kind in SETTLING else 0
            return Flow(stakes=debit, payouts=credit, settlements=settlements)
        if kind == Kind.ROLLBACK:  # What it gives back was staked, what it takes was paid.
            return Flow(stakes=-credit, payouts=-debit)
        if kind == Kind.REWARD:
            return Flow(rewards=credit - debit)
        if kind == Kind.ADJUSTMENT:
            return Flow(taken=debit, given=credit)
    raise ValueError(f"{kind} is no kind that figures have")


def records_bets(provider: str) -> bool:
    """Whether stakes of a provider can be told."""
    known = registry.current().by_name.get(provider)
    return known is None or known.protocol.records_bets


def of(frame: Frame) -> dict[str, Any]:
    """For the template: rows by currency, and adjustments apart. One query."""
    flows = _flows(frame)
    currencies = sorted({currency for currency, _, _ in flows})
    return {
        "currencies": [_currency(currency, flows, frame) for currency in currencies],
        "adjusted": [
            _adjusted(currency, provider, flows[currency, provider, True])
            for currency, provider, is_today in sorted(flows)
            if is_today and _is_adjusted(flows[currency, provider, True])
        ],
        "columns": ["Stakes", "Payouts", "Net", "Rewards", "Settlements"],
    }


def _flows(frame: Frame) -> dict[Key, Flow]:
    rows = (
        MoneyFigure.objects.filter(frame.both)
        .order_by()
        .values("currency", "provider", "kind", today=frame.of_today)
        .annotate(n=Sum("transactions"), d=Sum("debit"), c=Sum("credit"))
    )
    found: dict[Key, Flow] = {}
    for row in rows:
        key = (row["currency"], row["provider"], row["today"])
        one = flow(row["kind"], row["n"], row["d"], row["c"])
        found[key] = found.get(key, NOTHING) + one
    return found


def _currency(currency: str, flows: Mapping[Key, Flow], frame: Frame) -> dict[str, Any]:
    names = sorted({name for one, name, _ in flows if one == currency and name != HOUSE})
    rows = [
        _row(
            name,
            flows.get((currency, name, True), NOTHING),
            flows.get((currency, name, False), NOTHING) if frame.has_before else None,
            currency=currency,
            is_known=records_bets(name),
        )
        for name in names
    ]
    complete = [name for name in names if records_bets(name)]
    if len(complete) > 1:
        rows.append(_sum(currency, complete, flows, frame, is_all=len(complete) == len(names)))
    return {"currency": currency, "rows": rows}


def _sum(
    currency: str, names: list[str], flows: Mapping[Key, Flow], frame: Frame, *, is_all: bool
) -> dict[str, Any]:
    now, before = NOTHING, NOTHING
    for name in names:
        now += flows.get((currency, name, True), NOTHING)
        before += flows.get((currency, name, False), NOTHING)
    title = f"All {currency}" if is_all else f"All {currency} whose bets are recorded"
    row = _row(title, now, before if frame.has_before else None, currency=currency, is_known=True)
    return {**row, "is_sum": True}


def _row(
    title: str, now: Flow, before: Flow | None, *, currency: str, is_known: bool
) -> dict[str, Any]:
    def cell(value: Decimal, then: Decimal | None, *, is_told: bool = True) -> dict[str, object]:
        if not is_told:
            return {"elsewhere": ELSEWHERE}
        return {"value": pages.money(value, currency), "change": changes.amount(value, then)}

    def then(name: str) -> Any:
        return None if before is None else getattr(before, name)

    return {
        "title": title,
        "link": reverse("admin:wallets_transaction_changelist", query={"provider": title}),
        "is_known": is_known,
        "cells": [
            cell(now.stakes, then("stakes"), is_told=is_known),
            cell(now.payouts, then("payouts")),
            cell(now.net, then("net"), is_told=is_known),
            cell(now.rewards, then("rewards")),
            {
                "value": f"{now.settlements:,}",
                "change": changes.count(now.settlements, then("settlements")),
            },
        ],
    }


def _is_adjusted(one: Flow) -> bool:
    return bool(one.taken or one.given)


def _adjusted(currency: str, provider: str, one: Flow) -> dict[str, object]:
    return {
        "provider": provider,
        "given": pages.money(one.given, currency),
        "taken": pages.money(one.taken, currency),
    }
