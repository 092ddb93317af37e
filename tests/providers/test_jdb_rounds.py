"""JDB's rounds: every stated policy played."""

from decimal import Decimal
from typing import Any, ClassVar

from providers.protocols.jdb import policies
from providers.protocols.rounds import Effect, Situation
from tests.providers.jdb_orders import (
    BET,
    BET_AND_SETTLE,
    CANCEL,
    CANCEL_BET,
    CANCEL_WITHDRAW,
    DEPOSIT,
    SETTLE,
    WITHDRAW,
    sent,
)
from tests.providers.rounds import STAKE, RoundContract
from tests.providers.senders import Heard, Sent

ALICE: dict[str, Any] = {"uid": "alice", "currency": "XX"}


class JdbRounds(RoundContract):
    provider = "jdb"
    currency = "USD"

    def reply(self, heard: Heard) -> str:
        return str(heard.json["status"]) if heard.status == 200 else f"HTTP {heard.status}"


class TestBets(JdbRounds):
    family = policies.BET

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return sent(BET, **ALICE, transferId=int(id_), amount=float(amount))

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        ids = [int(bet) for bet in bets]
        amount = float(STAKE) * len(ids)
        named = {**ALICE, "uid": uid}
        return sent(CANCEL_BET, **named, transferId=int(id_), refTransferIds=ids, amount=amount)

    def settle(self, id_: str, *bets: str) -> Sent:
        ids = [int(bet) for bet in bets]
        return sent(SETTLE, **ALICE, transferId=int(id_), refTransferIds=ids, amount=25.0)


class TestWithdrawals(JdbRounds):
    family = policies.WITHDRAW

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        return sent(WITHDRAW, **ALICE, transferId=int(id_), amount=float(amount))

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        (named,) = bets  # An action 15 cancels one.
        order = {**ALICE, "uid": uid, "transferId": int(id_), "refTransferId": int(named)}
        return sent(CANCEL_WITHDRAW, **order, amount=float(STAKE))

    def settle(self, id_: str, *bets: str) -> Sent:
        ids = [int(bet) for bet in bets]
        return sent(DEPOSIT, **ALICE, transferId=int(id_), refTransferIds=ids, amount=25.0)


class TestResults(JdbRounds):
    """An action 8 of 10 that wins 3; an action 4 has no id of its own, and nothing settles it."""

    family = policies.BET_AND_SETTLE
    change = {**RoundContract.change, Effect.TAKEN: Decimal(-7)}
    cannot_arise: ClassVar[frozenset[Situation]] = frozenset(
        {
            Situation.BET_CANCELLED_REPEATED,
            Situation.CANCEL_RENEWED,
            Situation.CANCEL_AFTER_SETTLE,
            *(one for one in Situation if one.name.startswith("SETTLE")),
        }
    )

    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        bet = float(amount)
        amounts = {"bet": -bet, "mb": bet, "win": 3, "netWin": 3 - bet}
        return sent(BET_AND_SETTLE, **ALICE, **amounts, transferId=int(id_))

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        (named,) = bets
        return sent(CANCEL, **{**ALICE, "uid": uid}, transferId=int(named))


class TestReversedResults(TestResults):
    family = policies.BET_AND_SETTLE_REVERSED
    settings = {"cancel_bet_and_settle": "reverse"}
    change = {**TestResults.change, Effect.UNDONE: Decimal(7)}
    cannot_arise = TestResults.cannot_arise - {Situation.BET_CANCELLED_REPEATED}
