"""What moved in a time, per currency, and that it leads from what was there to what is there.

`opening + deposits - withdrawals - bets + payouts - reversals + rewards + adjustments = closing`.
A movement is of the time in which its transaction was posted by our clock. Entries of one wallet
follow one another by number, and two posted in the same moment may have their times the other way
round: what is in a wallet at an instant is therefore the sum of what was posted before it, and the
balances that the entries themselves state are put right by those that came out of turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from django.db import connection

from reconciliation.statements.periods import Period
from wallets import money

# A reversal is what takes back what was booked before, by a provider or by two people.
FLOWS = """
SELECT w.currency,
       CASE WHEN t.kind = 'rollback' OR t.kind = 'adjustment'
                 AND t.transaction_id >= 'reversal:' AND t.transaction_id < 'reversal;'
            THEN 'reversal'
            WHEN t.kind IN ('bet', 'settlement', 'bet_and_settlement') THEN 'game'
            ELSE t.kind END AS flow,
       count(*), sum(e.debit), sum(e.credit)
FROM wallets_transaction t
JOIN wallets_entry e ON e.transaction_id = t.id
JOIN wallets_wallet w ON w.id = e.wallet_id
WHERE t.posted_at >= %(start)s AND t.posted_at < %(end)s
  AND (%(provider)s::text IS NULL OR t.provider = %(provider)s)
GROUP BY w.currency, flow
ORDER BY w.currency, flow
"""
# From the balances alone, without one debit or credit of the time. The first entry of a wallet at
# or after an instant says what was there before it; a wallet without one has it still. Where its
# entries from there on are more than those posted since, some came out of turn and are added.
BALANCES = """
WITH recent AS MATERIALIZED (
    SELECT e.wallet_id, e.sequence, e.balance_before, t.posted_at
    FROM wallets_transaction t JOIN wallets_entry e ON e.transaction_id = t.id
    WHERE t.posted_at >= %(start)s
), edges AS (
    SELECT wallet_id, min(sequence) AS first, count(*) AS since,
           min(sequence) FILTER (WHERE posted_at >= %(end)s) AS next,
           count(*) FILTER (WHERE posted_at >= %(end)s) AS after
    FROM recent GROUP BY wallet_id
)
SELECT w.currency, count(*) FILTER (WHERE p.is_test),
       sum(coalesce(o.balance_before, w.balance)
           + CASE WHEN x.since < w.sequence - x.first + 1 THEN (
               SELECT coalesce(sum(e.credit - e.debit), 0) FROM wallets_entry e
               JOIN wallets_transaction t ON t.id = e.transaction_id
               WHERE e.wallet_id = w.id AND e.sequence > x.first AND t.posted_at < %(start)s)
             ELSE 0 END),
       sum(coalesce(c.balance_before, w.balance)
           + CASE WHEN x.after < w.sequence - x.next + 1 THEN (
               SELECT coalesce(sum(e.credit - e.debit), 0) FROM wallets_entry e
               JOIN wallets_transaction t ON t.id = e.transaction_id
               WHERE e.wallet_id = w.id AND e.sequence > x.next AND t.posted_at < %(end)s)
             ELSE 0 END)
FROM wallets_wallet w
JOIN wallets_player p ON p.id = w.player_id
LEFT JOIN edges x ON x.wallet_id = w.id
LEFT JOIN recent o ON o.wallet_id = w.id AND o.sequence = x.first
LEFT JOIN recent c ON c.wallet_id = w.id AND c.sequence = x.next
GROUP BY w.currency
ORDER BY w.currency
"""
NOTHING = (0, money.ZERO, money.ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What moved in one currency. `movements` are entries.

    Bets are what games took from players and payouts what they gave. `reversals` is what was taken
    back from players less what was given back to them, below 0 where bets were cancelled.
    """

    currency: str
    movements: int
    deposits: Decimal
    withdrawals: Decimal
    bets: Decimal
    payouts: Decimal
    reversals: Decimal
    rewards: Decimal
    adjustments: Decimal

    @property
    def change(self) -> Decimal:
        """What all players together have more than before."""
        with localcontext(money.EXACT):
            return (
                self.deposits
                - self.withdrawals
                - self.bets
                + self.payouts
                - self.reversals
                + self.rewards
                + self.adjustments
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One currency's day. `opening` and `wallets` are what the wallets held at its two ends, by
    their balances alone; `test_players` of their owners are test players, and are counted in."""

    flows: Flows
    opening: Decimal
    wallets: Decimal
    test_players: int

    @property
    def closing(self) -> Decimal:
        with localcontext(money.EXACT):
            return self.opening + self.flows.change

    @property
    def is_right(self) -> bool:
        return self.closing == self.wallets


def of(period: Period, *, provider: str | None = None) -> dict[str, Flows]:
    """What moved in a time, by currency; of one provider, or (None) of all and the house."""
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for currency, flow, *sums in _rows(FLOWS, period, provider=provider):
        found.setdefault(currency, {})[flow] = tuple(sums)
    return {currency: _flows(currency, by_name) for currency, by_name in found.items()}


def close(period: Period) -> list[Closing]:
    """Each currency's day; to be read in one snapshot, or what is posted meanwhile shows."""
    moved = of(period)
    return [
        Closing(
            flows=moved.get(currency) or _flows(currency, {}),
            opening=opening,
            wallets=wallets,
            test_players=test_players,
        )
        for currency, test_players, opening, wallets in _rows(BALANCES, period)
    ]


def _flows(currency: str, by_name: Mapping[str, tuple[Any, ...]]) -> Flows:
    def net(name: str) -> Decimal:
        _, debit, credit = by_name.get(name, NOTHING)
        return Decimal(credit - debit)

    _, bets, payouts = by_name.get("game", NOTHING)
    with localcontext(money.EXACT):
        return Flows(
            currency=currency,
            movements=sum(count for count, _, _ in by_name.values()),
            deposits=net("deposit"),
            withdrawals=-net("withdrawal"),
            bets=bets,
            payouts=payouts,
            reversals=-net("reversal"),
            rewards=net("reward"),
            adjustments=net("adjustment"),
        )


def _rows(sql: str, period: Period, **values: str | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"start": period.start_at, "end": period.end_at, **values})
        return list(cursor.fetchall())
